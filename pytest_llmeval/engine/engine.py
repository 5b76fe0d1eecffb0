"""The engine: every model call of a process goes through it, so each key is called once.

Calls run on a background event loop. A caller in pytest's thread waits in `Engine.complete`; a judge, which
is a coroutine on that loop already, calls through the Provider that `Engine.metered` makes.
"""

from __future__ import annotations

import asyncio
import inspect
import uuid
from collections.abc import Callable, Coroutine
from dataclasses import replace
from typing import Any, TypeVar

from pytest_llmeval.engine.background import BackgroundLoop
from pytest_llmeval.engine.keys import request_key
from pytest_llmeval.engine.pricing import cost_usd
from pytest_llmeval.errors import CallTimeout
from pytest_llmeval.protocols import CompletionStore, Provider
from pytest_llmeval.records import Completion, Request

T = TypeVar("T")
CLAIM_POLL_S = 0.05  # how often to look for the completion of a call that somebody else has claimed


class Engine:
    """Answers requests: from the store if it can, by one call if it must.

    Args:
        store: Keeps completions; also says who may make a call.
        timeout_s: Seconds one call may take in all.
    """

    def __init__(self, store: CompletionStore, timeout_s: float) -> None:
        self._store = store
        self._timeout_s = timeout_s
        self._background = BackgroundLoop()
        self._in_flight: dict[str, asyncio.Future[Completion]] = {}
        self._providers: dict[int, tuple[Provider, str]] = {}

    def complete(self, provider: Provider, request: Request) -> Completion:
        """Answer one request, for a caller outside the event loop.

        Raises:
            CallError: No completion could be had.
        """
        return self.run(self.answer(provider, request))

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine, for example that of a judge, on the engine's event loop."""
        return self._background.run(coroutine)

    def metered(self, provider: Provider) -> Provider:
        """A Provider whose calls go through this engine."""
        return MeteredProvider(self, provider)

    async def answer(self, provider: Provider, request: Request) -> Completion:
        """Answer one request, for a caller on the event loop.

        Raises:
            CallError: No completion could be had.
        """
        key = request_key(self._identity(provider), request)
        stored = self._store.get(key)
        if stored is not None:
            return stored
        flight = self._in_flight.get(key)
        if flight is None:
            flight = asyncio.ensure_future(self._claim_and_call(key, provider, request))
            self._in_flight[key] = flight
            flight.add_done_callback(lambda _: self._in_flight.pop(key, None))
        return await asyncio.shield(flight)

    def close(self) -> None:
        """Close the providers' connections and end the event loop."""
        closers = [provider.close for provider, _ in self._providers.values() if hasattr(provider, "close")]
        try:
            if closers:
                self._background.run(_close_all(closers))
        finally:
            self._background.close()

    async def _claim_and_call(self, key: str, provider: Provider, request: Request) -> Completion:
        while not self._store.claim(key):
            await asyncio.sleep(CLAIM_POLL_S)
            if (stored := self._store.get(key)) is not None:
                return stored
        try:
            completion = await self._call(provider, request)
        except BaseException:
            self._store.release(key)
            raise
        self._store.put(key, completion)
        return completion

    async def _call(self, provider: Provider, request: Request) -> Completion:
        try:
            completion = await asyncio.wait_for(provider.complete(request), self._timeout_s)
        except asyncio.TimeoutError:
            who = provider.fingerprint or type(provider).__name__
            raise CallTimeout(
                f"{who}: no answer within {self._timeout_s:g} s in all. Raise --llm-timeout if that is too short."
            ) from None
        if completion.cost_usd is None:
            price = cost_usd(completion.model or request.model, completion.usage)
            completion = replace(completion, cost_usd=price)
        return completion

    def _identity(self, provider: Provider) -> str:
        """The provider's fingerprint, or one that is valid only in this process."""
        kept = self._providers.get(id(provider))
        if kept is None:
            kept = (provider, provider.fingerprint or f"process:{uuid.uuid4().hex}")
            self._providers[id(provider)] = kept
        return kept[1]


class MeteredProvider:
    """A Provider whose calls go through an engine.

    Args:
        engine: The engine.
        provider: Who answers.
    """

    def __init__(self, engine: Engine, provider: Provider) -> None:
        self._engine = engine
        self._provider = provider

    @property
    def fingerprint(self) -> str | None:
        """That of the provider behind it."""
        return self._provider.fingerprint

    @property
    def sees_case(self) -> bool:
        """That of the provider behind it."""
        return self._provider.sees_case

    async def complete(self, request: Request) -> Completion:
        """Answer one request through the engine.

        Raises:
            CallError: No completion could be had.
        """
        return await self._engine.answer(self._provider, request)


async def _close_all(closers: list[Callable[[], Any]]) -> None:
    """Close every provider, also after one of them has failed to; a user's may be sync."""
    pending = [result for close in closers if inspect.isawaitable(result := close())]
    await asyncio.gather(*pending, return_exceptions=True)
