"""Notes on texts that a spreadsheet, an export or a wrong encoding has changed."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence

from pytest_llmeval.goldens.noted_cases import cases_with, lines_of
from pytest_llmeval.records.case import Case

_REPLACED = "\ufffd"
_ENTITY = re.compile(r"&(?:amp|lt|gt|quot|apos|nbsp|#\d{2,5}|#x[\da-fA-F]{2,4});")
_ESCAPED = re.compile(r"_x000[AD9]_", re.IGNORECASE)
_NARROW = re.compile(r"#{4,}")
_ROUNDED = re.compile(r"-?\d\.\d{5}E[+-]\d{2,3}")
"""A long number as a spreadsheet shows it, with five decimals."""

_LARGEST_CELL = 32_767
"""Characters that fit into a cell of a spreadsheet."""

_COMMENT = re.compile(r"(?:#|//|--)[^\n]*")


def notes_on_damage(cases: Sequence[Case]) -> Iterator[str]:
    """Yield a note on each kind of text that was probably written in another way.

    Args:
        cases: The cases.
    """
    for predicate, what in _KINDS:
        damaged = [case for case in cases if any(map(predicate, _texts(case)))]
        if damaged:
            yield f"{what} ({lines_of(damaged)}), and is taken as it is written"
    for pattern, what in _OF_ANSWERS:
        damaged = [case for case in cases if pattern.fullmatch((case.expected or "").strip())]
        if damaged:
            yield f"the expected answer {damaged[0].expected!r} {what} ({lines_of(damaged)})"
    comments = cases_with(cases, lambda case: _COMMENT.fullmatch(case.prompt.strip()) is not None)
    bare = [case for case in comments if not case.expected and not case.thresholds]
    if bare and len(comments) < len(cases):
        yield (
            f"the prompt looks like a comment ({lines_of(bare)}), and is sent: a golden file has "
            "no comments"
        )


def _texts(case: Case) -> tuple[str, ...]:
    return (case.prompt, case.expected or "", *case.contexts)


def _is_misread(text: str) -> bool:
    """Return whether a text in UTF-8 was read as Windows-1252 and written again."""
    if text.isascii():
        return False
    for encoding in ("cp1252", "latin-1"):
        try:
            return text.encode(encoding).decode("utf-8") != text
        except UnicodeError:
            continue
    return False


def _has_entity(text: str) -> bool:
    return "&" in text and "<" not in text and _ENTITY.search(text) is not None


_KINDS: tuple[tuple[Callable[[str], bool], str], ...] = (
    (_is_misread, "a text looks like UTF-8 that was read as Windows-1252"),
    (
        lambda text: _REPLACED in text,
        "a text has the character \ufffd, which stands for a lost one",
    ),
    (_has_entity, "a text has an entity of HTML such as &amp;"),
    (lambda text: _ESCAPED.search(text) is not None, "a text has _x000D_, a line break of Excel"),
    (lambda text: len(text) == _LARGEST_CELL, "a text ends at 32,767 characters, as Excel cuts it"),
)
_OF_ANSWERS = (
    (_NARROW, "is what a spreadsheet shows of a number in a narrow column"),
    (_ROUNDED, "has five decimals, as a spreadsheet rounds a long number"),
)
