"""Strict readers of judge replies. A reply in any other form is an error and never a score."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from pytest_llmeval.errors import BadReply
from pytest_llmeval.providers.reasoning import without_controls

LOW, HIGH = 0.0, 5.0
_REASON_WORDS = 12
_SHOWN = 40  # characters of a reply repeated in a complaint about it
_FENCE = re.compile(r"(?P<mark>`{3,}|~{3,})[ \t]*[\w+-]*")
_KEYS = ("reason", "score")
_MARK = re.compile(r"\[\[(?P<inside>[^\[\]]*)\]\]")
_WINNERS_BY_MARK = {"A": "A", "B": "B", "C": "tie"}


@dataclass(frozen=True)
class Reply:
    """A valid reply.

    Attributes:
        reason: The judge's reason, cut to 12 words.
        score: From 0 to 5.
    """

    reason: str
    score: float


def parse_reply(text: str, fractions: bool) -> Reply:
    """Read ``{"reason": …, "score": …}``.

    The whole reply must be this one JSON object. A code fence around it is allowed, prose is not. A
    reason of more than 12 words is cut, since that does not change the score.
    """
    members = _members_of(text)
    missing = [key for key in _KEYS if key not in members]
    extra = [key for key in members if key not in _KEYS]
    if missing or extra:
        keys_shown = ", ".join(shown(key) for key in members) or "none"
        raise BadReply(
            f'the object must have exactly the keys "reason" and "score"; found: {keys_shown}'
        )
    return Reply(_short_reason(members["reason"]), _score(members["score"], fractions))


def _unfenced(text: str) -> str:
    """Return what stands in a code fence, or the text itself."""
    fence = _FENCE.match(text)
    if fence is None:
        return text
    inner = text.rstrip(fence["mark"][0])
    if len(text) - len(inner) < len(fence["mark"]) or len(inner) < fence.end():
        return text
    return inner[fence.end() :]


def _members_of(text: str) -> dict[str, Any]:
    """Read the one JSON object of a reply, in or without a code fence.

    Marks that nobody sees and control tokens of a chat template around it do not count.
    """
    try:
        value = json.loads(
            without_controls(_unfenced(without_controls(text))),
            object_pairs_hook=_without_twins,
            parse_constant=_no_constant,
        )
    except (ValueError, RecursionError) as error:
        detail = ""
        if isinstance(error, json.JSONDecodeError):
            detail = f" ({error.msg} at character {error.pos})"
        raise BadReply(
            f"the whole reply must be one JSON object and nothing else{detail}"
        ) from None
    if not isinstance(value, dict):
        raise BadReply(f"the reply must be a JSON object; found {shown(value)}")
    return value


def _without_twins(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) < len(pairs):
        raise BadReply("the object has the same key twice")
    return members


def _no_constant(name: str) -> None:
    raise BadReply(f"{name} is no number of JSON")


def _short_reason(value: object) -> str:
    """Cut a reason to 12 words."""
    if not isinstance(value, str) or not value.strip():
        raise BadReply(f'"reason" must be a text that is not empty; found {shown(value)}')
    words = value.split()
    if len(words) <= _REASON_WORDS:
        return " ".join(words)
    return " ".join(words[:_REASON_WORDS]) + " …"


def _score(value: object, fractions: bool) -> float:
    kind = "a number" if fractions else "a whole number"
    allowed = f'"score" must be {kind} from {LOW:g} to {HIGH:g}'
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise BadReply(f"{allowed}; found {shown(value)}")
    if not LOW <= value <= HIGH or not (fractions or float(value).is_integer()):
        raise BadReply(f"{allowed}; found {shown(value)}")
    return float(value) + 0.0  # turns -0.0 into 0.0


def shown(value: object) -> str:
    """Return the form of a value in a complaint: its kind, or its first characters."""
    if isinstance(value, (dict, list)):
        return "an object" if isinstance(value, dict) else "a list"
    text = json.dumps(value)
    return text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"


def parse_rating(text: str, low: float = LOW, high: float = HIGH, fractions: bool = True) -> Reply:
    """Read a reply in words with a score such as ``[[4]]`` after the reason.

    Source: the format of MT-bench, arXiv 2306.05685.
    """
    position, mark = _mark(text, "a score such as [[4]]")
    try:
        score = float(mark)
    except ValueError:
        score = math.nan
    if not low <= score <= high or not (fractions or score.is_integer()):
        kind = "a number" if fractions else "a whole number"
        raise BadReply(f"[[…]] must hold {kind} from {low:g} to {high:g}; found {shown(mark)}")
    return Reply(_words_before(text, position), score)


def parse_winner(text: str) -> tuple[str, str]:
    """Read a reply in words with the winner: ``[[A]]``, ``[[B]]`` or ``[[C]]`` (a tie).

    Source: the format of MT-bench, arXiv 2306.05685.
    """
    position, mark = _mark(text, "a verdict: [[A]], [[B]] or [[C]]")
    if mark not in _WINNERS_BY_MARK:
        raise BadReply(f"[[…]] must hold A, B or C; found {shown(mark)}")
    return _words_before(text, position), _WINNERS_BY_MARK[mark]


def _mark(text: str, allowed: str) -> tuple[int, str]:
    marks = list(_MARK.finditer(text))
    if len(marks) != 1:
        raise BadReply(f"the reply must hold {allowed}, exactly once; found {len(marks)} of them")
    return marks[0].start(), marks[0]["inside"].strip()


def _words_before(text: str, position: int) -> str:
    """Return the last words of the reason, which lead to the score."""
    words = text[:position].removesuffix("Rating: ").split()
    return ("… " if len(words) > _REASON_WORDS else "") + " ".join(words[-_REASON_WORDS:])


_YES_NO = ("yes", "no")


def read_choice(text: str, key: str, words: Collection[str]) -> tuple[str, str]:
    """Read the reason and the word of ``{"reason": …, KEY: …}``.

    Raises:
        BadReply: The reply has a different form. The message is a complaint that the judge can act
            on.
    """
    members = _exactly(_members_of(text), ("reason", key), "the object")
    return _short_reason(members["reason"]), _word(members[key], key, words)


def read_texts(text: str, key: str, most: int) -> tuple[str, ...]:
    """Read ``{KEY: [text, …]}``. Blanks and line breaks become single spaces.

    Raises:
        BadReply: The reply has a different form, a text is empty, or there are more than ``most``.
    """
    values = _list(_exactly(_members_of(text), (key,), "the object")[key], key)
    if len(values) > most:
        raise BadReply(f'"{key}" must have at most {most} texts; found {len(values)}')
    for value in values:
        if not isinstance(value, str) or not value.strip():
            raise BadReply(
                f'each of "{key}" must be a text that is not empty; found {shown(value)}'
            )
    return tuple(" ".join(value.split()) for value in values)


def read_verdicts(text: str, count: int) -> tuple[bool, ...]:
    """Read the verdicts on numbered claims.

    The form is ``{"verdicts": [{"number": 1, "reason": …, "verdict": "yes" or "no"}, …]}``, with
    one verdict for each number in order.
    """
    values = _list(_exactly(_members_of(text), ("verdicts",), "the object")["verdicts"], "verdicts")
    if len(values) != count:
        raise BadReply(f'"verdicts" must have {count}, one for each number; found {len(values)}')
    return tuple(_verdict(value, number) for number, value in enumerate(values, 1))


def choice_schema(key: str, words: Sequence[str]) -> dict[str, Any]:
    """Return the JSON Schema of replies for `read_choice`."""
    return _object({"reason": {"type": "string"}, key: {"type": "string", "enum": list(words)}})


def texts_schema(key: str, most: int) -> dict[str, Any]:
    """Return the JSON Schema of replies for `read_texts`."""
    return _object({key: {"type": "array", "items": {"type": "string"}, "maxItems": most}})


def verdicts_schema(count: int) -> dict[str, Any]:
    """Return the JSON Schema of replies for `read_verdicts`."""
    verdict = {"type": "string", "enum": list(_YES_NO)}
    item = _object(
        {"number": {"type": "integer"}, "reason": {"type": "string"}, "verdict": verdict}
    )
    return _object(
        {"verdicts": {"type": "array", "items": item, "minItems": count, "maxItems": count}}
    )


def _object(properties: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def _verdict(value: object, number: int) -> bool:
    subject = f"verdict {number}"
    if not isinstance(value, dict):
        raise BadReply(f"{subject} must be an object; found {shown(value)}")
    members = _exactly(value, ("number", "reason", "verdict"), subject)
    if members["number"] != number or isinstance(members["number"], bool):
        raise BadReply(
            f'the "number" of {subject} must be {number}; found {shown(members["number"])}'
        )
    _short_reason(members["reason"])
    return _word(members["verdict"], "verdict", _YES_NO) == "yes"


def _exactly(members: dict[str, Any], keys: Sequence[str], subject: str) -> dict[str, Any]:
    if set(members) != set(keys):
        keys_shown = ", ".join(shown(key) for key in members) or "none"
        raise BadReply(
            f"{subject} must have exactly the keys {_listed(keys, 'and')}; found: {keys_shown}"
        )
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
    """Write words as ``"a", "b" or "c"``."""
    quoted = [f'"{word}"' for word in words]
    return quoted[0] if len(quoted) == 1 else f"{', '.join(quoted[:-1])} {last} {quoted[-1]}"
