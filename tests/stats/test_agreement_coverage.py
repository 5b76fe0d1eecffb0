"""A small part of `make simulate`: how often the intervals of a calibration contain the truth."""

from __future__ import annotations

import pytest

from tests.stats.agreement_coverage import coverage_of, coverage_of_mean
from tests.stats.agreement_worlds import (
    NEARLY_ALL_FIVES,
    SKEWED,
    Judged,
    fractions,
    graded,
    pass_or_fail,
)

RUNS = 40


@pytest.mark.parametrize(
    ("name", "world"),
    [
        ("kappa", pass_or_fail(0.5, 0.7)),
        ("weighted_kappa", graded("skewed", SKEWED, 1.5)),
        ("alpha", graded("skewed", SKEWED, 1.5)),
    ],
)
def test_an_interval_of_agreement_holds_the_truth(
    name: str, world: Judged, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pytest_llmeval.stats.bootstrap._DRAWS", 199)
    found = coverage_of(world, name, 12, RUNS)
    assert found.held >= found.bar(RUNS)


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
