"""Strict reading of a judge's reply. What is not exactly what was asked for is no score."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from pytest_llmeval.errors import BadReply

LOW, HIGH = 0.0, 5.0
_REASON_WORDS = 12
_SHOWN = 40  # characters of a reply repeated in a complaint about it
_FENCE = re.compile(r"```[A-Za-z]*[ \t]*\n(?P<inside>.*)\n[ \t]*```", re.DOTALL)
_KEYS = ("reason", "score")
_MARK = re.compile(r"\[\[(?P<inside>[^\[\]]*)\]\]")
_WINNERS_BY_MARK = {"A": "A", "B": "B", "C": "tie"}


@dataclass(frozen=True)
class Reply:
    """A valid reply.

    Attributes:
        reason: The judge's words, cut to 12.
        score: From 0 to 5.
    """

    reason: str
    score: float


def parse_reply(text: str, fractions: bool) -> Reply:
    """Read ``{"reason": …, "score": …}``.

    The whole reply must be that one JSON object; a code fence around all of it is allowed, prose is
    not. A reason of more than 12 words is shortened, not refused: the score is as good.

    Args:
        text: The reply.
        fractions: Whether a score may lie between two whole numbers.

    Raises:
        BadReply: It is anything else; the message is a complaint that the judge can act on.
    """
    members = _members_of(text.strip())
    missing = [key for key in _KEYS if key not in members]
    extra = [key for key in members if key not in _KEYS]
    if missing or extra:
        found = ", ".join(shown(key) for key in members) or "none"
        raise BadReply(
            f'the object must have exactly the keys "reason" and "score"; found: {found}'
        )
    return Reply(_short_reason(members["reason"]), _score(members["score"], fractions))


def _members_of(text: str) -> dict[str, Any]:
    """The members of the one JSON object that a reply must be; a code fence around all of it is allowed.

    Raises:
        BadReply: It is anything else.
    """
    fenced = _FENCE.fullmatch(text)
    try:
        value = json.loads(
            fenced["inside"] if fenced else text,
            object_pairs_hook=_without_twins,
            parse_constant=_no_constant,
        )
    except (ValueError, RecursionError) as error:
        place = (
            f" ({error.msg} at character {error.pos})"
            if isinstance(error, json.JSONDecodeError)
            else ""
        )
        raise BadReply(f"the whole reply must be one JSON object and nothing else{place}") from None
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
    """A reason, cut to 12 words.

    Raises:
        BadReply: It is no text, or empty.
    """
    if not isinstance(value, str) or not value.strip():
        raise BadReply(f'"reason" must be a text that is not empty; found {shown(value)}')
    words = value.split()
    return (
        " ".join(words) if len(words) <= _REASON_WORDS else " ".join(words[:_REASON_WORDS]) + " …"
    )


def _score(value: object, fractions: bool) -> float:
    kind = "a number" if fractions else "a whole number"
    allowed = f'"score" must be {kind} from {LOW:g} to {HIGH:g}'
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise BadReply(f"{allowed}; found {shown(value)}")
    if not LOW <= value <= HIGH or not (fractions or float(value).is_integer()):
        raise BadReply(f"{allowed}; found {shown(value)}")
    return float(value) + 0.0  # turns -0.0 into 0.0


def shown(value: object) -> str:
    """A value as a complaint shows it: what it is, or a few characters of it."""
    if isinstance(value, (dict, list)):
        return "an object" if isinstance(value, dict) else "a list"
    text = json.dumps(value)
    return text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"


def parse_rating(text: str, low: float = LOW, high: float = HIGH, fractions: bool = True) -> Reply:
    """Read a reply in words that holds its score as ``[[4]]``; what stands before is the reason.

    Source: the format of MT-bench, arXiv 2306.05685.

    Args:
        text: The reply.
        low: Lowest score.
        high: Highest score.
        fractions: Whether a score may lie between two whole numbers.

    Raises:
        BadReply: There is no mark, more than one, or what it holds is no score.
    """
    place, mark = _mark(text, "a score such as [[4]]")
    try:
        score = float(mark)
    except ValueError:
        score = math.nan
    if not low <= score <= high or not (fractions or score.is_integer()):
        kind = "a number" if fractions else "a whole number"
        raise BadReply(f"[[…]] must hold {kind} from {low:g} to {high:g}; found {shown(mark)}")
    return Reply(_words_before(text, place), score)


def parse_winner(text: str) -> tuple[str, str]:
    """Read a reply in words that holds the winner as ``[[A]]``, ``[[B]]`` or ``[[C]]`` (a tie).

    Source: the format of MT-bench, arXiv 2306.05685.

    Returns:
        The reason, and ``A``, ``B`` or ``tie``.

    Raises:
        BadReply: There is no mark, more than one, or what it holds is no verdict.
    """
    place, mark = _mark(text, "a verdict: [[A]], [[B]] or [[C]]")
    if mark not in _WINNERS_BY_MARK:
        raise BadReply(f"[[…]] must hold A, B or C; found {shown(mark)}")
    return _words_before(text, place), _WINNERS_BY_MARK[mark]


def _mark(text: str, allowed: str) -> tuple[int, str]:
    marks = list(_MARK.finditer(text))
    if len(marks) != 1:
        raise BadReply(f"the reply must hold {allowed}, exactly once; found {len(marks)} of them")
    return marks[0].start(), marks[0]["inside"].strip()


def _words_before(text: str, place: int) -> str:
    """The end of the reason: in words that lead to a score, the last ones say most."""
    words = text[:place].removesuffix("Rating: ").split()
    return ("… " if len(words) > _REASON_WORDS else "") + " ".join(words[-_REASON_WORDS:])


_YES_NO = ("yes", "no")


def read_choice(text: str, key: str, words: Collection[str]) -> tuple[str, str]:
    """Read ``{"reason": …, KEY: …}``.

    Returns:
        The reason, and the word that was chosen.

    Raises:
        BadReply: It is anything else; the message is a complaint that the judge can act on.
    """
    members = _exactly(_members_of(text.strip()), ("reason", key), "the object")
    return _short_reason(members["reason"]), _word(members[key], key, words)


def read_texts(text: str, key: str, most: int) -> tuple[str, ...]:
    """Read ``{KEY: [text, …]}``; spaces and line breaks in a text become single spaces.

    Raises:
        BadReply: It is anything else, a text is empty, or there are more than ``most``.
    """
    values = _list(_exactly(_members_of(text.strip()), (key,), "the object")[key], key)
    if len(values) > most:
        raise BadReply(f'"{key}" must have at most {most} texts; found {len(values)}')
    for value in values:
        if not isinstance(value, str) or not value.strip():
            raise BadReply(
                f'each of "{key}" must be a text that is not empty; found {shown(value)}'
            )
    return tuple(" ".join(value.split()) for value in values)


def read_verdicts(text: str, count: int) -> tuple[bool, ...]:
    """Read ``{"verdicts": [{"number": 1, "reason": …, "verdict": "yes" or "no"}, …]}``, one for each number in order.

    Raises:
        BadReply: It is anything else.
    """
    values = _list(
        _exactly(_members_of(text.strip()), ("verdicts",), "the object")["verdicts"], "verdicts"
    )
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
    place = f"verdict {number}"
    if not isinstance(value, dict):
        raise BadReply(f"{place} must be an object; found {shown(value)}")
    members = _exactly(value, ("number", "reason", "verdict"), place)
    if members["number"] != number or isinstance(members["number"], bool):
        raise BadReply(
            f'the "number" of {place} must be {number}; found {shown(members["number"])}'
        )
    _short_reason(members["reason"])
    return _word(members["verdict"], "verdict", _YES_NO) == "yes"


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
