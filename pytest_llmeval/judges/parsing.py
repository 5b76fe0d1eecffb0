"""Strict reading of a judge's reply. What is not exactly what was asked for is no score."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pytest_llmeval.errors import BadReply

LOW, HIGH = 0.0, 5.0
REASON_WORDS = 12
SHOWN = 40  # characters of a reply repeated in a complaint about it
FENCE = re.compile(r"```[A-Za-z]*[ \t]*\n(?P<inside>.*)\n[ \t]*```", re.DOTALL)
KEYS = ("reason", "score")


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

    The whole reply must be that one JSON object; a code fence around all of it is allowed, prose is not. A reason
    of more than 12 words is shortened, not refused: the score is as good.

    Args:
        text: The reply.
        fractions: Whether a score may lie between two whole numbers.

    Raises:
        BadReply: It is anything else; the message is a complaint that the judge can act on.
    """
    members = _members(text.strip())
    missing = [key for key in KEYS if key not in members]
    extra = [key for key in members if key not in KEYS]
    if missing or extra:
        found = ", ".join(_shown(key) for key in members) or "none"
        raise BadReply(f'the object must have exactly the keys "reason" and "score"; found: {found}')
    return Reply(_reason(members["reason"]), _score(members["score"], fractions))


def _members(text: str) -> dict[str, Any]:
    fenced = FENCE.fullmatch(text)
    try:
        value = json.loads(
            fenced["inside"] if fenced else text, object_pairs_hook=_without_twins, parse_constant=_no_constant
        )
    except (ValueError, RecursionError) as error:
        place = f" ({error.msg} at character {error.pos})" if isinstance(error, json.JSONDecodeError) else ""
        raise BadReply(f"the whole reply must be one JSON object and nothing else{place}") from None
    if not isinstance(value, dict):
        raise BadReply(f"the reply must be a JSON object; found {_shown(value)}")
    return value


def _without_twins(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) < len(pairs):
        raise BadReply("the object has the same key twice")
    return members


def _no_constant(name: str) -> None:
    raise BadReply(f"{name} is no number of JSON")


def _reason(value: object) -> str:
    if not isinstance(value, str) or not value.strip():
        raise BadReply(f'"reason" must be a text that is not empty; found {_shown(value)}')
    words = value.split()
    return " ".join(words) if len(words) <= REASON_WORDS else " ".join(words[:REASON_WORDS]) + " …"


def _score(value: object, fractions: bool) -> float:
    kind = "a number" if fractions else "a whole number"
    allowed = f'"score" must be {kind} from {LOW:g} to {HIGH:g}'
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise BadReply(f"{allowed}; found {_shown(value)}")
    if not LOW <= value <= HIGH or not (fractions or float(value).is_integer()):
        raise BadReply(f"{allowed}; found {_shown(value)}")
    return float(value) + 0.0  # turns -0.0 into 0.0


def _shown(value: object) -> str:
    if isinstance(value, (dict, list)):
        return "an object" if isinstance(value, dict) else "a list"
    text = json.dumps(value)
    return text if len(text) <= SHOWN else text[: SHOWN - 1] + "…"
