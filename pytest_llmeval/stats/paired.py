"""The change of a score between two runs over the same cases, with its standard error.

The difference is taken case by case, so that the difficulty of a case cancels out. Dependent cases,
such as turns of one conversation or questions on one document, form a cluster. A cluster that goes
wrong counts once, however many cases it holds.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, replace

from pytest_llmeval.records.comparison import LengthChange
from pytest_llmeval.stats.unseen import unseen_cases, unseen_size

ROUNDING = 1e-9
"""Difference that is only the rounding of floats: 0.3 - 0.2 and 0.2 - 0.1 are the same change."""


@dataclass(frozen=True)
class PairedScores:
    """One metric's scores of the same cases in two runs.

    Attributes:
        before: Mean over the samples of each case in the baseline, from 0 to 1, higher is better.
        after: The same in the candidate, in the same order.
        clusters: The cluster of each case; ``None`` makes each case a cluster.
        is_pass_fail: Whether the only scores are 0 and 1.
        missing: Scores in the baseline of cases that should have one in the candidate, and do not.
        everything: Scores of all cases of the baseline, if these cases are a random part of them.
    """

    before: Sequence[float]
    after: Sequence[float]
    clusters: Sequence[Hashable] | None = None
    is_pass_fail: bool = False
    missing: Sequence[float] = ()
    everything: Sequence[float] = ()

    def __post_init__(self) -> None:
        counts = {len(self.before), len(self.after)}
        if self.clusters is not None:
            counts.add(len(self.clusters))
        if len(counts) > 1:
            raise ValueError(
                f"paired scores: found {sorted(counts)} values; "
                "allowed: one before and one after for each case"
            )
        for score in (*self.before, *self.after, *self.missing):
            if not -ROUNDING <= score <= 1 + ROUNDING:
                raise ValueError(
                    f"paired scores: found {score}; allowed: 0 to 1. Scale the metric first."
                )

    def with_worst(self) -> PairedScores:
        """Return the scores in which every missing one is the worst, 0."""
        clusters = self.clusters
        if clusters is not None:
            # A missing case is its own cluster, because its run does not say to which it belongs.
            clusters = [*clusters, *(("missing", number) for number in range(len(self.missing)))]
        after = (*self.after, *(0.0 for _ in self.missing))
        return replace(
            self,
            before=(*self.before, *self.missing),
            after=after,
            clusters=clusters,
            missing=(),
            everything=(),
        )


@dataclass(frozen=True)
class Change:
    """The mean difference, after minus before.

    Attributes:
        mean: The mean over the cases; below 0 is worse.
        error: The standard error of the mean; ``None`` with fewer than two clusters.
        n: Number of cases, at least 1.
        sums: The sum of the differences in each cluster.
        effective: Number of clusters of equal size that would be worth as much:
            ``n² / Σ (cases of a cluster)²``.
        changed: Number of clusters in which at least one case changed.
        loss: Size of the loss of a case that loses everything, from 0 to 1: what the cases have to
            lose, or the largest loss of a cluster if that is more.
        gain: Size of a gain that no case has shown: what the cases have to gain, likewise.
        is_corrected: Whether a control variate has corrected it.
    """

    mean: float
    error: float | None
    n: int
    sums: tuple[float, ...]
    effective: float
    changed: int
    loss: float = 1.0
    gain: float = 1.0
    is_corrected: bool = False

    @property
    def clusters(self) -> int:
        """Number of clusters."""
        return len(self.sums)

    @property
    def ties(self) -> float:
        """Share of clusters whose differences add up to nothing."""
        return self.sums.count(0.0) / len(self.sums)


def paired_change(scores: PairedScores) -> Change:
    """Compute the mean difference, with a standard error for cases in clusters.

    The error is the jackknife's: ``SE² = (G-1)/G · Σ_g (m_g - m̄)²``, where ``m_g`` is the mean
    difference without cluster ``g``, of ``G`` clusters. If all clusters have the same size, that is
    the cluster-robust error of Liang and Zeger, Biometrika 73 (1986), and with one case in each the
    error of the paired t test. Where one cluster is larger than the others, their error is too
    small: with half of the cases in one of twelve clusters, a drop of the margin was OK in 27% of
    simulated runs, and with the jackknife in 5%. Sources: MacKinnon and White, Journal of
    Econometrics 29 (1985); for evaluations of language models Miller, "Adding Error Bars to Evals",
    arXiv 2411.00640 (2024).

    Args:
        scores: At least one case.
    """
    import numpy as np

    before = np.asarray(scores.before, dtype=float)
    differences = np.asarray(scores.after, dtype=float) - before
    differences[np.abs(differences) < ROUNDING] = 0.0
    n = len(differences)
    codes = _codes(scores)
    sums = np.bincount(codes, weights=differences)
    sums[np.abs(sums) < ROUNDING] = 0.0
    sizes = np.bincount(codes)
    changed = int(np.count_nonzero(np.bincount(codes, weights=differences != 0)))
    averages = sums / sizes
    largest_loss, largest_gain = float(-averages.min()), float(averages.max())
    groups = len(sums)
    error = None
    if groups > 1:
        without = (sums.sum() - sums) / (n - sizes)
        spread = float(np.sum((without - without.mean()) ** 2))
        error = math.sqrt((groups - 1) / groups * spread)
    return Change(
        math.fsum(differences) / n,
        error,
        n,
        tuple(sums.tolist()),
        effective=n * n / float(np.sum(sizes**2)),
        changed=changed,
        loss=max(unseen_size(before.clip(0, 1).tolist()), largest_loss),
        gain=max(unseen_size((1 - before.clip(0, 1)).tolist()), largest_gain),
    )


def t_bounds(change: Change, alpha: float = 0.05) -> tuple[float, float]:
    """Compute the one-sided lower and upper bound of the mean, with unseen changes.

    The lower bound is ``d̄ - w/G - √(t(1 - alpha, G - 1)² · SE² + z(1 - alpha)² · w/G²)``, where
    ``w`` is the number of unseen cases and ``G`` the effective number of clusters. The upper bound
    is ``d̄ + w · s/G + t(1 - alpha, G - 1) · √(SE² + w · s²/G²)``, where ``s`` is the size of an
    unseen gain. Neither is beyond the scale.

    Args:
        change: A change of at least two clusters.
        alpha: Between 0 and 0.5.
    """
    from scipy import special

    assert change.error is not None, "one cluster has no spread"
    quantile = float(special.stdtrit(change.clusters - 1, 1 - alpha))
    shift, error = unseen(change, change.gain, alpha)
    upper = min(1.0, change.mean + shift + quantile * error)
    shift, reach = unseen_loss(change, alpha)
    return max(-1.0, change.mean - shift - math.hypot(quantile * change.error, reach)), upper


def rules_out(lower: float | None, margin: float) -> bool:
    """Return whether a lower bound rules out a drop as large as the margin."""
    return lower is not None and lower > -margin + ROUNDING


def t_p(change: Change, alpha: float = 0.05) -> float:
    """Compute the p-value of "worse": the probability of a mean this low if nothing changed.

    Args:
        change: A change of at least two clusters.
        alpha: The level, on which the number of unseen gains depends.
    """
    from scipy import special

    shift, error = unseen(change, change.gain, alpha)
    # There is no spread if all clusters changed alike and none can gain, or if none changed.
    if error < ROUNDING:
        return 0.0 if change.mean < 0 else 1.0
    return float(special.stdtr(change.clusters - 1, (change.mean + shift) / error))


def unseen(change: Change, size: float, alpha: float) -> tuple[float, float]:
    """Return how far unseen changes move the mean, and its standard error with them.

    Args:
        change: A change of at least two clusters.
        size: Size of an unseen change.
        alpha: The level.
    """
    assert change.error is not None, "one cluster has no spread"
    weight = unseen_cases(alpha)
    one = size / change.effective
    return weight * one, math.sqrt(change.error**2 + weight * one**2)


def unseen_loss(change: Change, alpha: float) -> tuple[float, float]:
    """Return how far unseen losses move the mean, and how far a bound goes beyond that for them.

    An unseen case is taken to lose the whole scale, whatever the cases of the run have to lose. If
    one case in fifty has 1 and is lost, half of all runs of 35 cases hold only others. A bound of
    ``n`` cases that did not change is the "rule of three" for any scores, ``-ln(alpha) / n``.

    Args:
        change: The change.
        alpha: The level.
    """
    weight = unseen_cases(alpha)
    z = statistics.NormalDist().inv_cdf(1 - alpha)
    return weight / change.effective, z * math.sqrt(weight) / change.effective


def _codes(scores: PairedScores) -> list[int]:
    if scores.clusters is None:
        return list(range(len(scores.before)))
    codes: dict[Hashable, int] = {}
    return [codes.setdefault(cluster, len(codes)) for cluster in scores.clusters]


def length_change(
    lengths_before: Sequence[float],
    lengths_after: Sequence[float],
    scores_before: Sequence[float],
    scores_after: Sequence[float],
) -> LengthChange | None:
    """Measure the change in answer length, and its correlation with the change in score.

    A score that rises with length may show the judge's taste and not a better answer. Source:
    Dubois et al., "Length-Controlled AlpacaEval", arXiv 2404.04475 (2024); Spearman, American
    Journal of Psychology 15 (1904).

    Args:
        lengths_before: Length of each case's answer in the baseline, in characters or tokens.
        lengths_after: The same in the candidate.
        scores_before: Score of each case in the baseline.
        scores_after: The same in the candidate.

    Returns:
        ``None`` without cases.
    """
    n = len(lengths_before)
    if not n:
        return None
    correlation = _correlation(
        _changes(lengths_before, lengths_after), _changes(scores_before, scores_after)
    )
    return LengthChange(math.fsum(lengths_before) / n, math.fsum(lengths_after) / n, correlation, n)


def _changes(before: Sequence[float], after: Sequence[float]) -> list[float]:
    # Rounding makes ties of equal changes.
    return [round(new - old, 9) for old, new in zip(before, after, strict=True)]


def _correlation(first: Sequence[float], second: Sequence[float]) -> float | None:
    from scipy import stats

    if len(first) < 3 or len(set(first)) == 1 or len(set(second)) == 1:
        return None
    return float(stats.spearmanr(first, second).statistic)
