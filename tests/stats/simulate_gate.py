"""How often the gate errs when the truth is known: a thousand runs of each situation.

Not collected with the tests: `make simulate` runs it, in some minutes, and prints the table, of
which docs/what-a-verdict-promises.md shows the summary. Where a permutation decides, it draws 999 signs in
place of 9,999, anew for each run.

Bars, each plus two standard errors of the simulation:

- nothing changed in the mean: REGRESSED or WARN in at most 6% of the runs;
- a true drop of the margin: OK in at most 6%;
- a true drop of the size that a quiet run prints as detectable: REGRESSED in 75 to 85%.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from pytest_llmeval.stats.gate import GateRules, gate, gate_metrics
from pytest_llmeval.stats.paired import PairedScores, paired_change
from pytest_llmeval.stats.power import Detection, detectable_drop
from tests.stats.gate_worlds import (
    JUDGMENTS,
    World,
    few_cases,
    graded_part,
    lognormal_sizes,
    noisy,
    one_large,
    pass_fail,
    pass_fail_part,
    published,
    rare_gains,
    rare_losses,
    rare_passes,
    sparse,
    unequal,
)

RUNS = 1_000
POWER_RUNS = 400
RULES = GateRules(draws=999)
MARGIN = RULES.margin
ERRORS = 0.06 + 2 * math.sqrt(0.06 * 0.94 / RUNS)
POWER = 2 * math.sqrt(0.8 * 0.2 / POWER_RUNS)

Say = Callable[[str], None]

# A random part, corrected by the baseline's scores of all cases.
PARTS = [
    *(graded_part(*sizes) for sizes in ((100, 50), (200, 50), (400, 100), (1000, 200))),
    *(pass_fail_part(*sizes) for sizes in ((200, 100), (400, 100), (1000, 200))),
]
NO_DIFFERENCE = [
    *(pass_fail(n, 0.1) for n in (20, 50, 100)),
    *(noisy(n, 0.1) for n in (20, 50, 100)),
    *(sparse(n, 0.1) for n in (20, 100)),
    noisy(100, 0.1, size=5),
    unequal("one holds a third", one_large(40, 1 / 3)),
    unequal("one holds half", one_large(12, 1 / 2)),
    unequal("lognormal sizes", lognormal_sizes(40, 1.0)),
    *(rare_gains(n, 0.06) for n in (20, 50, 100, 300)),
    *(rare_gains(n, 0.5, gaining=0.5) for n in (20, 50, 100, 300)),
    *PARTS,
]
# Most cases are near the floor, and the few that pass are lost: a run may hold none of them.
FLOORS = [
    *(rare_passes(n, others) for others in (0.01, 0.05, 0.2) for n in (30, 50, 75, 100, 150)),
    *(rare_passes(n, 0.01, noise) for noise in (0.002, 0.03) for n in (50, 150, 300)),
    *(rare_passes(n, 0.5, lowest=0.0) for n in (75, 100, 150)),
    *(rare_passes(n, 0.0, size=2) for n in (50, 100, 200, 300)),
    *(rare_passes(n, 0.0) for n in (30, 50, 100, 135, 150, 300)),
]
DROP_OF_THE_MARGIN = [
    *(rare_losses(n, s) for s in (0, 0.002, 0.03, 0.1, 0.3) for n in (20, 50, 150, 300)),
    *(pass_fail(n, churn) for churn in (0.0, 0.02) for n in (50, 150, 300, 600)),
    unequal("one holds half", one_large(12, 1 / 2)),
    unequal("one holds half", one_large(60, 1 / 2)),
    unequal("one holds a third", one_large(12, 1 / 3)),
    unequal("one holds a third", one_large(60, 1 / 3)),
    # What the cases of a run have to lose says nothing of those that it does not hold.
    unequal("one holds half, little to lose", one_large(12, 1 / 2), 0.01, 0.05),
    unequal("one holds half, little to lose", one_large(60, 1 / 2), 0.01, 0.05),
    unequal("one holds a third, little to lose", one_large(60, 1 / 3), 0.01, 0.05),
    unequal("lognormal sizes, little to lose", lognormal_sizes(40, 1.0), 0.02, 0.1),
    unequal("lognormal sizes", lognormal_sizes(300, 0.7), 0.1),
    *FLOORS,
    *PARTS,
]
DETECTED = [
    *(pass_fail(n, 0.04) for n in (50, 100)),
    noisy(20, 0.05),
    noisy(20, 0.15),
    noisy(50, 0.15),
    noisy(100, 0.15, size=5),
    sparse(20, 0.05),
    sparse(50, 0.15),
    sparse(100, 0.05),
]
# Those that gain had more to gain than all others: a run without one of them cannot know.
UNPROMISED = [
    rare_gains(n, before, gaining)
    for before, gaining in ((0.5, 0.0), (0.95, 0.5), (0.95, 0.0))
    for n in (20, 50, 100)
]


@pytest.fixture
def say(capsys: pytest.CaptureFixture[str]) -> Say:
    def line(text: str) -> None:
        with capsys.disabled():
            print(f"\n| {text} | ", end="")

    return line


@pytest.fixture(autouse=True)
def _without_power(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave out what a verdict does not depend on, and what takes nine tenths of its time."""
    monkeypatch.setattr("pytest_llmeval.stats.gate.detectable_drop", lambda *_: None)
    monkeypatch.setattr("pytest_llmeval.stats.gate.cases_needed", lambda *_: None)


@cache
def table_verdict(lost: int, gained: int, n: int) -> str:
    """Judge pass/fail scores, of which only the counts matter."""
    before = [1.0] * lost + [0.0] * gained + [1.0] * (n - lost - gained)
    after = [0.0] * lost + [1.0] * gained + [1.0] * (n - lost - gained)
    return gate(PairedScores(before, after, is_pass_fail=True), RULES).verdict


def verdict(scores: PairedScores, seed: int) -> str:
    if scores.is_pass_fail and not scores.everything:
        pairs = list(zip(scores.before, scores.after, strict=True))
        return table_verdict(pairs.count((1, 0)), pairs.count((0, 1)), len(pairs))
    return gate(scores, replace(RULES, seed=seed)).verdict


def shares(world: World, drop: float, runs: int = RUNS) -> dict[str, float]:
    """The share of each verdict."""
    random = np.random.default_rng([*world.name.encode(), int(1e6 * drop)])
    found = Counter(verdict(world.draw(random, drop), seed) for seed in range(runs))
    return {name: found[name] / runs for name in ("REGRESSED", "WARN", "OK", "INCONCLUSIVE")}


def false_alarms(world: World, runs: int = RUNS) -> float:
    found = shares(world, 0.0, runs)
    return found["REGRESSED"] + found["WARN"]


def power(world: World, metrics: int, runs: int = POWER_RUNS) -> tuple[float, float]:
    """The median of what quiet runs print as detectable, and how often that is REGRESSED next."""
    random = np.random.default_rng([*world.name.encode(), metrics])
    printed = []
    hits = 0
    for seed in range(runs):
        quiet = world.draw(random, 0.0)
        change = paired_change(quiet)
        detection = Detection(
            MARGIN, RULES.alpha, metrics, quiet.is_pass_fail, is_sparse=change.ties > 0.5
        )
        drop = detectable_drop(change, detection)
        assert drop is not None
        printed.append(drop)
        drawn = {other: world.draw(random, 0.0) for other in range(1, metrics)}
        drawn[0] = world.draw(random, drop)
        hits += gate_metrics(drawn, replace(RULES, seed=seed))[0].verdict == "REGRESSED"
    return float(np.median(printed)), hits / runs


@pytest.mark.parametrize("world", NO_DIFFERENCE, ids=lambda world: world.name)
def test_nothing_changed_in_the_mean_and_it_is_seldom_called_worse(world: World, say: Say) -> None:
    found = false_alarms(world)
    say(f"no difference | {world.name} | REGRESSED or WARN {found:.1%}")
    assert found <= ERRORS


@pytest.mark.parametrize("n", [20, 30, 50, 100])
def test_real_asymmetric_differences_of_mean_zero_are_seldom_called_worse(n: int, say: Say) -> None:
    if not JUDGMENTS.is_file():
        pytest.skip(f"the published judgments are not here: ../shared/data/{JUDGMENTS.name}")
    found = [false_alarms(world) for world in published(n, 8)]
    mean, worst = sum(found) / len(found), max(found)
    say(
        f"no difference | MT-bench, {len(found)} pairs of models, n={n} | "
        f"REGRESSED or WARN {mean:.1%}, worst pair {worst:.1%}"
    )
    assert worst <= ERRORS


@pytest.mark.parametrize("world", DROP_OF_THE_MARGIN, ids=lambda world: world.name)
def test_a_drop_of_the_margin_is_seldom_ok(world: World, say: Say) -> None:
    found, quiet = shares(world, MARGIN)["OK"], shares(world, 0.0)["OK"]
    say(f"drop of 2 points | {world.name} | OK {found:.1%} (without a drop {quiet:.1%})")
    assert found <= ERRORS


@pytest.mark.parametrize("world", DETECTED, ids=lambda world: world.name)
@pytest.mark.parametrize("metrics", [1, 2, 4, 8])
def test_four_in_five_drops_of_the_printed_size_are_regressed(
    world: World, metrics: int, say: Say
) -> None:
    printed, found = power(world, metrics)
    name = f"{world.name}, {metrics} metrics"
    say(f"drop of the printed size | {name} | {100 * printed:.1f} points: REGRESSED {found:.1%}")
    assert 0.75 - POWER <= found <= 0.85 + POWER


@pytest.mark.parametrize("world", UNPROMISED, ids=lambda world: world.name)
def test_what_is_not_promised_is_shown(world: World, say: Say) -> None:
    """A kind of case that has much to gain, and of which a run holds none, cannot be allowed for."""
    found = false_alarms(world)
    say(f"not promised | {world.name} | REGRESSED or WARN {found:.1%}")
    assert found <= 0.5


@pytest.mark.parametrize("n", [20, 50, 100])
def test_a_drop_of_few_cases_is_missed_where_the_printed_one_is_of_all(n: int, say: Say) -> None:
    """All cases change by chance, so that the printed drop is one that all share."""
    printed = power(noisy(n, 0.05), 1, runs=50)[0]
    found = shares(few_cases(n, 0.05), printed)["REGRESSED"]
    say(f"not promised | a drop of {100 * printed:.1f} points by few cases | REGRESSED {found:.1%}")
    assert found <= 0.85
