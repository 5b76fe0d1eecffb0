"""Regular expressions of users, matched within a bound of time."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

from pytest_llmeval.errors import OutOfTime

PATIENCE_S = 2.0
"""CPU seconds of one search. A pattern such as ``(a+)+$`` would otherwise search for years."""

_TOKENS = re.compile(r"\\N\{[^}]*\}|\\.|.", re.DOTALL)
_QUANTIFIER = re.compile(r"\{(?:\d+(?:,\d*)?|,\d*)\}")
_SHOWN = 80
"""Characters of a pattern in a message."""


def check_pattern(pattern: str, flags: int = 0) -> None:
    """Check that a text is a regular expression of Python's `re`.

    Raises:
        re.error: It is not.
    """
    try:
        re.compile(pattern, flags)
    except (RecursionError, OverflowError) as error:
        raise re.error(_too_deep(error), pattern[:_SHOWN]) from None


def search_pattern(pattern: str, text: str, flags: int = 0) -> Any | None:
    r"""Search a text like Python's ``re.search``, but for a bounded time and beside other threads.

    The package ``regex`` searches. Unlike `re` it counts a combining mark, such as a vowel sign of
    Hindi, as a part of a word (``\w``).

    Args:
        pattern: A regular expression of Python's `re`.
        text: The text to search.
        flags: Flags of `re`.

    Returns:
        The match, or ``None``.

    Raises:
        re.error: The pattern is no regular expression.
        OutOfTime: The search took longer than `PATIENCE_S`.
    """
    check_pattern(pattern, flags)
    try:
        compiled = _compiled(pattern, int(flags))
    except RecursionError as error:
        raise re.error(_too_deep(error), pattern[:_SHOWN]) from None
    try:
        return compiled.search(text, timeout=PATIENCE_S, concurrent=True)
    except TimeoutError as error:
        shown = pattern if len(pattern) <= _SHOWN else f"{pattern[:_SHOWN]}…"
        raise OutOfTime(
            f"the regular expression {shown!r} found no end within {PATIENCE_S:g} seconds in a "
            f"text of {len(text):,} characters. Avoid repetitions inside repetitions, such as "
            "(a+)+."
        ) from error


def _too_deep(error: Exception) -> str:
    return "nested too deeply" if isinstance(error, RecursionError) else str(error)


@lru_cache(maxsize=256)
def _compiled(pattern: str, flags: int) -> Any:
    import regex

    return regex.compile(_without_extensions(pattern), flags | regex.VERSION0)


def _without_extensions(pattern: str) -> str:
    r"""Escape what is plain text for `re`, but means something to `regex`.

    These are braces that are no quantifier (``\mathrm{e}`` would allow an error), and brackets
    within a set (``[[:alpha:]]``).
    """
    parts: list[str] = []
    set_start: int | None = None
    for match in _TOKENS.finditer(pattern):
        token, position = match[0], match.start()
        if set_start is not None:
            if token == "]" and pattern[set_start:position] not in ("[", "[^"):
                set_start = None
            elif token == "[":
                token = r"\["
        elif token == "[":
            set_start = position
        elif token == "{" and not _QUANTIFIER.match(pattern, position):
            token = r"\{"
        parts.append(token)
    return "".join(parts)
