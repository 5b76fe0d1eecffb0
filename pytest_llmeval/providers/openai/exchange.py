"""One request to an endpoint, and what came of it: an answer, an error, or a lesson."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from pytest_llmeval.errors import BadReply, CallError, NoAnswer, RequestAdapted
from pytest_llmeval.providers.finish import cut_off, empty
from pytest_llmeval.providers.openai.adaptation import NEW_LIMIT, Adaptation
from pytest_llmeval.providers.openai.body import body_text, is_page, page_text
from pytest_llmeval.providers.openai.errors import call_error, service_call_error
from pytest_llmeval.providers.openai.lessons import is_named
from pytest_llmeval.providers.openai.memory import ModelMemory
from pytest_llmeval.providers.openai.rate_limits import read_rate_limits
from pytest_llmeval.providers.openai.reply import ErrorInReply, read_completion
from pytest_llmeval.providers.openai.service_error import ServiceError, read_service_error
from pytest_llmeval.providers.reasoning import says_something
from pytest_llmeval.records.call import LENGTH, Completion, Request, Usage

_LIMIT_REACHED = re.compile(
    r"output limit was reached|try again with (?:a )?higher max_(?:completion_)?tokens",
    re.IGNORECASE,
)
"""Words of OpenAI for a model that reasons and was cut before it said anything."""

_REASONS = "the model reasons before it answers, and gets more tokens"
_IN_REPLY = "an error in a reply with status 200 (code {})"


@dataclass(frozen=True)
class Api:
    """One kind of call of an endpoint.

    Attributes:
        gives: Name of the result, for error texts.
        path: Path after the base URL.
        body: Makes the body of a request, without the model.
        read: Reads the completion from the body of a reply, or raises `BadReply`.
        mark: Part of the provider's fingerprint that separates it from a chat provider.
        is_adapted: Whether its requests are adapted to what an endpoint refuses.
    """

    gives: str
    path: str
    body: Callable[[Request], Mapping[str, Any]]
    read: Callable[..., Completion]
    mark: str = ""
    is_adapted: bool = False


def _chat_body(request: Request) -> dict[str, Any]:
    return {
        "messages": [dict(message) for message in request.messages],
        **request.parameters.as_body(),
    }


CHAT = Api("chat completion", "/chat/completions", _chat_body, read_completion, is_adapted=True)
"""``POST /chat/completions``."""


@dataclass
class Exchange:
    """One request, and the reading of its reply.

    Attributes:
        api: The kind of call.
        request: The request.
        model: The model.
        endpoint: The endpoint.
        memory: What is known of the model.
        adaptation: What is known at the time of the request.
        hide: Removes secrets from a text.
        address: The base URL in words, with the setting that holds it.
        body: The body to send.
        notes: What is different in it from the request, in words.
    """

    api: Api
    request: Request
    model: str
    endpoint: str
    memory: ModelMemory
    adaptation: Adaptation
    hide: Callable[[str], str]
    address: str = "the base URL"
    body: dict[str, Any] = field(init=False)
    notes: tuple[str, ...] = field(init=False, default=())

    def __post_init__(self) -> None:
        model = {"model": self.model} if self.model else {}
        self.body = {**model, **self.api.body(self.request)}
        if self.api.is_adapted:
            room = self.request.parameters.reasoning_room
            self.body, self.notes = self.adaptation.adapt(self.body, self._fixed, room)

    def read(self, reply: Any, latency_s: float) -> Completion | CallError:
        """Read a reply with status 200.

        Raises:
            CallError: It holds no answer.
        """
        try:
            completion = self.api.read(
                body_text(reply),
                model=self.model,
                endpoint=self.endpoint,
                latency_s=latency_s,
                body=self.body,
            )
        except ErrorInReply as error:
            origin = _IN_REPLY.format(error.error.status)
            return self._refused(error.error, reply.headers, origin)
        self.memory.note_success(self.adaptation)
        is_cut = completion.finish_reason == LENGTH and completion.raw_text
        if is_cut and self._may_reason_longer():
            return self._with_more_room(completion.usage)
        completion = self._stopped(completion)
        return replace(completion, rate_limits=read_rate_limits(reply.headers), adapted=self.notes)

    def failed(self, error: Exception) -> CallError:
        """Translate what was raised in place of a reply, or by its reading."""
        import openai

        if isinstance(error, openai.APIStatusError):
            refusal = _service_error(error)
            status = error.status_code
            is_same = refusal.status == status
            origin = "" if is_same else f"HTTP {status}, which the body calls {refusal.status}"
            return self._refused(refusal, error.response.headers, origin)
        if isinstance(error, NoAnswer) and error.is_cut_off and self._may_reason_longer():
            return self._with_more_room(error.usage)
        if not isinstance(error, CallError):
            return call_error(error, self._target, self.hide, self.address)
        text = self.hide(str(error)).rstrip(".")
        if isinstance(error, BadReply):
            text = f"found no {self.api.gives}: {text}"
        return _renamed(error, f"{self._target}: {text}.")

    @property
    def _target(self) -> str:
        """Endpoint and model, for messages."""
        return f"{self.endpoint}, model {self.model!r}" if self.model else self.endpoint

    @property
    def _fixed(self) -> Mapping[str, Any]:
        """Members of the body that the user has written, which are sent as they are."""
        return self.request.parameters.extra_body

    def _refused(
        self, error: ServiceError, headers: Mapping[str, str], origin: str = ""
    ) -> CallError:
        """Learn from a refusal, or translate it."""
        if _LIMIT_REACHED.search(error.text):
            if self._may_reason_longer():
                return self._with_more_room(None)
            limit = self.body.get("max_tokens") or self.body.get(NEW_LIMIT)
            return self.failed(cut_off(limit, has_reasoning=False))
        is_lesson = self.api.is_adapted and self.memory.learn(
            self.adaptation, error, self.body, self._fixed
        )
        if is_lesson:
            return RequestAdapted(f"{self._target}: refused: {self.hide(error.text)}")
        refused = service_call_error(error, headers, self._target, self.hide, origin)
        named = [name for name in self._fixed if is_named(name, error)]
        if not named or refused.is_transient:
            return refused
        remedy = f"Remove {', '.join(named)} from --llm-extra-body"
        return _renamed(refused, f"{refused} {remedy} (--llm-judge-extra-body for the judge).")

    def _may_reason_longer(self) -> bool:
        """Return whether a reply that was cut in the middle of its reasoning may be longer."""
        limits = {"max_tokens", NEW_LIMIT} & self.body.keys()
        if not limits or limits & self._fixed.keys():
            return False
        if not self.request.parameters.reasoning_room:
            return False
        return self.memory.learn_reasoning(self.adaptation)

    def _with_more_room(self, usage: Usage | None) -> RequestAdapted:
        """Make the error of a reply that was paid, and is cut in the middle of its reasoning."""
        adapted = RequestAdapted(f"{self._target}: {_REASONS}")
        adapted.usage = usage
        return adapted

    def _stopped(self, completion: Completion) -> Completion:
        """Cut an answer at the first stop text, where the endpoint takes none."""
        stops = self.request.parameters.stop
        if not stops or "stop" in self.body:
            return completion
        text = _cut(completion.text, stops)
        if not says_something(text):
            raise empty("stop", has_reasoning=False)
        choices = tuple(_cut(choice, stops) for choice in completion.choices)
        return replace(completion, text=text, choices=choices)


def _cut(text: str, stops: tuple[str, ...]) -> str:
    ends = [position for stop in stops if (position := text.find(stop)) >= 0]
    return text[: min(ends)] if ends else text


def _renamed(error: CallError, message: str) -> CallError:
    """Give an error a new message, with all that is noted on it."""
    error.args = (message,)
    # The frames would keep the reply alive.
    error.__traceback__ = error.__cause__ = error.__context__ = None
    return error


def _service_error(error: Any) -> ServiceError:
    """Read what an endpoint says with a status that is no success."""
    status: int = error.status_code
    try:
        text = body_text(error.response)
    except BadReply as bad:
        return ServiceError(status, str(bad))
    if is_page(text):
        return ServiceError(status, page_text(text))
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        return ServiceError(status, " ".join(text.split()))
    return read_service_error(document, status) or ServiceError(status, "")
