"""The bound of time that every metric has."""

from __future__ import annotations

from typing import Any

from pytest_llmeval.confined.parent import call_confined
from pytest_llmeval.errors import InputError, OutOfTime, WorkFailed

PATIENCE_S = 4.0
"""Seconds of CPU time for one comparison that a hostile text can make endless."""


def run_bounded(metric: str, module: str, function: str, arguments: list[Any], texts: str) -> Any:
    """Call a function in a process of its own, which is killed after `PATIENCE_S`.

    Args:
        metric: Name of the metric, for the message.
        module: Name of the module.
        function: Name of the function.
        arguments: Its arguments, of types that JSON has.
        texts: What it works on, for the message: ``the formulas``.

    Raises:
        OutOfTime: It took longer.
        InputError: It failed.
    """
    try:
        return call_confined(module, function, arguments, PATIENCE_S)
    except OutOfTime:
        raise OutOfTime(
            f"{metric} gave up after {PATIENCE_S:g} seconds: {texts} would take it longer"
        ) from None
    except WorkFailed as error:
        raise InputError(f"{metric} could not compare {texts}: {error}") from error
