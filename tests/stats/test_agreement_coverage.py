"""A small part of `make simulate`: how often the intervals of a calibration contain the truth."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.stats.agreement_coverage import (
    Coverage,
    coverage_of_change,
    coverage_of_mean,
    coverages,
)
from tests.stats.agreement_worlds import (
    MOSTLY_FIVES,
    NEARLY_ALL_FIVES,
    SKEWED,
    Judged,
    fractions,
    graded,
    pass_or_fail,
)

RUNS = 60
SKEWED_JUDGE = graded("skewed", SKEWED, 1.5)


@pytest.mark.parametrize(
    ("world", "n"),
    [
        (pass_or_fail(0.5, 0.7), 10),
        (SKEWED_JUDGE, 12),
        (graded("85% fives", MOSTLY_FIVES, 1.5), 20),
        (graded("97% fives", NEARLY_ALL_FIVES, 0.7), 50),
        (replace(SKEWED_JUDGE, raters=3, systems=2), 20),
        (replace(SKEWED_JUDGE, cluster=3), 12),
    ],
    ids=["pass", "skewed", "85% fives", "97% fives", "raters and systems", "clusters"],
)
def test_every_interval_that_is_shown_holds_the_truth(world: Judged, n: int) -> None:
    found = coverages(world, n, RUNS)
    assert {name: each for name, each in found.items() if each.held < each.bar(RUNS)} == {}


def test_labels_that_are_nearly_all_fives_seldom_have_an_interval() -> None:
    found = coverages(graded("97% fives", NEARLY_ALL_FIVES, 0.7), 10, RUNS)
    assert {found[name].shown for name in ("kappa", "alpha", "pearson")} == {0.0}


@pytest.mark.parametrize(
    "world",
    [
        fractions(),
        graded("97% fives", NEARLY_ALL_FIVES, 0.5),
        pass_or_fail(0.95, 0.9),
    ],
    ids=lambda world: world.name,
)
@pytest.mark.parametrize("n", [10, 30])
def test_the_mean_of_people_holds_the_truth(world: Judged, n: int) -> None:
    found = coverage_of_mean(world, n, 200)
    assert found.held >= found.bar(200)


def test_the_change_that_people_see_holds_the_truth() -> None:
    found: Coverage = coverage_of_change(graded("85% fives", MOSTLY_FIVES, 0.7), 20, 200)
    assert found.shown > 0.5
    assert found.held >= found.bar(200)
