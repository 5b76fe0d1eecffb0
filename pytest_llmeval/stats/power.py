"""The power of a comparison: the smallest drop it detects, and the cases that a drop needs."""

from __future__ import annotations

import math
import statistics

from pytest_llmeval.stats.comparability import MIN_CLUSTERS
from pytest_llmeval.stats.paired import Change

_POWER = 0.8
FEW_CLUSTERS = 30
"""Clusters below which normal quantiles promise too much.

With 10 clusters they would detect 72% of the drops of that size, not 80%.
"""


def detectable_drop(
    change: Change, margin: float, alpha: float = 0.05, *, is_exact: bool = False
) -> float | None:
    """Compute the minimum detectable effect: a drop that is REGRESSED in four of five runs.

    It is ``max(z(1 - alpha) · SE, margin) + z(.8) · SE``, at the usual level ``max(1.645 · SE,
    margin) + .842 · SE``. Simulations made two corrections necessary. Below 30 clusters (counted as
    if of equal size) Student's quantiles at ``G - 1`` replace the normal ones. The exact McNemar
    test needs one case more (``z · SE + 1/n``), because its p-value moves in steps. Source: Cohen,
    "Statistical Power Analysis for the Behavioral Sciences" (1988), chapter 2, with the margin as a
    second hurdle.

    Args:
        change: The measured change, whose spread is expected in the next run too.
        margin: Smallest drop that matters, from 0 to 1.
        alpha: Level of the test.
        is_exact: Whether the exact McNemar test decides.

    Returns:
        At least 0; ``None`` with fewer than two clusters.
    """
    if change.error is None:
        return None
    level, power = _quantiles(change.effective, alpha)
    return max(level * change.error + is_exact / change.n, margin) + power * change.error


def cases_needed(
    change: Change,
    margin: float,
    alpha: float = 0.05,
    *,
    is_exact: bool = False,
    drop: float = 0.05,
) -> int | None:
    """Compute how many such cases, in such clusters, would show a drop in four of five runs.

    Args:
        change: The measured change, whose spread is expected in the next run too.
        margin: Smallest drop that matters, from 0 to 1.
        alpha: Level of the test.
        is_exact: Whether the exact McNemar test decides.
        drop: The drop to be shown; 0.05 is 5 points.

    Returns:
        At least enough for 10 clusters. ``None`` if nothing changed, because the spread is then
        unknown, and if the drop is within the margin, because no number is then enough.
    """
    if not change.error or drop <= margin:
        return None
    spread = change.error * math.sqrt(change.n)
    level, power = _quantiles(FEW_CLUSTERS, alpha)
    # The root of the number n that solves both/√n + is_exact/n = drop.
    both = (level + power) * spread
    root = (both + math.sqrt(both * both + 4 * drop * is_exact)) / (2 * drop)
    enough = max(root, power * spread / (drop - margin))
    return max(math.ceil(enough * enough), math.ceil(MIN_CLUSTERS * change.n / change.clusters))


def _quantiles(clusters: float, alpha: float) -> tuple[float, float]:
    if clusters < FEW_CLUSTERS:
        from scipy import special

        freedom = max(1.0, clusters - 1)
        return float(special.stdtrit(freedom, 1 - alpha)), float(special.stdtrit(freedom, _POWER))
    normal = statistics.NormalDist()
    return normal.inv_cdf(1 - alpha), normal.inv_cdf(_POWER)
