"""An endpoint with a rate limit, and calls that go to it by the rules of a lane, on a clock that only events move."""

from __future__ import annotations

import heapq
import itertools
import random
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

from pytest_llmeval.engine.lane_rules import Ceilings, Document, Report, Sent, grant, settle
from pytest_llmeval.engine.retries import RetryPolicy
from pytest_llmeval.errors import RateLimited
from pytest_llmeval.records.call import Quota, RateLimits

MINUTE_S = 60.0
LATENCY_S = 0.2


@dataclass
class TokenBucket:
    """So many a minute, up to ``burst`` at once; tells when the bucket will be full again."""

    a_minute: float
    burst: float
    left: float = field(init=False)
    at: float = 0.0

    def __post_init__(self) -> None:
        self.left = self.burst

    def admit(self, now: float, weight: float = 1.0) -> tuple[float, Quota]:
        """Seconds to wait, 0 if the call is taken; and what the headers tell."""
        rate = self.a_minute / MINUTE_S
        self.left, self.at = min(self.burst, self.left + (now - self.at) * rate), now
        wait = max(0.0, (weight - self.left) / rate)
        self.left -= 0.0 if wait else weight
        return wait, Quota(self.a_minute, float(int(self.left)), (self.burst - self.left) / rate)


@dataclass
class SlidingWindow:
    """So many in any minute; tells when the oldest drops out."""

    a_minute: int
    taken: deque[float] = field(default_factory=deque)

    def admit(self, now: float, weight: float = 1.0) -> tuple[float, Quota]:
        """Seconds to wait, 0 if the call is taken; and what the headers tell."""
        while self.taken and self.taken[0] <= now - MINUTE_S:
            self.taken.popleft()
        is_full = len(self.taken) >= self.a_minute
        if not is_full:
            self.taken.append(now)
        reset_s = self.taken[0] + MINUTE_S - now
        return reset_s if is_full else 0.0, Quota(
            self.a_minute, self.a_minute - len(self.taken), reset_s
        )


@dataclass
class NoLimit:
    """Takes everything and tells nothing."""

    def admit(self, now: float, weight: float = 1.0) -> tuple[float, None]:
        """Nothing to wait for, and nothing to tell."""
        return 0.0, None


@dataclass
class Member:
    """A process of the run: what it holds, and what waits there (number of the attempt, so far)."""

    name: str
    waiting: deque[int]
    held: int = 0
    again_at: float = -1.0


@dataclass
class Simulation:
    """Runs calls until all are answered.

    Attributes:
        server: A `TokenBucket`, `SlidingWindow` or `NoLimit`.
        of_tokens: Whether what it limits are tokens instead of requests.
        calls: How many calls there are, split among the members.
        names: The members.
        tokens: Tokens of each call.
    """

    server: TokenBucket | SlidingWindow | NoLimit
    calls: int = 2000
    names: tuple[str, ...] = ("main",)
    ceilings: Ceilings = field(default_factory=partial(Ceilings, 50))
    tokens: float = 500.0
    of_tokens: bool = False
    latency_s: Callable[[random.Random], float] = lambda draw: LATENCY_S
    seed: int = 0
    document: Document = field(default_factory=dict)
    now: float = 1000.0
    answered: int = 0
    refused: int = 0
    in_flight: int = 0
    highest: int = 0
    sent_at: list[float] = field(default_factory=list)

    def run(self) -> Simulation:
        """Run to the end."""
        self._draw, self._began, self._numbers = (
            random.Random(self.seed),
            self.now,
            itertools.count(),
        )
        self._events: list[tuple[float, int, Callable[[], None]]] = []
        share = self.calls // len(self.names)
        for name in self.names:
            member = Member(name, deque([0] * share))
            self._at(0.0, partial(self._negotiate, member, []))
        for _ in range(200 * self.calls):
            if not self._events:
                return self
            self.now, _, event = heapq.heappop(self._events)
            event()
        raise AssertionError(
            f"no end: {self.answered} of {self.calls} answered after {self.took_s} s"
        )

    @property
    def took_s(self) -> float:
        """Seconds from the beginning to the last answer."""
        return self.now - self._began

    @property
    def refused_share(self) -> float:
        """Requests answered 429, of all."""
        return self.refused / (self.refused + self.answered)

    def _at(self, delay_s: float, event: Callable[[], None]) -> None:
        heapq.heappush(self._events, (self.now + delay_s, next(self._numbers), event))

    def _negotiate(self, member: Member, reports: list[Report]) -> None:
        settle(self.document, reports, self.ceilings, self.now)
        ahead = min(len(member.waiting), max(self.ceilings.concurrency - member.held, 1))
        weights = [self.tokens] * ahead
        granted = grant(self.document, member.name, member.held, weights, self.ceilings, self.now)
        self.document["members"][member.name]["wants"] += len(member.waiting) - ahead
        for number in range(granted.calls):
            before = granted.before
            sent = Sent(
                before.at, before.requests + number + 1, before.tokens + (number + 1) * self.tokens
            )
            self._send(member, sent, member.waiting.popleft())
        if member.waiting and granted.again_s is not None and member.again_at <= self.now:
            member.again_at = self.now + granted.again_s
            self._at(granted.again_s, lambda: self._negotiate(member, []))

    def _send(self, member: Member, sent: Sent, attempt: int) -> None:
        member.held += 1
        self.in_flight += 1
        self.highest = max(self.highest, self.in_flight)
        self.sent_at.append(self.now)
        weight = self.tokens if self.of_tokens else 1.0
        wait_s, quota = self.server.admit(self.now - self._began, weight)
        self._at(
            self.latency_s(self._draw), lambda: self._end(member, sent, attempt, wait_s, quota)
        )

    def _end(
        self, member: Member, sent: Sent, attempt: int, wait_s: float, quota: Quota | None
    ) -> None:
        member.held -= 1
        self.in_flight -= 1
        limits = RateLimits(**{"tokens" if self.of_tokens else "requests": quota})
        if not wait_s:
            self.answered += 1
            self._negotiate(member, [Report(sent, True, rate_limits=limits)])
            return
        self.refused += 1
        retry = RetryPolicy(1000, 1e9, self._draw.random)
        pause_s = retry.wait_s(RateLimited("", wait_s), attempt, 0.0)
        assert pause_s is not None
        self._at(pause_s, lambda: self._come_again(member, attempt + 1))
        self._negotiate(member, [Report(sent, False, True, wait_s)])

    def _come_again(self, member: Member, attempt: int) -> None:
        member.waiting.appendleft(attempt)
        self._negotiate(member, [])
