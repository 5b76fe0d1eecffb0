"""How often the intervals of `llmeval calibrate` contain the truth, where it is known.

Not collected with the tests: `make simulate` runs it, and prints a table. The bar is 93%, less two
standard errors of the simulation, of the samples that get an interval. Where fewer than fifty
samples get one, that is all the table says.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from tests.stats.agreement_coverage import coverage_of_change, coverage_of_mean, coverages
from tests.stats.agreement_worlds import (
    EVEN,
    FIVES_AND_FOURS,
    MOSTLY_FIVES,
    NEARLY_ALL_FIVES,
    SKEWED,
    Judged,
    fractions,
    graded,
    nearly_exact,
    pass_or_fail,
)

RUNS = 200
MEAN_RUNS = 400
SIZES = (10, 20, 50, 100)
SHARES = (0.5, 0.8, 0.9, 0.95, 0.98)
BINARY = [
    *(pass_or_fail(share, right) for share in SHARES for right in (0.7, 0.9, 0.98)),
    pass_or_fail(0.9, 0.98, 0.7),
]
FIVES = [
    graded("85% fives", MOSTLY_FIVES, 0.7),
    graded("85% fives", MOSTLY_FIVES, 1.5),
    graded("97% fives", NEARLY_ALL_FIVES, 0.5),
    graded("97% fives", NEARLY_ALL_FIVES, 0.7),
    graded("97% fives", NEARLY_ALL_FIVES, 0.7, -0.5),
]
GRADED = [
    graded("even", EVEN, 0.5),
    graded("skewed", SKEWED, 0.3),
    graded("skewed", SKEWED, 0.7),
    graded("skewed", SKEWED, 1.5),
    fractions(),
    nearly_exact(SKEWED, 0.1),
    graded("fives and fours", FIVES_AND_FOURS, 0.5),
    *FIVES,
]
SEVERAL = [
    *(
        replace(
            world, name=f"{world.name}, {text}", raters=raters, cluster=cluster, systems=systems
        )
        for world in (graded("skewed", SKEWED, 0.7), graded("85% fives", MOSTLY_FIVES, 0.7))
        for text, raters, cluster, systems in (
            ("3 raters", 3, 1, 0),
            ("2 systems", 1, 1, 2),
            ("clusters of 3", 1, 3, 0),
        )
    ),
]
MEANS = [*GRADED, *(pass_or_fail(share, 0.9) for share in SHARES), pass_or_fail(0.9, 0.98, 0.7)]

Say = Callable[[str], None]


@pytest.fixture
def say(capsys: pytest.CaptureFixture[str]) -> Say:
    def line(text: str) -> None:
        with capsys.disabled():
            print(f"\n| {text} | ", end="")

    return line


@pytest.mark.parametrize("n", SIZES)
@pytest.mark.parametrize("world", [*BINARY, *GRADED, *SEVERAL], ids=lambda world: world.name)
def test_every_interval_that_is_shown_holds_the_truth(world: Judged, n: int, say: Say) -> None:
    low = []
    for name, found in coverages(world, n, RUNS).items():
        held = f"{found.held:.1%}" if found.is_measured(RUNS) else "-"
        say(f"{world.name} | {n} | {name} | {held} | {found.shown:.0%} shown")
        if found.is_measured(RUNS) and found.held < found.bar(RUNS):
            low.append((name, found))
    assert not low


@pytest.mark.parametrize("n", SIZES)
@pytest.mark.parametrize("world", MEANS, ids=lambda world: world.name)
def test_the_mean_of_people_holds_the_truth(world: Judged, n: int, say: Say) -> None:
    found = coverage_of_mean(world, n, MEAN_RUNS)
    say(f"{world.name} | {n} | mean | {found.held:.1%} | 100% shown")
    assert found.held >= found.bar(MEAN_RUNS)


@pytest.mark.parametrize("n", SIZES)
@pytest.mark.parametrize("world", GRADED, ids=lambda world: world.name)
def test_the_change_that_people_see_holds_the_truth(world: Judged, n: int, say: Say) -> None:
    found = coverage_of_change(world, n, MEAN_RUNS)
    say(f"{world.name} | {n} | change | {found.held:.1%} | {found.shown:.0%} shown")
    assert not found.is_measured(MEAN_RUNS) or found.held >= found.bar(MEAN_RUNS)
