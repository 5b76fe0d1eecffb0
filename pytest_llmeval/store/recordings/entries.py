"""One line of a recording, with a request and its completion.

It holds only the fields that are set, and leaves out what differs between recordings without a
difference in the answer: latency, time, the call's id.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import MISSING, dataclass, fields
from typing import Any

from pytest_llmeval.records.call import Completion, Parameters, Request, TokenLogprob, Usage
from pytest_llmeval.records.case import Case
from pytest_llmeval.records.wire import to_builtin

ALLOWED = (
    'one JSON object, with the texts "case", "purpose", "key" and "provider", '
    'the object "request", and either the object "completion" or "through": true'
)
_SHOWN_LENGTH = 60
"""Characters of a wrong value in an error text."""


@dataclass(frozen=True)
class Entry:
    """One line of a recording.

    Attributes:
        case: Id of the case that asked.
        purpose: ``answer``, or the name of the judge or metric that asked.
        key: Key of the call.
        provider: Who answered: fingerprint or name.
        request: What was asked, as `request_content` gives it.
        completion: What was answered, as `completion_content` gives it; ``None`` if the user's own
            code answered, through calls that are recorded themselves.
    """

    case: str
    purpose: str
    key: str
    provider: str
    request: Mapping[str, Any]
    completion: Mapping[str, Any] | None

    @property
    def order(self) -> tuple[str, str, str, str]:
        """The sort key of entries. The line comes last, to order two entries of one key."""
        return self.case, self.purpose, self.key, self.line

    @property
    def line(self) -> str:
        """The entry as JSON, in which only lone surrogates are escaped."""
        text = json.dumps(self.content(), ensure_ascii=False)
        try:
            text.encode()
        except UnicodeEncodeError:
            return json.dumps(self.content())
        return text

    def content(self) -> dict[str, Any]:
        """Return the entry as built-in types, with its members in the order of the line."""
        content = dict(vars(self))
        if self.completion is None:
            del content["completion"]
            content["through"] = True
        return content

    @classmethod
    def parse(cls, content: Any) -> Entry:
        """Make an entry from its `content`.

        Raises:
            ValueError: There is no such entry. The message says what was found.
        """
        if not isinstance(content, dict):
            raise ValueError(shown(content))
        answer = "through" if "through" in content else "completion"
        _check("", content, _ENTRY_FIELDS, (*_REQUEST_PART, answer))
        if answer == "completion":
            _check("completion.", content["completion"], COMPLETION_FIELDS, ("text",))
        elif "completion" in content:
            raise ValueError("both 'completion' and 'through'")
        return cls(
            **{name: content[name] for name in _REQUEST_PART}, completion=content.get("completion")
        )


def request_content(request: Request) -> dict[str, Any]:
    """Reduce a request to the fields that are set and that a provider can read."""
    content = _set_fields(request, ("model", "messages"))
    if parameters := _set_fields(request.parameters, _PARAMETER_FIELDS):
        content["parameters"] = parameters
    if request.sample:
        content["sample"] = request.sample
    if request.case is not None:
        content["case"] = _set_fields(request.case, _CASE_FIELDS)
    return content


def completion_content(completion: Completion) -> dict[str, Any]:
    """Reduce a completion to its recorded fields."""
    content = _set_fields(completion, COMPLETION_FIELDS)
    if completion.usage is not None and "usage" in content:
        counts = content["usage"].items()
        content["usage"] = {name: n for name, n in counts if n or name in _MAIN_COUNTS}
    return content


def completion_from(content: Mapping[str, Any]) -> Completion:
    """Make a cached completion from its `completion_content`."""
    values = dict(content, cached=True)
    if "usage" in values:
        values["usage"] = Usage(**values["usage"])
    if "logprobs" in values:
        values["logprobs"] = tuple(TokenLogprob(**token) for token in values["logprobs"])
    for name in ("choices", "contexts", "adapted"):
        if name in values:
            values[name] = tuple(values[name])
    return Completion(**values)


def shown(value: object) -> str:
    """Shorten a wrong value for an error text."""
    text = ascii(value)
    return text if len(text) <= _SHOWN_LENGTH else f"{text[:_SHOWN_LENGTH]}…"


def _set_fields(record: Any, names: Iterable[str]) -> dict[str, Any]:
    """Select the named fields that differ from their defaults, as built-in types."""
    content = to_builtin(record)
    defaults = {
        field.name: field.default if field.default_factory is MISSING else field.default_factory()
        for field in fields(record)
    }
    return {name: content[name] for name in names if getattr(record, name) != defaults[name]}


def _check(
    prefix: str, content: Mapping[str, Any], allowed: Mapping[str, _Check], needed: Iterable[str]
) -> None:
    for name in needed:
        if name not in content:
            raise ValueError(f"no {prefix + name!r}")
    for name, value in content.items():
        if name not in allowed:
            raise ValueError(f"the unknown member {shown(prefix + name)}")
        if not allowed[name](value):
            raise ValueError(f"{prefix + name!r} with {shown(value)}")


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _is_object(value: Any) -> bool:
    return isinstance(value, dict)


def _is_request(value: Any) -> bool:
    return isinstance(value, dict) and isinstance(value.get("messages"), list)


def _are_texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(text, str) for text in value)


def _is_usage(value: Any) -> bool:
    return (
        isinstance(value, dict)
        and value.keys() <= _USAGE_FIELDS
        and all(type(n) is int for n in value.values())
    )


def _are_logprobs(value: Any) -> bool:
    return isinstance(value, list) and all(
        isinstance(token, dict)
        and _TOKEN_FIELDS >= token.keys() >= {"token", "logprob"}
        and _is_text(token["token"])
        and _is_number(token["logprob"])
        and isinstance(top := token.get("top", {}), dict)
        and all(map(_is_number, top.values()))
        for token in value
    )


_Check = Callable[[Any], bool]
_REQUEST_PART = ("case", "purpose", "key", "provider", "request")
_USAGE_FIELDS = {field.name for field in fields(Usage)}
_MAIN_COUNTS = ("prompt_tokens", "completion_tokens")
_TOKEN_FIELDS = {field.name for field in fields(TokenLogprob)}
_PARAMETER_FIELDS = tuple(
    field.name for field in fields(Parameters) if field.name != "reasoning_room"
)
_CASE_FIELDS = tuple(
    field.name for field in fields(Case) if field.name not in ("source", "thresholds")
)
_ENTRY_FIELDS: Mapping[str, _Check] = {
    **dict.fromkeys(("case", "purpose", "key", "provider"), _is_text),
    "request": _is_request,
    "completion": _is_object,
    "through": lambda value: value is True,
}
_TEXTS = ("text", "raw_text", "model", "endpoint", "finish_reason", "system_fingerprint")
COMPLETION_FIELDS: Mapping[str, _Check] = {
    **dict.fromkeys(_TEXTS, _is_text),
    **dict.fromkeys(("choices", "contexts", "adapted"), _are_texts),
    "usage": _is_usage,
    "cost_usd": _is_number,
    "logprobs": _are_logprobs,
}
"""The recorded fields of a completion, with the check of their values."""
