"""What a comparison could have seen: the smallest drop that would show, and how many cases a given drop needs."""

from __future__ import annotations

import math
import statistics

from pytest_llmeval.stats.paired import Change
from pytest_llmeval.stats.verdicts import MIN_CLUSTERS

POWER = 0.8
FEW_CLUSTERS = 30
"""Below it Student's t decides by clearly more than 1.645 errors, and the normal quantiles would promise too much."""


def detectable_drop(change: Change, margin: float, alpha: float = 0.05) -> float | None:
    """The minimum detectable effect: a true drop of this size turns out REGRESSED in four of five runs.

    ``max(z(1 - alpha) · SE, margin) + z(.8) · SE``, which is ``max(1.645 · SE, margin) + .842 · SE`` at the usual
    level; below 30 clusters with Student's quantiles at ``G - 1`` in place of the normal ones. Source: Cohen,
    "Statistical Power Analysis for the Behavioral Sciences" (1988), chapter 2, with the margin as a second hurdle.

    Args:
        change: What was measured; the spread of its differences is taken for that of the next run.
        margin: Smallest drop that matters, from 0 to 1.
        alpha: Level of the test.

    Returns:
        From 0 up; ``None`` with fewer than two clusters.
    """
    if change.error is None:
        return None
    level, power = _quantiles(change.clusters, alpha)
    return max(level * change.error, margin) + power * change.error


def cases_needed(change: Change, margin: float, alpha: float = 0.05, drop: float = 0.05) -> int | None:
    """How many cases like these, in clusters as large as these, would show a true drop in four of five runs.

    Args:
        change: What was measured; the spread of its differences is taken for that of the next run.
        margin: Smallest drop that matters, from 0 to 1.
        alpha: Level of the test.
        drop: The drop to be shown; 0.05 is 5 points.

    Returns:
        At least enough for 10 clusters; ``None`` where nothing changed, so that nothing is known of the spread, or
        where the drop is not beyond the margin, so that no number is enough.
    """
    if not change.error or drop <= margin:
        return None
    level, power = _quantiles(FEW_CLUSTERS, alpha)
    error = min(drop / (level + power), (drop - margin) / power)
    return max(math.ceil(change.n * (change.error / error) ** 2), math.ceil(MIN_CLUSTERS * change.n / change.clusters))


def _quantiles(clusters: int, alpha: float) -> tuple[float, float]:
    if clusters < FEW_CLUSTERS:
        from scipy import special  # type: ignore[import-untyped]

        return float(special.stdtrit(clusters - 1, 1 - alpha)), float(special.stdtrit(clusters - 1, POWER))
    normal = statistics.NormalDist()
    return normal.inv_cdf(1 - alpha), normal.inv_cdf(POWER)
