"""Student's quantile: published values, and scipy's."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from pytest_llmeval.stats.intervals import central_quantile

PUBLISHED = [  # Abramowitz and Stegun (1964), table 26.10
    (0.95, 1, 12.706),
    (0.95, 2, 4.303),
    (0.95, 10, 2.228),
    (0.95, 120, 1.980),
    (0.99, 1, 63.657),
    (0.99, 5, 4.032),
    (0.5, 1, 1.0),
    (0.8, 30, 1.310),
]


@pytest.mark.parametrize(("probability", "freedom", "quantile"), PUBLISHED)
def test_the_quantile_is_the_published_one(
    probability: float, freedom: int, quantile: float
) -> None:
    assert central_quantile(probability, freedom) == pytest.approx(quantile, abs=5.1e-4)


@given(
    st.sampled_from([0.5, 0.8, 0.9, 0.95, 0.99, 0.999]),
    st.integers(1, 3000) | st.integers(3000, 20_000),
)
def test_the_quantile_is_that_of_scipy(probability: float, freedom: int) -> None:
    oracle = float(stats.t.ppf((1 + probability) / 2, freedom))
    assert central_quantile(probability, freedom) == pytest.approx(oracle, rel=1e-10)


def test_the_quantile_of_many_observations_is_that_of_scipy() -> None:
    assert central_quantile(0.95, 999_999) == pytest.approx(
        float(stats.t.ppf(0.975, 999_999)), rel=1e-10
    )


@pytest.mark.parametrize("freedom", [1, 2, 3, 40, 1001])
def test_next_to_nothing_lies_around_zero_and_nothing_at_it(freedom: int) -> None:
    assert central_quantile(0.0, freedom) == 0.0
    assert central_quantile(1e-9, freedom) == pytest.approx(
        float(stats.t.ppf(0.5 + 5e-10, freedom)), rel=1e-6
    )
