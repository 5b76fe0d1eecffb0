"""One row of a golden file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pytest_llmeval.records.threshold import Threshold

Message = Mapping[str, Any]
"""One chat message in the shape of the OpenAI API: ``{"role": "user", "content": "…"}``."""


@dataclass(frozen=True)
class Source:
    """Where a case stands.

    Attributes:
        file: Golden file, relative to the root directory, with forward slashes.
        line: Line where the row starts, from 1 (in Parquet: the row number).
    """

    file: str
    line: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


@dataclass(frozen=True)
class Case:
    """One row of a golden file.

    Attributes:
        id: Unique within its file; part of the test's node id.
        prompt: What is asked; for a chat, the text of the last user message.
        messages: The whole chat, where the golden file has one; else empty.
        expected: The accepted answer, or ``None``.
        contexts: Passages the answer may rest on.
        tags: Classification of the case.
        metadata: Every other column, by its name in the file; absent cells are left out.
        thresholds: Bounds given in the row itself.
        source: Where the row stands.
        must_pass: Whether further samples settle a missed bound; ``None`` if the row does not say.
            In a result: what row, marker and settings come to.
    """

    id: str
    prompt: str
    source: Source
    messages: tuple[Message, ...] = ()
    expected: str | None = None
    contexts: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    metadata: Mapping[str, Any] = field(default_factory=dict)
    thresholds: tuple[Threshold, ...] = ()
    must_pass: bool | None = None


def own_messages(case: Case) -> tuple[Message, ...]:
    """What a model is asked for a case when nothing is added: its chat, or its prompt."""
    return case.messages or ({"role": "user", "content": case.prompt},)
