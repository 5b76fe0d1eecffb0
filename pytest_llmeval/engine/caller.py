"""Makes one call: admitted by its lane, paid from the budget, tried again where that may help."""

from __future__ import annotations

import asyncio
import contextlib
import copy
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timezone
from functools import cached_property
from typing import Protocol

from pytest_llmeval.engine.admission import admitted
from pytest_llmeval.engine.budget import Budget
from pytest_llmeval.engine.context import (
    CALL_CONTEXT,
    HAS_RESERVATION,
    INNER_COMPLETIONS,
    OUTER_LANES,
)
from pytest_llmeval.engine.lane import Lane
from pytest_llmeval.engine.lane_rules import Ceilings, Document, Report, Sent
from pytest_llmeval.engine.pricing import Prices, likely_tokens
from pytest_llmeval.engine.retries import RetryPolicy, gave_up
from pytest_llmeval.engine.waits import Waits
from pytest_llmeval.errors import (
    CallError,
    CallRefused,
    CallTimeout,
    LLMEvalError,
    NotSent,
    RequestAdapted,
    Stopped,
)
from pytest_llmeval.escaping import awaited, described, raised_in
from pytest_llmeval.protocols import BaseProvider, SharedState
from pytest_llmeval.records.call import CALLS, Completion, Request
from pytest_llmeval.records.run import Traffic
from pytest_llmeval.redaction import Secrets


@dataclass(frozen=True)
class CallPolicy:
    """The limits of the user on a call.

    Attributes:
        timeout_s: Seconds that one attempt may take in all.
        retries: When to try again.
        ceilings: What one endpoint may be asked at once and a minute.
    """

    timeout_s: float
    retries: RetryPolicy
    ceilings: Ceilings


class Caller(Protocol):
    """Makes the calls of an engine, or counts them. Used on one event loop."""

    @property
    def prices(self) -> Prices:
        """The prices of calls."""
        ...

    @property
    def traffic(self) -> Traffic:
        """The traffic so far."""
        ...

    async def call(self, key: str, provider: BaseProvider, request: Request) -> Completion:
        """Make one completion.

        Args:
            key: The key of the request; see `pytest_llmeval.engine.keys`.
            provider: Who answers.
            request: The request.

        Raises:
            CallError: No completion could be had.
        """
        ...

    def know(self, key: str, provider: BaseProvider, request: Request) -> None:
        """Take notice of a request that is answered already."""
        ...

    def lanes(self) -> list[Document]:
        """Return the documents of the lanes as last seen."""
        ...

    @property
    def waits(self) -> Waits:
        """What calls wait for, so that somebody can say so."""
        ...

    @property
    def deadline_s(self) -> float:
        """Seconds that a call may wait for anybody."""
        ...

    def stop(self) -> None:
        """Send nothing more; what is in flight goes on."""
        ...

    async def leave(self) -> None:
        """Give back what this process holds of what all share."""
        ...


@dataclass
class LiveCaller:
    """Sends calls.

    Attributes:
        policy: What the user allows.
        prices: What calls cost.
        state: What the processes of the run share.
        budget: The cap on spending, if there is one.
        secrets: What neither an answer nor an error may show.
        clock: Seconds, the same for all processes of the run; ``None`` for those of the event loop,
            in which time at a breakpoint does not count.
        traffic: What was sent so far.
    """

    policy: CallPolicy
    prices: Prices
    state: SharedState
    budget: Budget | None = None
    secrets: Secrets = field(default_factory=Secrets)
    clock: Callable[[], float] | None = None
    traffic: Traffic = field(default_factory=Traffic)
    _lanes: dict[str, Lane] = field(default_factory=dict)
    _stopping: asyncio.Event = field(default_factory=asyncio.Event)

    @cached_property
    def waits(self) -> Waits:
        """What calls wait for."""
        return Waits(self.state)

    @property
    def deadline_s(self) -> float:
        """Seconds that a call may wait for anybody."""
        return self.policy.retries.deadline_s

    async def call(self, key: str, provider: BaseProvider, request: Request) -> Completion:
        """Make one completion with as many attempts as it takes.

        Raises:
            CallError: No completion could be had.
        """
        name, outer = provider.label, OUTER_LANES.get()
        # A call must not wait for the one that contains it.
        lane = None if name in outer else self._lane(name, provider)
        OUTER_LANES.set((*outer, name))
        tokens = likely_tokens(request.messages) + (request.parameters.max_tokens or 0)
        attempt, began = 0, None
        failed: CallError | None = None
        while True:
            try:
                sent = await self._admitted(lane, tokens)
            except CallError as refusal:
                if failed is None or began is None or isinstance(refusal, Stopped):
                    raise
                raise self._final(failed, attempt, self._now() - began) from failed.__cause__
            began = began or sent.at
            try:
                return await self._attempt(lane, sent, provider, request)
            except RequestAdapted:
                continue  # the next attempt is another request, so this one does not count
            except CallError as error:
                failed = error
                elapsed_s = self._now() - began
                wait_s = self.policy.retries.wait_s(error, attempt, elapsed_s)
                if wait_s is None or await self._stops_within(wait_s, name, error):
                    raise self._final(error, attempt + 1, elapsed_s) from error.__cause__
            attempt += 1

    async def _admitted(self, lane: Lane | None, tokens: float) -> Sent:
        if lane is None:
            return Sent(self._now(), 0, 0)
        return await lane.acquire(CALL_CONTEXT.get().order, tokens)

    def _final(self, error: CallError, attempts: int, elapsed_s: float) -> CallError:
        """Make the error of a call that is given up, without secrets."""
        last = gave_up(error, attempts, elapsed_s, self.policy.retries)
        text = self.secrets.hide(str(last))
        if text == str(last):
            return last
        hidden = copy.copy(last)
        hidden.args = (text,)
        return hidden

    def _now(self) -> float:
        return self.clock() if self.clock else asyncio.get_running_loop().time()

    def know(self, key: str, provider: BaseProvider, request: Request) -> None:
        """Take notice of a request that is answered already. Nothing is to be done."""

    def lanes(self) -> list[Document]:
        """Return the documents of the lanes as last seen."""
        return [lane.document for lane in list(self._lanes.values()) if lane.document]

    def stop(self) -> None:
        """Send nothing more; what is in flight goes on."""
        self._stopping.set()
        for lane in self._lanes.values():
            lane.stop()

    async def leave(self) -> None:
        """Give back what this process holds of what all share.

        Raises:
            StoreError: The store cannot be written.
        """
        await asyncio.gather(*(lane.leave() for lane in self._lanes.values()))

    async def _stops_within(self, seconds: float, name: str, error: CallError) -> bool:
        """Wait for the next attempt, and return whether the run ends meanwhile."""
        why = "it wants a pause (Retry-After)" if error.retry_after_s else "it gave no answer"
        await self.waits.note(f"{name}: {why}", seconds)
        with contextlib.suppress(asyncio.TimeoutError):
            await asyncio.wait_for(self._stopping.wait(), seconds)
        return self._stopping.is_set()

    async def _attempt(
        self, lane: Lane | None, sent: Sent, provider: BaseProvider, request: Request
    ) -> Completion:
        report = Report(sent, succeeded=False)
        try:
            completion = await self._paid(provider, request)
            report = Report(sent, True, rate_limits=completion.rate_limits, usd=completion.cost_usd)
            return replace(completion, rate_limits=None)
        except CallError as error:
            report = self._failure(sent, error)
            raise
        finally:
            if lane is not None:
                lane.release(report)

    def _failure(self, sent: Sent, error: CallError) -> Report:
        concerns_others = error.is_transient or error.is_unreachable
        return Report(
            sent,
            False,
            error.is_overload,
            error.retry_after_s or 0.0,
            trouble=self.secrets.hide(str(error)) if concerns_others else "",
            is_unreachable=error.is_unreachable,
        )

    async def _paid(self, provider: BaseProvider, request: Request) -> Completion:
        if self.budget is None:
            return await self._sent(provider, request)
        worst = self.prices.worst_usd(provider, request)
        if worst is None:
            raise CallRefused(unpriced(provider, request.model))
        await self.budget.reserve(worst, may_wait=not HAS_RESERVATION.get())
        HAS_RESERVATION.set(HAS_RESERVATION.get() or worst > 0)
        spent = worst  # who gives up waiting may have to pay all the same
        try:
            completion = await self._sent(provider, request)
            cost = worst if completion.cost_usd is None else completion.cost_usd
            spent = (
                0.0 if INNER_COMPLETIONS.get() else cost
            )  # what an application asks through us is settled already
        except CallTimeout:
            raise
        except CallError as error:
            spent = worst if error.cost_usd is None else error.cost_usd
            raise
        finally:
            await asyncio.shield(self.budget.settle(worst, spent))
        return completion

    async def _sent(self, provider: BaseProvider, request: Request) -> Completion:
        made_at = datetime.now(timezone.utc)
        try:
            answering = awaited(provider.complete(request))
            completion = await asyncio.wait_for(answering, self.policy.timeout_s)
        except asyncio.TimeoutError:
            self._count(attempts=1)
            raise CallTimeout(
                f"{provider.label}: no answer within {self.policy.timeout_s:g} s in all. "
                "Raise --llm-timeout if that is too short."
            ) from None
        except NotSent:
            raise
        except CallError as error:
            self._count_failure(error, (request.model, provider.label))
            raise
        except LLMEvalError:
            raise
        except Exception as error:  # the user's Provider; SkipTest would skip the test
            self._count(attempts=1)
            text = f"{provider.label} raised {described(error)}"
            raise CallError(text) from raised_in(error)
        completion = admitted(completion, self.secrets)
        if inner := INNER_COMPLETIONS.get():
            return _paid_inside(completion, inner)
        cost = completion.cost_usd
        if cost is None:
            cost = self.prices.cost_usd(
                (completion.model, request.model, provider.label), completion.usage
            )
        self._count(calls=1, attempts=1, usd=cost or 0.0, unpriced=int(cost is None))
        call = uuid.uuid4().hex[:16]
        return replace(
            completion, cost_usd=cost, call=call, made_at=made_at.isoformat(timespec="seconds")
        )

    def _count_failure(self, error: CallError, names: tuple[str, ...]) -> None:
        """Count a failed attempt. A reply that holds no answer is paid nevertheless."""
        if error.usage is None:
            self._count(attempts=1)
            return
        cost = error.cost_usd = self.prices.cost_usd(names, error.usage)
        self._count(calls=1, attempts=1, usd=cost or 0.0, unpriced=int(cost is None))

    def _count(
        self, calls: int = 0, attempts: int = 0, usd: float = 0.0, unpriced: int = 0
    ) -> None:
        self.traffic += Traffic(calls, attempts, usd, unpriced)

    def _lane(self, name: str, provider: BaseProvider) -> Lane:
        if name not in self._lanes:
            ceilings = self.policy.ceilings
            most = min(ceilings.concurrency, provider.concurrency or ceilings.concurrency)
            ceilings = replace(ceilings, concurrency=most, deadline_s=self.deadline_s)
            lane = Lane(name, self.state, ceilings, self._now, self.waits)
            self._lanes[name] = lane
            if self._stopping.is_set():
                lane.stop()
        return self._lanes[name]


def _paid_inside(completion: Completion, inner: list[Completion]) -> Completion:
    """Give an application's completion the cost of the calls that it made through the engine."""
    made = {call.call: call for call in inner if call.call and not call.cached}
    costs = [call.cost_usd for call in made.values()]
    known = [cost for cost in costs if cost is not None]
    cost = sum(known) if len(known) == len(costs) else None
    return replace(completion, cost_usd=cost, call=CALLS + CALLS.join(made), cached=not made)


def unpriced(provider: BaseProvider, model: str) -> str:
    """Return why a budget cannot be enforced, with the remedy."""
    what = model or provider.label
    return (
        f"--llm-budget: the price of {what!r} is unknown, so the budget cannot be enforced. "
        f'Set it in the ini key llm_prices: "{what} = INPUT OUTPUT" in US dollars for a million '
        f'tokens, or "{what} = USD" for a call. An application whose model calls go through '
        "llm_provider sets call_usd = 0.0, because these calls have prices."
    )
