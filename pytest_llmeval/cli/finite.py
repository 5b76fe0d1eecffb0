"""Ranges of numbers, as the type and as the value of an option."""

from __future__ import annotations

import math
from typing import Any

import click

from pytest_llmeval.errors import InputError
from pytest_llmeval.records.score import LARGEST_NUMBER


class FiniteRange(click.FloatRange):
    """A range that refuses ``nan``, which is neither inside nor outside of any, and ``inf``."""

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """Return the number."""
        number = float(super().convert(value, param, ctx))
        if not math.isfinite(number):
            self.fail(f"found {value}; allowed: a finite number.", param, ctx)
        return number


def check_scale(option: str, scale: tuple[float, float] | None) -> None:
    """Refuse a scale without a width, or one on which nothing can be computed.

    Raises:
        InputError: Its ends are not a lower and a higher number.
    """
    if scale is None:
        return
    low, high = scale
    if not (max(abs(low), abs(high)) <= LARGEST_NUMBER and high - low >= 1 / LARGEST_NUMBER):
        raise InputError(
            f"{option}: found {low:g} {high:g}; allowed: a lower and a higher number, "
            f"from {-LARGEST_NUMBER:g} to {LARGEST_NUMBER:g}"
        )
