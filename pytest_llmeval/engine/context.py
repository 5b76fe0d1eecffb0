"""The context of a call: what the engine must know of it besides the request."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

from pytest_llmeval.records.call import Completion


@dataclass(frozen=True)
class CallContext:
    """The case and the purpose that a call is made for.

    Attributes:
        home: The golden file or test file that the call belongs to, relative to the root directory.
        case: The case's id.
        purpose: ``answer``, or the name of the score.
        order: Position of the test; calls of earlier ones go first.
        is_spare: Whether the call is made ahead for whoever will need it, and given up where
            another process makes it.
        is_recorded: Whether recordings may answer the call, and keep its answer.
        is_fresh: Whether it must be made now, because a stored answer would not do.
    """

    home: str = ""
    case: str = ""
    purpose: str = "answer"
    order: float = 0.0
    is_spare: bool = False
    is_recorded: bool = True
    is_fresh: bool = False


_NOBODY = CallContext()
CALL_CONTEXT: ContextVar[CallContext] = ContextVar("CALL_CONTEXT", default=_NOBODY)
"""On whose behalf the running task calls; a task that is started from it inherits it."""

INNER_COMPLETIONS: ContextVar[list[Completion] | None] = ContextVar(
    "INNER_COMPLETIONS", default=None
)
"""Completions that the application under test got from the engine during a call."""

OUTER_LANES: ContextVar[tuple[str, ...]] = ContextVar("OUTER_LANES", default=())
"""Inside a call: the lanes that admitted it and the calls that contain it."""

HAS_RESERVATION: ContextVar[bool] = ContextVar("HAS_RESERVATION", default=False)
"""Whether the current call has a reservation in the budget, for whose end calls may wait."""


@contextmanager
def call_context(context: CallContext) -> Iterator[None]:
    """Make the calls of the block for a case and a purpose."""
    token = CALL_CONTEXT.set(context)
    try:
        yield
    finally:
        CALL_CONTEXT.reset(token)
