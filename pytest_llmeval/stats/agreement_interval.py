"""Intervals of figures of agreement, which hold for few cases.

The percentile bootstrap is too narrow for few cases: for 12 cases it contained the true weighted
kappa in 84 to 90% of simulated samples, and the true alpha in 86 to 90%.
"""

from __future__ import annotations

import math
import statistics
from collections import Counter
from collections.abc import Callable, Hashable, Sequence

from pytest_llmeval.records.interval import Interval
from pytest_llmeval.stats.bootstrap import cluster_members, clustered_bootstrap
from pytest_llmeval.stats.intervals import central_quantile

FEWEST_VARIED = 3
"""Cases that differ from the most common one, below which a sample does not show a spread."""

_MOST_CLUSTERS = 200
"""Clusters from which on the bootstrap alone is as good, and the jackknife would take long."""


def agreement_interval(
    columns: Sequence[Sequence[float]],
    figure: Callable[..., float | None],
    clusters: Sequence[Hashable] | None = None,
    confidence: float = 0.95,
    is_bounded: bool = True,
) -> Interval:
    """Compute a figure of agreement with the wider of two intervals.

    One is the percentile interval of the bootstrap, expanded as Hesterberg, "What Teachers Should
    Know About the Bootstrap", The American Statistician 69 (2015), advises for few cases. The
    second is Student's, ``f ± t(G-1) · SE``, with the error of the jackknife over ``G`` clusters:
    Efron and Stein, Annals of Statistics 9 (1981). Either alone contains the true figure in 88 to
    99% of simulated samples of 10 to 100 cases. Both together do in 93% or more (`make simulate`).

    Args:
        columns: Columns of the same length, whose rows belong together.
        figure: Function of the columns as arrays; ``None`` where it is not defined.
        clusters: The cluster of each row; ``None`` makes each row a cluster.
        confidence: Between 0 and 1.
        is_bounded: Whether the figure is from -1 to 1, as a correlation is.

    Returns:
        An interval without bounds where that of the bootstrap has none.
    """
    groups = cluster_members(len(columns[0]), clusters)
    if len(groups) < 2:
        return clustered_bootstrap(columns, figure, clusters)
    wide = _expanded(confidence, len(groups))
    drawn = clustered_bootstrap(columns, figure, clusters, wide)
    if drawn.estimate is None or drawn.low is None or drawn.high is None:
        return drawn
    error = None
    if len(groups) <= _MOST_CLUSTERS:
        error = _jackknife_error(columns, figure, clusters)
    if error is None:
        return drawn
    half = central_quantile(confidence, len(groups) - 1) * error
    low, high = drawn.estimate - half, drawn.estimate + half
    low, high = min(low, drawn.low), max(high, drawn.high)
    if is_bounded:
        low, high = max(low, -1.0), min(high, 1.0)
    return Interval(drawn.estimate, low, high, drawn.n)


def varied_clusters(values: Sequence[float], clusters: Sequence[Hashable] | None = None) -> int:
    """Count the clusters with a value other than the most common one.

    Where fewer than three differ, a sample has hardly seen how much the values vary, and no
    interval from it holds.

    Args:
        values: One value for each row.
        clusters: The cluster of each row; ``None`` makes each row a cluster.
    """
    if not values:
        return 0
    common = Counter(values).most_common(1)[0][0]
    groups = cluster_members(len(values), clusters)
    return sum(any(values[row] != common for row in group) for group in groups)


def _expanded(confidence: float, groups: int) -> float:
    """Return the level at which percentiles are as wide as Student's interval with ``n - 1``."""
    quantile = central_quantile(confidence, groups - 1) * math.sqrt(groups / (groups - 1))
    return 2 * statistics.NormalDist().cdf(quantile) - 1


def _jackknife_error(
    columns: Sequence[Sequence[float]],
    figure: Callable[..., float | None],
    clusters: Sequence[Hashable] | None,
) -> float | None:
    """Return the error; ``None`` if the figure is undefined without a cluster, or never varies."""
    import numpy as np

    rows = np.asarray(columns, dtype=float)
    groups = cluster_members(rows.shape[1], clusters)
    values = []
    for group in groups:
        value = figure(*np.delete(rows, group, axis=1))
        if value is None:
            return None
        values.append(value)
    count = len(groups)
    error = math.sqrt((count - 1) / count * math.fsum((v - np.mean(values)) ** 2 for v in values))
    return error if error > 1e-12 else None
