"""Makes one call: admitted by its lane, paid from the budget, tried again where that may help."""

from __future__ import annotations

import asyncio
import time
import uuid
from dataclasses import dataclass, field, replace
from datetime import datetime, timezone

from pytest_llmeval.engine.asking import ASKING, INNER
from pytest_llmeval.engine.budget import Budget
from pytest_llmeval.engine.lane import Lane
from pytest_llmeval.engine.lane_rules import Ceilings, Report, Sent
from pytest_llmeval.engine.pricing import Prices, likely_tokens
from pytest_llmeval.engine.retries import RetryPolicy, gave_up
from pytest_llmeval.errors import CallError, CallRefused, CallTimeout
from pytest_llmeval.protocols import Provider, SharedState
from pytest_llmeval.records import Completion, Request


@dataclass(frozen=True)
class CallPolicy:
    """What the user allows a call.

    Attributes:
        timeout_s: Seconds that one attempt may take in all.
        retries: When to try again.
        ceilings: What one endpoint may be asked at once and a minute.
    """

    timeout_s: float
    retries: RetryPolicy
    ceilings: Ceilings


@dataclass
class Traffic:
    """What this process has sent so far.

    Attributes:
        calls: Calls that gave an answer.
        attempts: Everything that was sent, failed attempts included.
        usd: US dollars for the answers whose price is known.
        unpriced: Answers whose price is unknown.
    """

    calls: int = 0
    attempts: int = 0
    usd: float = 0.0
    unpriced: int = 0


@dataclass
class Caller:
    """Makes calls. Used on one event loop.

    Attributes:
        policy: What the user allows.
        prices: What calls cost.
        state: What the processes of the run share.
        budget: The cap on spending, if there is one.
        traffic: What was sent so far.
    """

    policy: CallPolicy
    prices: Prices
    state: SharedState
    budget: Budget | None = None
    traffic: Traffic = field(default_factory=Traffic)
    _lanes: dict[str, Lane] = field(default_factory=dict)

    async def call(self, provider: Provider, request: Request) -> Completion:
        """One completion by as many attempts as it takes.

        Raises:
            CallError: No completion could be had.
        """
        lane, order = self._lane(provider), ASKING.get().order
        tokens = likely_tokens(request.messages) + (request.parameters.max_tokens or 0)
        attempt, began = 0, None
        while True:
            sent = await lane.acquire(order, tokens)
            began = began or sent.at
            try:
                return await self._attempt(lane, sent, provider, request)
            except CallError as error:
                elapsed_s = time.monotonic() - began
                wait_s = self.policy.retries.wait_s(error, attempt, elapsed_s)
                if wait_s is None:
                    raise gave_up(error, attempt + 1, elapsed_s) from error.__cause__
            attempt += 1
            await asyncio.sleep(wait_s)

    def stop(self) -> None:
        """Send nothing more; what is in flight goes on."""
        for lane in self._lanes.values():
            lane.stop()

    async def leave(self) -> None:
        """Give back what this process holds of what all share."""
        await asyncio.gather(*(lane.leave() for lane in self._lanes.values()))

    async def _attempt(self, lane: Lane, sent: Sent, provider: Provider, request: Request) -> Completion:
        report = Report(sent, succeeded=False)
        try:
            completion = await self._paid(provider, request)
            report = Report(sent, True, rate_limits=completion.rate_limits, usd=completion.cost_usd)
            return replace(completion, rate_limits=None)
        except CallError as error:
            report = Report(sent, False, error.is_overload, error.retry_after_s or 0.0)
            raise
        finally:
            lane.release(report)

    async def _paid(self, provider: Provider, request: Request) -> Completion:
        if self.budget is None:
            return await self._sent(provider, request)
        worst = self.prices.worst_usd(provider, request)
        if worst is None:
            raise CallRefused(unpriced(provider, request.model))
        await self.budget.reserve(worst)
        spent = 0.0
        try:
            completion = await self._sent(provider, request)
            spent = worst if completion.cost_usd is None else completion.cost_usd
        finally:
            await asyncio.shield(self.budget.settle(worst, spent))
        return completion

    async def _sent(self, provider: Provider, request: Request) -> Completion:
        self.traffic.attempts += 1
        made_at = datetime.now(timezone.utc)
        try:
            completion = await asyncio.wait_for(provider.complete(request), self.policy.timeout_s)
        except asyncio.TimeoutError:
            raise CallTimeout(
                f"{name_of(provider)}: no answer within {self.policy.timeout_s:g} s in all. "
                "Raise --llm-timeout if that is too short."
            ) from None
        completion = self._priced(provider, request, completion, is_paid_inside=bool(INNER.get()))
        return replace(completion, call=uuid.uuid4().hex[:16], made_at=made_at.isoformat(timespec="seconds"))

    def _priced(self, provider: Provider, request: Request, completion: Completion, is_paid_inside: bool) -> Completion:
        """The completion with its price, which an application's model calls have paid where the engine made them."""
        cost = completion.cost_usd
        if cost is None:
            names = (completion.model, request.model, name_of(provider))
            cost = self.prices.cost_usd(names, completion.usage)
        self.traffic.calls += 1
        if not is_paid_inside:
            self.traffic.usd += cost or 0.0
            self.traffic.unpriced += cost is None
        return replace(completion, cost_usd=cost)

    def _lane(self, provider: Provider) -> Lane:
        name = name_of(provider)
        if name not in self._lanes:
            ceilings = self.policy.ceilings
            most = min(ceilings.concurrency, getattr(provider, "concurrency", ceilings.concurrency))
            self._lanes[name] = Lane(name, self.state, replace(ceilings, concurrency=most))
        return self._lanes[name]


def name_of(provider: Provider) -> str:
    """What limits, prices and messages call a provider: its endpoint, if it names one."""
    return str(getattr(provider, "endpoint", None) or provider.fingerprint or type(provider).__name__)


def unpriced(provider: Provider, model: str) -> str:
    """Why a budget cannot be held, and what to do."""
    what = model or name_of(provider)
    return (
        f"--llm-budget: found no price of {what!r}, so the budget cannot be held. Give it in the ini key llm_prices: "
        f'"{what} = INPUT OUTPUT" in US dollars for a million tokens, or "{what} = USD" for a call.'
    )
