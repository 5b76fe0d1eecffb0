"""McNemar's exact test and Tango's bounds: published values, exact coverage, properties."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_llmeval.stats.paired_proportions import mcnemar_p, tango_bounds

TANGO = [  # lost, gained, n, two-sided level, published interval
    (3, 9, 32, 0.95, -0.027, 0.390),  # Tango (1998), as cited by the R package ratesci
    (1, 0, 44, 0.90, -0.096, 0.037),  # the same, contact lenses
    (8, 16, 86, 0.95, -0.020, 0.207),  # Agresti and Min, Statistics in Medicine 24 (2005)
    (
        7,
        1,
        21,
        0.95,
        -0.517,
        -0.026,
    ),  # Fagerland, Lydersen and Laake, Statistics in Medicine 33 (2014), airways
    (
        16,
        6,
        161,
        0.95,
        -0.124,
        -0.005,
    ),  # the same authors, "Statistical Analysis of Contingency Tables", Cavo data
]
MCNEMAR = [  # lost, gained, published two-sided exact p
    (7, 1, 0.0703),  # Fagerland, Lydersen and Laake, BMC Medical Research Methodology 13:91 (2013)
    (16, 6, 0.052479),  # contingencytables (R), Cavo data
]
tables = st.tuples(st.integers(0, 40), st.integers(0, 40), st.integers(1, 100)).map(
    lambda t: (t[0], t[1], sum(t))
)


@pytest.mark.parametrize(("lost", "gained", "n", "level", "low", "high"), TANGO)
def test_tangos_bounds_are_the_published_ones(
    lost: int, gained: int, n: int, level: float, low: float, high: float
) -> None:
    assert tango_bounds(lost, gained, n, (1 - level) / 2) == pytest.approx((low, high), abs=6e-4)


@pytest.mark.parametrize(("lost", "gained", "two_sided"), MCNEMAR)
def test_mcnemars_exact_p_is_half_the_published_two_sided_one(
    lost: int, gained: int, two_sided: float
) -> None:
    assert mcnemar_p(lost, gained) == pytest.approx(two_sided / 2, abs=5e-5)


def test_without_a_case_that_changed_sides_nothing_speaks_for_worse() -> None:
    assert mcnemar_p(0, 0) == 1.0


@pytest.mark.parametrize(("n", "bound"), [(20, 0.11916), (149, 0.01783)])
def test_no_change_leaves_room_for_some(n: int, bound: float) -> None:
    """z²/(n + z²), Wilson's bound of no case in n."""
    assert tango_bounds(0, 0, n) == pytest.approx((-bound, bound), abs=1e-5)


@pytest.mark.parametrize(("lost", "gained", "index", "end"), [(12, 0, 0, -1.0), (0, 12, 1, 1.0)])
def test_where_all_changed_the_bound_is_the_end_of_the_scale(
    lost: int, gained: int, index: int, end: float
) -> None:
    assert tango_bounds(lost, gained, 12)[index] == end


@given(tables)
def test_the_bounds_enclose_the_difference_and_turn_with_the_runs(
    table: tuple[int, int, int],
) -> None:
    lost, gained, n = table
    low, high = tango_bounds(lost, gained, n)
    assert -1 <= low <= (gained - lost) / n <= high <= 1
    assert tango_bounds(gained, lost, n) == pytest.approx((-high, -low), abs=1e-9)


@given(tables)
def test_one_more_loss_lowers_both_the_bound_and_the_p_value(table: tuple[int, int, int]) -> None:
    lost, gained, n = table
    assert tango_bounds(lost + 1, gained, n)[0] < tango_bounds(lost, gained, n)[0]
    assert mcnemar_p(lost + 1, gained) <= mcnemar_p(lost, gained)


@given(tables)
def test_more_certainty_takes_a_lower_bound(table: tuple[int, int, int]) -> None:
    assert tango_bounds(*table, 0.01)[0] <= tango_bounds(*table, 0.05)[0]


@given(tables)
def test_at_a_level_of_a_half_the_bounds_are_the_estimate(table: tuple[int, int, int]) -> None:
    lost, gained, n = table
    for level in (0.5, 0.4999999):
        assert tango_bounds(*table, level) == pytest.approx(((gained - lost) / n,) * 2, abs=1e-5)


@given(tables, st.floats(1e-12, 0.5))
def test_a_bound_exists_at_every_level(table: tuple[int, int, int], level: float) -> None:
    low, high = tango_bounds(*table, level)
    assert -1 <= low <= (table[1] - table[0]) / table[2] <= high <= 1
