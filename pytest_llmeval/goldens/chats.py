"""Chat rows: messages in the shape of the OpenAI API."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pytest_llmeval.records import Message


def content_text(content: object) -> str:
    """The text of a message's content: itself, or the text parts of a list of parts, a line each."""
    if isinstance(content, list):
        return "\n".join(part["text"] for part in content if isinstance(part.get("text"), str))
    return content if isinstance(content, str) else ""


def last_user(messages: Sequence[Message]) -> int:
    """Position of the last message of the user.

    Raises:
        ValueError: There is none.
    """
    return max(place for place, message in enumerate(messages) if message["role"] == "user")


def split_answer(messages: Sequence[Message], expected: str | None) -> tuple[tuple[Message, ...], str | None]:
    """The chat that is sent, and the expected answer.

    A closing message of the assistant is the expected answer, as in OpenAI fine-tuning files, unless the row has one
    of its own or the message has no text (a tool call): then it is sent as it stands.
    """
    last: Any = messages[-1]
    answer = content_text(last.get("content")) if last["role"] == "assistant" else ""
    if expected is None and answer:
        return tuple(messages[:-1]), answer
    return tuple(messages), expected
