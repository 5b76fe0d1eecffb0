"""Who asks: what the engine must know of a call beside its request."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

from pytest_llmeval.records.call import Completion


@dataclass(frozen=True)
class Asking:
    """On whose behalf a call is made.

    Attributes:
        home: The golden file or test file that the call belongs to, relative to the root directory.
        case: The case's id.
        purpose: ``answer``, or the name of the score.
        order: Position of the test; calls of earlier ones go first.
        is_spare: Whether the call is made ahead for whoever will need it, and given up where
            another process makes it.
        is_recorded: Whether recordings may answer the call, and keep its answer.
    """

    home: str = ""
    case: str = ""
    purpose: str = "answer"
    order: float = 0.0
    is_spare: bool = False
    is_recorded: bool = True


NOBODY = Asking()
ASKING: ContextVar[Asking] = ContextVar("ASKING", default=NOBODY)
"""Who asks in the running task; a task that is started from it inherits it."""

INNER: ContextVar[list[Completion] | None] = ContextVar("INNER", default=None)
"""Inside a call: filled with the completions that an application under test gets through the engine to make its own."""


AROUND: ContextVar[tuple[str, ...]] = ContextVar("AROUND", default=())
"""Inside a call: the lanes in which it and the calls around it were admitted."""


RESERVED: ContextVar[bool] = ContextVar("RESERVED", default=False)
"""Inside a call: whether a part of the budget is set aside for it, so that others may be waiting for its end."""


@contextmanager
def asking(who: Asking) -> Iterator[None]:
    """Ask on somebody's behalf."""
    token = ASKING.set(who)
    try:
        yield
    finally:
        ASKING.reset(token)
