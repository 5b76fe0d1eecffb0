"""Judges and people whose agreement is known, for measuring how often an interval holds it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[Any]
Draw = Callable[[np.random.Generator, int], tuple[Numbers, Numbers]]

SKEWED = (0.05, 0.05, 0.1, 0.1, 0.2, 0.5)
MOSTLY_FIVES = (0.03, 0.02, 0.02, 0.03, 0.05, 0.85)
NEARLY_ALL_FIVES = (0.03, 0.0, 0.0, 0.0, 0.0, 0.97)


@dataclass(frozen=True)
class Judged:
    """A name for the table, and a way to draw labels from 0 to 5 with the judge's scores."""

    name: str
    draw: Draw

    def truth(self, figure: Callable[..., float | None]) -> float:
        """The figure of a very large sample."""
        value = figure(*self.draw(np.random.default_rng(1), 200_000))
        assert value is not None
        return value


def pass_or_fail(share: float, right: float, specific: float | None = None) -> Judged:
    """People pass a share, and the judge passes and fails what they do with these probabilities."""
    specificity = right if specific is None else specific

    def draw(random: np.random.Generator, n: int) -> tuple[Numbers, Numbers]:
        labels = random.random(n) < share
        luck = random.random(n)
        return 5.0 * labels, 5.0 * np.where(labels, luck < right, luck >= specificity)

    return Judged(f"pass {share:.0%}, judge right in {right:.0%} and {specificity:.0%}", draw)


def graded(name: str, shares: tuple[float, ...], noise: float) -> Judged:
    """Whole labels from 0 to 5 with these shares, and a judge with rounded noise."""

    def draw(random: np.random.Generator, n: int) -> tuple[Numbers, Numbers]:
        labels = random.choice(6, size=n, p=shares).astype(float)
        return labels, np.clip(np.round(labels + random.normal(0, noise, n)), 0, 5)

    return Judged(f"{name}, judge noise {noise:g}", draw)


def fractions() -> Judged:
    """Labels and scores with fractions in the middle of the scale, and a judge with a bias."""

    def draw(random: np.random.Generator, n: int) -> tuple[Numbers, Numbers]:
        labels = 5 * random.beta(2, 2, n)
        return labels, np.clip(0.8 * labels + 0.7 + random.normal(0, 0.6, n), 0, 5)

    return Judged("fractions", draw)
