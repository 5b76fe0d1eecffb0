"""The quotas of a lane: what is left of a rate limit, and when the next call may be sent.

A quota is what an endpoint says in headers, or what the user allows a minute.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

from pytest_llmeval.records.call import Quota

_SPARE = 1.0
"""Requests of a quota that are left to whoever else uses the same key."""

MINUTE_S = 60.0

_Document = dict[str, Any]


class _Left(NamedTuple):
    """A quota now.

    Attributes:
        left: What is left of it.
        rate: How much comes back a second.
        whole_s: Seconds until all of it is back, if that happens at once.
        most: How much there ever is.
        why: Why a call waits for it, in words.
        is_users: Whether the user has set it.
    """

    left: float
    rate: float
    most: float
    whole_s: float
    why: str
    is_users: bool


class Shortage(NamedTuple):
    """What keeps the next call waiting.

    Attributes:
        seconds: How long.
        why: Why, in words.
        is_users: Whether the user has set the limit.
    """

    seconds: float
    why: str
    is_users: bool

    def is_beyond(self, deadline_s: float) -> bool:
        """Return whether the endpoint, and not the user, wants a longer wait than allowed."""
        return not self.is_users and self.seconds > deadline_s


def learn(
    document: _Document, name: str, quota: Quota | None, sent: float, at: float, now: float
) -> None:
    """Note what was left of a quota when the endpoint saw a call, less the calls sent since."""
    known = document[name]
    if quota is None or (known and known["sent"] > sent):
        return
    back = (
        (quota.limit - quota.remaining) / quota.reset_s
        if quota.reset_s > 0
        else quota.limit / MINUTE_S
    )
    rate = min(back, quota.limit / MINUTE_S) or quota.limit / MINUTE_S
    # A limit a minute may be kept by the second (a bucket of ten for 600 a minute): after a rest no
    # more is there than what will have come back at the reset. Two at least, or nothing would ever
    # be sent that could bring better news.
    most = quota.limit if quota.is_window else quota.remaining + rate * quota.reset_s
    cap = max(min(quota.limit, most), 1.0 + _SPARE)
    left = min(quota.remaining + rate * (now - at), cap) - (document[f"sent_{name}"] - sent)
    whole_at = now + quota.reset_s if quota.is_window else None
    document[name] = {
        "left": left, "at": now, "sent": sent, "rate": rate, "cap": cap, "whole_at": whole_at,
    }  # fmt: skip


def _left(document: _Document, name: str, now: float) -> _Left | None:
    """Compute what is left of a quota now.

    It comes back whatever became of the calls that were counted off: an endpoint that answers
    nothing but errors for a while, or that tells its limits no longer, does not stop the lane for
    good.
    """
    known = document[name]
    if not known:
        return None
    left = min(known["left"] + known["rate"] * (now - known["at"]), known["cap"])
    whole_s = math.inf
    if known["whole_at"] is not None and now >= known["whole_at"]:
        known["whole_at"], left = None, known["cap"]
    elif known["whole_at"] is not None:
        whole_s = known["whole_at"] - now
    known |= {"left": left, "at": now}
    why = f"its limit on {name} is used up (header x-ratelimit-remaining-{name})"
    return _Left(left - _SPARE, known["rate"], known["cap"] - _SPARE, whole_s, why, is_users=False)


def _configured_left(
    document: _Document, name: str, flag: str, a_minute: float | None, now: float
) -> _Left | None:
    if not a_minute:
        return None
    bucket, rate = document[f"own_{name}"], a_minute / MINUTE_S
    most = max(1.0, rate)
    bucket |= {"left": min(most, bucket["left"] + rate * (now - bucket["at"])), "at": now}
    why = f"{flag} allows {a_minute:g} a minute"
    return _Left(bucket["left"], rate, most, math.inf, why, is_users=True)


def affordable(
    document: _Document, waiting: list[float], rpm: float | None, tpm: float | None, now: float
) -> tuple[int, Shortage | None]:
    """Return how many waiting calls the quotas allow, and what keeps the next one waiting.

    Args:
        document: The document of the lane.
        waiting: Tokens of each waiting call.
        rpm: Requests that the user allows a minute.
        tpm: Tokens that the user allows a minute.
        now: The time.
    """
    count = len(waiting)
    shortages: list[Shortage] = []
    for quota in (
        _left(document, "requests", now),
        _configured_left(document, "requests", "--llm-rpm", rpm, now),
    ):
        count = _within(quota, [1.0] * count, shortages)
    for quota in (
        _left(document, "tokens", now),
        _configured_left(document, "tokens", "--llm-tpm", tpm, now),
    ):
        count = _within(quota, waiting[:count], shortages)
    return count, max(shortages, default=None)


def _within(quota: _Left | None, weights: list[float], shortages: list[Shortage]) -> int:
    """Count the weights that fit; one that never fits is sent when the quota is full."""
    if quota is None:
        return len(weights)
    used = 0.0
    for count, weight in enumerate(weights):
        need = used + weight if count else min(weight, quota.most)
        if need > quota.left:
            lacking_s = min((need - quota.left) / quota.rate, quota.whole_s)
            shortages.append(Shortage(lacking_s, quota.why, quota.is_users))
            return count
        used += weight
    return len(weights)


def spend(document: _Document, tokens: list[float]) -> None:
    """Count calls off every quota."""
    document["sent_requests"] += len(tokens)
    document["sent_tokens"] += sum(tokens)
    for name, spent in (("requests", float(len(tokens))), ("tokens", sum(tokens))):
        for bucket in filter(None, (document[name], document[f"own_{name}"])):
            bucket["left"] -= spent
