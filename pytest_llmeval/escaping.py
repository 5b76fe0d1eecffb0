"""Exceptions of the user's code that are no errors by their type.

``pytest.skip`` in an application would skip the test, GeneratorExit would break the fixtures of
later tests, SystemExit would end the event loop, and a cancellation looks like the end of the run.
An application, a metric or a judge that raises one gives no result, so each is an error.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from types import FrameType
from typing import Any, TypeVar

T = TypeVar("T")


class Escaped(Exception):
    """The user's code raised what is no error by its type; that is the cause."""


def escaped(error: BaseException) -> Escaped:
    """Return the error for an exception that is none by its type."""
    made = Escaped(f"{type(error).__name__}: {error}".rstrip(": "))
    made.__cause__ = error
    return made


def raised_in(error: Exception) -> BaseException:
    """Return the exception that the user's code raised."""
    return error.__cause__ or error if isinstance(error, Escaped) else error


def described(error: Exception) -> str:
    """Return an error of the user's code with its type."""
    return str(error) if isinstance(error, Escaped) else f"{type(error).__name__}: {error}"


def called(
    function: Callable[..., T], *args: Any, passed_on: tuple[type[BaseException], ...] = ()
) -> T:
    """Call a function of the user in the main thread.

    Args:
        function: The function.
        args: Its arguments.
        passed_on: Further exceptions that the handler of a signal may raise here: a time limit.

    Raises:
        Escaped: It raised what is no error by its type.
        KeyboardInterrupt: Somebody ends the run.
    """
    try:
        return function(*args)
    except (Exception, KeyboardInterrupt):
        raise
    except BaseException as error:
        if type(error) in passed_on and _is_of_signal(error):
            raise
        raise escaped(error) from error


def _is_of_signal(error: BaseException) -> bool:
    """Return whether the handler of a signal raised an error, and not the code it interrupted.

    Python calls a handler with the frame that it interrupts.
    """
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        if any(value is trace.tb_frame for value in _arguments(trace.tb_next.tb_frame)):
            return True
        trace = trace.tb_next
    return False


def _arguments(frame: FrameType) -> Iterator[object]:
    """Yield the positional arguments of a call, also those that it takes as ``*args``."""
    import inspect  # late: a run whose code raises nothing does not need it

    names, rest, _, values = inspect.getargvalues(frame)
    yield from (values.get(name) for name in names)
    yield from values.get(rest, ()) if rest else ()


async def awaited(awaitable: Awaitable[T]) -> T:
    """Await the user's code in a task of its own, which tells its cancellations from the caller's.

    Raises:
        Escaped: It raised what is no error by its type.
    """
    task = asyncio.ensure_future(_guarded(awaitable))
    try:
        await asyncio.wait([task])
    except asyncio.CancelledError:
        task.cancel()
        await asyncio.wait([task])
        if not task.cancelled():
            task.exception()  # nobody waits for it any more
        raise
    try:
        return task.result()
    except asyncio.CancelledError as error:
        raise escaped(error) from error


async def _guarded(awaitable: Awaitable[T]) -> T:
    try:
        return await awaitable
    except (Exception, asyncio.CancelledError):
        raise
    except BaseException as error:
        # Some of these would end the event loop.
        raise escaped(error) from error
