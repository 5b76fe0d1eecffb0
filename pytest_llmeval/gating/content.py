"""What a case asks and what it accepts, as hashes, by which an edit of a golden file shows."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping
from hashlib import blake2b
from typing import Any, NamedTuple

from pytest_llmeval.goldens.names import READ_AS_METADATA
from pytest_llmeval.records.answer_column import answered_column, read_column
from pytest_llmeval.records.call import Completion
from pytest_llmeval.records.case import Case

_TOOLS = "tools"
_FURTHER_ANSWERS = "ideal"
_ANSWERS = b""
"""Stands for the hash of a column that holds the answers."""

_EMPTY: tuple[object, ...] = (None, "", [], {})
"""Values of a cell that is not there, or holds nothing."""


class Content(NamedTuple):
    """The content of a case.

    Attributes:
        question: Hash of prompt, chat, contexts and tools; empty if unknown.
        reference: Hash of the accepted answers, and of the columns that our scorers compare an
            answer with; empty if unknown.
        columns: Hashes of the other columns, which a metric or test of the user may read. That of
            the column with the answers is empty.
    """

    question: bytes = b""
    reference: bytes = b""
    columns: tuple[tuple[str, bytes], ...] = ()

    def may_ask_like(self, content: Content) -> bool:
        """Return whether both may ask the same; an unknown question matches any."""
        return _may_equal(self.question, content.question)

    def may_accept_like(self, content: Content) -> bool:
        """Return whether both may accept the same; an unknown reference matches any."""
        return _may_equal(self.reference, content.reference)

    def edited_columns(self, content: Content) -> tuple[str, ...]:
        """Return the other columns whose values differ, or that one of both lacks.

        A column that holds the answers of one of the runs says nothing.
        """
        if self.columns == content.columns or not (self.question and content.question):
            return ()
        old, new = dict(self.columns), dict(content.columns)
        return tuple(
            name
            for name in sorted({*old, *new})
            if old.get(name) != new.get(name) and _ANSWERS not in (old.get(name), new.get(name))
        )

    def holds(self, columns: Iterable[str], answers: Iterable[str]) -> bool:
        """Return whether one of some columns is exactly one of the answers."""
        values = dict(self.columns)
        return any(
            values.get(name) == _hash_of({name: answer}) for answer in answers for name in columns
        )


UNKNOWN = Content()
"""The content of a case that nobody knows, such as a row of a table of scores."""


def column_of(answers: Iterable[Completion]) -> str:
    """Return the column of a golden file that answers come from; empty for any other provider."""
    columns = (answered_column(answer.endpoint) for answer in answers)
    return next(filter(None, columns), "")


def content_of(case: Case, column: str = "") -> Content:
    """Return the content of a case.

    Contexts belong to the question, because a model or an application may have read them.

    Args:
        case: The case.
        column: The column that the provider reads, which is no part of the content.
    """
    question = {
        "prompt": case.prompt,
        "messages": case.messages,
        "contexts": case.contexts,
        _TOOLS: case.metadata.get(_TOOLS),
    }
    reference: dict[str, Any] = {"expected": case.expected}
    for name in (_FURTHER_ANSWERS, *READ_AS_METADATA):
        reference[name] = case.metadata.get(name)
    answered = read_column(column, case.metadata) if column else None
    columns = tuple(
        (sys.intern(name), _ANSWERS if name == answered else _hash_of({name: value}))
        for name, value in sorted(case.metadata.items())
        if name not in (_TOOLS, *reference) and (name == answered or value not in _EMPTY)
    )
    return Content(_hash(question), _hash(reference), columns)


def text_hash(text: str) -> bytes:
    """Return a hash of eight bytes."""
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest()


def _hash(fields: Mapping[str, Any]) -> bytes:
    """Return the hash of the fields that have a value, so that a new field changes no old hash."""
    present = {name: value for name, value in fields.items() if value}
    return _hash_of(present)


def _hash_of(fields: Mapping[str, Any]) -> bytes:
    return text_hash(json.dumps(fields, sort_keys=True, default=str))


def _may_equal(one: bytes, another: bytes) -> bool:
    return not one or not another or one == another
