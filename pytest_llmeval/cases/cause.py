"""Why a case did not pass, by the error that ended it."""

from __future__ import annotations

from pytest_llmeval.errors import (
    CallError,
    InputError,
    NotConfiguredError,
    NotSent,
    RunLogError,
    StoreError,
    Undecided,
    Unjudged,
)
from pytest_llmeval.records.result import Cause

CAUSES: tuple[tuple[type[BaseException], Cause], ...] = (
    (Unjudged, "unscored"),
    (Undecided, "undecided"),
    (NotSent, "not_sent"),
    (CallError, "call"),
    (NotConfiguredError, "no_model"),
    (InputError, "input"),
    (StoreError, "store"),
    (RunLogError, "store"),
    (AssertionError, "assertion"),
)
"""The first type that fits decides, so that a special one stands before its base."""


def cause_of(error: BaseException) -> Cause:
    """The cause of an outcome that an error decided."""
    return next((cause for kind, cause in CAUSES if isinstance(error, kind)), "exception")
