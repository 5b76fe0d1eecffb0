"""The reader of golden files, which reports all problems of a file in one error."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from pytest_llmeval.errors import GoldenFileError
from pytest_llmeval.goldens.backslashes import lost_backslashes
from pytest_llmeval.goldens.columns import Columns, resolve_columns
from pytest_llmeval.goldens.description import Description, describe
from pytest_llmeval.goldens.drafts import Draft, draft_row
from pytest_llmeval.goldens.formats import SUFFIXES, format_of
from pytest_llmeval.goldens.formats.csv_table import read_csv
from pytest_llmeval.goldens.formats.json_table import read_json, read_jsonl
from pytest_llmeval.goldens.formats.kinds import refuse_kind
from pytest_llmeval.goldens.formats.parquet_table import read_parquet
from pytest_llmeval.goldens.formats.tables import Row, Table, Text, decoded, refused
from pytest_llmeval.goldens.further_answers import further_values
from pytest_llmeval.goldens.ids import duplicates, made_id, numbered
from pytest_llmeval.goldens.members import with_members
from pytest_llmeval.goldens.missing_prompt import no_prompt
from pytest_llmeval.goldens.names import ALIASES, READ_AS_METADATA
from pytest_llmeval.goldens.notes import notes_on
from pytest_llmeval.goldens.prompting import content_text, last_user, split_answer
from pytest_llmeval.goldens.rivals import conflicts, has_value
from pytest_llmeval.goldens.strange_rows import strange_rows
from pytest_llmeval.goldens.unread import (
    unread_answers,
    unread_in_metadata,
    unread_settings,
    unread_specials,
)
from pytest_llmeval.goldens.validation import row_problems
from pytest_llmeval.records.case import Case, Message, Source
from pytest_llmeval.settings.locations import border, check_inside
from pytest_llmeval.text import first_of, is_blank

_MOST_FILES = 5


@dataclass(frozen=True)
class Reading:
    """A golden file that has been read.

    Attributes:
        table: The rows of the file.
        columns: What the columns hold.
        cases: The case of each row, in file order.
        description: What became of the columns.
    """

    table: Table
    columns: Columns
    cases: tuple[Case, ...]
    description: Description


def check_golden(path: Path, root: Path) -> None:
    """Refuse a golden file of the project that a symbolic link leads outside of it.

    Raises:
        GoldenFileError: It is one.
    """
    allowed = f"a file in {border(root)}; remove the link, or name that file itself"
    check_inside(path, root, lambda link: refused(str(path), f"a {link}", allowed))


def read_cases(path: Path, root: Path, columns: Mapping[str, str] | None = None) -> list[Case]:
    """Read and validate a golden file: CSV, TSV, JSON, JSONL or Parquet.

    An empty cell is an absent value. A number in a text field stays the text in the file.
    `Source.line` is the line where the row starts, also after quoted line breaks and in indented
    JSON arrays.

    Args:
        path: The golden file.
        root: Directory that `Source.file` is relative to.
        columns: Field by column name, for columns without a known name; ``metadata`` for a column
            that looks like a field and is none.

    Raises:
        GoldenFileError: The file cannot be used. The error lists every problem.
        SettingError: ``columns`` names an unknown field.
    """
    return list(read_golden(path, root, columns).cases)


def read_golden(
    path: Path, root: Path, columns: Mapping[str, str] | None = None, *, are_numbered: bool = False
) -> Reading:
    """Read a golden file as `read_cases` does, and return its rows too.

    Args:
        path: As for `read_cases`.
        root: As for `read_cases`.
        columns: As for `read_cases`.
        are_numbered: Whether rows with the same prompt get numbered ids, instead of being refused.
    """
    return reading_of(read_table(path), path, root, columns, are_numbered=are_numbered)


def reading_of(
    table: Table,
    path: Path,
    root: Path,
    mapping: Mapping[str, str] | None = None,
    *,
    are_numbered: bool = False,
) -> Reading:
    """Make cases of rows that have been read, with the arguments and errors of `read_golden`."""
    table, columns = _recognised(table, mapping or {})
    source = Path(os.path.relpath(path.absolute(), root.absolute())).as_posix()
    problems = [
        *table.problems,
        *unread_settings(table, columns),
        *unread_specials(table, columns),
        *strange_rows(table),
        *conflicts(table, columns.fields),
        *further_values(table, columns),
    ]
    chosen: Counter[tuple[str, str]] = Counter()
    rows: list[tuple[Row, Case, str]] = []
    for row in table.rows:
        draft = draft_row(table.file, row, columns)
        of_row = [
            *row_problems(table.file, draft),
            *unread_in_metadata(table, columns, draft),
            *lost_backslashes(table.file, draft),
        ]
        problems.extend(of_row)
        if not of_row:
            column = draft.columns.get("id", "") if "id" in draft.fields else ""
            rows.append((row, _case(draft, source), column))
            chosen.update(_held(row, columns))
    cases = [case for _, case, _ in rows]
    if are_numbered:
        cases = list(numbered(cases, [not column for _, _, column in rows]))
    ids = [(row.number, case, column) for (row, _, column), case in zip(rows, cases, strict=True)]
    problems.extend(duplicates(table.file, ids, can_hold_ids=table.can_hold_ids))
    unanswered = [row for row, case, _ in rows if is_blank(case.expected or "")]
    problems.extend(unread_answers(table, columns, unanswered, _bare(rows)))
    if problems:
        raise GoldenFileError(sorted(problems, key=lambda problem: problem.row or 0))
    held = _in_order(chosen)
    notes = tuple(notes_on(table, columns, held, cases))
    description = describe(table.file, held, _rest(table, chosen), cases, notes)
    return Reading(table, columns, tuple(cases), description)


def _bare(rows: Iterable[tuple[Row, Case, str]]) -> list[Row]:
    """Return the rows that require nothing, if no row has an expected answer."""
    rows = list(rows)
    if any(not is_blank(case.expected or "") for _, case, _ in rows):
        return []
    return [
        row
        for row, case, _ in rows
        if not case.thresholds and not case.metadata.keys() & {*READ_AS_METADATA}
    ]


def holds_prompts(table: Table, mapping: Mapping[str, str]) -> bool:
    """Return whether a column of a table is known or mapped as that of the prompts."""
    try:
        _recognised(table, mapping)
    except GoldenFileError:
        return False
    return True


def _recognised(table: Table, mapping: Mapping[str, str]) -> tuple[Table, Columns]:
    """Return the table with the members that are mapped, and what its columns hold.

    Raises:
        GoldenFileError: The columns cannot be used, or none holds a prompt.
    """
    if not table.rows:
        raise GoldenFileError(table.problems)
    table = with_members(table, mapping)
    try:
        columns = resolve_columns(table, mapping)
    except GoldenFileError as error:
        raise GoldenFileError([*error.problems, *table.problems]) from None
    if columns.first("prompt") or columns.first("messages"):
        return table, columns
    variable = _only_variable(table, columns)
    if not variable:
        problems = [no_prompt(table), *unread_settings(table, columns), *table.problems]
        raise GoldenFileError(problems)
    return table, replace(columns, fields={**columns.fields, "prompt": (variable,)})


def _held(row: Row, columns: Columns) -> Iterator[tuple[str, str]]:
    """Yield each field of a row with a column that it comes from."""
    for field, name in columns.of_row(row.cells).items():
        yield field, name
        if field == "expected" and columns.accepted not in ("", name):
            yield field, columns.accepted
    if columns.addition and has_value(row, columns.addition):
        yield "prompt", columns.addition


def _rest(table: Table, chosen: Iterable[tuple[str, str]]) -> tuple[str, ...]:
    """Return the columns that hold no field, without those of promptfoo."""
    held = {name for _, name in chosen}
    return tuple(name for name in table.columns if name not in held and name[:2] != "__")


def _in_order(chosen: Mapping[tuple[str, str], int]) -> dict[tuple[str, str], int]:
    """Sort the columns that hold a field by the order of the fields."""
    order = list(ALIASES)
    return dict(sorted(chosen.items(), key=lambda item: order.index(item[0][0])))


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
    refuse_kind(path, data)
    return decoded(str(path), data)


def read_table(path: Path) -> Table:
    """Read the rows of a golden file without mapping its columns to fields.

    Raises:
        GoldenFileError: The file cannot be read.
    """
    file_format = format_of(path)
    if path.is_dir():
        raise refused(str(path), "a directory", _files_of(path))
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


def _files_of(folder: Path) -> str:
    """Say which golden files a folder has."""
    names = sorted(path.name for path in folder.iterdir() if format_of(path) is not None)
    if not names:
        return "a golden file; this directory has none"
    paths = [(folder / name).as_posix() for name in names]
    return f"golden files: {first_of(paths, _MOST_FILES)}"


def _only_variable(table: Table, columns: Columns) -> str:
    """Return the only variable of a promptfoo CSV without a prompt column; empty if there is none.

    With several variables, the prompt is known only to promptfoo's prompt template.
    """
    special = [name for name in table.columns if name.startswith("__")]
    not_variables = {*special, *columns.readable}
    variables = [name for name in table.columns if name not in not_variables]
    return variables[0] if special and len(variables) == 1 else ""


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
