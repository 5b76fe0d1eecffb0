"""The engine: every model call of a process goes through it, so each key is called once.

Calls run on a background event loop. A caller in pytest's thread waits in `Engine.run`, or starts
something with `Engine.submit` and waits for it later; a judge, which is a coroutine on that
loop already, calls through the Provider that `Engine.metered` makes.
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from concurrent.futures import Future
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from pytest_llmeval.engine.admission import admitted
from pytest_llmeval.engine.background import BackgroundLoop
from pytest_llmeval.engine.caller import Caller
from pytest_llmeval.engine.context import CALL_CONTEXT, INNER_COMPLETIONS
from pytest_llmeval.engine.keys import request_key
from pytest_llmeval.engine.lane import STOPPED
from pytest_llmeval.engine.waits import SILENT_S
from pytest_llmeval.errors import Stopped
from pytest_llmeval.protocols import BaseProvider, CompletionStore
from pytest_llmeval.records.call import CALLS, Completion, Request
from pytest_llmeval.records.run import Traffic
from pytest_llmeval.redaction import Secrets

if TYPE_CHECKING:
    from pytest_llmeval.store.recordings.recordings import Recordings


T = TypeVar("T")
_CLAIM_POLL_S = 0.05
"""How often to look for the completion of a call that somebody else has claimed."""


class Engine:
    """Answers requests: from a recording, from the store, or by one call.

    Args:
        store: Keeps completions; also says who may make a call.
        caller: Makes the calls.
        run: Id of the run; completions of a provider without a fingerprint are valid only in it.
        recordings: What was recorded, in a run that records or replays.
        last: What to do with the store at the end, where that is more than to close it.
        secrets: What no completion may show: neither in the store nor in a recording.

    Attributes:
        adapted: What was sent differently because an endpoint refused it, by model and endpoint.
    """

    def __init__(
        self,
        store: CompletionStore,
        caller: Caller,
        run: str = "",
        recordings: Recordings | None = None,
        last: Callable[[CompletionStore], Awaitable[None]] | None = None,
        secrets: Secrets | None = None,
    ) -> None:
        self._store, self._caller, self._recordings, self._last = store, caller, recordings, last
        self._secrets = secrets or Secrets()
        self._run = run or uuid.uuid4().hex
        self._background = BackgroundLoop()
        self._flights: dict[str, asyncio.Future[Completion | None]] = {}
        self._identities: dict[BaseProvider, str] = {}
        self._metered: dict[BaseProvider, MeteredProvider] = {}
        self._is_stopped = False
        self.adapted: dict[str, set[str]] = {}
        self._next_look = 0.0

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine, for example that of a judge, on the engine's event loop."""
        return self._background.run(coroutine)

    def submit(self, coroutine: Coroutine[Any, Any, T]) -> Future[T]:
        """Start a coroutine on the engine's event loop, to be waited for later."""
        return self._background.submit(coroutine)

    def pause_clock(self) -> None:
        """Stop the time of all waits and time-outs, since somebody is at a breakpoint."""
        self._background.clock.slow_down()

    def resume_clock(self) -> None:
        """Let the time of all waits and time-outs go on."""
        self._background.clock.go_on()

    def metered(self, provider: BaseProvider) -> BaseProvider:
        """Return the Provider that sends a provider's calls through this engine."""
        if provider not in self._metered:
            self._metered[provider] = MeteredProvider(self, provider)
        return self._metered[provider]

    def name(self, provider: BaseProvider, scope: str) -> None:
        """Identify a provider without a fingerprint in all processes by this scope of the run."""
        provider = _unmetered(provider)
        if provider.fingerprint is None:
            self._identities[provider] = f"run:{self._run}:{scope}:{provider.label}"

    @property
    def traffic(self) -> Traffic:
        """The traffic of this process so far."""
        return self._caller.traffic

    def lanes(self) -> list[dict[str, Any]]:
        """Return the calls in flight to each endpoint; see `pytest_llmeval.engine.lane_rules`."""
        return self._caller.lanes()

    @property
    def waits(self) -> Mapping[str, Any]:
        """What calls wait for; see `pytest_llmeval.engine.waits`."""
        return self._caller.waits.document

    def has_price(self, provider: BaseProvider, model: str) -> bool:
        """Return whether the highest cost of a call is known."""
        return self._caller.prices.worst_usd(_unmetered(provider), Request((), model)) is not None

    def is_shared(self, provider: BaseProvider) -> bool:
        """Return whether all processes of the run can identify the provider."""
        provider = _unmetered(provider)
        return provider.fingerprint is not None or provider in self._identities

    def key(self, provider: BaseProvider, request: Request) -> str:
        """Compute the key of a request."""
        identity = self._identity(provider)
        prefix = "run:" if identity.startswith("run:") else ""
        return prefix + request_key(identity, request)

    async def answer(self, provider: BaseProvider, request: Request) -> Completion:
        """Answer one request, for a caller on the event loop.

        Raises:
            CallError: No completion could be had.
        """
        provider = _unmetered(provider)
        key = self.key(provider, request)
        if CALL_CONTEXT.get().is_fresh:
            completion = await self._made_now(key, provider, request)
        elif self._recordings is not None and CALL_CONTEXT.get().is_recorded:
            completion = await self._recorded(self._recordings, key, provider, request)
        else:
            completion = await self._shared(key, provider, request)
        if completion.adapted:
            target = f"{request.model or completion.model} at {completion.endpoint}"
            self.adapted.setdefault(target, set()).update(completion.adapted)
        if (inner := INNER_COMPLETIONS.get()) is not None:
            inner.append(completion)
        return completion

    def stop(self) -> None:
        """Send nothing more, from any thread; calls in flight go on."""
        self._is_stopped = True
        self._background.call_soon(self._caller.stop)

    def close(self, drain_s: float | None = None) -> None:
        """End the calls in flight, release all claims, close the providers and the event loop.

        Args:
            drain_s: Seconds that calls in flight may still take; ``None``: until they are answered.
        """
        self._is_stopped = True
        if not self._background.is_running:
            return
        try:
            self._background.run(self._end(drain_s))
        finally:
            self._background.close()

    async def _recorded(
        self, recordings: Recordings, key: str, provider: BaseProvider, request: Request
    ) -> Completion:
        """Return the recorded completion, or record a new one if the mode allows it.

        What an application answers by model calls that are recorded themselves is not: its code
        runs again on replay.
        """
        from pytest_llmeval.store.recordings.recordings import CallOrigin, Through

        context = CALL_CONTEXT.get()
        origin = CallOrigin(context.home, context.case, context.purpose)
        name, shown = provider.recorded(self._secrets.hide_in(request))
        lasting = request_key(name, shown)
        recorded = recordings.find(origin, lasting, provider.is_answer)
        if recorded is not None and not isinstance(recorded, Through):
            self._caller.know(key, provider, request)
            return admitted(recorded, self._secrets)
        if recorded is None and not recordings.may_send(origin):
            raise recordings.miss(origin, lasting, name, shown)
        completion = await self._shared(key, provider, request)
        if recorded is None:
            recordings.note(
                origin,
                lasting,
                name,
                shown,
                None if completion.call.startswith(CALLS) else completion,
            )
        return completion

    async def _made_now(self, key: str, provider: BaseProvider, request: Request) -> Completion:
        """Make a call whatever the store holds, which stays as it is."""
        if self._is_stopped:
            raise Stopped(STOPPED)
        INNER_COMPLETIONS.set([])
        return admitted(await self._caller.call(key, provider, request), self._secrets)

    async def _shared(self, key: str, provider: BaseProvider, request: Request) -> Completion:
        """Share one flight among all requests for the same key at the same time."""
        is_spare = CALL_CONTEXT.get().is_spare
        while True:
            flight = self._flights.get(key)
            if flight is None:
                flight = asyncio.ensure_future(self._fly(key, provider, request, is_spare))
                self._flights[key] = flight
                flight.add_done_callback(partial(self._land, key))
            completion = await asyncio.shield(flight)
            if completion is not None:
                return completion
            if is_spare:
                raise Stopped("another process makes this call")
            self._forget(key, flight)  # now, not with the next tick: nothing here would wait for it

    def _forget(self, key: str, flight: asyncio.Future[Completion | None]) -> None:
        if self._flights.get(key) is flight:
            del self._flights[key]

    def _land(self, key: str, flight: asyncio.Future[Completion | None]) -> None:
        self._forget(key, flight)
        if not flight.cancelled():
            flight.exception()  # whoever asked has it; where all have gone, nobody is to be told

    async def _fly(
        self, key: str, provider: BaseProvider, request: Request, is_spare: bool
    ) -> Completion | None:
        """Return the stored completion or that of a call; ``None`` if another process makes it."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        # An earlier release stored replies that say nothing: they count as not stored.
        while (stored := await self._store.get(key)) is None or not provider.is_answer(stored):
            if self._is_stopped:
                raise Stopped(STOPPED)
            waited_s = loop.time() - began
            is_overdue = waited_s > self._caller.deadline_s
            if await self._store.claim(key, stored is not None, is_overdue):
                if stored is None or not await self._is_replaced(key, provider):
                    return await self._call(key, provider, request)
                await self._store.release(key)
                continue
            if is_spare:
                return None
            if waited_s > SILENT_S:
                await self._note_claim(key)
            await asyncio.sleep(_CLAIM_POLL_S)
        self._caller.know(key, provider, request)
        return admitted(stored, self._secrets)

    async def _note_claim(self, key: str) -> None:
        """Say that a call waits for the answer to the same call of another process."""
        now = asyncio.get_running_loop().time()
        if now < self._next_look:
            return
        self._next_look = now + SILENT_S
        if holder := await self._store.holder(key):
            await self._caller.waits.note(
                f"another process makes the same call: {holder}. If it stands still, its calls "
                f"are made here after --llm-deadline ({self._caller.deadline_s:g} s)"
            )

    async def _is_replaced(self, key: str, provider: BaseProvider) -> bool:
        """Return whether another process has made the call since it was looked up."""
        stored = await self._store.get(key)
        return stored is not None and provider.is_answer(stored)

    async def _call(self, key: str, provider: BaseProvider, request: Request) -> Completion:
        INNER_COMPLETIONS.set([])
        try:
            completion = await self._caller.call(key, provider, request)
            completion = admitted(completion, self._secrets)
            await asyncio.shield(self._store.put(key, completion))
        except BaseException:
            await asyncio.shield(self._store.release(key))
            raise
        return completion

    async def _end(self, drain_s: float | None) -> None:
        self._caller.stop()
        flights = list(self._flights.values())
        if flights:
            _, late = await asyncio.wait(flights, timeout=drain_s)
            for flight in late:
                flight.cancel()
            await asyncio.gather(*late, return_exceptions=True)
        try:
            await self._caller.leave()
            closing = (_close(provider) for provider in self._identities)
            await asyncio.gather(*closing, return_exceptions=True)
            if self._last is not None:
                await self._last(self._store)
        finally:
            await self._store.close()

    def _identity(self, provider: BaseProvider) -> str:
        """Return the provider's fingerprint, or one that is valid in this run or process only."""
        if provider not in self._identities:
            lasting = provider.fingerprint
            self._identities[provider] = lasting or f"run:{self._run}:{uuid.uuid4().hex}"
        return self._identities[provider]


class MeteredProvider(BaseProvider):
    """A Provider whose calls go through an engine.

    Args:
        engine: The engine.
        provider: Who answers.

    Attributes:
        provider: Who answers.
    """

    def __init__(self, engine: Engine, provider: BaseProvider) -> None:
        self._engine = engine
        self.provider = provider
        self.sees_case = provider.sees_case
        self.sees_messages = provider.sees_messages

    @property
    def fingerprint(self) -> str | None:  # type: ignore[override]  # computed
        """The fingerprint of the provider behind it."""
        return self.provider.fingerprint

    @property
    def label(self) -> str:
        """The label of the provider behind it."""
        return self.provider.label

    def recorded(self, request: Request) -> tuple[str, Request]:
        """What the provider behind it returns."""
        return self.provider.recorded(request)

    async def complete(self, request: Request) -> Completion:
        """Answer one request through the engine.

        Raises:
            CallError: No completion could be had.
        """
        return await self._engine.answer(self.provider, request)


async def _close(provider: BaseProvider) -> None:
    """Close a provider; a task of its own, so that one that fails stops no other."""
    await provider.close()


def _unmetered(provider: BaseProvider) -> BaseProvider:
    """Return the provider that really answers."""
    while isinstance(provider, MeteredProvider):
        provider = provider.provider
    return provider
