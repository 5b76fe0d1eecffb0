"""Bootstrap intervals of a figure, which resample whole clusters of dependent cases."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Hashable, Sequence
from typing import TYPE_CHECKING

from pytest_llmeval.records.interval import Interval

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


_DRAWS = 999
"""Resamples: enough for two digits of a bound, and fast enough for a rank correlation."""
_BATCH = 100
"""Resamples in memory at a time."""
FEWEST_CLUSTERS = 10
"""Clusters below which the resamples say too little about new clusters."""
_MAX_UNDEFINED = 0.05
"""Share of resamples that may leave the figure undefined, for example with passes only."""


def clustered_bootstrap(
    columns: Sequence[Sequence[float]],
    figure: Callable[..., float | None],
    clusters: Sequence[Hashable] | None = None,
    confidence: float = 0.95,
    seed: int = 0,
) -> Interval:
    """Compute a figure over paired columns with its two-sided percentile bootstrap interval.

    Whole clusters are drawn with replacement, and the figure is computed from all their cases.
    Resamples with an undefined figure are dropped, which corrected intervals (BCa) do not allow.
    Source: Efron and Tibshirani, "An Introduction to the Bootstrap" (1993), chapter 13; for
    clusters Davison and Hinkley, "Bootstrap Methods and Their Application" (1997), 3.8.

    Args:
        columns: Columns of the same length, whose rows are drawn together.
        figure: Function of the columns as arrays; ``None`` where it is not defined.
        clusters: The cluster of each row; ``None`` makes each row a cluster.
        confidence: Between 0 and 1.
        seed: Seed of the random numbers. The same seed and rows give the same interval.

    Returns:
        An interval without estimate if the figure is not defined. It has no bounds with fewer than
        ten clusters, if more than 5% of the resamples leave the figure undefined, or if all
        resamples give the same number.
    """
    import numpy as np
    from scipy import stats

    rows = np.asarray(columns, dtype=float)
    n = rows.shape[1]
    estimate = figure(*rows) if n else None
    members = cluster_members(n, clusters)
    if estimate is None or len(members) < FEWEST_CLUSTERS:
        return Interval(estimate, None, None, n)

    def resampled(drawn: NDArray[np.int64]) -> float:
        chosen = (
            drawn if len(members) == n else np.concatenate([members[cluster] for cluster in drawn])
        )
        value = figure(*rows[:, chosen])
        return float("nan") if value is None else value

    with warnings.catch_warnings():
        # scipy warns about undefined resamples, which `_bounds` counts.
        warnings.simplefilter("ignore")
        result = stats.bootstrap(
            (np.arange(len(members)),), resampled, n_resamples=_DRAWS, batch=_BATCH,
            vectorized=False, method="percentile", rng=seed,
        )  # fmt: skip
    return Interval(estimate, *_bounds(result.bootstrap_distribution, confidence), n)


def _bounds(
    distribution: NDArray[np.float64], confidence: float
) -> tuple[float | None, float | None]:
    import numpy as np

    known = distribution[~np.isnan(distribution)]
    if len(known) < (1 - _MAX_UNDEFINED) * len(distribution) or np.ptp(known) < 1e-12:
        return None, None
    low, high = np.quantile(known, [(1 - confidence) / 2, (1 + confidence) / 2])
    return float(low), float(high)


def cluster_members(n: int, clusters: Sequence[Hashable] | None) -> list[NDArray[np.int64]]:
    """Group the row numbers by cluster."""
    import numpy as np

    members: dict[Hashable, list[int]] = {}
    for row in range(n):
        members.setdefault(row if clusters is None else clusters[row], []).append(row)
    return [np.asarray(rows) for rows in members.values()]
