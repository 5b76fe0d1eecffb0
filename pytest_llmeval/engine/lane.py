"""The lane to one endpoint, where calls wait until the shared limits allow them."""

from __future__ import annotations

import asyncio
import heapq
import itertools
import time
from collections.abc import Callable
from functools import partial
from typing import NamedTuple

from pytest_llmeval.engine.lane_rules import (
    Ceilings,
    Document,
    Grant,
    Report,
    Sent,
    bury,
    grant,
    settle,
)
from pytest_llmeval.engine.waits import Waits
from pytest_llmeval.errors import EndpointDown, Stopped, StoreError
from pytest_llmeval.protocols import SharedState

_BURY_AFTER_S = 1.0
"""How long a member may be silent before a starved one asks whether its process still lives."""


LANE = "lane "
"""Begins the names of the documents in which lanes are shared."""

STOPPED = "not sent: the run is shutting down"


class _Waiting(NamedTuple):
    """A call that waits; the smallest order goes first."""

    order: float
    number: int
    tokens: float
    go: asyncio.Future[Sent]


class Lane:
    """Admits calls to one endpoint, in their order. Used on one event loop.

    Args:
        name: Name of the endpoint; processes that name it alike share what it allows.
        state: What the processes of the run share.
        ceilings: What the user allows.
        clock: Seconds of the machine's monotonic clock.
        waits: Where to say that calls wait.
    """

    def __init__(
        self,
        name: str,
        state: SharedState,
        ceilings: Ceilings,
        clock: Callable[[], float] = time.monotonic,
        waits: Waits | None = None,
    ) -> None:
        self._label = name
        self._waits = waits or Waits(state)
        self._name = f"{LANE}{name}"
        self._state, self._ceilings, self._clock = state, ceilings, clock
        self._waiting: list[_Waiting] = []
        self._reports: list[Report] = []
        self._numbers = itertools.count()
        self._held = 0
        self._seen: Document = {}
        self._negotiation: asyncio.Task[None] | None = None
        self._again: asyncio.TimerHandle | None = None
        self._is_stopped = self._is_news = False
        self._looked_at = 0.0

    async def acquire(self, order: float, tokens: float) -> Sent:
        """Wait until a call may be sent. Every one that was admitted is `release`-d.

        Args:
            order: Smaller ones go first: the position of the test that needs the call.
            tokens: About how many the call takes.

        Raises:
            Stopped: Nothing more is sent.
            EndpointDown: No call gets an answer, or the endpoint wants a longer wait than allowed.
        """
        if self._is_stopped:
            raise Stopped(STOPPED)
        waiting = _Waiting(
            order, next(self._numbers), tokens, asyncio.get_running_loop().create_future()
        )
        heapq.heappush(self._waiting, waiting)
        self._negotiate_soon()
        try:
            return await waiting.go
        except asyncio.CancelledError:
            if waiting.go.done() and not waiting.go.cancelled() and waiting.go.exception() is None:
                self.release(
                    Report(waiting.go.result(), succeeded=False)
                )  # admitted, but nobody is left to send it
            elif (
                waiting in self._waiting
            ):  # what is not wanted any longer takes no share and no quota
                self._waiting.remove(waiting)
                heapq.heapify(self._waiting)
                self._negotiate_soon()
            raise

    def release(self, report: Report) -> None:
        """Say how an admitted call has ended."""
        self._held -= 1
        self._reports.append(report)
        self._negotiate_soon()

    @property
    def document(self) -> Document:
        """The document of the lane, as this process saw it last."""
        return self._seen

    def stop(self) -> None:
        """Admit nothing more: whoever waits gets `Stopped`."""
        self._is_stopped = True
        self._refuse(partial(Stopped, STOPPED))

    async def leave(self) -> None:
        """Give back what this process holds, so that nobody waits for it."""
        if self._negotiation is not None:
            await self._negotiation
        self._cancel_again()
        await self._state.change(self._name, self._part)

    def _part(self, document: Document) -> None:
        settle(document, self._reports, self._ceilings, self._clock())
        bury(document, {self._state.member})

    def _refuse(self, error: Callable[[], Exception]) -> None:
        """Refuse all waiting calls, each with a new error, because raising an error changes it."""
        for waiting in self._waiting:
            if not waiting.go.done():
                waiting.go.set_exception(error())
        self._waiting.clear()

    def _negotiate_soon(self) -> None:
        self._is_news = True
        if self._negotiation is None:
            self._cancel_again()
            self._negotiation = asyncio.ensure_future(self._negotiate())

    async def _negotiate(self) -> None:
        """Negotiate once for all events of a tick, and again while new ones come in."""
        try:
            while True:
                self._is_news = False
                granted = await self._state.change(self._name, self._change())
                self._admit(granted)
                if granted.refusal:
                    self._refuse(partial(EndpointDown, f"{self._label}: {granted.refusal}"))
                if self._waiting and granted.again_s is not None:
                    await self._bury_the_dead()
                if self._waiting and granted.why:
                    await self._waits.note(f"{self._label}: {granted.why}", granted.again_s)
                if not self._is_news:
                    break
            if self._waiting and granted.again_s is not None:
                self._again = asyncio.get_running_loop().call_later(
                    granted.again_s, self._negotiate_soon
                )
        except StoreError as error:  # nobody else would tell those who wait
            self._refuse(partial(StoreError, str(error)))
        finally:
            self._negotiation = None

    def _change(self) -> Callable[[Document], Grant]:
        reports = self._reports
        self._reports = []
        held = self._held
        now = self._clock()
        ahead = heapq.nsmallest(max(self._ceilings.concurrency - held, 1), self._waiting)
        tokens = [call.tokens for call in ahead]
        lacking = len(self._waiting) - len(ahead)

        def change(document: Document) -> Grant:
            settle(document, reports, self._ceilings, now)
            self._seen = document
            granted = grant(document, self._state.member, held, tokens, self._ceilings, now)
            document["members"][self._state.member]["wants"] += lacking
            return granted

        return change

    def _admit(self, granted: Grant) -> None:
        sent = granted.before
        for _ in range(granted.calls):
            waiting = self._next()
            if waiting is None:
                self._is_news = (
                    True  # it was cancelled meanwhile: give back what was granted for it
                )
                return
            sent = Sent(sent.at, sent.requests + 1, sent.tokens + waiting.tokens)
            waiting.go.set_result(sent)
            self._held += 1

    def _next(self) -> _Waiting | None:
        while self._waiting:
            waiting = heapq.heappop(self._waiting)
            if not waiting.go.done():
                return waiting
        return None

    async def _bury_the_dead(self) -> None:
        """Check the processes that hold calls while this one gets none."""
        now = self._clock()
        if now - self._looked_at < _BURY_AFTER_S:
            return
        self._looked_at = now
        silent = await self._state.change(
            self._name, lambda document: _silent(document, self._state.member, now)
        )
        if silent:
            dead = silent - await self._state.alive(silent)
            await self._state.change(self._name, lambda document: bury(document, dead))

    def _cancel_again(self) -> None:
        if self._again is not None:
            self._again.cancel()
            self._again = None


def _silent(document: Document, member: str, now: float) -> set[str]:
    members = document.get("members", {})
    return {
        name
        for name, call in members.items()
        if name != member and now - call["seen"] > _BURY_AFTER_S
    }
