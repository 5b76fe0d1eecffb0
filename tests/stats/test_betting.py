"""Bets against a mean: exact expectations over all sequences, values worked out by hand, properties."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_llmeval.stats.betting import Wager, anytime_bounds, e_value
from pytest_llmeval.stats.paired import PairedScores
from pytest_llmeval.stats.stream import evidence_of_drop, stream_evidence

differences = st.lists(st.floats(-1, 1), min_size=1, max_size=12)
STAKES = [(1 - math.cos(math.pi * (number + 0.5) / 32)) / 2 for number in range(32)]
WEIGHTS = [0.8 / 32] * 31 + [0.8 / 32 + 0.2]


def capital(values: Sequence[float]) -> float:
    """The capital of all gamblers against "the mean is not below 0", one by one."""
    return sum(
        weight * math.prod(1 - stake * value for value in values)
        for stake, weight in zip(STAKES, WEIGHTS, strict=True)
    )


@pytest.mark.parametrize(
    "values", [[-1.0], [-1.0] * 6, [-1.0, 0.0, 1.0, -1.0], [-0.2, 0.1, -0.4, 0.0], [0.0] * 50]
)
def test_the_e_value_is_the_weighted_mean_of_the_gamblers_capitals(values: list[float]) -> None:
    assert e_value(values) == pytest.approx(capital(values))


def test_six_lost_cases_of_six_show_a_drop_and_four_do_not() -> None:
    assert e_value([-1.0] * 4) < 20 < e_value([-1.0] * 6)


def expected(
    law: dict[float, float], stop: Callable[[Wager], bool], wager: Callable[[], Wager]
) -> float:
    """The expected capital of a gambler who stops by a rule, over all sequences of five."""
    total = 0.0
    for values in itertools.product(law, repeat=5):
        bet = wager()
        for value in values:
            bet.add(value)
            if stop(bet):
                break
        total += bet.value * math.prod(law[value] for value in values)
    return total


@pytest.mark.parametrize(
    "law",
    [
        {-1.0: 0.1, 0.0: 0.8, 1.0: 0.1},
        {-1.0: 0.5, 1.0: 0.5},
        {-0.25: 0.8, 1.0: 0.2},
        {-1.0: 0.2, 0.25: 0.8},
    ],
)
@pytest.mark.parametrize("bound", [1.2, 2.0, 4.0, math.inf])
def test_no_stopping_rule_gains_where_the_mean_is_0(law: dict[float, float], bound: float) -> None:
    """Ville's inequality rests on this: the expected capital is 1 at any time of stopping."""
    for is_below in (True, False):

        def start(is_below: bool = is_below) -> Wager:
            return Wager(0.0, is_below)

        assert expected(law, lambda bet: bet.value >= bound, start) == pytest.approx(1.0)
        assert expected(law, lambda bet: bet.value <= 1 / bound, start) == pytest.approx(1.0)


def test_the_margin_is_ruled_out_by_cases_that_did_not_change() -> None:
    """A gambler who stakes all needs ln 20 / -ln 0.98 = 149; the mixture some more."""
    wager = Wager(-0.02, is_below=False)
    cases = 0
    while wager.best < 20:
        wager.add(0.0)
        cases += 1
    assert 149 < cases < 200


@given(differences)
def test_a_wager_ends_where_the_closed_form_does_whatever_the_order(values: list[float]) -> None:
    wager = Wager(0.0, is_below=True)
    for value in values:
        wager.add(value)
    assert wager.value == pytest.approx(e_value(values))
    assert e_value(values) == pytest.approx(e_value(values[::-1]))
    assert wager.best >= max(1.0, wager.value)


@settings(max_examples=30)
@given(differences)
def test_the_bounds_are_what_the_wagers_refute(values: list[float]) -> None:
    lower, upper = anytime_bounds(values)
    assert -1 <= lower <= upper <= 1
    for side, is_below, bound in ((upper, True, upper + 1e-6), (lower, False, lower - 1e-6)):
        if abs(side) < 1 - 1e-5:
            wager = Wager(bound, is_below)
            for value in values:
                wager.add(value)
            assert wager.best >= 20 * (1 - 1e-3)


def test_bounds_only_shrink_and_follow_the_level() -> None:
    values = [-0.3, 0.1, -0.2, -0.4, -0.1] * 20
    uppers = [anytime_bounds(values[:count])[1] for count in (0, 5, 25, 50, 100)]
    assert uppers == sorted(uppers, reverse=True)
    assert uppers[0] == 1.0
    assert uppers[-1] < 0
    assert anytime_bounds(values, alpha=0.2)[1] < anytime_bounds(values, alpha=0.01)[1]


def test_a_cluster_is_one_bet_of_its_sum() -> None:
    clustered = PairedScores([1.0] * 6, [0.0] * 6, ["a", "a", "a", "b", "b", "c"])
    assert evidence_of_drop(clustered) == pytest.approx(capital([-1.0, -2 / 3, -1 / 3]))
    alone = PairedScores([1.0] * 6, [0.0] * 6)
    assert evidence_of_drop(alone) == pytest.approx(capital([-1.0] * 6))


@given(st.integers(1, 500))
def test_the_weights_of_a_series_of_runs_stay_below_1(runs: int) -> None:
    assert stream_evidence([1.0] * runs) == pytest.approx(runs / (runs + 10))


def test_the_evidence_of_a_series_only_grows() -> None:
    assert stream_evidence([]) == 0
    assert stream_evidence([220.0]) == pytest.approx(20)
    assert stream_evidence([0.5, 0.1, 3.0]) > stream_evidence([0.5, 0.1])
