"""Intervals: published values, a second implementation (scipy, numpy) and properties that always hold."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy import stats

from pytest_llmeval.records.interval import Interval
from pytest_llmeval.stats.intervals import mean_interval, percentile, wilson_bounds, wilson_interval

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
NEWCOMBE = [  # Newcombe (1998), table I, method 3
    (81, 263, 0.2553, 0.3662),
    (15, 148, 0.0624, 0.1605),
    (0, 20, 0.0, 0.1611),
    (1, 29, 0.0061, 0.1718),
]


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
    assume(stats.sem(values) > 0)  # scipy has no interval without spread
    oracle = stats.t.interval(confidence, len(values) - 1, np.mean(values), stats.sem(values))
    assert bounds(mean_interval(values, confidence)) == pytest.approx(oracle, rel=1e-9, abs=1e-6)


@given(st.lists(numbers, min_size=2, max_size=30))
def test_the_mean_lies_inside_its_interval(values: list[float]) -> None:
    interval = mean_interval(values)
    low, high = bounds(interval)
    assert interval.estimate is not None
    assert low <= interval.estimate <= high


@pytest.mark.parametrize(("successes", "n", "low", "high"), NEWCOMBE)
def test_the_wilson_interval_is_the_published_one(
    successes: int, n: int, low: float, high: float
) -> None:
    assert bounds(wilson_interval(successes, n)) == pytest.approx((low, high), abs=5e-5)


def test_no_observations_give_no_proportion() -> None:
    assert wilson_interval(0, 0) == Interval(None, None, None, 0)


@given(st.integers(1, 500).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_the_wilson_interval_agrees_with_scipy_and_stays_a_proportion(
    observed: tuple[int, int],
) -> None:
    interval = wilson_interval(*observed)
    oracle = stats.binomtest(*observed).proportion_ci(0.95, method="wilson")
    low, high = bounds(interval)
    assert (low, high) == pytest.approx((oracle.low, oracle.high), abs=1e-9)
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
    oracle = stats.binomtest(*observed).proportion_ci(0.90, method="wilson")
    assert wilson_bounds(*observed) == pytest.approx((oracle.low, oracle.high), abs=1e-9)


def test_of_no_observations_every_rate_is_possible() -> None:
    assert wilson_bounds(0, 0) == (0.0, 1.0)
