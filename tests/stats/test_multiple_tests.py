"""Holm and Benjamini-Hochberg: the example of the paper, and properties."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_llmeval.stats.multiple_tests import benjamini_hochberg, holm

# Benjamini and Hochberg (1995), section 3.2: fifteen comparisons of two treatments of myocardial
# infarction.
INFARCTION = [
    0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.3240, 0.4262, 0.5719, 0.6528, 0.7590, 1.0,
]  # fmt: skip
p_values = st.lists(st.floats(0, 1), max_size=20)


def test_the_papers_example_keeps_four_by_false_discovery_rate_and_three_by_family_wise_error() -> (
    None
):
    assert sum(p <= 0.05 for p in benjamini_hochberg(INFARCTION)) == 4
    assert sum(p <= 0.05 for p in holm(INFARCTION)) == 3


def test_holm_multiplies_the_smallest_by_all_the_next_by_one_less() -> None:
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx((0.03, 0.06, 0.06, 0.02))
    assert benjamini_hochberg([0.01, 0.04, 0.03, 0.005]) == pytest.approx((0.02, 0.04, 0.04, 0.02))


@given(p_values)
def test_adjusting_never_lowers_a_p_value_and_holm_is_stricter(values: list[float]) -> None:
    for plain, discovery, family in zip(
        values, benjamini_hochberg(values), holm(values), strict=True
    ):
        assert plain <= discovery + 1e-12
        assert discovery <= family + 1e-12


@given(st.lists(st.floats(0, 1), min_size=1, max_size=20))
def test_the_order_of_the_tests_does_not_matter(values: list[float]) -> None:
    assert sorted(holm(values)) == sorted(holm(sorted(values)))
    assert min(holm(values)) == pytest.approx(min(1.0, min(values) * len(values)))
