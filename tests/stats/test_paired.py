"""The paired, clustered difference: a second implementation (scipy), values worked out by hand, and properties."""

from __future__ import annotations

import math

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy import stats

from pytest_llmeval.stats.paired import PairedScores, paired_change, t_bounds, t_p

Pairs = list[tuple[float, float]]
scores = st.integers(0, 20).map(lambda step: step / 20)
pairs = st.lists(st.tuples(scores, scores), min_size=2, max_size=40)


def paired(values: Pairs, clusters: list[int] | None = None) -> PairedScores:
    return PairedScores([before for before, _ in values], [after for _, after in values], clusters)


def has_spread(values: Pairs) -> bool:
    return len({round(after - before, 9) for before, after in values}) > 1


@given(pairs)
def test_with_a_case_a_cluster_it_is_the_paired_t_test(values: Pairs) -> None:
    assume(has_spread(values))
    change = paired_change(paired(values))
    oracle = stats.ttest_rel(
        [after for _, after in values], [before for before, _ in values], alternative="less"
    )
    assert change.error == pytest.approx(stats.sem([after - before for before, after in values]))
    assert t_p(change) == pytest.approx(oracle.pvalue)
    assert t_bounds(change)[1] == pytest.approx(oracle.confidence_interval(0.95).high)


def test_a_cluster_counts_once_however_many_cases_it_holds() -> None:
    # d = -.2, -.2 | .1 | 0, .1: mean -.04, cluster sums of (d - mean) = -.32, .14, .18
    values = [(0.6, 0.4), (0.6, 0.4), (0.5, 0.6), (0.5, 0.5), (0.5, 0.6)]
    change = paired_change(paired(values, [1, 1, 2, 3, 3]))
    assert change.mean == pytest.approx(-0.04)
    assert change.error == pytest.approx(math.sqrt(3 / 2 * (0.32**2 + 0.14**2 + 0.18**2)) / 5)
    assert (change.n, change.clusters, change.changed) == (5, 3, 3)
    assert change.effective == pytest.approx(25 / 9)


@given(pairs, st.integers(2, 5))
def test_saying_every_case_several_times_over_in_one_cluster_changes_nothing(
    values: Pairs, times: int
) -> None:
    once = paired_change(paired(values))
    repeated = paired_change(paired(values * times, list(range(len(values))) * times))
    assert repeated.mean == pytest.approx(once.mean)
    assert repeated.error == pytest.approx(once.error)
    assert repeated.effective == pytest.approx(len(values))


@given(pairs, st.floats(0.1, 0.9))
def test_what_shifts_both_runs_alike_does_not_count(values: Pairs, factor: float) -> None:
    plain = [(factor * before, factor * after) for before, after in values]
    shifted = [(before + 1 - factor, after + 1 - factor) for before, after in plain]
    assert paired_change(paired(shifted)).mean == pytest.approx(paired_change(paired(plain)).mean)
    assert paired_change(paired(shifted)).error == pytest.approx(paired_change(paired(plain)).error)


@given(pairs)
def test_swapping_the_runs_turns_the_sign_and_nothing_else(values: Pairs) -> None:
    forth, back = (
        paired_change(paired(values)),
        paired_change(paired([(after, before) for before, after in values])),
    )
    assert back.mean == pytest.approx(-forth.mean)
    assert back.error == pytest.approx(forth.error)
    assert t_bounds(back) == pytest.approx(tuple(-bound for bound in reversed(t_bounds(forth))))
    assert t_p(back) + t_p(forth) == pytest.approx(1 if has_spread(values) or forth.mean else 2)


def test_rounding_is_no_change() -> None:
    change = paired_change(PairedScores([0.1 + 0.2, 0.5], [0.3, 0.5]))
    assert (change.changed, change.ties, change.error) == (0, 1.0, 0.0)


def test_where_every_case_dropped_alike_there_is_no_doubt() -> None:
    change = paired_change(PairedScores([0.4, 0.7, 0.9], [0.3, 0.6, 0.8]))
    assert t_p(change) == 0.0


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        (
            [0.5, 0.5],
            [0.5],
            r"paired scores: found \[1, 2\] values; allowed: one before and one after for each case",
        ),
        ([4.0], [3.0], r"paired scores: found 4.0; allowed: 0 to 1. Scale the metric first."),
        ([0.5], [math.nan], r"paired scores: found nan; allowed: 0 to 1"),
    ],
)
def test_scores_that_are_not_pairs_on_one_scale_are_refused(
    before: list[float], after: list[float], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        PairedScores(before, after)
