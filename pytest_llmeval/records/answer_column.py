"""The column of a golden file that holds the answers of ``column:NAME``."""

from __future__ import annotations

from collections.abc import Iterable

_KIND = "column:"


def column_endpoint(name: str) -> str:
    """Return where an answer from a column comes from."""
    return f"{_KIND}{name}"


def answered_column(endpoint: str) -> str:
    """Return the column that an answer comes from; empty if it comes from elsewhere."""
    return endpoint.removeprefix(_KIND) if endpoint.startswith(_KIND) else ""


def read_column(name: str, columns: Iterable[str]) -> str | None:
    """Return the column that a name means; ``None`` if there is none.

    A row may have two columns whose names differ only in case.
    """
    known = tuple(columns)
    if name in known:
        return name
    return next((column for column in known if _plain(column) == _plain(name)), None)


def _plain(column: str) -> str:
    return "".join(letter for letter in column.casefold() if letter.isalnum())
