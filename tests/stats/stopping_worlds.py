"""How an early stop, a series of runs and a plan do where the truth is known."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from statistics import median

import numpy as np

from pytest_llmeval.stats import betting
from pytest_llmeval.stats.betting import e_value
from pytest_llmeval.stats.gate import GateRules, gate
from pytest_llmeval.stats.paired import PairedScores
from pytest_llmeval.stats.planning import Goal, holdable_margin, noise_of, planned_cases
from pytest_llmeval.stats.stream import stream_evidence
from tests.stats.gate_worlds import Numbers, World

MARGIN, ALPHA = 0.02, 0.05


@dataclass(frozen=True)
class Stops:
    """What became of some runs that may stop early.

    Attributes:
        worse: Share of the runs in which a drop was ever shown.
        safe: Share in which the margin was ever ruled out.
        regressed: Shares of the cases that were needed where the verdict was REGRESSED.
        ok: The same where it was no worse.
        runs: Number of runs.
    """

    worse: float
    safe: float
    regressed: Sequence[float]
    ok: Sequence[float]
    runs: int

    def text(self) -> str:
        """The verdicts, each with the median share of the cases."""
        parts = []
        for word, shares in (("REGRESSED", self.regressed), ("no worse", self.ok)):
            needed = f" with {median(shares):.0%} of the cases" if shares else ""
            parts.append(f"{word} {len(shares) / self.runs:.1%}{needed}")
        return ", ".join(parts)


def differences(scores: PairedScores) -> list[float]:
    return [after - before for before, after in zip(scores.before, scores.after, strict=True)]


def e_path(totals: Sequence[float], mean: float = 0.0, is_below: bool = True) -> list[float]:
    """The logarithm of the e-value after each difference."""
    values = np.asarray(totals, dtype=float)
    logs = betting._log_path(values, np.ones_like(values), mean, is_below)
    return [float(log) for log in logs]


def first(path: Sequence[float], bar: float) -> float:
    """The first time at which a path has reached a bar; infinity if it never does."""
    reached = np.asarray(path) >= bar
    return float(np.argmax(reached)) if reached.any() else math.inf


def stops(world: World, drop: float, runs: int, metrics: int = 1) -> Stops:
    """Run a suite case by case until the verdict is certain, as the gate of one metric."""
    random = np.random.default_rng([*world.name.encode(), int(1e6 * drop)])
    worse = safe = 0
    regressed, fine = [], []
    for _ in range(runs):
        change = differences(world.draw(random, drop))
        ever_worse = first(e_path(change), math.log(metrics / ALPHA))
        ever_safe = first(e_path(change, -MARGIN, is_below=False), math.log(1 / ALPHA))
        worse += ever_worse < math.inf
        safe += ever_safe < math.inf
        large = np.cumsum(change) / np.arange(1, len(change) + 1) <= -MARGIN + 1e-9
        large[: int(min(ever_worse, len(change)))] = False
        certain = float(np.argmax(large)) if large.any() else math.inf
        if certain <= ever_safe and certain < math.inf:
            regressed.append((certain + 1) / len(change))
        elif ever_safe < math.inf:
            fine.append((ever_safe + 1) / len(change))
    return Stops(worse / runs, safe / runs, regressed, fine, runs)


def shuffled_stops(change: Numbers, runs: int) -> float:
    """How often a fixed suite, whose mean has not changed at all, is ever called worse."""
    random = np.random.default_rng(len(change))
    bar = math.log(1 / ALPHA)
    return sum(max(e_path(random.permutation(change).tolist())) >= bar for _ in range(runs)) / runs


def series(n: int, noise: float, nights: int, runs: int, drop: float = 0.0) -> tuple[float, float]:
    """How often a series of runs shares a baseline and is ever called worse: by the sum, by the product.

    A drop begins with the tenth run.
    """
    random = np.random.default_rng([n, int(1000 * noise), int(1000 * drop)])
    by_sum = by_product = 0
    for _ in range(runs):
        truth = random.uniform(0.3, 0.9, n)
        before = np.clip(truth + random.normal(0, noise, n), 0, 1)
        values = []
        for night in range(nights):
            shift = drop if night >= 9 else 0.0
            after = np.clip(truth + random.normal(-shift, noise, n), 0, 1)
            values.append(e_value((after - before).tolist()))
        by_sum += stream_evidence(values) >= 1 / ALPHA
        by_product += float(np.max(np.cumprod(values))) >= 1 / ALPHA
    return by_sum / runs, by_product / runs


@dataclass(frozen=True)
class Planned:
    """What became of some plans: the median size, the power at it, and how often its margin held."""

    cases: float
    power: float
    margin: float
    held: float


def planned(pilot: World, sized: dict[int, World], runs: int) -> Planned:
    """Plan a suite by a pilot pair of runs, and run suites of the planned size.

    Args:
        pilot: The pilot, and the suite whose margin is planned.
        sized: Filled with the same situation of other sizes.
        runs: Number of plans.
    """
    random = np.random.default_rng([*pilot.name.encode()])
    rules = GateRules(draws=399)
    sizes, margins = [], []
    hits = held = 0
    for seed in range(runs):
        noise = noise_of(pilot.draw(random, 0.0))
        goal = Goal()
        size = planned_cases(noise, goal)
        margin = holdable_margin(noise, goal)
        assert size is not None
        assert margin is not None
        sizes.append(size)
        margins.append(margin)
        large = sized[size].draw(random, goal.drop)
        hits += gate(large, replace(rules, seed=seed)).verdict == "REGRESSED"
        quiet = gate(pilot.draw(random, 0.0), replace(rules, seed=seed, margin=margin))
        held += quiet.is_shown
    return Planned(median(sizes), hits / runs, median(margins), held / runs)


class Sized(dict[int, World]):
    """A situation by its number of cases."""

    def __init__(self, kind: object, *parameters: float) -> None:
        super().__init__()
        self._kind, self._parameters = kind, parameters

    def __missing__(self, n: int) -> World:
        assert callable(self._kind)
        made: World = self._kind(n, *self._parameters)
        self[n] = made
        return made
