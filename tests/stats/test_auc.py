from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import mannwhitneyu  # type: ignore[import-untyped]

from pytest_llmeval.stats.auc import auc

SCORES = st.lists(st.integers(0, 5).map(float), min_size=1, max_size=15)


def test_it_is_what_hanley_and_mcneil_published() -> None:
    normal = [1.0] * 33 + [2.0] * 6 + [3.0] * 6 + [4.0] * 11 + [5.0] * 2
    abnormal = [1.0] * 3 + [2.0] * 2 + [3.0] * 2 + [4.0] * 11 + [5.0] * 33
    assert auc(abnormal, normal) == pytest.approx(0.893, abs=0.0005)


@given(SCORES, SCORES)
def test_it_is_u_by_the_number_of_pairs_ties_included(higher: list[float], lower: list[float]) -> None:
    expected = mannwhitneyu(higher, lower, method="asymptotic", use_continuity=False).statistic
    assert auc(higher, lower) == pytest.approx(expected / (len(higher) * len(lower)))


@given(SCORES, SCORES)
def test_the_groups_exchanged_it_is_the_rest(higher: list[float], lower: list[float]) -> None:
    given, rest = auc(higher, lower), auc(lower, higher)
    assert given is not None
    assert rest is not None
    assert given + rest == pytest.approx(1)


def test_a_judge_that_says_one_thing_is_chance_and_nothing_is_nothing() -> None:
    assert auc([5.0] * 4, [5.0] * 3) == 0.5
    assert (auc([math.inf], [0.0]), auc([], [1.0]), auc([1.0], [])) == (1.0, None, None)
