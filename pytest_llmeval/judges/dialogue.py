"""Asking a judge: an invalid reply is told what is wrong with it and asked again, twice; then there is no judgement."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from pytest_llmeval.errors import BadReply, CallError
from pytest_llmeval.judges.prompting import defused, render, request
from pytest_llmeval.judges.setup import JudgeSetup
from pytest_llmeval.records.call import Completion, Parameters
from pytest_llmeval.records.case import Case, Message

T = TypeVar("T")
ATTEMPTS = 3  # an invalid reply is retried twice
RETRY = "retry.jinja"


@dataclass(frozen=True)
class Question(Generic[T]):
    """One question to a judge.

    Attributes:
        messages: What is asked at first.
        parameters: How the judge is sampled.
        read: Reads a reply strictly; raises `BadReply` with a complaint that the judge can act on.
        shape: What a reply must look like, in the words of the retry: ``{"reason": …, "score":
            …}``.
        sample: Number of the sample, where the same question is asked several times.
    """

    messages: tuple[Message, ...]
    parameters: Parameters
    read: Callable[[Completion], T]
    shape: str
    sample: int = 0


@dataclass(frozen=True)
class Judgement(Generic[T]):
    """What came of a question.

    Attributes:
        value: What was read; ``None`` if no reply was valid.
        error: Why there is none.
        calls: Every call that was made, the last one last.
    """

    value: T | None
    error: str
    calls: tuple[Completion, ...]

    @property
    def raw(self) -> str:
        """The last reply as it came; empty if none came."""
        return self.calls[-1].text if self.calls else ""


async def ask(setup: JudgeSetup, case: Case, question: Question[T]) -> Judgement[T]:
    """Ask until a reply is valid, at most three times.

    Args:
        setup: Who is asked.
        case: The case that is judged; a provider that answers cases sees it.
        question: What is asked.

    Raises:
        CallError: The first call gave no completion. (A later one makes a judgement without a
            value, with its calls.)
    """
    messages, calls, complaint = question.messages, list[Completion](), ""
    while len(calls) < ATTEMPTS:
        try:
            asked = request(
                setup.provider, setup.model, messages, question.parameters, case, question.sample
            )
            reply = await setup.provider.complete(asked)
        except CallError as error:
            if not calls:
                raise
            why = f"{type(error).__name__}: {error}; before it an invalid reply: {complaint}"
            return Judgement(None, why, tuple(calls))
        calls.append(reply)
        try:
            return Judgement(question.read(reply), "", tuple(calls))
        except BadReply as error:
            complaint = str(error)
            messages = (*messages, *_again(reply, complaint, question.shape))
    why = f"invalid reply after {ATTEMPTS} attempts: {complaint}{_remedy(calls[-1], setup)}"
    return Judgement(None, why, tuple(calls))


def _again(reply: Completion, complaint: str, shape: str) -> tuple[Message, Message]:
    asked = render(RETRY, complaint=complaint, cut=reply.finish_reason == "length", shape=shape)
    # Some endpoints refuse an empty assistant message.
    return {"role": "assistant", "content": defused(reply.text) or "(empty)"}, {
        "role": "user",
        "content": asked,
    }


def _remedy(reply: Completion, setup: JudgeSetup) -> str:
    if reply.finish_reason != "length":
        return ""
    return f"; it was cut off at {setup.max_tokens} tokens: raise --llm-judge-max-tokens"
