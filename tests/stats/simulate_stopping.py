"""How often an early stop, a series of runs and a plan err when the truth is known.

Not collected with the tests: `make simulate` runs it, in some minutes, and prints the table, of
which docs/fewer-cases.md shows the summary.

Bars, each plus two standard errors of the simulation:

- nothing changed in the mean: "worse" is shown at any time in at most 5% of 2,000 runs;
- a true drop of the margin: "no worse" at any time in at most 5%;
- thirty runs against one baseline without a change: a drop is shown in at most 5% of the series;
- suites of the planned size: the drop is REGRESSED in 75 to 85%, and the planned margin holds in 75
  to 85% of runs without a change.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest

from tests.stats.gate_worlds import (
    Numbers,
    World,
    few_cases,
    noisy,
    pass_fail,
    rare_gains,
    sparse,
)
from tests.stats.stopping_worlds import (
    ALPHA,
    MARGIN,
    Sized,
    planned,
    series,
    shuffled_stops,
    stops,
)

STREAMS = 2_000
RUNS = 400
ERRORS = ALPHA + 2 * math.sqrt(ALPHA * (1 - ALPHA) / STREAMS)
FEW_ERRORS = ALPHA + 2 * math.sqrt(ALPHA * (1 - ALPHA) / RUNS)
POWER = 2 * math.sqrt(0.8 * 0.2 / RUNS)

Say = Callable[[str], None]

WORLDS = [
    *(pass_fail(n, churn) for churn in (0.02, 0.1, 0.4) for n in (100, 300)),
    *(noisy(n, noise) for noise in (0.02, 0.1, 0.3) for n in (100, 300)),
    *(sparse(n, 0.1) for n in (100, 300)),
    *(rare_gains(n, 0.5) for n in (20, 100)),
    *(rare_gains(n, 0.95) for n in (20, 100)),
]
SHARES = [
    *(pass_fail(n, churn) for churn in (0.02, 0.1) for n in (200, 500)),
    *(noisy(n, noise) for noise in (0.02, 0.1, 0.3) for n in (200, 500)),
    *(few_cases(n, 0.05) for n in (200, 500)),
]
SUITES = {
    "pass/fail, 10% lost and as many gained": np.repeat([-1.0, 1.0, 0.0], [20, 20, 160]),
    "one case in twenty gains 0.95, the others lose 0.05": np.repeat([0.95, -0.05], [10, 190]),
    "one case in twenty loses 0.95, the others gain 0.05": np.repeat([-0.95, 0.05], [10, 190]),
}
PLANS = [
    (pass_fail, (0.04,), 150),
    (pass_fail, (0.1,), 150),
    (noisy, (0.15,), 100),
    (noisy, (0.2,), 100),  # with more noise scores would meet the ends of their scale
    (sparse, (0.1,), 150),
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


@pytest.mark.parametrize("world", WORLDS, ids=lambda world: world.name)
def test_without_a_change_worse_is_seldom_shown_at_any_time(world: World, say: Say) -> None:
    found = stops(world, 0.0, STREAMS)
    say(f"early stop, no difference | {world.name} | worse at any time {found.worse:.2%}")
    assert found.worse <= ERRORS


@pytest.mark.parametrize("world", WORLDS, ids=lambda world: world.name)
def test_with_a_drop_of_the_margin_no_worse_is_seldom_shown(world: World, say: Say) -> None:
    found = stops(world, MARGIN, STREAMS)
    say(f"early stop, drop of 2 points | {world.name} | no worse at any time {found.safe:.2%}")
    assert found.safe <= ERRORS


@pytest.mark.parametrize("name", SUITES)
def test_a_fixed_suite_in_random_order_is_seldom_called_worse(name: str, say: Say) -> None:
    """Its cases are drawn without replacement, and its mean has not changed at all."""
    change: Numbers = SUITES[name]
    found = shuffled_stops(change, STREAMS)
    say(f"early stop, a fixed suite | {name} | worse at any time {found:.2%}")
    assert found <= ERRORS


@pytest.mark.parametrize("drop", [0.0, 0.05, 0.1, 0.2])
@pytest.mark.parametrize("world", SHARES, ids=lambda world: world.name)
def test_the_share_of_the_cases_that_is_needed_is_shown(
    world: World, drop: float, say: Say
) -> None:
    found = stops(world, drop, RUNS)
    say(f"early stop, drop of {100 * drop:g} points | {world.name} | {found.text()}")
    assert len(found.regressed) / RUNS >= 0.95 or drop < 0.2


@pytest.mark.parametrize(("n", "noise"), [(100, 0.1), (200, 0.3), (50, 0.05)])
def test_thirty_runs_against_one_baseline_have_one_error_rate(
    n: int, noise: float, say: Say
) -> None:
    by_sum, by_product = series(n, noise, 30, RUNS)
    say(
        f"30 runs without a change | {n} cases, noise {noise:g} | a drop is shown {by_sum:.1%} "
        f"(a product of e-values: {by_product:.1%})"
    )
    assert by_sum <= FEW_ERRORS


@pytest.mark.parametrize(("n", "noise"), [(100, 0.1), (200, 0.3)])
def test_a_drop_that_stays_shows_in_a_series(n: int, noise: float, say: Say) -> None:
    by_sum, _ = series(n, noise, 30, RUNS, drop=0.1)
    say(f"30 runs, 10 points lost with the tenth | {n} cases, noise {noise:g} | {by_sum:.1%}")
    assert by_sum >= 0.5


@pytest.mark.parametrize(("kind", "parameters", "n"), PLANS)
def test_a_suite_of_the_planned_size_shows_the_drop(
    kind: Callable[..., World], parameters: tuple[float, ...], n: int, say: Say
) -> None:
    pilot = kind(n, *parameters)
    found = planned(pilot, Sized(kind, *parameters), RUNS)
    say(
        f"plan for 5 points | {pilot.name} | {found.cases:g} cases: REGRESSED {found.power:.1%}; "
        f"a margin of {100 * found.margin:.1f} points held in {found.held:.1%}"
    )
    assert 0.75 - POWER <= found.power <= 0.85 + POWER
    assert 0.7 - POWER <= found.held <= 0.9 + POWER
