"""Which column of a golden file is which field of a case."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pytest_llmeval.errors import GoldenFileError, Problem, SettingError, nearest
from pytest_llmeval.goldens.formats.tables import Table, is_absent

ALIASES: dict[str, tuple[str, ...]] = {
    "id": ("id",),
    "prompt": ("prompt", "input", "question", "query"),
    "messages": ("messages",),
    "expected": (
        "expected", "completion", "ground_truth_completion", "ground_truth", "ideal", "target", "reference", "answer",
        "expected_output",
    ),
    "contexts": ("contexts", "context", "retrieval_context"),
    "tags": ("classification", "category", "tags"),
    "min_score": ("min_score",),
    "threshold": ("threshold",),
    "thresholds": ("thresholds",),
    "must_pass": ("must_pass",),
}  # fmt: skip
"""The column names that need no configuration, by field; the first that holds a value in the file wins."""

ALLOWED_MAPPING = 'one "COLUMN = FIELD" a line, FIELD being ' + ", ".join(ALIASES)


def parse_columns(lines: Sequence[str], place: str = "ini llm_columns") -> dict[str, str]:
    """Column names of the user's own, from lines ``COLUMN = FIELD``.

    Args:
        lines: The lines; of two for one column the later wins.
        place: Where they were written, for error texts.

    Returns:
        Field by column name.

    Raises:
        SettingError: A line is not of that form, or names no field.
    """
    columns: dict[str, str] = {}
    for line in lines:
        name, sign, field = (part.strip() for part in line.rpartition("="))
        if not (sign and name and field):
            raise SettingError(place, line, ALLOWED_MAPPING)
        _check_field(field, line, place)
        columns[name] = field
    return columns


def resolve_columns(table: Table, own: Mapping[str, str]) -> dict[str, str]:
    """The column that holds each field: the user's own names first, then the known ones.

    A name matches in any case, with blanks and hyphens for underscores. Of several columns for one
    field the first that holds a value in any row wins; the others stay metadata.

    Args:
        table: The golden file.
        own: Field by column name.

    Returns:
        Column name in the file by field; fields without a column are left out.

    Raises:
        SettingError: A name is mapped to no field.
        GoldenFileError: Two columns have the same name; or a mapped column is not in the file, no
            other column serves its field, and it is needed or another column has nearly its name.
    """
    names = _by_normal_name(table)
    for column, field in own.items():
        _check_field(field, f"{column} = {field}", "columns")
    filled = {
        name for row in table.rows for name, value in row.cells.items() if not is_absent(value)
    }
    fields = {}
    for field, aliases in ALIASES.items():
        mapped = [_normal(column) for column, mapped_to in own.items() if mapped_to == field]
        own_elsewhere = {_normal(column) for column, mapped_to in own.items() if mapped_to != field}
        present = [
            names[name]
            for name in (*mapped, *aliases)
            if name in names and name not in own_elsewhere
        ]
        if present:
            fields[field] = next((name for name in present if name in filled), present[0])
    _check_mapped(table, own, names, fields)
    return fields


def _normal(name: str) -> str:
    return "_".join(name.strip().casefold().replace("-", " ").split())


def _check_field(field: str, found: str, place: str) -> None:
    if field not in ALIASES:
        raise SettingError(place, found, ALLOWED_MAPPING, nearest(field, ALIASES))


def _by_normal_name(table: Table) -> dict[str, str]:
    names: dict[str, str] = {}
    for name in table.columns:
        other = names.setdefault(_normal(name), name)
        if other != name:
            found = f"the columns {other!r} and {name!r}, which are one name here"
            raise GoldenFileError(
                [Problem(table.file, None, None, "", found, "each column name once; rename one")]
            )
    return names


def _check_mapped(
    table: Table, own: Mapping[str, str], names: Mapping[str, str], fields: Mapping[str, str]
) -> None:
    problems = []
    for column, field in own.items():
        # A mapping serves every file of a project; one that lacks the column altogether may do
        # without the field.
        needed = field in ("prompt", "messages") or bool(nearest(column, table.columns))
        if _normal(column) not in names and field not in fields and needed:
            allowed = f"a column of the file: {', '.join(table.columns)}. {nearest(column, table.columns)}".strip(
                ". "
            )
            found = f"no column {column!r}, which is mapped to {field!r}"
            problems.append(Problem(table.file, None, None, "", found, allowed))
    if problems:
        raise GoldenFileError(problems)
