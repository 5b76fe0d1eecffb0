"""The mapping from the columns of a golden file to the fields of a case."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from dataclasses import field as dataclass_field
from typing import Any

from pytest_llmeval.errors import GoldenFileError, Problem, SettingError, nearest
from pytest_llmeval.goldens.formats.tables import Table, is_absent
from pytest_llmeval.goldens.names import (
    ALIASES,
    INSTRUCTION,
    LISTS,
    METADATA,
    READ_AS_METADATA,
    RESPONSES,
    WEAK,
    is_misspelling,
    known_names,
    normal,
)
from pytest_llmeval.goldens.rivals import filled, preferred

_ALLOWED_MAPPING = f'one "COLUMN = FIELD" a line, FIELD being {", ".join(ALIASES)}, {METADATA}'


@dataclass(frozen=True)
class Columns:
    """The columns of a file by what they hold.

    Attributes:
        fields: By field, the columns that may hold it. The first with a value in a row does.
        declared: Normal names of the columns that are declared to be metadata.
        renamed: Names under which judges and metrics read a metadata column, by its name in the
            file.
        members: Columns that are members of objects in other columns.
        addition: Column that is added to the prompt, as the input of an instruction; or empty.
        accepted: Column of further accepted answers in addition to the expected one; or empty.
        separator: What separates contexts in a text; empty if a text is one context.
    """

    fields: Mapping[str, tuple[str, ...]]
    declared: frozenset[str] = frozenset()
    renamed: Mapping[str, str] = dataclass_field(default_factory=dict)
    members: frozenset[str] = frozenset()
    addition: str = ""
    accepted: str = ""
    separator: str = ""

    def of_row(self, cells: Mapping[str, Any]) -> dict[str, str]:
        """Return the column that holds each field in a row, without the fields it lacks."""
        chosen: dict[str, str] = {}
        for field, names in self.fields.items():
            name = next((name for name in names if not is_absent(cells.get(name))), None)
            if name is not None:
                chosen[field] = name
        return chosen

    def first(self, field: str) -> str:
        """Return the column where a field is looked up first; empty if the file has none."""
        names = self.fields.get(field)
        return names[0] if names else ""

    @property
    def readable(self) -> frozenset[str]:
        """The columns that hold a field in some row."""
        names = {name for names in self.fields.values() for name in names}
        return frozenset({*names, self.addition, self.accepted} - {""})


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


def answering_columns(specs: Iterable[str | None]) -> dict[str, str]:
    """Declare the columns that answer in a run to be metadata, and so no expected answers.

    Args:
        specs: Settings of providers, of which ``column:NAME`` names a column.
    """
    names = [spec.partition(":")[2] for spec in specs if spec and spec.startswith("column:")]
    known = {name for field in ALIASES for name in known_names(field)}
    return {name: METADATA for name in names if normal(name) not in known}


def resolve_columns(table: Table, mapping: Mapping[str, str]) -> Columns:
    """Find the columns that hold each field: mapped names, or else the known ones.

    Case, blanks and punctuation do not matter in a name. The rest of the columns is metadata.

    Args:
        table: The golden file, as `with_members` returns it.
        mapping: Field by column name; ``metadata`` for a column that holds no field.

    Raises:
        SettingError: A name is mapped to an unknown field.
        GoldenFileError: Two columns have the same name. Or a mapped column is missing, its field
            has no other column, and the field is required or the name looks like a typing error.
    """
    for column, field in mapping.items():
        _check_field(field, f"{column} = {field}", "columns")
    names = _by_normal_name(table, mapping)
    columns_with_values = filled(table)
    fields: dict[str, tuple[str, ...]] = {}
    for field in ALIASES:
        mapped = _mapped(names, mapping, field)
        if mapped and columns_with_values.intersection(mapped):
            fields[field] = mapped
        elif candidates := (*mapped, *_known(names, mapping, field)):
            fields[field] = preferred(table, field, candidates)
    declared = frozenset(normal(column) for column, field in mapping.items() if field == METADATA)
    members = frozenset(table.members)
    columns = Columns(fields, declared, _renamed(names, table.columns), members)
    columns = _with_dialect(table, names, mapping, columns)
    _check_mapped(table, mapping, names, columns.fields)
    return columns


def _check_field(field: str, written: str, origin: str) -> None:
    if field not in ALIASES and field != METADATA:
        hint = nearest(field, [*ALIASES, METADATA])
        raise SettingError(origin, written, _ALLOWED_MAPPING, hint)


def _by_normal_name(table: Table, mapping: Mapping[str, str]) -> dict[str, str]:
    """Return the columns by their normal names.

    Raises:
        GoldenFileError: Two columns have one name that is known or mapped.
    """
    known = {name for field in ALIASES for name in known_names(field)}
    known |= {normal(name) for name in (*mapping, *READ_AS_METADATA)}
    names: dict[str, str] = {}
    for name in table.columns:
        first = names.setdefault(normal(name), name)
        if first != name and normal(name) in known and not {first, name} & mapping.keys():
            written = f"the columns {first!r} and {name!r}, which count as the same name"
            allowed = "each column name once; rename one"
            raise GoldenFileError([Problem(table.file, None, None, "", written, allowed)])
    names.update({name: name for name in mapping if name in table.columns})
    return names


def _mapped(names: Mapping[str, str], mapping: Mapping[str, str], field: str) -> tuple[str, ...]:
    """Return the columns of the file that are mapped to a field."""
    columns = (_column(names, column) for column, target in mapping.items() if target == field)
    return tuple(dict.fromkeys(name for name in columns if name is not None))


def _column(names: Mapping[str, str], column: str) -> str | None:
    return names.get(column) or names.get(normal(column))


def _known(names: Mapping[str, str], mapping: Mapping[str, str], field: str) -> tuple[str, ...]:
    """Return the columns of the file that have a known name of a field."""
    mapped = {_column(names, column) for column in mapping}
    columns = (names[name] for name in known_names(field) if name in names)
    return tuple(name for name in columns if name not in mapped)


def _renamed(names: Mapping[str, str], columns: Sequence[str]) -> dict[str, str]:
    """Return the known names of metadata that is written in another way."""
    known = {names[normal(name)]: name for name in READ_AS_METADATA if normal(name) in names}
    return {column: name for column, name in known.items() if name not in columns}


def _with_dialect(
    table: Table, names: Mapping[str, str], mapping: Mapping[str, str], columns: Columns
) -> Columns:
    """Add what only the shape of a tool's file tells."""
    free = {
        name: column for name, column in names.items() if column not in _targets(names, mapping)
    }
    fields = dict(columns.fields)
    prompts = {normal(name) for name in fields.get("prompt", ())}
    expected = fields.get("expected", ())
    addition = ""
    response = next((free[name] for name in RESPONSES if name in free), None)
    if INSTRUCTION in free and response and prompts <= {INSTRUCTION, "input"}:
        fields["prompt"] = (free[INSTRUCTION],)
        addition = free.get("input", "")
        if not filled(table).intersection(expected):
            fields["expected"] = (response,)
    accepted = _accepted(table, expected, free)
    if accepted:
        # The single answer is the expected one, and the list adds to it.
        fields["expected"] = (*(name for name in expected if name != accepted), accepted)
    separator = "|" if {"actualoutput", "expectedoutput"} <= free.keys() else ""
    return replace(
        columns, fields=fields, addition=addition, accepted=accepted, separator=separator
    )


def _accepted(table: Table, expected: Sequence[str], free: Mapping[str, str]) -> str:
    """Return the column of further accepted answers beside one with a single answer, or ``""``."""
    columns = [name for name in expected if name in free.values()]
    singles = {name for name in columns if normal(name) not in LISTS | WEAK}
    lists = [free[name] for name in sorted(LISTS - WEAK) if name in free]
    if not (singles and lists):
        return ""  # without a look at every cell
    held = filled(table)
    return next((name for name in lists if name in held and singles & held), "")


def _targets(names: Mapping[str, str], mapping: Mapping[str, str]) -> set[str | None]:
    return {_column(names, column) for column in mapping}


def _check_mapped(
    table: Table,
    mapping: Mapping[str, str],
    names: Mapping[str, str],
    fields: Mapping[str, tuple[str, ...]],
) -> None:
    problems = []
    for column, field in mapping.items():
        if field == METADATA or _column(names, column):
            continue
        # One mapping serves every file of a project, so a file may lack a column that it maps.
        # A similar name in the file shows that the user misspelt it.
        if field in fields:
            unread = [name for name in table.columns if name not in fields[field]]
            hint = next((name for name in unread if is_misspelling(name, column)), "")
            hint = nearest(column, [hint]) if hint else ""
        else:
            hint = nearest(column, table.columns)
        if hint or (field in ("prompt", "messages") and field not in fields):
            allowed = f"a column of the file: {', '.join(table.columns)}. {hint}".strip(". ")
            written = f"no column {column!r}, which is mapped to {field!r}"
            problems.append(Problem(table.file, None, None, "", written, allowed))
    if problems:
        raise GoldenFileError(problems)
