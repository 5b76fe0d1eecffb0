"""How often the intervals of `llmeval calibrate` contain the truth, where it is known.

Not collected with the tests: `make simulate` runs it. The bar is 93%, less two standard errors of
the simulation, of the samples that get an interval. The bootstrap draws 199 samples in place of 999.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.stats.agreement_coverage import coverage_of, coverage_of_mean
from tests.stats.agreement_worlds import (
    MOSTLY_FIVES,
    NEARLY_ALL_FIVES,
    SKEWED,
    Judged,
    fractions,
    graded,
    pass_or_fail,
)

RUNS = 300
MEAN_RUNS = 1_000
SIZES = (10, 20, 30, 50, 100)
BINARY = [pass_or_fail(0.5, 0.9), pass_or_fail(0.5, 0.7), pass_or_fail(0.8, 0.9)]
GRADED = [graded("skewed", SKEWED, 0.7), graded("skewed", SKEWED, 1.5), fractions()]
SPARSE = [graded("85% fives", MOSTLY_FIVES, 0.7)]
# Ten labels of which three are no fives are one sample in six, and no usual one.
FEWEST_OF_SPARSE = 20
MEANS = [
    *GRADED,
    *SPARSE,
    graded("97% fives", NEARLY_ALL_FIVES, 0.5),
    *(pass_or_fail(share, 0.9) for share in (0.5, 0.8, 0.9, 0.95, 0.98)),
    pass_or_fail(0.9, 0.98, 0.7),
]

Say = Callable[[str], None]


@pytest.fixture
def say(capsys: pytest.CaptureFixture[str]) -> Say:
    def line(text: str) -> None:
        with capsys.disabled():
            print(f"\n| {text} | ", end="")

    return line


@pytest.fixture(autouse=True)
def _fewer_draws(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pytest_llmeval.stats.bootstrap._DRAWS", 199)


@pytest.mark.parametrize("n", SIZES)
@pytest.mark.parametrize(
    ("name", "worlds"),
    [
        ("kappa", BINARY),
        *((name, [*GRADED, *SPARSE]) for name in ("weighted_kappa", "alpha", "ordinal_alpha", "pearson", "offset")),
    ],
)  # fmt: skip
def test_an_interval_of_agreement_holds_the_truth(
    name: str, worlds: list[Judged], n: int, say: Say
) -> None:
    for world in worlds:
        if world in SPARSE and n < FEWEST_OF_SPARSE:
            continue
        found = coverage_of(world, name, n, RUNS)
        say(f"{name} | {world.name}, n={n} | holds {found.held:.1%} of {found.shown:.0%} shown")
        assert found.held >= found.bar(RUNS)


@pytest.mark.parametrize("n", SIZES)
@pytest.mark.parametrize("world", MEANS, ids=lambda world: world.name)
def test_the_mean_of_people_holds_the_truth(world: Judged, n: int, say: Say) -> None:
    found = coverage_of_mean(world, n, MEAN_RUNS)
    say(f"mean | {world.name}, n={n} | holds {found.held:.1%}")
    assert found.held >= found.bar(MEAN_RUNS)
