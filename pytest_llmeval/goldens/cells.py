"""What a cell means: text as written, lists, numbers. What cannot be read stays as it is, for the schema to refuse."""

from __future__ import annotations

import math
from typing import Any

from pytest_llmeval.goldens.formats.json_table import DECODER, WrittenFloat, WrittenInt
from pytest_llmeval.goldens.formats.tables import is_absent

FORMULA_STARTS = tuple("=+-@\t\r\n\uff1d\uff0b\uff0d\uff20")
"""Spreadsheets read a cell that starts so as a formula (OWASP, CSV injection); reports put an apostrophe before it."""


def without_apostrophe(text: str) -> str:
    """The text as it was before a report wrote an apostrophe before it."""
    return text[1:] if text.startswith("'") and text[1:].startswith(FORMULA_STARTS) else text


def as_text(value: Any) -> Any:
    """A number as the text that was written; anything else as it is."""
    if isinstance(value, WrittenInt | WrittenFloat):
        return value.written
    if isinstance(value, int | float) and not isinstance(value, bool):
        return repr(value)
    return value


def as_answer(value: Any) -> Any:
    """Like `as_text`; JSON's true and false are answers too."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return as_text(value)


def as_list(value: Any) -> Any:
    """A JSON list that a cell holds as text; anything else as it is."""
    if isinstance(value, str) and value.lstrip().startswith("["):
        try:
            document = DECODER.decode(value)
        except (ValueError, RecursionError):
            return value
        return document if isinstance(document, list) else value
    return value


def as_texts(value: Any, separators: str = "") -> Any:
    """A list of texts: a list, the JSON text of one, or one text, split at the first separator that it has."""
    value = as_list(as_text(value))
    if isinstance(value, str):
        separator = next((mark for mark in separators if mark in value), None)
        value = value.split(separator) if separator else [value]
        return [item.strip() for item in value if item.strip()] if separators else value
    if isinstance(value, list):
        return [as_text(item) for item in value if not is_absent(item)]
    return value


def as_number(value: Any) -> Any:
    """A finite number, also from its text; anything else as it is."""
    if isinstance(value, str):
        try:
            number = float(value)
        except ValueError:
            return value
        return number if math.isfinite(number) else value
    return plain(value)


def as_flag(value: Any) -> Any:
    """True or false, also from its text in any case; anything else as it is."""
    words = {"true": True, "false": False}
    return words.get(value.strip().casefold(), value) if isinstance(value, str) else plain(value)


def plain(value: Any) -> Any:
    """A JSON value in built-in types. A number too large for a float stays the text that was written."""
    if isinstance(value, dict):
        return {name: plain(member) for name, member in value.items()}
    if isinstance(value, list):
        return [plain(item) for item in value]
    if isinstance(value, WrittenInt):
        return int(value)
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else as_text(value)
    return value
