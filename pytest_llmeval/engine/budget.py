"""A hard cap on what a run spends, over all its processes."""

from __future__ import annotations

import asyncio
from typing import Literal

from pytest_llmeval.engine.lane_rules import Document
from pytest_llmeval.engine.waits import SILENT_S, Waits
from pytest_llmeval.errors import BudgetSpent
from pytest_llmeval.protocols import SharedState

POLL_S = 0.05
_DOCUMENT = "budget"

_Answer = Literal["granted", "spent", "wait"]


class Budget:
    """Reserves the worst case of a call before it is sent.

    Near the end calls wait for those in flight, since most cost less than their worst case; the
    last one may begin whenever anything is left, so the cap can be passed by the price of one call
    and no more.

    Args:
        usd: The cap, in US dollars.
        state: What the processes of the run share.
        waits: Where to say that calls wait.
    """

    def __init__(self, usd: float, state: SharedState, waits: Waits | None = None) -> None:
        self._usd, self._state = usd, state
        self._waits = waits or Waits(state)

    async def reserve(self, worst_usd: float, may_wait: bool = True) -> None:
        """Set the most that a call may cost aside. Every reservation is `settle`-d.

        Args:
            worst_usd: The most it may cost, in US dollars.
            may_wait: Whether it may wait for others; not so for a call that another one is waiting
                for.

        Raises:
            BudgetSpent: Nothing is left.
        """
        loop = asyncio.get_running_loop()
        began = loop.time()
        while (
            answer := await self._state.change(
                _DOCUMENT, lambda document: self._take(document, worst_usd, may_wait)
            )
        ) != "granted":
            if answer == "spent":
                raise BudgetSpent(
                    f"not sent: the budget of ${self._usd:g} is spent. "
                    "Raise --llm-budget, or run fewer cases. "
                    "Finished calls are in the completion store and are not paid again."
                )
            await asyncio.sleep(POLL_S)
            if loop.time() - began > SILENT_S:
                await self._waits.note("what is left of --llm-budget is reserved for other calls")
            await self._count_the_dead_as_spent()

    async def settle(self, worst_usd: float, actual_usd: float) -> None:
        """Replace a reservation by what the call has cost."""

        def change(document: Document) -> None:
            reserved = _reserved(document)
            reserved[self._state.member] = max(
                0.0, reserved.get(self._state.member, 0.0) - worst_usd
            )
            flying = document["flying"]
            flying[self._state.member] = max(0, flying.get(self._state.member, 0) - bool(worst_usd))
            document["spent"] += actual_usd

        await self._state.change(_DOCUMENT, change)

    def _take(self, document: Document, worst_usd: float, may_wait: bool) -> _Answer:
        reserved, member = _reserved(document), self._state.member
        flying, spent = document["flying"], document["spent"]
        if (
            not worst_usd
        ):  # it may wait for calls of its own, as an application does: nobody waits for it
            return "granted"
        if spent >= self._usd:
            return "spent"
        if (
            spent + sum(reserved.values()) + worst_usd > self._usd
            and sum(flying.values())
            and may_wait
        ):
            return "wait"
        reserved[member] = reserved.get(member, 0.0) + worst_usd
        flying[member] = flying.get(member, 0) + 1
        return "granted"

    async def _count_the_dead_as_spent(self) -> None:
        """Count the reservations of dead workers as spent, since they may have paid."""
        members = await self._state.change(_DOCUMENT, lambda document: set(_reserved(document)))
        dead = members - await self._state.alive(members)
        if dead:
            await self._state.change(_DOCUMENT, lambda document: _bury(document, dead))


def _reserved(document: Document) -> dict[str, float]:
    document.setdefault("spent", 0.0)
    document.setdefault("flying", {})
    reserved: dict[str, float] = document.setdefault("reserved", {})
    return reserved


def _bury(document: Document, dead: set[str]) -> None:
    for member in dead:
        document["spent"] += _reserved(document).pop(member, 0.0)
        document["flying"].pop(member, None)
