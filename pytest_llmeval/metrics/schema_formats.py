"""The formats of JSON Schema, those that jsonschema checks only with further packages included."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from jsonschema import FormatChecker

_DATE = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_TIME = re.compile(
    r"(?:[01]\d|2[0-3]):[0-5]\d:(?:[0-5]\d|60)(?:\.\d+)?"
    r"(?:[Zz]|[+-](?:[01]\d|2[0-3]):[0-5]\d)",
    re.ASCII,
)
_DURATION = re.compile(
    r"P(?:\d+W|(?=[\dT])(?:\d+Y)?(?:\d+M)?(?:\d+D)?"
    r"(?:T(?=\d)(?:\d+H)?(?:\d+M)?(?:\d+(?:\.\d+)?S)?)?)",
    re.ASCII,
)
_LABEL = re.compile(r"(?!-)[A-Za-z0-9-]{1,63}(?<!-)")
_EMAIL = re.compile(r"[^@\s]+@[^@\s.]+(?:\.[^@\s.]+)*")
_IN_URI = re.compile(r"(?:[A-Za-z0-9\-._~:/?#\[\]@!$&'()*+,;=]|%[0-9A-Fa-f]{2})*")
_IN_IRI = re.compile(r"(?:[^\s<>\"{}|\\^`%\x00-\x1f]|%[0-9A-Fa-f]{2})*")
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")
_POINTER = re.compile(r"(?:/(?:[^~/]|~[01])*)*")
_RELATIVE_POINTER = re.compile(r"(?:0|[1-9]\d*)(?:#|(?:/(?:[^~/]|~[01])*)*)", re.ASCII)
_LONGEST_HOSTNAME = 253
_SAY_NOTHING = ("float", "double", "password", "binary")
"""Formats of OpenAPI that restrict no value."""


def format_checker(known: FormatChecker, unknown: list[str]) -> FormatChecker:
    """Make the checker of all formats that are known.

    Args:
        known: The formats that jsonschema checks itself.
        unknown: Gets the names of formats that a value was not checked for.
    """
    from jsonschema import FormatChecker

    class Formats(FormatChecker):
        def check(self, instance: object, format: str) -> None:
            if format not in self.checkers and format not in unknown:
                unknown.append(format)
            super().check(instance, format)

    checker = Formats()
    checker.checkers = {
        **known.checkers,
        **{name: (check, ()) for name, check in _CHECKS.items()},
    }
    return checker


def _of_texts(check: Callable[[str], bool]) -> Callable[[Any], bool]:
    """Make a check that lets every value pass that is no text."""
    return lambda value: not isinstance(value, str) or check(value)


def _whole_number(bits: int) -> Callable[[Any], bool]:
    limit = 2 ** (bits - 1)
    return lambda value: not isinstance(value, int) or -limit <= value < limit


def _is_date(text: str) -> bool:
    try:
        return bool(_DATE.fullmatch(text) and date.fromisoformat(text))
    except ValueError:
        return False


def _is_time(text: str) -> bool:
    return _TIME.fullmatch(text) is not None


def _is_date_time(text: str) -> bool:
    return _is_date(text[:10]) and text[10:11] in ("T", "t") and _is_time(text[11:])


def _is_hostname(text: str) -> bool:
    is_short = 0 < len(text) <= _LONGEST_HOSTNAME
    return is_short and all(map(_LABEL.fullmatch, text.removesuffix(".").split(".")))


def _is_reference(allowed: re.Pattern[str]) -> Callable[[str], bool]:
    """Make the check for a reference, which may be relative."""

    def check(text: str) -> bool:
        try:
            parts = urlsplit(text)
            return parts.port != -1 and allowed.fullmatch(text) is not None
        except ValueError:
            return False

    return check


def _is_address(allowed: re.Pattern[str]) -> Callable[[str], bool]:
    """Make the check for an address with a scheme."""
    is_reference = _is_reference(allowed)

    def check(text: str) -> bool:
        scheme = _SCHEME.match(text)
        return scheme is not None and len(text) > scheme.end() and is_reference(text)

    return check


def _is_base64(text: str) -> bool:
    try:
        base64.b64decode(text, validate=True)
    except ValueError:
        return False
    return True


def _is_decimal(text: str) -> bool:
    try:
        return Decimal(text).is_finite()
    except InvalidOperation:
        return False


_CHECKS: dict[str, Callable[[Any], bool]] = {
    "date": _of_texts(_is_date),
    "time": _of_texts(_is_time),
    "date-time": _of_texts(_is_date_time),
    "duration": _of_texts(lambda text: _DURATION.fullmatch(text) is not None),
    "hostname": _of_texts(_is_hostname),
    "email": _of_texts(lambda text: _EMAIL.fullmatch(text) is not None),
    "uri": _of_texts(_is_address(_IN_URI)),
    "uri-reference": _of_texts(_is_reference(_IN_URI)),
    "iri": _of_texts(_is_address(_IN_IRI)),
    "iri-reference": _of_texts(_is_reference(_IN_IRI)),
    "json-pointer": _of_texts(lambda text: _POINTER.fullmatch(text) is not None),
    "relative-json-pointer": _of_texts(lambda text: _RELATIVE_POINTER.fullmatch(text) is not None),
    "byte": _of_texts(_is_base64),
    "decimal": _of_texts(_is_decimal),
    "int32": _whole_number(32),
    "int64": _whole_number(64),
    **dict.fromkeys(_SAY_NOTHING, lambda value: True),
}
