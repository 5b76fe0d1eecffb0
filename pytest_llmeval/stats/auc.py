"""How well scores tell two groups apart, whatever bound is set on them."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence


def auc(higher: Sequence[float], lower: Sequence[float]) -> float | None:
    """The probability that one of the first group scores above one of the second, a tie counting half.

    It is the area under the ROC curve, and U divided by the number of pairs. Source: Mann and Whitney, Annals of
    Mathematical Statistics 18 (1947); as an area: Hanley and McNeil, Radiology 143 (1982).

    Args:
        higher: Scores of those that should have the higher ones.
        lower: Scores of the others.

    Returns:
        From 0 to 1, where 0.5 is chance; ``None`` if a group is empty.
    """
    if not higher or not lower:
        return None
    ordered = sorted(lower)
    twice = sum(bisect_left(ordered, score) + bisect_right(ordered, score) for score in higher)
    return twice / (2 * len(higher) * len(lower))
