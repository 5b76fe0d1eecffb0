"""The reader of golden files, which reports all problems of a file in one error."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pytest_llmeval.errors import GoldenFileError, Problem, nearest
from pytest_llmeval.goldens.columns import ALIASES, resolve_columns
from pytest_llmeval.goldens.drafts import Draft, draft_row
from pytest_llmeval.goldens.formats import SUFFIXES, format_of
from pytest_llmeval.goldens.formats.csv_table import read_csv
from pytest_llmeval.goldens.formats.json_table import read_json, read_jsonl
from pytest_llmeval.goldens.formats.parquet_table import read_parquet
from pytest_llmeval.goldens.formats.tables import Table, Text, decoded, refused
from pytest_llmeval.goldens.ids import duplicates, made_id
from pytest_llmeval.goldens.prompting import content_text, last_user, split_answer
from pytest_llmeval.goldens.validation import row_problems
from pytest_llmeval.records.case import Case, Message, Source

_PROMPT_NAMES = (*ALIASES["prompt"], *ALIASES["messages"])


@dataclass(frozen=True)
class Reading:
    """A golden file that has been read.

    Attributes:
        table: The rows of the file.
        columns: Column name in the file by field.
        cases: The case of each row, in file order.
    """

    table: Table
    columns: Mapping[str, str]
    cases: tuple[Case, ...]


def read_cases(path: Path, root: Path, columns: Mapping[str, str] | None = None) -> list[Case]:
    """Read and validate a golden file: CSV, TSV, JSON, JSONL or Parquet.

    An empty cell is an absent value. A number in a text field stays the text in the file.
    `Source.line` is the line where the row starts, also after quoted line breaks and in indented
    JSON arrays.

    Args:
        path: The golden file.
        root: Directory that `Source.file` is relative to.
        columns: Field by column name, for columns without a known name.

    Raises:
        GoldenFileError: The file cannot be used. The error lists every problem.
        SettingError: ``columns`` names an unknown field.
    """
    return list(read_golden(path, root, columns).cases)


def read_golden(path: Path, root: Path, columns: Mapping[str, str] | None = None) -> Reading:
    """Read a golden file as `read_cases` does, and return its rows too."""
    return reading_of(read_table(path), path, root, columns)


def reading_of(
    table: Table, path: Path, root: Path, columns: Mapping[str, str] | None = None
) -> Reading:
    """Make cases of rows that have been read, with the arguments and errors of `read_cases`."""
    fields = resolve_columns(table, columns or {})
    if "prompt" not in fields and "messages" not in fields:
        fields["prompt"] = _only_variable(table, fields)
    source = Path(os.path.relpath(path.absolute(), root.absolute())).as_posix()
    problems: list[Problem] = []
    numbered: list[tuple[int, Case, str]] = []
    for row in table.rows:
        draft = draft_row(table.file, row, fields)
        problems_of_row = list(row_problems(table.file, draft))
        problems.extend(problems_of_row)
        if not problems_of_row:
            column = draft.columns.get("id", "") if "id" in draft.fields else ""
            numbered.append((row.number, _case(draft, source), column))
    problems.extend(duplicates(table.file, numbered))
    if problems:
        raise GoldenFileError(sorted(problems, key=lambda problem: problem.row or 0))
    return Reading(table, fields, tuple(case for _, case, _ in numbered))


def read_text(path: Path) -> Text:
    """Read and decode a golden file.

    Raises:
        GoldenFileError: The file cannot be opened, or is not text.
    """
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        raise refused(str(path), "no such file", "a readable golden file") from None
    except OSError as error:
        reason = error.strerror or str(error)
        raise refused(str(path), reason, "a readable golden file") from None
    return decoded(str(path), data)


def read_table(path: Path) -> Table:
    """Read the rows of a golden file without mapping its columns to fields.

    Raises:
        GoldenFileError: The file cannot be read.
    """
    file_format = format_of(path)
    if path.is_dir():
        raise refused(str(path), "a directory", "a golden file")
    if file_format is None:
        allowed = f"a file with the suffix {', '.join(SUFFIXES)}"
        raise refused(str(path), f"the suffix {path.suffix.lower()!r}", allowed)
    if file_format.kind == "parquet" and path.is_file():
        return read_parquet(str(path), path)
    content = read_text(path).content
    if file_format.kind == "delimited":
        return read_csv(str(path), content, file_format.delimiter)
    read = read_json if file_format.kind == "json" else read_jsonl
    return read(str(path), content)


def _only_variable(table: Table, fields: Mapping[str, str]) -> str:
    """Take the only variable of a promptfoo CSV without a prompt column as the prompt.

    With several variables, the prompt is known only to promptfoo's prompt template.
    """
    special = [name for name in table.columns if name.startswith("__")]
    not_variables = {*special, *fields.values()}
    variables = [name for name in table.columns if name not in not_variables]
    if special and len(variables) == 1:
        return variables[0]
    allowed = f"a column {', '.join(_PROMPT_NAMES)}, or one mapped to prompt with llm_columns."
    for name in table.columns:
        if hint := nearest(name, _PROMPT_NAMES):
            allowed += f" {hint} (column {name!r})"
            break
    if special:
        allowed += " In a promptfoo file, a single variable is the prompt"
    elif len(table.columns) == 1 and any(mark in table.columns[0] for mark in ";\t"):
        allowed += " Cells are separated by commas"
    names = ", ".join(repr(name) for name in table.columns)
    raise refused(table.file, f"no prompt column among {names}", allowed.rstrip("."), line=1)


def _case(draft: Draft, source: str) -> Case:
    fields = draft.fields
    prompt = fields.get("prompt", "")
    expected = fields.get("expected")
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
