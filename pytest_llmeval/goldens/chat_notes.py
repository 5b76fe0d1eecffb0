"""Notes on chats that end with the assistant's message, which is sent."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pytest_llmeval.goldens.noted_cases import cases_with, lines_of
from pytest_llmeval.goldens.prompting import calls_tool, content_text
from pytest_llmeval.records.case import Case, Message

_SENT = "and is sent with it; leave the message out to ask for an answer"


def notes_on_chats(cases: Sequence[Case]) -> Iterator[str]:
    """Yield a note on each kind of closing message that is sent and is no expected answer.

    Args:
        cases: The cases.
    """
    closed = cases_with(cases, lambda case: _closing(case) is not None)
    called = cases_with(closed, _ends_in_call)
    if called:
        yield (
            f"the chat ends in a tool call of the assistant ({lines_of(called)}), {_SENT}, as "
            "calls of tools are not compared"
        )
    said = cases_with(closed, lambda case: not _ends_in_call(case))
    empty = cases_with(said, lambda case: not _text(case))
    if empty:
        yield f"the chat ends in an empty message of the assistant ({lines_of(empty)}), {_SENT}"
    bad = cases_with(said, lambda case: bool(_text(case)) and case.expected is None)
    if bad:
        yield f"the chat ends in a message with weight 0 ({lines_of(bad)}), {_SENT}"
    shown = cases_with(said, lambda case: bool(_text(case)) and _text(case) == _expected(case))
    if shown:
        yield (
            f"the chat ends in the expected answer ({lines_of(shown)}), {_SENT}; without a column "
            "of expected answers it is one, and is not sent"
        )


def _closing(case: Case) -> Message | None:
    """Return the assistant's message that a case ends with."""
    last = case.messages[-1] if case.messages else None
    return last if last is not None and last["role"] == "assistant" else None


def _ends_in_call(case: Case) -> bool:
    return calls_tool(_closing(case) or {})


def _text(case: Case) -> str:
    return content_text((_closing(case) or {}).get("content")).strip()


def _expected(case: Case) -> str:
    return (case.expected or "").strip()
