"""Strict reading of replies that are a JSON object with a choice or a list; see `parsing` for what a reply may be."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from pytest_llmeval.errors import BadReply
from pytest_llmeval.judges.parsing import members_of, short_reason, shown

YES_NO = ("yes", "no")


def read_choice(text: str, key: str, words: Collection[str]) -> tuple[str, str]:
    """Read ``{"reason": …, KEY: …}``.

    Returns:
        The reason, and the word that was chosen.

    Raises:
        BadReply: It is anything else; the message is a complaint that the judge can act on.
    """
    members = _exactly(members_of(text.strip()), ("reason", key), "the object")
    return short_reason(members["reason"]), _word(members[key], key, words)


def read_texts(text: str, key: str, most: int) -> tuple[str, ...]:
    """Read ``{KEY: [text, …]}``; spaces and line breaks in a text become single spaces.

    Raises:
        BadReply: It is anything else, a text is empty, or there are more than ``most``.
    """
    values = _list(_exactly(members_of(text.strip()), (key,), "the object")[key], key)
    if len(values) > most:
        raise BadReply(f'"{key}" must have at most {most} texts; found {len(values)}')
    for value in values:
        if not isinstance(value, str) or not value.strip():
            raise BadReply(f'each of "{key}" must be a text that is not empty; found {shown(value)}')
    return tuple(" ".join(value.split()) for value in values)


def read_verdicts(text: str, count: int) -> tuple[bool, ...]:
    """Read ``{"verdicts": [{"number": 1, "reason": …, "verdict": "yes" or "no"}, …]}``, one for each number in order.

    Raises:
        BadReply: It is anything else.
    """
    values = _list(_exactly(members_of(text.strip()), ("verdicts",), "the object")["verdicts"], "verdicts")
    if len(values) != count:
        raise BadReply(f'"verdicts" must have {count}, one for each number; found {len(values)}')
    return tuple(_verdict(value, number) for number, value in enumerate(values, 1))


def choice_schema(key: str, words: Sequence[str]) -> dict[str, Any]:
    """The JSON Schema of what `read_choice` reads."""
    return _object({"reason": {"type": "string"}, key: {"type": "string", "enum": list(words)}})


def texts_schema(key: str, most: int) -> dict[str, Any]:
    """The JSON Schema of what `read_texts` reads."""
    return _object({key: {"type": "array", "items": {"type": "string"}, "maxItems": most}})


def verdicts_schema(count: int) -> dict[str, Any]:
    """The JSON Schema of what `read_verdicts` reads."""
    verdict = {"type": "string", "enum": list(YES_NO)}
    item = _object({"number": {"type": "integer"}, "reason": {"type": "string"}, "verdict": verdict})
    return _object({"verdicts": {"type": "array", "items": item, "minItems": count, "maxItems": count}})


def _object(properties: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": list(properties), "additionalProperties": False}


def _verdict(value: object, number: int) -> bool:
    place = f"verdict {number}"
    if not isinstance(value, dict):
        raise BadReply(f"{place} must be an object; found {shown(value)}")
    members = _exactly(value, ("number", "reason", "verdict"), place)
    if members["number"] != number or isinstance(members["number"], bool):
        raise BadReply(f'the "number" of {place} must be {number}; found {shown(members["number"])}')
    short_reason(members["reason"])
    return _word(members["verdict"], "verdict", YES_NO) == "yes"


def _exactly(members: dict[str, Any], keys: Sequence[str], place: str) -> dict[str, Any]:
    if set(members) != set(keys):
        found = ", ".join(shown(key) for key in members) or "none"
        raise BadReply(f"{place} must have exactly the keys {_listed(keys, 'and')}; found: {found}")
    return members


def _word(value: object, key: str, words: Collection[str]) -> str:
    if not isinstance(value, str) or value not in words:
        raise BadReply(f'"{key}" must be {_listed(list(words), "or")}; found {shown(value)}')
    return value


def _list(value: object, key: str) -> list[Any]:
    if not isinstance(value, list):
        raise BadReply(f'"{key}" must be a list; found {shown(value)}')
    return value


def _listed(words: Sequence[str], last: str) -> str:
    """``"a", "b" or "c"``."""
    quoted = [f'"{word}"' for word in words]
    return quoted[0] if len(quoted) == 1 else f"{', '.join(quoted[:-1])} {last} {quoted[-1]}"
