"""Intervals: published values, a second implementation (scipy, numpy) and properties that always hold."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy import stats

from pytest_llmeval.records.interval import Interval
from pytest_llmeval.stats.intervals import (
    bounded_interval,
    mean_interval,
    percentile,
    proportion_bounds,
    proportion_interval,
)

numbers = st.floats(-1e6, 1e6)
SLEEP = [
    1.2,
    2.4,
    1.3,
    1.3,
    0.0,
    1.0,
    1.8,
    0.8,
    4.6,
    1.4,
]  # Student (1908): additional hours of sleep
NEWCOMBE = [  # Newcombe (1998), table I, method 5
    (81, 263, 0.2527, 0.3676),
    (15, 148, 0.0578, 0.1617),
    (0, 20, 0.0, 0.1684),
    (1, 29, 0.0009, 0.1776),
]
MIN_COVERAGE = 0.93
SIZES = (10, 20, 50, 100)


def bounds(interval: Interval) -> tuple[float, float]:
    assert interval.low is not None
    assert interval.high is not None
    return interval.low, interval.high


def test_the_mean_interval_is_that_of_students_sleep_data() -> None:
    interval = mean_interval(SLEEP)
    assert interval.estimate == pytest.approx(1.58)
    assert bounds(interval) == pytest.approx((0.7001142, 2.4598858), abs=1e-7)


@pytest.mark.parametrize(("values", "mean"), [([], None), ([3.0], 3.0)])
def test_fewer_than_two_values_give_no_bounds(values: list[float], mean: float | None) -> None:
    assert mean_interval(values) == Interval(mean, None, None, len(values))


@given(st.lists(numbers, min_size=2, max_size=30), st.sampled_from([0.8, 0.95, 0.99]))
def test_the_mean_interval_agrees_with_scipy(values: list[float], confidence: float) -> None:
    assume(max(values) > min(values) and stats.sem(values) > 0)  # scipy needs a spread
    oracle = stats.t.interval(confidence, len(values) - 1, np.mean(values), stats.sem(values))
    assert bounds(mean_interval(values, confidence)) == pytest.approx(oracle, rel=1e-9, abs=1e-6)


@given(st.lists(numbers, min_size=2, max_size=30))
def test_the_mean_lies_inside_its_interval(values: list[float]) -> None:
    interval = mean_interval(values)
    assert interval.estimate is not None
    if interval.low is None:
        # Equal numbers on a scale that nobody knows show nothing of another one.
        assert max(values) - min(values) < 1e-150
        return
    assert max(values) > min(values)
    low, high = bounds(interval)
    assert low <= interval.estimate <= high


@pytest.mark.parametrize(("successes", "n", "low", "high"), NEWCOMBE)
def test_the_exact_interval_is_the_published_one(
    successes: int, n: int, low: float, high: float
) -> None:
    assert bounds(proportion_interval(successes, n)) == pytest.approx((low, high), abs=5e-5)


def test_no_observations_give_no_proportion() -> None:
    assert proportion_interval(0, 0) == Interval(None, None, None, 0)


@given(st.integers(1, 500).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_the_exact_interval_agrees_with_scipy_and_stays_a_proportion(
    observed: tuple[int, int],
) -> None:
    interval = proportion_interval(*observed)
    oracle = stats.binomtest(*observed).proportion_ci(0.95, method="exact")
    low, high = bounds(interval)
    assert (low, high) == pytest.approx((oracle.low, oracle.high), abs=1e-8)
    assert interval.estimate is not None
    assert 0 <= low <= interval.estimate <= high <= 1


@given(st.lists(numbers, min_size=1, max_size=50), st.integers(1, 99))
def test_a_percentile_agrees_with_numpy(values: list[float], q: int) -> None:
    assert percentile(values, q) == pytest.approx(
        float(np.percentile(values, q)), rel=1e-9, abs=1e-6
    )


def test_nothing_has_no_percentile() -> None:
    assert percentile([], 95) is None


@given(st.integers(1, 500).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_a_one_sided_bound_is_an_end_of_the_two_sided_interval_at_twice_the_level(
    observed: tuple[int, int],
) -> None:
    oracle = stats.binomtest(*observed).proportion_ci(0.90, method="exact")
    assert proportion_bounds(*observed) == pytest.approx((oracle.low, oracle.high), abs=1e-8)


def test_of_no_observations_every_rate_is_possible() -> None:
    assert proportion_bounds(0, 0) == (0.0, 1.0)


def coverage(n: int, rate: float, ends: list[tuple[float, float]]) -> float:
    """The probability that the interval of the number of successes contains the true rate."""
    chances = stats.binom.pmf(range(n + 1), n, rate)
    return float(
        sum(
            chance
            for chance, (low, high) in zip(chances, ends, strict=True)
            if low - 1e-12 <= rate <= high + 1e-12
        )
    )


@pytest.mark.parametrize("n", SIZES)
@pytest.mark.parametrize("kind", ["pass rate", "mean"])
def test_an_interval_contains_the_true_rate_as_often_as_it_says(kind: str, n: int) -> None:
    """Wilson's and Student's do not: 90% and 18% of 10 cases, where 98% of all are right."""
    if kind == "pass rate":
        intervals = [proportion_interval(successes, n) for successes in range(n + 1)]
    else:
        scores = [[1.0] * successes + [0.0] * (n - successes) for successes in range(n + 1)]
        intervals = [bounded_interval(values, 0.0, 1.0) for values in scores]
    ends = [bounds(interval) for interval in intervals]
    rates = np.linspace(0.5, 0.98, 97)
    assert min(coverage(n, rate, ends) for rate in rates) >= MIN_COVERAGE


@pytest.mark.parametrize("n", SIZES)
@pytest.mark.parametrize("other", [0.0, 2.5, None], ids=["zeros", "halves", "any"])
def test_an_interval_of_scores_that_are_nearly_all_fives_holds(n: int, other: float | None) -> None:
    draw = np.random.default_rng(n)
    hits = 0
    for _ in range(1_000):
        misses = draw.uniform(0, 5, n) if other is None else np.full(n, other)
        values = np.where(draw.random(n) < 0.97, 5.0, misses)
        low, high = bounds(bounded_interval(values.tolist(), 0.0, 5.0))
        true = 0.97 * 5 + 0.03 * (2.5 if other is None else other)
        hits += low <= true <= high
    assert hits >= 1_000 * MIN_COVERAGE


@given(st.lists(st.floats(0, 5), min_size=2, max_size=30))
def test_an_interval_on_a_scale_stays_on_it_and_contains_the_mean(values: list[float]) -> None:
    interval = bounded_interval(values, 0.0, 5.0)
    low, high = bounds(interval)
    assert interval.estimate is not None
    assert 0.0 <= low <= interval.estimate + 1e-9
    assert interval.estimate - 1e-9 <= high <= 5.0


def test_twelve_of_twelve_right_is_no_proof_of_perfection() -> None:
    low, high = bounds(bounded_interval([1.0] * 12, 0.0, 1.0))
    assert low == pytest.approx(1 + np.log(0.05) / 12)
    assert high == 1.0


def test_a_scale_without_ends_has_students_interval() -> None:
    assert bounded_interval(SLEEP, 0.0, None) == mean_interval(SLEEP)


@pytest.mark.parametrize("high", [1e300, 1e308, 1.7e308])
@pytest.mark.parametrize("shares", [(0.0, 0.0, 1e-308), (0.0, 1.0, 1.0), (1.0, 1.0, 1.0)])
def test_a_scale_without_finite_squares_has_an_interval_around_the_mean(
    high: float, shares: tuple[float, ...]
) -> None:
    interval = bounded_interval([share * high for share in shares], 0.0, high)
    assert interval.estimate == pytest.approx(math.fsum(share / 3 for share in shares) * high)
    if interval.low is not None and interval.high is not None and interval.estimate is not None:
        assert 0 <= interval.low <= interval.estimate <= interval.high <= high


def test_numbers_without_a_finite_sum_have_no_bounds() -> None:
    huge = [1e308] * 5
    expected = Interval(pytest.approx(1e308), None, None, 5)  # type: ignore[arg-type]
    assert mean_interval(huge) == bounded_interval(huge, 0.0, 5.0) == expected


def test_scores_outside_their_scale_have_students_interval() -> None:
    assert bounded_interval(SLEEP, 1.0, 2.0) == mean_interval(SLEEP)
