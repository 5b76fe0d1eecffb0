"""An event loop in a separate thread, so that pytest's thread can wait while calls run."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from contextlib import suppress
from typing import Any, TypeVar

from pytest_llmeval.engine.clock import TICK_S, EngineClock

T = TypeVar("T")
THREAD = "llmeval-engine"


class BackgroundLoop:
    """Runs coroutines for a synchronous caller. The thread starts with the first one.

    Attributes:
        clock: The clock of the loop.
    """

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._starting = threading.Lock()
        self.clock = EngineClock()

    @property
    def is_running(self) -> bool:
        """Whether anything was ever run, and the loop is not closed."""
        return self._loop is not None

    def submit(self, coroutine: Coroutine[Any, Any, T]) -> Future[T]:
        """Start a coroutine; its task inherits the caller's context variables."""
        return asyncio.run_coroutine_threadsafe(coroutine, self._started())

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine to its end and return its result.

        Raises:
            BaseException: What the coroutine raised; an interrupt of the caller cancels it.
        """
        future = self.submit(coroutine)
        try:
            return future.result()
        except BaseException:
            future.cancel()
            raise

    def call_soon(self, function: Callable[[], None]) -> None:
        """Call a function on the event loop, if it runs."""
        loop = self._loop
        if loop is not None:
            # The loop may be closed meanwhile.
            with suppress(RuntimeError):
                loop.call_soon_threadsafe(function)

    def close(self) -> None:
        """Cancel what still runs and end the thread. Closing twice does nothing."""
        loop, thread = self._loop, self._thread
        self._loop = self._thread = None
        if loop is None or thread is None:
            return
        loop.call_soon_threadsafe(loop.stop)
        thread.join()

    def _started(self) -> asyncio.AbstractEventLoop:
        with self._starting:
            if self._loop is None:
                self._loop = asyncio.new_event_loop()
                self._loop.time = self.clock.time  # type: ignore[method-assign]
                self._thread = threading.Thread(
                    target=_serve, args=(self._loop,), name=THREAD, daemon=True
                )
                self._thread.start()
            return self._loop


def _tick(loop: asyncio.AbstractEventLoop) -> None:
    """Let the loop look at its clock, which would otherwise take a long wait for a standstill."""
    loop.call_later(TICK_S, _tick, loop)


def _serve(loop: asyncio.AbstractEventLoop) -> None:
    asyncio.set_event_loop(loop)
    loop.call_soon(_tick, loop)
    try:
        loop.run_forever()
    finally:
        tasks = asyncio.all_tasks(loop)
        for task in tasks:
            task.cancel()
        loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.close()
