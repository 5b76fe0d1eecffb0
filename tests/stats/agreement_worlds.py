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
EVEN = (1 / 6,) * 6
FIVES_AND_FOURS = (0.0, 0.0, 0.0, 0.05, 0.3, 0.65)
MOSTLY_FIVES = (0.03, 0.02, 0.02, 0.03, 0.05, 0.85)
NEARLY_ALL_FIVES = (0.03, 0.0, 0.0, 0.0, 0.0, 0.97)


@dataclass(frozen=True)
class Drawn:
    """A sample: the labels of each rater, the judge's scores, the clusters, and the systems."""

    ratings: list[Numbers]
    scores: Numbers
    clusters: Numbers
    systems: Numbers


@dataclass(frozen=True)
class Judged:
    """A name for the table, and a way to draw labels from 0 to 5 with the judge's scores.

    With several raters each errs as the judge does. A cluster of two has the same label. Systems
    take turns, and the second one scores less.
    """

    name: str
    draw: Draw
    raters: int = 1
    cluster: int = 1
    systems: int = 0
    rater_noise: float = 0.6

    def sample(self, random: np.random.Generator, n: int) -> Drawn:
        """Draw cases; with clusters ``n`` of these."""
        labels, scores = self.draw(random, n)
        clusters = np.repeat(np.arange(n), self.cluster)
        labels = labels[clusters]
        if self.cluster > 1:
            # The judge errs anew on each answer of a cluster.
            noise = np.round(random.normal(0, self.rater_noise, len(labels)))
            scores = np.clip(scores[clusters] + noise, 0, 5)
        ratings = [labels]
        if self.raters > 1:
            ratings = [self._erring(random, labels) for _ in range(self.raters)]
        systems = np.arange(len(labels)) % self.systems if self.systems else np.array([])
        if self.systems:
            ratings = [np.clip(rating - systems, 0, 5) for rating in ratings]
            scores = np.clip(scores - systems, 0, 5)
        return Drawn(ratings, scores, clusters, systems)

    def _erring(self, random: np.random.Generator, labels: Numbers) -> Numbers:
        noise = np.round(random.normal(0, self.rater_noise, len(labels)))
        return np.asarray(np.clip(labels + noise, 0, 5))


def pass_or_fail(share: float, right: float, specific: float | None = None) -> Judged:
    """People pass a share, and the judge passes and fails what they do with these probabilities."""
    specificity = right if specific is None else specific

    def draw(random: np.random.Generator, n: int) -> tuple[Numbers, Numbers]:
        labels = random.random(n) < share
        luck = random.random(n)
        return 5.0 * labels, 5.0 * np.where(labels, luck < right, luck >= specificity)

    return Judged(f"pass {share:.0%}, judge right in {right:.0%} and {specificity:.0%}", draw)


def graded(name: str, shares: tuple[float, ...], noise: float, bias: float = 0.0) -> Judged:
    """Whole labels from 0 to 5 with these shares, and a judge with rounded noise."""

    def draw(random: np.random.Generator, n: int) -> tuple[Numbers, Numbers]:
        labels = random.choice(6, size=n, p=shares).astype(float)
        return labels, np.clip(np.round(labels + random.normal(bias, noise, n)), 0, 5)

    lower = f", {-bias:g} lower" if bias else ""
    return Judged(f"{name}, judge noise {noise:g}{lower}", draw)


def fractions() -> Judged:
    """Labels and scores with fractions in the middle of the scale, and a judge with a bias."""

    def draw(random: np.random.Generator, n: int) -> tuple[Numbers, Numbers]:
        labels = 5 * random.beta(2, 2, n)
        return labels, np.clip(0.8 * labels + 0.7 + random.normal(0, 0.6, n), 0, 5)

    return Judged("fractions", draw)


def nearly_exact(shares: tuple[float, ...], wrong: float) -> Judged:
    """A judge of fractions close to the label, that is far off in a few cases."""

    def draw(random: np.random.Generator, n: int) -> tuple[Numbers, Numbers]:
        labels = random.choice(6, size=n, p=shares).astype(float)
        scores = np.clip(labels + random.normal(0, 0.1, n), 0, 5)
        return labels, np.where(random.random(n) < wrong, 5 * random.random(n), scores)

    return Judged(f"fractions, {wrong:.0%} far off", draw)
