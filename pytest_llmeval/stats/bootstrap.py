"""Intervals of an agreement by resampling: whole clusters at once, where cases hang together."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Hashable, Sequence
from typing import TYPE_CHECKING

from pytest_llmeval.records.interval import Interval

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


DRAWS = 999
"""Resamples: enough for two digits of a bound, and a rank correlation of a thousand cases takes seconds."""
BATCH = 100  # resamples in memory at once
FEWEST_CLUSTERS = 10
"""Fewer clusters say too little of how the next ones would differ."""
MOST_UNDEFINED = 0.05
"""Share of resamples that may leave the figure undefined, for example because they hold passes alone."""


def clustered_bootstrap(
    columns: Sequence[Sequence[float]],
    figure: Callable[..., float | None],
    clusters: Sequence[Hashable] | None = None,
    confidence: float = 0.95,
    seed: int = 0,
) -> Interval:
    """A figure over paired columns with its percentile bootstrap interval, two-sided.

    Whole clusters are drawn, with replacement, and the figure is taken of all their cases.
    Resamples in which it is not defined are left out, which the corrected intervals (BCa) do not
    allow. Source: Efron and Tibshirani, "An Introduction to the Bootstrap" (1993), chapter 13; for
    clusters Davison and Hinkley, "Bootstrap Methods and Their Application" (1997), 3.8.

    Args:
        columns: Columns of the same length; their rows are drawn together.
        figure: Takes the columns as arrays; ``None`` where it is not defined.
        clusters: What each row belongs to; ``None``: each is its own cluster.
        confidence: Between 0 and 1.
        seed: Of the random numbers; the same seed and rows give the same interval.

    Returns:
        Without an estimate where the figure is not defined. Without bounds where there are fewer
        than ten clusters,
        more than one resample in twenty leaves the figure undefined, or all of them give the same.
    """
    import numpy as np
    from scipy import stats

    rows = np.asarray(columns, dtype=float)
    n = rows.shape[1]
    estimate = figure(*rows) if n else None
    members = _members(n, clusters)
    if estimate is None or len(members) < FEWEST_CLUSTERS:
        return Interval(estimate, None, None, n)

    def resampled(drawn: NDArray[np.int64]) -> float:
        chosen = drawn if len(members) == n else np.concatenate([members[each] for each in drawn])
        value = figure(*rows[:, chosen])
        return float("nan") if value is None else value

    with warnings.catch_warnings():
        warnings.simplefilter(
            "ignore"
        )  # scipy warns of undefined resamples, which are counted below
        found = stats.bootstrap(
            (np.arange(len(members)),), resampled, n_resamples=DRAWS, batch=BATCH, vectorized=False,
            method="percentile", rng=seed,
        )  # fmt: skip
    return Interval(estimate, *_bounds(found.bootstrap_distribution, confidence), n)


def _bounds(
    distribution: NDArray[np.float64], confidence: float
) -> tuple[float | None, float | None]:
    import numpy as np

    known = distribution[~np.isnan(distribution)]
    if len(known) < (1 - MOST_UNDEFINED) * len(distribution) or np.ptp(known) < 1e-12:
        return None, None
    low, high = np.quantile(known, [(1 - confidence) / 2, (1 + confidence) / 2])
    return float(low), float(high)


def _members(n: int, clusters: Sequence[Hashable] | None) -> list[NDArray[np.int64]]:
    """The rows of each cluster."""
    import numpy as np

    found: dict[Hashable, list[int]] = {}
    for row in range(n):
        found.setdefault(row if clusters is None else clusters[row], []).append(row)
    return [np.asarray(rows) for rows in found.values()]
