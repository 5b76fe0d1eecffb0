"""The list of suspicious cases: Fisher's exact test as oracle, the order, and what is marked."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from pytest_llmeval.stats.suspects import suspects

flags = st.lists(st.sampled_from([0.0, 1.0]), min_size=2, max_size=6)


def test_with_one_sample_a_case_the_largest_drop_comes_first_and_none_is_marked() -> None:
    found = suspects([[0.9], [0.8], [0.5], [0.4]], [[0.7], [0.3], [0.5], [0.6]])
    assert [(each.index, each.p, each.is_marked) for each in found] == [
        (1, None, False),
        (0, None, False),
    ]
    spread = np.std([-0.2, -0.5, 0.0, 0.2], ddof=1)
    assert [each.z for each in found] == pytest.approx([-0.5 / spread, -0.2 / spread])


@given(flags, flags)
def test_of_pass_and_fail_the_p_value_is_fishers(before: list[float], after: list[float]) -> None:
    table = [[sum(after), len(after) - sum(after)], [sum(before), len(before) - sum(before)]]
    found = suspects([before], [after])
    if sum(after) / len(after) < sum(before) / len(before):
        assert found[0].p == pytest.approx(stats.fisher_exact(table, alternative="less").pvalue)
    else:
        assert found == []


def test_a_case_that_broke_stands_out_of_forty_that_waver() -> None:
    before, wavering, broken = (
        [0.5, 0.6, 0.7, 0.8] * 2,
        [0.4, 0.6, 0.7, 0.8] * 2,
        [0.1, 0.2, 0.3, 0.4] * 2,
    )
    found = suspects([before] * 41, [broken if place == 17 else wavering for place in range(41)])
    assert len(found) == 41
    assert [each.index for each in found if each.is_marked] == [17]
    assert found[0].index == 17
    assert [each.p for each in found] == sorted(each.p for each in found if each.p is not None)


def test_where_the_deals_are_too_many_they_are_drawn() -> None:
    before, after = [[0.7, 0.9] * 8], [[0.6, 0.8] * 8]
    (drawn,) = suspects(before, after, seed=2)
    oracle = stats.permutation_test(
        (after[0], before[0]),
        lambda x, y, axis: x.mean(axis) - y.mean(axis),
        alternative="less",
        rng=3,
    )
    assert drawn.p == pytest.approx(oracle.pvalue, abs=0.002)
    assert suspects(before, after, seed=2) == [drawn]


def test_changes_that_are_all_alike_have_no_spread() -> None:
    found = suspects([[0.5], [0.6]], [[0.4], [0.5]])
    assert [each.z for each in found] == [None, None]


def test_nothing_dropped_nothing_is_listed() -> None:
    assert suspects([], []) == []
    assert suspects([[0.5, 0.6]], [[0.6, 0.5]]) == []
