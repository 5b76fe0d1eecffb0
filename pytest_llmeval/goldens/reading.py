"""From a golden file to cases, or to one error with everything that is wrong in it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pytest_llmeval.errors import GoldenFileError, nearest
from pytest_llmeval.goldens.columns import ALIASES, resolve_columns
from pytest_llmeval.goldens.drafts import Draft, draft_row
from pytest_llmeval.goldens.formats.csv_table import read_csv
from pytest_llmeval.goldens.formats.json_table import read_json, read_jsonl
from pytest_llmeval.goldens.formats.parquet_table import read_parquet
from pytest_llmeval.goldens.formats.tables import Table, Text, decoded, refused
from pytest_llmeval.goldens.ids import duplicates, made_id
from pytest_llmeval.goldens.prompting import content_text, last_user, split_answer
from pytest_llmeval.goldens.validation import row_problems
from pytest_llmeval.records.case import Case, Message, Source

TEXT_FORMATS = {".csv": read_csv, ".json": read_json, ".jsonl": read_jsonl, ".ndjson": read_jsonl}
SUFFIXES = (*TEXT_FORMATS, ".parquet")
PROMPT_NAMES = (*ALIASES["prompt"], *ALIASES["messages"])


@dataclass(frozen=True)
class Reading:
    """A golden file that has been read.

    Attributes:
        table: Its rows as they stand in the file.
        columns: Column name in the file by field.
        cases: One for each row of the table, in its order.
    """

    table: Table
    columns: Mapping[str, str]
    cases: tuple[Case, ...]


def read_cases(path: Path, root: Path, columns: Mapping[str, str] | None = None) -> list[Case]:
    """Read and validate a golden file: CSV, JSON, JSONL or Parquet.

    Empty cells are absent values; numbers in text fields stay the text that was written.
    `Source.line` is the line where the row starts, also after quoted line breaks and in indented
    JSON arrays.

    Args:
        path: The golden file.
        root: Directory that `Source.file` is relative to.
        columns: Field by column name, for columns whose names are not understood by themselves.

    Raises:
        GoldenFileError: The file cannot be used; it carries every problem found.
        SettingError: ``columns`` names an unknown field.
    """
    return list(read_golden(path, root, columns).cases)


def read_golden(path: Path, root: Path, columns: Mapping[str, str] | None = None) -> Reading:
    """Like `read_cases`, with the rows that the cases were made from."""
    return reading_of(read_table(path), path, root, columns)


def reading_of(
    table: Table, path: Path, root: Path, columns: Mapping[str, str] | None = None
) -> Reading:
    """The cases of a golden file whose rows have been read; the arguments and errors are those of `read_cases`."""
    fields = resolve_columns(table, columns or {})
    if "prompt" not in fields and "messages" not in fields:
        fields["prompt"] = _only_variable(table, fields)
    source = Path(os.path.relpath(path.absolute(), root.absolute())).as_posix()
    problems, found = [], []
    for draft in (draft_row(table.file, row, fields) for row in table.rows):
        wrong = list(row_problems(table.file, draft))
        problems.extend(wrong)
        if not wrong:
            column = draft.columns.get("id", "") if "id" in draft.fields else ""
            found.append((draft.row.number, _case(draft, source), column))
    problems.extend(duplicates(table.file, found))
    if problems:
        raise GoldenFileError(sorted(problems, key=lambda problem: problem.row or 0))
    return Reading(table, fields, tuple(case for _, case, _ in found))


def read_text(path: Path) -> Text:
    """The decoded content of a golden file.

    Raises:
        GoldenFileError: It cannot be opened, or is not text.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        found = (
            "no such file" if isinstance(error, FileNotFoundError) else error.strerror or str(error)
        )
        raise refused(str(path), found, "a golden file that can be read") from None
    return decoded(str(path), data)


def read_table(path: Path) -> Table:
    """The rows of a golden file, before anybody knows what its columns mean.

    Raises:
        GoldenFileError: It cannot be read.
    """
    suffix = path.suffix.lower()
    if path.is_dir():
        raise refused(str(path), "a directory", "a golden file")
    if suffix == ".parquet" and path.is_file():
        return read_parquet(str(path), path)
    if suffix in SUFFIXES:
        content = read_text(path).content
        return TEXT_FORMATS[suffix](str(path), content)
    raise refused(
        str(path), f"the suffix {suffix!r}", f"a file with the suffix {', '.join(SUFFIXES)}"
    )


def _only_variable(table: Table, fields: Mapping[str, str]) -> str:
    """The prompt of a promptfoo CSV without a prompt column: its variable, if it has exactly one.

    With several, promptfoo's own prompt template would be needed to know what is asked.
    """
    special = [name for name in table.columns if name.startswith("__")]
    variables = [
        name for name in table.columns if name not in special and name not in fields.values()
    ]
    if special and len(variables) == 1:
        return variables[0]
    hints = (
        f" {hint} (column {name!r})"
        for name in table.columns
        if (hint := nearest(name, PROMPT_NAMES))
    )
    allowed = f"a column {', '.join(PROMPT_NAMES)}, or one mapped to prompt with llm_columns.{next(hints, '')}"
    if special:
        allowed += " In a promptfoo file, a single variable is the prompt"
    elif len(table.columns) == 1 and any(mark in table.columns[0] for mark in ";\t"):
        allowed += " Cells are separated by commas"
    names = ", ".join(repr(name) for name in table.columns)
    raise refused(table.file, f"no prompt column among {names}", allowed.rstrip("."), line=1)


def _case(draft: Draft, source: str) -> Case:
    fields = draft.fields
    prompt, expected = fields.get("prompt", ""), fields.get("expected")
    messages: tuple[Message, ...] = ()
    if "messages" in fields:
        messages, expected = split_answer(fields["messages"], expected)
        prompt = content_text(messages[last_user(messages)].get("content"))
    return Case(
        id=fields.get("id") or made_id(prompt, messages),
        prompt=prompt,
        source=Source(source, draft.row.line),
        messages=messages,
        expected=expected,
        contexts=tuple(fields.get("contexts", ())),
        tags=tuple(fields.get("tags", ())),
        metadata=draft.metadata,
        thresholds=draft.thresholds,
        must_pass=fields.get("must_pass"),
    )
