"""The rules by which a run's processes share an endpoint: arithmetic on one document, no waiting.

The document of a lane is a JSON object that every process of the run reads and changes in turn:

- ``limit``: calls that may be in flight. It grows with every success up to ``threshold`` (slow
  start), then by one a round of successes, and is halved when the endpoint says that it is too busy
  (AIMD, as in TCP's congestion avoidance, RFC 5681); at most once for all the calls that were sent
  before the last cut.
- ``members``: for each process, how many calls it has in flight, how many wait, when it was heard
  of, and which was the last call that it was granted.
- ``paused_until``: nothing is sent before it.
- ``requests`` and ``tokens``: what is left of a rate limit, as the endpoint or the user told it.

Times are seconds of the machine's monotonic clock, which all processes of a host share.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from pytest_llmeval.records.call import Quota, RateLimits

START, _STEP = 10, 2.0
"""Calls in flight at the start, and their growth; the first answers bring the endpoint's limits."""

_POLL_S = 0.02
"""How soon to ask again where another process holds what this one waits for."""

_SOONEST_S = 0.001
"""Shortest pause before the next attempt, because a rounding error would retry without end."""

_SPARE = 1.0
"""Requests of a quota that are left to whoever else uses the same key."""

_MINUTE_S = 60.0

_SILENT_S = 1.0
"""Silence after which no share is reserved for a member; a waiting member reports sooner."""

Document = dict[str, Any]


class Sent(NamedTuple):
    """A sent call: its time, and the requests and tokens that the lane had sent, with itself."""

    at: float
    requests: float
    tokens: float


@dataclass(frozen=True)
class Report:
    """The end of a call.

    Attributes:
        sent: The call.
        succeeded: Whether an answer came.
        overloaded: Whether the endpoint said that it is too busy (429, 503).
        pause_s: Seconds for which it wants nothing more, if it said so.
        rate_limits: What it said of its limits.
        usd: What the call cost; ``None`` if that is unknown.
    """

    sent: Sent
    succeeded: bool
    overloaded: bool = False
    pause_s: float = 0.0
    rate_limits: RateLimits | None = None
    usd: float | None = None


class Grant(NamedTuple):
    """The permission of a member to send calls now.

    Attributes:
        calls: So many of its calls may be sent.
        before: The time, and what the lane had sent before the first of them.
        again_s: Seconds after which to ask again for the others; ``None``: when one of its own
            calls has ended.
    """

    calls: int
    before: Sent
    again_s: float | None


class _Left(NamedTuple):
    """The rest of a quota, how much comes back a second, and how much there ever is."""

    left: float
    rate: float
    most: float


@dataclass(frozen=True)
class Ceilings:
    """The limits of the user on one endpoint: calls in flight, requests and tokens a minute."""

    concurrency: int
    rpm: float | None = None
    tpm: float | None = None


def settle(document: Document, reports: list[Report], ceilings: Ceilings, now: float) -> None:
    """Take in how calls have ended: the limit, pauses and quotas follow."""
    _begin(document, ceilings, now)
    for report in reports:
        if report.overloaded:
            _cut(document, report, now)
        elif report.succeeded:
            document["streak"] = 0
            _grow(document, ceilings)
            document["done"] += 1
            document["usd"] += report.usd or 0.0
        if report.rate_limits is not None:
            _learn(
                document,
                "requests",
                report.rate_limits.requests,
                report.sent.requests,
                report.sent.at,
                now,
            )
            _learn(
                document,
                "tokens",
                report.rate_limits.tokens,
                report.sent.tokens,
                report.sent.at,
                now,
            )


def grant(
    document: Document, member: str, held: int, waiting: list[float], ceilings: Ceilings, now: float
) -> Grant:
    """Grant a member as many of its waiting calls as it may send now.

    Args:
        document: The lane's document; it is changed.
        member: Who asks.
        held: Its calls in flight.
        waiting: Tokens of each of its waiting calls, in the order in which they will be sent.
        ceilings: What the user allows.
        now: The time.
    """
    _begin(document, ceilings, now)
    members = document["members"]
    turn = members.get(member, {"turn": 0.0})["turn"]
    members[member] = {"held": held, "wants": len(waiting), "seen": now, "turn": turn}
    free = int(document["limit"]) - sum(share["held"] for share in members.values())
    room = min(free, _fair_share(int(document["limit"]), members, member, now) - held, len(waiting))
    pause = document["paused_until"] - now
    count, lacking_s = (
        (0, pause) if pause > 0 else _affordable(document, waiting[: max(room, 0)], ceilings, now)
    )
    before = Sent(now, document["sent_requests"], document["sent_tokens"])
    _spend(document, waiting[:count], ceilings)
    members[member] |= {"held": held + count, "wants": len(waiting) - count}
    if count:
        members[member]["turn"] = document["sent_requests"]
    again_s: float | None = None
    if lacking_s:
        again_s = max(lacking_s, _SOONEST_S)
    elif len(members) > 1:
        again_s = _POLL_S
    return Grant(count, before, again_s)


def bury(document: Document, dead: set[str]) -> None:
    """Forget members whose process has died: what they held is free again."""
    for member in dead:
        document.get("members", {}).pop(member, None)


def _begin(document: Document, ceilings: Ceilings, now: float) -> None:
    if "limit" in document:
        return
    document |= {
        "limit": float(min(START, ceilings.concurrency)),
        "threshold": float(ceilings.concurrency), "cut_at": 0.0, "paused_until": 0.0, "streak": 0,
        "members": {}, "sent_requests": 0.0, "sent_tokens": 0.0, "done": 0,
        "usd": 0.0, "requests": None, "tokens": None,
    }  # fmt: skip
    for name, a_minute in (("own_requests", ceilings.rpm), ("own_tokens", ceilings.tpm)):
        document[name] = a_minute and {"left": max(1.0, a_minute / _MINUTE_S), "at": now}


def _grow(document: Document, ceilings: Ceilings) -> None:
    limit = document["limit"]
    step = _STEP if limit < document["threshold"] else 1.0 / limit
    document["limit"] = min(limit + step, float(ceilings.concurrency))


def _cut(document: Document, report: Report, now: float) -> None:
    document["streak"] += 1
    if report.sent.at >= document["cut_at"]:
        document["limit"] = document["threshold"] = max(1.0, document["limit"] / 2)
        document["cut_at"] = now
    # One refusal among answers concerns that call alone; several in a row, everybody.
    if report.pause_s and document["streak"] > 1:
        document["paused_until"] = max(document["paused_until"], now + report.pause_s)


def _learn(
    document: Document, name: str, quota: Quota | None, sent: float, at: float, now: float
) -> None:
    """Note what was left of a quota when the endpoint saw a call, less the calls sent since."""
    known = document[name]
    if quota is None or (known and known["sent"] > sent):
        return
    back = (
        (quota.limit - quota.remaining) / quota.reset_s
        if quota.reset_s > 0
        else quota.limit / _MINUTE_S
    )
    rate = min(back, quota.limit / _MINUTE_S) or quota.limit / _MINUTE_S
    # A limit a minute may be kept by the second (a bucket of ten for 600 a minute): after a rest no
    # more is there than
    # what will have come back at the reset. Two at least, or nothing would ever be sent that could
    # tell us better.
    cap = max(min(quota.limit, quota.remaining + rate * quota.reset_s), 1.0 + _SPARE)
    left = min(quota.remaining + rate * (now - at), cap) - (document[f"sent_{name}"] - sent)
    document[name] = {"left": left, "at": now, "sent": sent, "rate": rate, "cap": cap}


def _left(document: Document, name: str, now: float) -> _Left | None:
    """Compute what is left of a quota now.

    It comes back whatever became of the calls that were counted off: an endpoint that answers
    nothing but errors for a while, or that tells its limits no longer, does not stop the lane for
    good.
    """
    known = document[name]
    if not known:
        return None
    known |= {
        "left": min(known["left"] + known["rate"] * (now - known["at"]), known["cap"]),
        "at": now,
    }
    return _Left(known["left"] - _SPARE, known["rate"], known["cap"] - _SPARE)


def _configured_left(
    document: Document, name: str, a_minute: float | None, now: float
) -> _Left | None:
    if not a_minute:
        return None
    bucket, rate = document[f"own_{name}"], a_minute / _MINUTE_S
    most = max(1.0, rate)
    bucket |= {"left": min(most, bucket["left"] + rate * (now - bucket["at"])), "at": now}
    return _Left(bucket["left"], rate, most)


def _affordable(
    document: Document, waiting: list[float], ceilings: Ceilings, now: float
) -> tuple[int, float]:
    """Return how many waiting calls the quotas allow, and the seconds until the next one."""
    for_requests = (
        _left(document, "requests", now),
        _configured_left(document, "requests", ceilings.rpm, now),
    )
    for_tokens = (
        _left(document, "tokens", now),
        _configured_left(document, "tokens", ceilings.tpm, now),
    )
    count = len(waiting)
    again_s = 0.0
    for quota in filter(None, for_requests):
        count, again_s = _within(quota, [1.0] * count, again_s)
    for quota in filter(None, for_tokens):
        count, again_s = _within(quota, waiting[:count], again_s)
    return count, again_s


def _within(quota: _Left, weights: list[float], again_s: float) -> tuple[int, float]:
    """Count the weights that fit; one that never fits is sent when the quota is full."""
    used = 0.0
    count = 0
    for weight in weights:
        need = used + weight if count else min(weight, quota.most)
        if need > quota.left:
            return count, max(again_s, (need - quota.left) / quota.rate)
        used += weight
        count += 1
    return count, again_s


def _spend(document: Document, tokens: list[float], ceilings: Ceilings) -> None:
    document["sent_requests"] += len(tokens)
    document["sent_tokens"] += sum(tokens)
    for name, spent in (("requests", float(len(tokens))), ("tokens", sum(tokens))):
        for bucket in filter(None, (document[name], document[f"own_{name}"])):
            bucket["left"] -= spent


def _fair_share(
    limit: int, members: Mapping[str, Mapping[str, Any]], member: str, now: float
) -> int:
    """Compute a member's share of the calls by max-min fairness, in whole calls.

    What is left over when the others have the same goes to those who hold it, then to who was
    granted a call longest ago: rounding up instead would let a member take its own call's place
    again and again while the others look on.
    """
    demands = {name: share["held"] + (share["wants"] if now - share["seen"] <= _SILENT_S else 0)
               for name, share in members.items()}  # fmt: skip
    left, hungry = limit, sorted(demands, key=lambda name: (demands[name], name))
    while hungry and demands[hungry[0]] * len(hungry) <= left:
        left -= demands[satisfied := hungry.pop(0)]
        if satisfied == member:
            return int(demands[member])
    whole, over = divmod(max(left, 0), len(hungry))
    hungry.sort(key=lambda name: (members[name]["held"] <= whole, members[name]["turn"], name))
    return whole + (member in hungry[:over])
