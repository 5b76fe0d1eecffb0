"""Rows that are none: the header again, a line of dashes, the marks of a merge conflict."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from pytest_llmeval.errors import Problem
from pytest_llmeval.goldens.formats.tables import Table, is_absent, shown

_RULE = re.compile(r"\|?\s*:?[-=_]{3,}:?\s*\|?")
_CONFLICT = re.compile(r"<{7}(?: .*)?|={7}|>{7}(?: .*)?|\|{7}(?: .*)?")


def strange_rows(table: Table) -> Iterator[Problem]:
    """Yield a problem for each row that is no case.

    Args:
        table: The golden file.
    """
    for row in table.rows:
        cells = {name: value for name, value in row.cells.items() if not is_absent(value)}
        if written := _strange(cells, len(row.cells)):
            allowed = "a case in each row; delete this row"
            column = next(iter(cells))
            yield Problem(table.file, row.line, row.number, column, written, allowed)


def _strange(cells: Mapping[str, Any], columns: int) -> str:
    """Say what a row is instead of a case; empty for a case."""
    texts = {name: str(value).strip() for name, value in cells.items()}
    first = next(iter(texts.values()), "")
    if columns > 1 and len(texts) > 1 and all(text == name for name, text in texts.items()):
        return "the header again"
    if len(texts) == columns > 1 and all(map(_RULE.fullmatch, texts.values())):
        return f"{shown(first)}, a line below the header"
    if len(texts) == 1 and _CONFLICT.fullmatch(first):
        return f"{shown(first)}, a mark of a merge conflict"
    return ""
