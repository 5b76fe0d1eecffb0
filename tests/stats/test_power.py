"""The minimum detectable effect and the number of cases: worked out by hand, exact enumeration, and properties."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from pytest_llmeval.stats.paired import Change
from pytest_llmeval.stats.power import cases_needed, detectable_drop


def change(error: float | None, n: int = 100, clusters: int = 100) -> Change:
    return Change(0.0, error, n, (0.1,) * clusters, float(clusters), clusters)


def test_it_is_the_published_sum_of_two_quantiles() -> None:
    assert detectable_drop(change(0.02), 0.02) == pytest.approx((1.645 + 0.842) * 0.02, abs=2e-5)


def test_the_margin_is_a_second_hurdle() -> None:
    assert detectable_drop(change(0.002), 0.02) == pytest.approx(0.02 + 0.842 * 0.002, abs=1e-5)


def test_few_clusters_take_students_quantiles() -> None:
    quantiles = stats.t.ppf(0.95, 9) + stats.t.ppf(0.80, 9)
    assert detectable_drop(change(0.05, 30, 10), 0.02) == pytest.approx(0.05 * quantiles)


@pytest.mark.parametrize("churn", [0.05, 0.1, 0.2])
@pytest.mark.parametrize("n", [30, 100, 400])
def test_four_in_five_drops_of_the_stated_size_are_seen_by_the_exact_test(
    n: int, churn: float
) -> None:
    drop = 0.02
    for _ in range(200):  # the drop that is stated in a world in which it is true
        error = math.sqrt((churn + drop - drop**2) / n)
        drop = detectable_drop(change(error, n, n), 0.02, is_exact=True) or 0.0
    assert exact_power(n, churn / 2 + drop, churn / 2) == pytest.approx(0.8, abs=0.03)


def exact_power(n: int, lost: float, gained: float) -> float:
    """How often McNemar's exact test says worse and the drop is 2 points or more, over every possible table."""
    power = 0.0
    for moved in range(n + 1):
        needed = (
            int(stats.binom.isf(0.05, moved, 0.5)) + 1
        )  # the fewest losses whose p-value is below .05
        needed = max(needed, math.ceil((0.02 * n + moved) / 2 - 1e-9))
        power += stats.binom.pmf(moved, n, lost + gained) * stats.binom.sf(
            needed - 1, moved, lost / (lost + gained)
        )
    return power


@given(st.floats(0.001, 0.2), st.integers(40, 3000), st.booleans())
def test_with_the_cases_that_it_asks_for_the_drop_shows_and_with_fewer_not(
    error: float, n: int, is_exact: bool
) -> None:
    needed = cases_needed(change(error, n, n), 0.02, is_exact=is_exact)
    assert needed is not None

    def drop(cases: int) -> float:
        scaled = change(error * math.sqrt(n / cases), cases, 100)
        return detectable_drop(scaled, 0.02, is_exact=is_exact) or 0.0

    assert drop(needed) <= 0.05 + 1e-9
    assert needed == 10 or drop(needed - 1) > 0.05


@pytest.mark.parametrize(("error", "margin"), [(0.0, 0.02), (None, 0.02), (0.02, 0.05)])
def test_where_no_number_can_be_told_none_is(error: float | None, margin: float) -> None:
    assert cases_needed(change(error), margin) is None


def test_one_cluster_detects_nothing() -> None:
    assert detectable_drop(change(None, 5, 1), 0.02) is None


def test_ten_clusters_are_always_asked_for() -> None:
    assert cases_needed(change(0.0001, 100, 20), 0.02) == 50
