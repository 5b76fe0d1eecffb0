"""The rules by which a run's processes share an endpoint: arithmetic on one document, no waiting.

The document of a lane is a JSON object that every process of the run reads and changes in turn:

- ``limit``: calls that may be in flight. It grows with every success up to ``threshold`` (slow
  start), then by one a round of successes, and is halved when the endpoint says that it is too busy
  (AIMD, as in TCP's congestion avoidance, RFC 5681); at most once for all the calls that were sent
  before the last cut.
- ``members``: for each process, how many calls it has in flight, how many wait, when it was heard
  of, and which was the last call that it was granted.
- ``paused_until``: nothing is sent before it, for the reason ``paused_why``.
- ``requests`` and ``tokens``: what is left of a rate limit, as the endpoint or the user told it.

Times are seconds of the machine's monotonic clock, which all processes of a host share.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from pytest_llmeval.engine import lane_trouble
from pytest_llmeval.engine.lane_quotas import MINUTE_S, Shortage, affordable, learn, spend
from pytest_llmeval.records.call import RateLimits
from pytest_llmeval.text import seconds

START, _STEP = 10, 2.0
"""Calls in flight at the start, and their growth; the first answers bring the endpoint's limits."""

_POLL_S = 0.02
"""How soon to ask again where another process holds what this one waits for."""

_SOONEST_S = 0.001
"""Shortest pause before the next attempt, because a rounding error would retry without end."""

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
        trouble: The text of an error that other calls may meet, too; empty for any other end.
        is_unreachable: Whether no connection was made.
    """

    sent: Sent
    succeeded: bool
    overloaded: bool = False
    pause_s: float = 0.0
    rate_limits: RateLimits | None = None
    usd: float | None = None
    trouble: str = ""
    is_unreachable: bool = False


class Grant(NamedTuple):
    """The permission of a member to send calls now.

    Attributes:
        calls: So many of its calls may be sent.
        before: The time, and what the lane had sent before the first of them.
        again_s: Seconds after which to ask again for the others; ``None``: when one of its own
            calls has ended.
        why: Why the next one waits, in words; empty if it waits for other calls.
        refusal: Why the others will not be sent at all; empty if they may.
    """

    calls: int
    before: Sent
    again_s: float | None
    why: str = ""
    refusal: str = ""


class _Left(NamedTuple):
    """The rest of a quota, how much comes back a second, and how much there ever is."""

    left: float
    rate: float
    most: float


@dataclass(frozen=True)
class Ceilings:
    """What the user allows one endpoint.

    Attributes:
        concurrency: Calls in flight.
        rpm: Requests a minute.
        tpm: Tokens a minute.
        deadline_s: Seconds that the endpoint may make a call wait.
    """

    concurrency: int
    rpm: float | None = None
    tpm: float | None = None
    deadline_s: float = math.inf


def settle(document: Document, reports: list[Report], ceilings: Ceilings, now: float) -> None:
    """Take in how calls have ended: the limit, pauses and quotas follow."""
    _begin(document, ceilings, now)
    for report in reports:
        if report.trouble:
            lane_trouble.note_failure(
                document, report.trouble, report.sent.at, report.is_unreachable,
                ceilings.deadline_s, now,
            )  # fmt: skip
        if report.overloaded:
            _cut(document, report, now)
        elif report.succeeded:
            lane_trouble.note_answer(document)
            document["streak"] = 0
            _grow(document, ceilings)
            document["done"] += 1
            document["usd"] += report.usd or 0.0
        if report.rate_limits is not None:
            learn(
                document,
                "requests",
                report.rate_limits.requests,
                report.sent.requests,
                report.sent.at,
                now,
            )
            learn(
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
    in_flight = sum(share["held"] for share in members.values())
    if not in_flight:
        lane_trouble.forget_old(document, now)
    before = Sent(now, document["sent_requests"], document["sent_tokens"])
    if refusal := lane_trouble.refusal(document, now):
        return _refused(document, member, before, refusal)
    free = int(document["limit"]) - in_flight
    room = min(free, _fair_share(int(document["limit"]), members, member, now) - held, len(waiting))
    is_probing = lane_trouble.is_probing(document)
    if is_probing:
        room = min(room, 1)
    count, shortage = _sendable(document, waiting[: max(room, 0)], ceilings, now)
    # Calls in flight may bring better news of a quota, but not of a pause.
    is_final = not in_flight + count or document["paused_until"] > now
    if shortage and is_final and shortage.is_beyond(ceilings.deadline_s):
        return _refused(document, member, before, _too_long(shortage, ceilings))
    spend(document, waiting[:count])
    members[member] |= {"held": held + count, "wants": len(waiting) - count}
    if count:
        members[member]["turn"] = document["sent_requests"]
    if is_probing and count:
        lane_trouble.note_probe(document, now)
        return Grant(count, before, None, refusal=lane_trouble.refusal(document, now))
    if shortage:
        return Grant(count, before, max(shortage.seconds, _SOONEST_S), shortage.why)
    return Grant(count, before, _POLL_S if len(members) > 1 else None)


def _sendable(
    document: Document, waiting: list[float], ceilings: Ceilings, now: float
) -> tuple[int, Shortage | None]:
    """Return how many waiting calls may be sent, and what keeps the next one waiting."""
    pause = document["paused_until"] - now
    if pause > 0:
        return 0, Shortage(pause, document["paused_why"], is_users=False)
    return affordable(document, waiting, ceilings.rpm, ceilings.tpm, now)


def _refused(document: Document, member: str, before: Sent, refusal: str) -> Grant:
    """Refuse all waiting calls of a member, which then wants none."""
    document["members"][member]["wants"] = 0
    return Grant(0, before, None, refusal=refusal)


def _too_long(shortage: Shortage, ceilings: Ceilings) -> str:
    return (
        f"not sent: {shortage.why}, and the next call may be sent in {seconds(shortage.seconds)}. "
        f"That is longer than --llm-deadline ({ceilings.deadline_s:g} s): "
        "run again later, or raise it."
    )


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
        "usd": 0.0, "requests": None, "tokens": None, "paused_why": "",
    }  # fmt: skip
    lane_trouble.begin(document)
    for name, a_minute in (("own_requests", ceilings.rpm), ("own_tokens", ceilings.tpm)):
        document[name] = a_minute and {"left": max(1.0, a_minute / MINUTE_S), "at": now}


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
        until = now + report.pause_s
        if until > document["paused_until"]:
            document |= {"paused_until": until, "paused_why": "it wants a pause (Retry-After)"}


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
