"""What a case asks and what it accepts, as hashes, by which an edit of a golden file shows."""

from __future__ import annotations

import json
from collections.abc import Mapping
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
        reference: Hash of the accepted answers, and of all else in the row that scorers compare an
            answer with; empty if unknown.
    """

    question: bytes = b""
    reference: bytes = b""

    def may_ask_like(self, content: Content) -> bool:
        """Return whether both may ask the same; an unknown question matches any."""
        return _may_equal(self.question, content.question)

    def may_accept_like(self, content: Content) -> bool:
        """Return whether both may accept the same; an unknown reference matches any."""
        return _may_equal(self.reference, content.reference)


UNKNOWN = Content()
"""The content of a case that nobody knows, such as a row of a table of scores."""


def content_of(case: Case) -> Content:
    """Return the content of a case.

    Contexts belong to the question, because a model or an application may have read them.
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
    return Content(_hash(question), _hash(reference))


def text_hash(text: str) -> bytes:
    """Return a hash of eight bytes."""
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest()


def _hash(fields: Mapping[str, Any]) -> bytes:
    """Return the hash of the fields that have a value, so that a new field changes no old hash."""
    present = {name: value for name, value in fields.items() if value}
    return text_hash(json.dumps(present, sort_keys=True, default=str))


def _may_equal(one: bytes, another: bytes) -> bool:
    return not one or not another or one == another
