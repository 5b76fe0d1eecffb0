"""The accepted answers of a row, in the shapes of the tools that write them."""

from __future__ import annotations

from typing import Any

from pytest_llmeval.goldens.arrays import read_words
from pytest_llmeval.goldens.cells import as_answer, read_object
from pytest_llmeval.goldens.formats.tables import is_absent
from pytest_llmeval.goldens.literals import UnreadableList, read_literal
from pytest_llmeval.goldens.names import LISTS, normal

_WITH_SEMICOLONS = frozenset((normal("correct_answers"),))
"""Names of columns whose text has semicolons between the answers."""

_TEXT = "text"


def is_one_text(name: str) -> bool:
    """Return whether a text with semicolons is one answer, in a column of several answers."""
    return normal(name) in LISTS - _WITH_SEMICOLONS


def accepted_answers(name: str, value: Any) -> list[str] | None:
    """Return the accepted answers in a cell, without repetitions.

    A text is one answer. In a column whose name says that it holds several answers it may be the
    text of a list, and in ``correct_answers`` it has semicolons between the answers, as in
    TruthfulQA. An object holds its answers under ``text``, as in SQuAD.

    Args:
        name: Name of the column.
        value: The cell.

    Returns:
        The answers; ``None`` if the value is nothing of this.
    """
    if isinstance(value, str) and normal(name) in LISTS:
        value = _listed(name, value)
    if isinstance(value, dict) and _TEXT in value:
        value = value[_TEXT]
    if is_absent(value):
        return []
    if isinstance(value, list):
        answers = [_answer(item) for item in value if not is_absent(item)]
    else:
        answers = [as_answer(value)]
    if not all(isinstance(answer, str) for answer in answers):
        return None
    return list(dict.fromkeys(answers))


def unreadable_list(name: str, value: Any) -> bool:
    """Return whether a cell of several answers looks like a list, and cannot be read as one."""
    if not isinstance(value, str) or normal(name) not in LISTS:
        return False
    try:
        read_literal(value)
    except UnreadableList:
        return True
    return False


def _listed(name: str, text: str) -> Any:
    document = read_object(text)
    if isinstance(document, str) and (words := read_words(text)):
        return words
    if not isinstance(document, str) or normal(name) not in _WITH_SEMICOLONS:
        return document
    return [answer.strip() for answer in text.split(";") if answer.strip()]


def _answer(item: Any) -> Any:
    """Return the text of an answer, which SQuAD writes with its position."""
    if isinstance(item, dict) and _TEXT in item:
        item = item[_TEXT]
    return as_answer(item)
