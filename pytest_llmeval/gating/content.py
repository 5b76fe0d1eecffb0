"""What a case asks and what it accepts, as hashes, by which an edit of a golden file shows."""

from __future__ import annotations

import json
import sys
from collections.abc import Collection, Mapping
from hashlib import blake2b
from typing import Any, NamedTuple

from pytest_llmeval.goldens.names import READ_AS_METADATA
from pytest_llmeval.records.case import Case

_TOOLS = "tools"
_FURTHER_ANSWERS = "ideal"


class Content(NamedTuple):
    """The content of a case.

    Attributes:
        question: Hash of prompt, chat, contexts and tools; empty if unknown.
        reference: Hash of the accepted answers, and of the columns that our scorers compare an
            answer with; empty if unknown.
        columns: Hashes of the other columns, which a metric or test of the user may read.
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
        """Return the other columns of both whose values differ."""
        if self.columns == content.columns:
            return ()
        old = dict(self.columns)
        return tuple(name for name, value in content.columns if old.get(name, value) != value)


UNKNOWN = Content()
"""The content of a case that nobody knows, such as a row of a table of scores."""


def content_of(case: Case, answers: Collection[str] = ()) -> Content:
    """Return the content of a case.

    Contexts belong to the question, because a model or an application may have read them.

    Args:
        case: The case.
        answers: Its answers in a run. A column that holds one is no part of the content.
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
    columns = tuple(
        (sys.intern(name), _hash({name: value}))
        for name, value in sorted(case.metadata.items())
        if name not in (_TOOLS, *reference) and value not in answers
    )
    return Content(_hash(question), _hash(reference), columns)


def text_hash(text: str) -> bytes:
    """Return a hash of eight bytes."""
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest()


def _hash(fields: Mapping[str, Any]) -> bytes:
    """Return the hash of the fields that have a value, so that a new field changes no old hash."""
    present = {name: value for name, value in fields.items() if value}
    return text_hash(json.dumps(present, sort_keys=True, default=str))


def _may_equal(one: bytes, another: bytes) -> bool:
    return not one or not another or one == another
