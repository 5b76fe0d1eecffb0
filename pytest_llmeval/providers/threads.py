"""Functions that block, each in a thread of its own."""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import threading
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


async def in_thread(function: Callable[..., T], *args: object) -> T:
    """What a function returns that is not async, while other calls go on.

    Unlike `asyncio.to_thread`, as many run at once as are asked for, and one that hangs does not hold up the end of the
    process: the threads are daemons. A call that is cancelled is no longer waited for; its thread goes on.

    Args:
        function: What to call; it sees the caller's context variables.
        args: Its arguments.

    Raises:
        RuntimeError: The function wants to end the process, or no thread can be started.
        BaseException: Whatever else the function raised.
    """
    loop = asyncio.get_running_loop()
    waiter: asyncio.Future[Callable[[], T]] = loop.create_future()
    context = contextvars.copy_context()

    def run() -> None:
        outcome = _outcome(context, function, args)
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits any more
            loop.call_soon_threadsafe(_deliver, waiter, outcome)

    threading.Thread(target=run, name=f"llmeval {getattr(function, '__name__', 'call')}", daemon=True).start()
    return (await waiter)()


def _outcome(context: contextvars.Context, function: Callable[..., T], args: tuple[object, ...]) -> Callable[[], T]:
    """Call the function; what comes back returns its value, or raises its exception."""
    try:
        value = context.run(function, *args)
    except BaseException as error:
        raised = error

        def fail() -> T:
            if isinstance(raised, (SystemExit, KeyboardInterrupt)):  # either would end the event loop
                raise RuntimeError(f"it raised {type(raised).__name__}: {raised}") from raised
            raise raised

        return fail
    return lambda: value


def _deliver(waiter: asyncio.Future[T], outcome: T) -> None:
    if not waiter.done():  # done: cancelled
        waiter.set_result(outcome)
