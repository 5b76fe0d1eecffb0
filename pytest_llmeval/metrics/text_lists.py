"""A cell with the texts that an answer must or must not contain."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from pytest_llmeval.records.wire import parse_json
from pytest_llmeval.text import separated_items

ALLOWED_TEXTS = (
    "a list of texts, or texts separated by semicolons or commas, one with such a mark in double "
    "quotes"
)
_WORDS_FOR_NOTHING = frozenset((
    "nan", "none", "null", "nil", "nat", "n/a", "na", "n.a.", "#n/a", "<na>", "undefined", "#ref!",
    "#div/0!", "#name?", "#value!", "#num!", "#null!", "(empty)", "(blank)", "{}",
))  # fmt: skip
"""What programs write into a cell without a value."""

_OBJECT = re.compile(r"\{\s*(?:'[^']*'|\"[^\"]*\")\s*[:,}]")
_ITEM = r"[^\W_][\w .'\u2019%&$€£+-]{0,40}"
_OTHERS = re.compile(
    rf"\s*{_ITEM}(?P<mark>[|\u3001\u060c\uff0c\uff1b\u061b\n\t])\s*{_ITEM}"
    rf"(?:(?P=mark)\s*{_ITEM})*\s*(?P=mark)?\s*"
)
"""A list with other marks between its items."""

_DIGITS = re.compile(r"(?<![\w,.])\d+(?:,\d+)+(?![\d,])")
_NUMBER = re.compile(r"\d{1,2}(?:,\d{3})+")
_LAST_GROUP = re.compile(r",\d{3}\Z")
_COMMA = "\ue000"
"""Stands for a comma within a number; this code point has no meaning."""

_LONGEST = 20_000
"""Characters of a cell that is searched for other lists."""


def read_texts(cell: Any) -> Any:
    """Read the texts in a cell; any other value than a text is returned unchanged.

    Raises:
        ValueError: It is no list of texts, or can be read in two ways.
    """
    if not isinstance(cell, str):
        return cell
    text = cell.strip()
    if text.startswith("["):
        return parse_json(text)
    if text.casefold() in _WORDS_FOR_NOTHING:
        raise ValueError(
            f'a word for no value; ["{text}"] looks for this text, and an empty cell for none'
        )
    if len(text) <= _LONGEST:
        _check(text)
    if '"' in text or ";" in text:
        return separated_items(text)
    joined = _DIGITS.sub(_joined_number, text)
    return [item.replace(_COMMA, ",") for item in separated_items(joined)]


def _check(text: str) -> None:
    """Check that a text is no object, and no list with other marks.

    Raises:
        ValueError: It is one.
    """
    if _OBJECT.match(text) or (text.startswith("{") and _is_object(text)):
        raise ValueError('an object; write its texts as a list, such as ["a", "b"]')
    match = _OTHERS.fullmatch(text)
    if match is not None:
        raise ValueError(
            f"{match['mark']!r} between texts; write them with commas, or one text that has it in "
            "double quotes"
        )


def _joined_number(match: re.Match[str]) -> str:
    """Return digits with commas as one number, or unchanged where they are a list."""
    digits = match[0]
    if _NUMBER.fullmatch(digits):
        return digits.replace(",", _COMMA)
    if _LAST_GROUP.search(digits):
        raise ValueError(
            f"{digits!r} may be one number or several texts; write one number in double quotes, "
            "and blanks behind the commas of several"
        )
    return digits


def _is_object(text: str) -> bool:
    try:
        return isinstance(parse_json(text), Mapping)
    except ValueError:
        return False
