"""The reading of cells: text as written, lists, numbers, flags.

A value that cannot be read stays as it is, and the schema refuses it later.
"""

from __future__ import annotations

import math
import re
from contextlib import suppress
from typing import Any

from pytest_llmeval.goldens.formats.json_table import WrittenFloat, WrittenInt
from pytest_llmeval.goldens.formats.tables import NaN, is_absent
from pytest_llmeval.goldens.literals import UnreadableList, read_literal, without_brackets
from pytest_llmeval.text import separated_items

FORMULA_STARTS = tuple("=+-@\t\r\n\uff1d\uff0b\uff0d\uff20")
"""Starts of cells that a spreadsheet runs as formulas (OWASP, CSV injection).

Reports put an apostrophe before such a cell.
"""


_DECIMAL_COMMA = re.compile(r"[+-]?\d+,\d{1,2}")
"""A number with a comma before its decimals; three digits behind a comma could be thousands."""


_QUOTES_AND_BRACKETS = frozenset("'\"\u2018\u2019\u201c\u201d[](){}")


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
    """Read a list from the text of a cell, and return any other value unchanged."""
    document = read_object(value)
    return document if isinstance(document, list) else value


def read_object(value: Any) -> Any:
    """Read a list or an object from the text of a cell, and return any other value unchanged."""
    if isinstance(value, str):
        with suppress(UnreadableList):
            document = read_literal(value)
            return value if document is None else document
    return value


def as_texts(value: Any, separator: str = "") -> Any:
    """Read a list of texts from a list, from the text of a list, or from a text with separators.

    A text that looks like a list and cannot be read stays as it is.

    Args:
        value: The cell.
        separator: What separates the items of a text. Without any, a text is one item.
    """
    value = as_text(value)
    if isinstance(value, str):
        try:
            document = read_literal(value)
        except UnreadableList:
            return value
        if not isinstance(document, list):
            return _stripped(value.split(separator)) if separator else [value]
        value = document
    if isinstance(value, list):
        return [as_text(item) for item in value if not is_absent(item)]
    return value


def as_tags(value: Any) -> Any:
    """Read a list of tags: a list, or a text with semicolons or commas between its items.

    A list may be without quotes, ``[a, b]``, and a tag with a separator stands in quotes.
    """
    value = as_text(value)
    if not isinstance(value, str):
        return as_texts(value)
    inner = without_brackets(value)
    try:
        document = read_literal(value)
    except UnreadableList:
        # Spark and DuckDB write lists without quotes; with quotes it should have been readable.
        if inner is None or set(inner) & _QUOTES_AND_BRACKETS:
            return value
        return _separated(inner)
    if document:
        return as_texts(document)
    return _separated(value if inner is None else inner)


def tag_texts(value: Any) -> tuple[str, ...]:
    """Return the tags of a cell of a file that is no golden file, and may hold anything."""
    tags = as_tags(value)
    if isinstance(tags, str):
        tags = [tags]
    if not isinstance(tags, (list, tuple)):
        return ()
    return tuple(tag.strip() for tag in tags if isinstance(tag, str) and tag.strip())


def _separated(text: str) -> list[str]:
    try:
        items = separated_items(text)
    except ValueError:
        items = text.split(";" if ";" in text else ",")
    items = _stripped(items)
    if all(len(item) > 2 and item[0] == item[-1] == "'" for item in items):
        return [item[1:-1] for item in items]
    return items


def _stripped(items: list[str]) -> list[str]:
    return [item.strip() for item in items if item.strip()]


def as_number(value: Any) -> Any:
    """Read a finite number, also from text, and return any other value unchanged."""
    if isinstance(value, str):
        if _DECIMAL_COMMA.fullmatch(value.strip()):
            value = value.replace(",", ".")
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
    if isinstance(value, NaN):
        return None
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else as_text(value)
    return value
