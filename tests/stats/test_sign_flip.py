"""The sign-flip test: Fisher's worked example, scipy's permutation test, the binomial, and properties."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from pytest_llmeval.stats.sign_flip import sign_flip

# Fisher, "The Design of Experiments" (1935), section 21: Darwin's maize, crossed less
# self-fertilised, eighths of an
# inch. Of the 2^15 ways to choose the signs, 863 give a total as large as the one seen.
MAIZE = [49, -67, 8, 16, 6, 23, 28, 41, 14, 29, 56, 24, 75, 60, -48]

sums = st.lists(st.integers(-20, 20).map(lambda step: step / 20), min_size=1, max_size=11)


def test_every_way_to_choose_the_signs_gives_fishers_count() -> None:
    found = sign_flip([-each for each in MAIZE], draws=2**15)
    assert found.p * 2**15 == 863
    assert found.seed is None


def test_drawn_signs_come_near_it_and_say_which_were_drawn() -> None:
    found = sign_flip([-each for each in MAIZE], seed=7)
    assert found.p == pytest.approx(863 / 2**15, abs=0.005)
    assert found.seed == 7
    assert found == sign_flip([-each for each in MAIZE], seed=7)


@given(
    st.lists(st.integers(-20, 20), min_size=2, max_size=8)
)  # whole, because scipy takes rounding for a difference
def test_the_exact_p_value_is_that_of_scipy(values: list[int]) -> None:
    oracle = stats.permutation_test(
        (values,),
        np.sum,
        permutation_type="samples",
        alternative="less",
        n_resamples=np.inf,
        vectorized=True,
    )
    assert sign_flip(values).p == pytest.approx(oracle.pvalue)


@given(sums)
def test_either_side_and_what_lies_on_both_make_a_whole(values: list[float]) -> None:
    """P(as low) + P(as high) = 1 + P(just this)."""
    both = sign_flip(values).p + sign_flip([-each for each in values]).p
    assert 1.0 <= both <= 2.0


@given(sums, st.integers(0, 20))
def test_clusters_that_did_not_change_do_not_count(values: list[float], ties: int) -> None:
    assert sign_flip(values + [0.0] * ties).p == sign_flip(values).p


@given(st.integers(0, 60), st.integers(0, 60))
def test_of_equal_differences_it_is_the_sign_test(lost: int, gained: int) -> None:
    if lost + gained:
        oracle = stats.binomtest(lost, lost + gained, alternative="greater").pvalue
        assert sign_flip([-1.0] * lost + [1.0] * gained).p == pytest.approx(oracle, abs=0.02)


def test_a_drawn_p_value_is_never_zero() -> None:
    assert sign_flip([-1.0] * 40, draws=99).p == pytest.approx(0.01)


def test_blocks_of_signs_are_drawn_for_ten_thousand_clusters() -> None:
    values = np.random.default_rng(1).normal(0, 1, 10_000)
    normal = stats.norm.cdf(values.sum() / np.sqrt((values**2).sum()))
    assert sign_flip(values.tolist()).p == pytest.approx(normal, abs=0.02)
