"""The dialogue with a judge: an invalid reply is answered with a complaint, at most twice."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Generic, TypeVar

from pytest_llmeval.errors import BadReply, CallError
from pytest_llmeval.judges.prompting import defused, render, request
from pytest_llmeval.judges.setup import JudgeSetup
from pytest_llmeval.protocols import Provider
from pytest_llmeval.providers.reasoning import split_reasoning
from pytest_llmeval.records.call import LENGTH, REFUSAL, Completion, Parameters, Request
from pytest_llmeval.records.case import Case, Message

T = TypeVar("T")
ATTEMPTS = 3  # an invalid reply is retried twice
RETRY = "retry.jinja"
_SHOWN = 80  # characters of the last reply in an error


@dataclass(frozen=True)
class Question(Generic[T]):
    """One question to a judge.

    Attributes:
        messages: The messages of the first attempt.
        parameters: Sampling parameters.
        read: Reads a reply strictly. It raises `BadReply` with a complaint that the judge can act
            on.
        shape: Form of a valid reply, as the retry message shows it: ``{"reason": …, "score": …}``.
        sample: Number of the sample, if the same question is sent several times.
    """

    messages: tuple[Message, ...]
    parameters: Parameters
    read: Callable[[Completion], T]
    shape: str
    sample: int = 0


@dataclass(frozen=True)
class Judgement(Generic[T]):
    """The result of a question.

    Attributes:
        value: The value that was read, or ``None`` if no reply was valid.
        error: The reason for a missing value.
        calls: All calls, the last one last.
    """

    value: T | None
    error: str
    calls: tuple[Completion, ...]

    @property
    def raw(self) -> str:
        """Text of the last reply, or empty without one."""
        return self.calls[-1].text if self.calls else ""


async def ask(setup: JudgeSetup, case: Case, question: Question[T]) -> Judgement[T]:
    """Ask until a reply is valid, at most three times.

    Args:
        setup: The judge model and its provider.
        case: The judged case. A provider of answers to cases sees it.
        question: The question.

    Raises:
        CallError: The first call returned no completion. If a later call fails, the judgement has
            no value but has the calls before it.
    """
    messages = question.messages
    parameters = question.parameters
    calls: list[Completion] = []
    complaint = ""
    while len(calls) < ATTEMPTS:
        try:
            judge_request = request(
                setup.provider, setup.model, messages, parameters, case, question.sample
            )
            reply = await _reply(setup.provider, judge_request)
        except CallError as error:
            if not calls:
                raise
            error_text = f"{type(error).__name__}: {error}, after an invalid reply: {complaint}"
            return Judgement(None, error_text, tuple(calls))
        calls.append(reply)
        if reply.finish_reason == REFUSAL:
            return Judgement(None, f"the judge refused: {_begin(reply)}", tuple(calls))
        try:
            return Judgement(question.read(reply), "", tuple(calls))
        except BadReply as error:
            complaint = str(error)
            messages = (*messages, *_retry_messages(reply, complaint, question.shape))
            if reply.finish_reason == LENGTH:
                parameters = with_room(question.parameters)
    error_text = f"invalid reply after {ATTEMPTS} attempts: {complaint}{_remedy(calls[-1], setup)}"
    error_text += f"; the last reply begins {_begin(calls[-1])}"
    return Judgement(None, error_text, tuple(calls))


def with_room(parameters: Parameters) -> Parameters:
    """Return the parameters of another attempt after a reply that was cut: it may be longer."""
    limit, room = parameters.max_tokens, parameters.reasoning_room
    if limit is None or room is None:
        return parameters
    return replace(parameters, max_tokens=limit + room, reasoning_room=None)


async def _reply(provider: Provider, judge_request: Request) -> Completion:
    """Return the reply of the judge without a leading block of reasoning.

    Raises:
        CallError: The provider returned no completion.
    """
    try:
        reply = await provider.complete(judge_request)
    except BadReply as error:
        if not error.written:
            raise
        # The endpoint has checked the form of the reply, and refused it.
        return Completion(error.written, model=judge_request.model)
    answer = split_reasoning(reply.text, is_of_judge=True).answer
    if answer == reply.text:
        return reply
    return replace(reply, text=answer, raw_text=reply.raw_text or reply.text)


def _begin(reply: Completion) -> str:
    return repr(reply.text[:_SHOWN])


def _retry_messages(reply: Completion, complaint: str, shape: str) -> tuple[Message, Message]:
    content = render(RETRY, complaint=complaint, cut=reply.finish_reason == LENGTH, shape=shape)
    # Some endpoints refuse an empty assistant message.
    return {"role": "assistant", "content": defused(reply.text) or "(empty)"}, {
        "role": "user",
        "content": content,
    }


def _remedy(reply: Completion, setup: JudgeSetup) -> str:
    if reply.finish_reason != LENGTH:
        return ""
    return f"; it was cut off at {setup.max_tokens} tokens: raise --llm-judge-max-tokens"
