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
    """The position of a case in a golden file.

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
        prompt: The prompt; for a chat, the text of the last user message.
        messages: The whole chat; empty if the golden file has none.
        expected: The accepted answer, or ``None``.
        contexts: Passages the answer may rest on.
        tags: Classification of the case.
        metadata: The remaining columns, by their names in the file, without absent cells.
        thresholds: Thresholds of the row.
        source: Position of the row.
        must_pass: Whether further samples decide on a missed threshold; ``None`` if the row leaves
            it open. In a result, the decision of row, marker and settings.
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

    def __repr__(self) -> str:
        # Reporters such as Allure know a test by the text of its arguments.
        return f"<Case {self.source.file}::{self.id}>"


def case_messages(case: Case) -> tuple[Message, ...]:
    """Return the chat of a case, or its prompt as a chat."""
    return case.messages or ({"role": "user", "content": case.prompt},)
