"""Values as the cells of a database can hold them, and back again."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

Row = Mapping[str, Any]
ESCAPED = 'escaped:"'  # starts a text that the database could not hold as it is


def as_json(value: object) -> str | None:
    """A list or map as JSON; nothing for an empty one."""
    return json.dumps(value, ensure_ascii=False) if value else None


def from_json(text: str | None, empty: Any) -> Any:
    """The list or map that `as_json` wrote."""
    return json.loads(text) if text else empty


def storable(row: dict[str, Any]) -> dict[str, Any]:
    """The row, with the texts that a database could not hold as they are as JSON strings."""
    if _is_plain(_texts(row)):
        return row
    return {name: _escaped(value) if isinstance(value, str) else value for name, value in row.items()}


def restored(row: Row) -> Row:
    """The row that `storable` was given."""
    if ESCAPED not in _texts(row):
        return row
    return {name: unescaped(value) if isinstance(value, str) else value for name, value in row.items()}


def _texts(row: Row) -> str:
    """All texts of a row: to look through them at once is quicker."""
    return "\n".join([value for value in row.values() if isinstance(value, str)])


def _is_plain(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return "\0" not in text and ESCAPED not in text


def _escaped(text: str) -> str:
    return text if _is_plain(text) else ESCAPED[:-1] + json.dumps(text)


def unescaped(text: str) -> str:
    """A text as it was before a database made it be escaped."""
    return json.loads(text[len(ESCAPED) - 1 :]) if text.startswith(ESCAPED) else text
