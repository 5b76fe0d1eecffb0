"""The reading of cells: text as written, lists, numbers, flags.

A value that cannot be read stays as it is, and the schema refuses it later.
"""

from __future__ import annotations

import math
from typing import Any

from pytest_llmeval.goldens.formats.json_table import DECODER, WrittenFloat, WrittenInt
from pytest_llmeval.goldens.formats.tables import is_absent

FORMULA_STARTS = tuple("=+-@\t\r\n\uff1d\uff0b\uff0d\uff20")
"""Starts of cells that a spreadsheet runs as formulas (OWASP, CSV injection).

Reports put an apostrophe before such a cell.
"""


def without_apostrophe(text: str) -> str:
    """Remove the apostrophe that a report put before the text."""
    if text.startswith("'") and text[1:].startswith(FORMULA_STARTS):
        return text[1:]
    return text


def as_text(value: Any) -> Any:
    """Return a number as the text in the file, and any other value unchanged."""
    if isinstance(value, WrittenInt | WrittenFloat):
        return value.written
    if isinstance(value, int | float) and not isinstance(value, bool):
        return repr(value)
    return value


def as_answer(value: Any) -> Any:
    """Do as `as_text` does, and write JSON's true and false as text too."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return as_text(value)


def as_list(value: Any) -> Any:
    """Read a JSON list from the text of a cell, and return any other value unchanged."""
    if not isinstance(value, str) or not value.lstrip().startswith("["):
        return value
    try:
        document = DECODER.decode(value)
    except (ValueError, RecursionError):
        return value
    return document if isinstance(document, list) else value


def as_texts(value: Any, separators: str = "") -> Any:
    """Read a list of texts from a list, from JSON text, or from a text with separators.

    Args:
        value: The cell.
        separators: Characters that may separate the items. The first one that occurs splits the
            text. Without any, a text is one item.
    """
    value = as_list(as_text(value))
    if isinstance(value, str):
        if not separators:
            return [value]
        separator = next((mark for mark in separators if mark in value), None)
        items = value.split(separator) if separator else [value]
        return [item.strip() for item in items if item.strip()]
    if isinstance(value, list):
        return [as_text(item) for item in value if not is_absent(item)]
    return value


def as_number(value: Any) -> Any:
    """Read a finite number, also from text, and return any other value unchanged."""
    if isinstance(value, str):
        try:
            number = float(value)
        except ValueError:
            return value
        return number if math.isfinite(number) else value
    return plain(value)


def as_flag(value: Any) -> Any:
    """Read true or false, also from text in any case, and return any other value unchanged."""
    if not isinstance(value, str):
        return plain(value)
    return {"true": True, "false": False}.get(value.strip().casefold(), value)


def plain(value: Any) -> Any:
    """Return a JSON value in built-in types; a number too large for a float stays text."""
    if isinstance(value, dict):
        return {name: plain(member) for name, member in value.items()}
    if isinstance(value, list):
        return [plain(item) for item in value]
    if isinstance(value, WrittenInt):
        return int(value)
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else as_text(value)
    return value
