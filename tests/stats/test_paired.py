"""The paired, clustered difference: a second implementation (scipy), values worked out by hand, and properties."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy import optimize, stats

from pytest_llmeval.stats.paired import PairedScores, paired_change, t_bounds, t_p
from pytest_llmeval.stats.unseen import unseen_cases, unseen_size

Pairs = list[tuple[float, float]]
scores = st.integers(0, 20).map(lambda step: step / 20)
pairs = st.lists(st.tuples(scores, scores), min_size=2, max_size=40)


def paired(values: Pairs, clusters: list[int] | None = None) -> PairedScores:
    return PairedScores([before for before, _ in values], [after for _, after in values], clusters)


def has_spread(values: Pairs) -> bool:
    return len({round(after - before, 9) for before, after in values}) > 1


def unseen(level: float = 0.05) -> float:
    """The unseen cases: as many as make a Poisson count of which none is seen, with its normal bound."""
    z = stats.norm.isf(level)
    return float(optimize.brentq(lambda w: w + z * math.sqrt(w) + math.log(level), 0, 10))


@given(pairs)
def test_with_a_case_a_cluster_it_is_the_paired_t_test_and_the_unseen_cases(values: Pairs) -> None:
    assume(has_spread(values))
    change = paired_change(paired(values))
    differences = np.array([after - before for before, after in values])
    assert change.error == pytest.approx(stats.sem(differences))
    # Without room to gain it is the t test.
    closed = replace(change, gain=0.0)
    oracle = stats.ttest_1samp(differences, 0.0, alternative="less")
    assert t_p(closed) == pytest.approx(oracle.pvalue)
    assert t_bounds(closed)[1] == pytest.approx(min(1, oracle.confidence_interval(0.95).high))
    room = np.array([1 - before for before, _ in values])
    gain = max((room**2).sum() / max(room.sum(), 1e-12), differences.max())
    moved = differences.mean() + unseen() * gain / len(values)
    wider = math.sqrt(differences.var(ddof=1) / len(values) + unseen() * gain**2 / len(values) ** 2)
    high = moved + stats.t.ppf(0.95, len(values) - 1) * wider
    assert t_bounds(change)[1] == pytest.approx(min(1.0, high))
    assert t_p(change) == pytest.approx(stats.t.cdf(moved / wider, len(values) - 1))


@given(st.floats(0.001, 0.2), st.integers(1, 1000))
def test_without_a_change_the_bound_is_nearly_the_exact_one(level: float, n: int) -> None:
    """The rule of three, by the level: P(no loss in n) = (1 - bound)^n."""
    z = stats.norm.isf(level)
    assert unseen_cases(level) == pytest.approx(unseen(level))
    bound = (unseen_cases(level) + z * math.sqrt(unseen_cases(level))) / n
    assert bound == pytest.approx(stats.gamma.isf(level, 1) / n)


@pytest.mark.parametrize("count", [1, 2, 5, 10])
def test_after_some_changes_the_bound_is_near_that_of_a_poisson_count(count: int) -> None:
    w = unseen_cases(0.05)
    bound = count + w + stats.norm.isf(0.05) * math.sqrt(count + w)
    assert bound == pytest.approx(stats.gamma.isf(0.05, count + 1), rel=0.04)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=30))
def test_an_unseen_change_is_between_the_mean_and_the_largest_room(room: list[float]) -> None:
    mean = math.fsum(room) / len(room)
    assert mean - 1e-9 <= unseen_size(room) <= max(room) + 1e-9


def test_an_unseen_change_is_as_large_as_one_that_was_seen() -> None:
    change = paired_change(PairedScores([0.0, 0.9, 0.9, 1.0], [1.0, 0.9, 0.9, 0.1]))
    assert (change.gain, change.loss) == pytest.approx((1.0, 2.62 / 2.8))
    assert paired_change(PairedScores([1.0, 0.1, 0.1], [0.0, 0.1, 0.1])).loss == 1.0


def test_a_cluster_counts_once_however_many_cases_it_holds() -> None:
    # d = -.2, -.2 | .1 | 0, .1: the means without a cluster are .2/3, -.3/4 and -.3/3
    values = [(0.6, 0.4), (0.6, 0.4), (0.5, 0.6), (0.5, 0.5), (0.5, 0.6)]
    change = paired_change(paired(values, [1, 1, 2, 3, 3]))
    without = np.array([0.2 / 3, -0.3 / 4, -0.3 / 3])
    assert change.mean == pytest.approx(-0.04)
    assert change.error == pytest.approx(math.sqrt(2 / 3 * ((without - without.mean()) ** 2).sum()))
    assert (change.n, change.clusters, change.changed) == (5, 3, 3)
    assert change.effective == pytest.approx(25 / 9)


@given(st.lists(st.lists(st.floats(-0.5, 0.5), min_size=3, max_size=3), min_size=2, max_size=12))
def test_of_equal_clusters_the_jackknife_is_the_cluster_robust_error(
    groups: list[list[float]],
) -> None:
    changes = np.array(groups)
    codes = np.repeat(np.arange(len(groups)), 3).tolist()
    scores = PairedScores([0.5] * changes.size, (0.5 + changes.ravel()).tolist(), codes)
    count = len(groups)
    spread = ((changes.sum(axis=1) - 3 * changes.mean()) ** 2).sum()
    robust = math.sqrt(count / (count - 1) * spread) / changes.size
    assert paired_change(scores).error == pytest.approx(robust, abs=1e-8)


def test_with_half_of_the_cases_in_a_cluster_the_error_is_not_too_small() -> None:
    """Independent noise of clusters: the true variance is noise² · Σ size² / n²."""
    sizes = np.array([22] + [2] * 11)
    codes = np.repeat(np.arange(12), sizes)
    truth = 0.1**2 * (sizes**2).sum() / sizes.sum() ** 2
    random = np.random.default_rng(1)
    jackknife, robust = [], []
    for _ in range(500):
        changes = random.normal(0, 0.1, 12)[codes].clip(-0.5, 0.5)
        scores = PairedScores([0.5] * 44, (0.5 + changes).tolist(), codes.tolist())
        jackknife.append((paired_change(scores).error or 0.0) ** 2)
        sums = np.bincount(codes, weights=changes - changes.mean())
        robust.append(12 / 11 * (sums**2).sum() / 44**2)
    assert np.mean(robust) < 0.5 * truth
    assert np.mean(jackknife) >= 0.9 * truth


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
def test_swapping_the_runs_turns_the_sign(values: Pairs) -> None:
    forth = paired_change(paired(values))
    back = paired_change(paired([(after, before) for before, after in values]))
    assert back.mean == pytest.approx(-forth.mean)
    assert back.error == pytest.approx(forth.error)


@given(pairs, st.floats(1e-6, 0.5))
def test_the_lower_bound_allows_for_the_loss_of_the_whole_scale(
    values: Pairs, alpha: float
) -> None:
    """Whatever the cases have to lose: those that were not drawn may have more."""
    change = paired_change(paired(values))
    assert change.error is not None
    n, z = len(values), stats.norm.isf(alpha)
    reach = math.hypot(stats.t.isf(alpha, n - 1) * change.error, z * math.sqrt(unseen(alpha)) / n)
    assert t_bounds(change, alpha)[0] == pytest.approx(
        max(-1.0, change.mean - unseen(alpha) / n - reach), abs=1e-9
    )
    still = paired_change(paired([(before, before) for before, _ in values]))
    assert t_bounds(still, alpha)[0] == pytest.approx(max(-1.0, math.log(alpha) / n))


def test_rounding_is_no_change() -> None:
    change = paired_change(PairedScores([0.1 + 0.2, 0.5], [0.3, 0.5]))
    assert (change.changed, change.ties, change.error) == (0, 1.0, 0.0)


def test_where_every_case_dropped_alike_and_none_can_gain_there_is_no_doubt() -> None:
    assert t_p(paired_change(PairedScores([1.0] * 3, [0.9] * 3))) == 0.0
    assert t_p(paired_change(PairedScores([0.5] * 3, [0.4] * 3))) > 0.05


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
