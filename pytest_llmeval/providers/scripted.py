"""The public fake of a Provider, for tests without a model."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Mapping
from typing import TypeAlias

from pytest_llmeval.errors import CallError, nearest
from pytest_llmeval.protocols import BaseProvider
from pytest_llmeval.records.call import Completion, Request

Answer: TypeAlias = str | Completion | Exception
"""What to answer with; an exception is raised."""


class ScriptedProvider(BaseProvider):
    """Answers what it was told to answer, and remembers what it was asked.

    Example:
        ``ScriptedProvider({"Capital of France?": "Paris"}, default="I do not know.")``

    Args:
        answers: By the text of the last user message; or in the order of the requests; or a
            function of the request.
        default: For a prompt that is not scripted; without one such a prompt is a CallError.
        fingerprint: Lets answers be reused in another run; ``None`` forbids it.

    Attributes:
        requests: Every request so far, in order.
    """

    sees_case = False

    def __init__(
        self,
        answers: Mapping[str, Answer] | Iterable[Answer] | Callable[[Request], Answer] = (),
        default: Answer | None = None,
        fingerprint: str | None = None,
    ) -> None:
        self._lookup = _lookup(answers)
        self._scripted = tuple(answers) if isinstance(answers, Mapping) else ()
        self._default = default
        self.fingerprint = fingerprint
        self.requests: list[Request] = []

    async def complete(self, request: Request) -> Completion:
        """Answer as scripted.

        Raises:
            CallError: Nothing is scripted for this request.
            Exception: The scripted one.
        """
        self.requests.append(request)
        answer = self._lookup(request)
        answer = self._default if answer is None else answer
        if answer is None:
            prompt = _prompt(request)
            hint = nearest(prompt, self._scripted) or f"{len(self.requests)} requests came."
            raise CallError(
                f"ScriptedProvider: nothing is scripted for the prompt {prompt!r}, and no default. {hint}"
            )
        if isinstance(answer, Exception):
            raise answer
        completion = answer if isinstance(answer, Completion) else Completion(answer)
        model, endpoint = completion.model or request.model, completion.endpoint or "scripted"
        return dataclasses.replace(completion, model=model, endpoint=endpoint)


def _lookup(
    answers: Mapping[str, Answer] | Iterable[Answer] | Callable[[Request], Answer],
) -> Callable[[Request], Answer | None]:
    if isinstance(answers, Mapping):
        return lambda request: answers.get(_prompt(request))
    if callable(answers):
        return answers
    remaining = iter(answers)
    return lambda request: next(remaining, None)


def _prompt(request: Request) -> str:
    """The text of the last user message."""
    said = (
        message["content"] for message in reversed(request.messages) if message["role"] == "user"
    )
    return str(next(said, ""))
