"""The public fake of a Provider, for tests without a model."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Mapping
from typing import TypeAlias

from pytest_llmeval.errors import CallError, nearest
from pytest_llmeval.protocols import BaseProvider
from pytest_llmeval.records.call import Completion, Request

Answer: TypeAlias = str | Completion | Exception
"""An answer; an exception is raised."""


class ScriptedProvider(BaseProvider):
    """Gives scripted answers and records the requests.

    Example:
        ``ScriptedProvider({"Capital of France?": "Paris"}, default="I do not know.")``

    Args:
        answers: Answers by the text of the last user message, in the order of the requests, or from
            a function of the request.
        default: Answer to a prompt without a script. Without a default, such a prompt is a
            CallError.
        fingerprint: Allows a later run to reuse answers; ``None`` forbids it.

    Attributes:
        requests: All requests in order.
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
            CallError: The request has no scripted answer.
            Exception: The scripted exception.
        """
        self.requests.append(request)
        answer = self._lookup(request)
        answer = self._default if answer is None else answer
        if answer is None:
            prompt = _prompt(request)
            hint = nearest(prompt, self._scripted) or f"Number of requests: {len(self.requests)}."
            raise CallError(
                f"ScriptedProvider: found no answer for the prompt {prompt!r} "
                f"and no default. {hint}"
            )
        if isinstance(answer, Exception):
            raise answer
        completion = answer if isinstance(answer, Completion) else Completion(answer)
        return dataclasses.replace(
            completion,
            model=completion.model or request.model,
            endpoint=completion.endpoint or "scripted",
        )


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
    """Return the text of the last user message."""
    contents = (
        message["content"] for message in reversed(request.messages) if message["role"] == "user"
    )
    return str(next(contents, ""))
