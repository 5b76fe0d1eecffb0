"""The mapping from the columns of a golden file to the fields of a case."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pytest_llmeval.errors import GoldenFileError, Problem, SettingError, nearest
from pytest_llmeval.goldens.formats.tables import Table, is_absent

ALIASES: dict[str, tuple[str, ...]] = {
    "id": ("id",),
    "prompt": ("prompt", "input", "question", "query"),
    "messages": ("messages",),
    "expected": (
        "expected", "completion", "ground_truth_completion", "ground_truth", "ideal", "target",
        "reference", "answer", "expected_output",
    ),
    "contexts": ("contexts", "context", "retrieval_context"),
    "tags": ("classification", "category", "tags"),
    "min_score": ("min_score",),
    "threshold": ("threshold",),
    "thresholds": ("thresholds",),
    "must_pass": ("must_pass",),
}  # fmt: skip
"""Known column names by field. The first one that holds a value in the file wins."""

_ALLOWED_MAPPING = 'one "COLUMN = FIELD" a line, FIELD being ' + ", ".join(ALIASES)


def parse_columns(lines: Sequence[str], origin: str = "ini llm_columns") -> dict[str, str]:
    """Parse lines of the form ``COLUMN = FIELD`` into fields by column name.

    Args:
        lines: The lines. A later line for the same column wins.
        origin: The setting that holds the lines, for error texts.

    Raises:
        SettingError: A line does not have that form, or names an unknown field.
    """
    columns: dict[str, str] = {}
    for line in lines:
        name, sign, field = (part.strip() for part in line.rpartition("="))
        if not (sign and name and field):
            raise SettingError(origin, line, _ALLOWED_MAPPING)
        _check_field(field, line, origin)
        columns[name] = field
    return columns


def resolve_columns(table: Table, mapping: Mapping[str, str]) -> dict[str, str]:
    """Find the column that holds each field: mapped names come first, then the known ones.

    Case does not matter in a name, and blanks and hyphens count as underscores. If several columns
    could hold a field, the first one with a value in any row wins. The rest stay metadata.

    Args:
        table: The golden file.
        mapping: Field by column name.

    Returns:
        Column name in the file by field. A field without a column is left out.

    Raises:
        SettingError: A name is mapped to an unknown field.
        GoldenFileError: Two columns have the same name. Or a mapped column is missing, its field
            has no other column, and the field is required or the name looks like a typing error.
    """
    names = _by_normal_name(table)
    for column, field in mapping.items():
        _check_field(field, f"{column} = {field}", "columns")
    filled = {
        name for row in table.rows for name, value in row.cells.items() if not is_absent(value)
    }
    fields = {}
    for field, aliases in ALIASES.items():
        mapped = [_normal(column) for column, mapped_to in mapping.items() if mapped_to == field]
        mapped_elsewhere = {
            _normal(column) for column, mapped_to in mapping.items() if mapped_to != field
        }
        present = [
            names[name]
            for name in (*mapped, *aliases)
            if name in names and name not in mapped_elsewhere
        ]
        if present:
            # An empty column may stand in the file before the one that was filled in.
            fields[field] = next((name for name in present if name in filled), present[0])
    _check_mapped(table, mapping, names, fields)
    return fields


def _normal(name: str) -> str:
    return "_".join(name.strip().casefold().replace("-", " ").split())


def _check_field(field: str, written: str, origin: str) -> None:
    if field not in ALIASES:
        raise SettingError(origin, written, _ALLOWED_MAPPING, nearest(field, ALIASES))


def _by_normal_name(table: Table) -> dict[str, str]:
    names: dict[str, str] = {}
    for name in table.columns:
        first = names.setdefault(_normal(name), name)
        if first != name:
            written = f"the columns {first!r} and {name!r}, which count as the same name"
            allowed = "each column name once; rename one"
            raise GoldenFileError([Problem(table.file, None, None, "", written, allowed)])
    return names


def _check_mapped(
    table: Table, mapping: Mapping[str, str], names: Mapping[str, str], fields: Mapping[str, str]
) -> None:
    problems = []
    for column, field in mapping.items():
        if _normal(column) in names or field in fields:
            continue
        # One mapping serves every file of a project, so a file may lack a column that it maps.
        # A similar name in the file shows that the user misspelt it.
        hint = nearest(column, table.columns)
        if field in ("prompt", "messages") or hint:
            allowed = f"a column of the file: {', '.join(table.columns)}. {hint}".strip(". ")
            written = f"no column {column!r}, which is mapped to {field!r}"
            problems.append(Problem(table.file, None, None, "", written, allowed))
    if problems:
        raise GoldenFileError(problems)
