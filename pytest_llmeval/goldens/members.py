"""Members of objects as columns of their own: ``answer.value`` of a column ``answer``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from pytest_llmeval.goldens.cells import read_object
from pytest_llmeval.goldens.formats.tables import Table
from pytest_llmeval.goldens.names import normal


def with_members(table: Table, mapping: Mapping[str, str]) -> Table:
    """Add the members of objects that a mapping names, such as ``answer.value = expected``."""
    known = {*table.columns, *map(normal, table.columns)}
    paths = [name for name in mapping if "." in name and not {name, normal(name)} & known]
    paths = [path for path in paths if normal(path.partition(".")[0]) in known]
    if not paths:
        return table
    names = {normal(name): name for name in table.columns}
    rows = []
    for row in table.rows:
        cells = dict(row.cells)
        for path in paths:
            head, _, steps = path.partition(".")
            cells[path] = _member(row.cells.get(names[normal(head)]), steps.split("."))
        rows.append(replace(row, cells=cells))
    names_with_paths = (*table.columns, *paths)
    return replace(table, columns=names_with_paths, rows=tuple(rows), members=tuple(paths))


def _member(value: Any, steps: Sequence[str]) -> Any:
    """Return a member of an object, which may stand in a text; ``None`` without it."""
    value = read_object(value)
    for step in steps:
        if isinstance(value, list) and step.isdecimal() and int(step) < len(value):
            value = value[int(step)]
        elif isinstance(value, dict):
            value = value.get(step)
        else:
            return None
    return value
