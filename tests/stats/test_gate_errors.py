"""A small part of `make simulate`, with loose bars: how often the gate errs when the truth is known."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from pytest_llmeval.stats.gate import GateRules, gate, gate_metrics
from tests.stats.gate_worlds import (
    World,
    noisy,
    one_large,
    pass_fail,
    rare_gains,
    rare_losses,
    rare_passes,
    sparse,
    unequal,
)

RUNS = 100
RULES = GateRules(draws=399)
# 5% of a hundred runs are eleven or fewer in 99.6% of all simulations; the seeds are fixed.
FEW = 0.11


def shares(world: World, drop: float) -> Counter[str]:
    random = np.random.default_rng(7)
    found: Counter[str] = Counter()
    for seed in range(RUNS):
        found[gate(world.draw(random, drop), replace(RULES, seed=seed)).verdict] += 1
    return found


@pytest.mark.parametrize(
    "world",
    [
        pass_fail(100, 0.1),
        noisy(20, 0.1),
        rare_gains(20, 0.06),
        rare_gains(100, 0.06),
        unequal("one holds half", one_large(12, 1 / 2)),
    ],
    ids=lambda world: world.name,
)
def test_without_a_difference_few_runs_are_called_worse(world: World) -> None:
    found = shares(world, 0.0)
    assert found["REGRESSED"] + found["WARN"] <= FEW * RUNS


@pytest.mark.parametrize(
    "world",
    [
        rare_losses(20, 0.002),
        rare_losses(150, 0.0),
        rare_losses(150, 0.03),
        rare_passes(50, 0.01),
        rare_passes(100, 0.2),
        rare_passes(100, 0.0, size=2),
        rare_passes(100, 0.5, lowest=0.0),
        rare_passes(150, 0.0),
        pass_fail(300, 0.02),
        unequal("one holds half", one_large(12, 1 / 2), 0.01, 0.05),
    ],
    ids=lambda world: world.name,
)
def test_few_runs_with_a_drop_of_the_margin_are_ok(world: World) -> None:
    assert shares(world, RULES.margin)["OK"] <= FEW * RUNS


@pytest.mark.parametrize(
    ("world", "metrics"),
    [(noisy(20, 0.05), 4), (sparse(50, 0.1), 1)],
    ids=["graded", "sparse"],
)
def test_most_drops_of_the_printed_size_are_regressed(world: World, metrics: int) -> None:
    """For pass/fail scores test_power.py enumerates it."""
    random = np.random.default_rng(7)
    hits = 0
    for seed in range(RUNS):
        quiet = {name: world.draw(random, 0.0) for name in range(metrics)}
        printed = gate_metrics(quiet, RULES)[0].detectable
        assert printed is not None
        quiet[0] = world.draw(random, printed)
        hits += gate_metrics(quiet, replace(RULES, seed=seed))[0].verdict == "REGRESSED"
    assert 0.68 * RUNS <= hits <= 0.92 * RUNS
