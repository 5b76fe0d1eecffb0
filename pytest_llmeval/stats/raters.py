"""The agreement of several people with each other, and of a judge with single people.

A judge compared with the mean of several people has an easier task than a person compared with a
second one. So it is compared with one person at a time, as people are with each other.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterator, Sequence
from itertools import combinations
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Numbers = Sequence[float] | NDArray[np.float64]

_FEWEST_COMMON = 2
"""Fewest cases that two raters must have in common."""

Pairwise = Callable[..., "float | None"]
"""A figure of two raters, such as Cohen's kappa."""


def mean_between_raters(figure: Pairwise, ratings: Sequence[Numbers]) -> float | None:
    """Compute the mean of a figure over all pairs of raters.

    Source: Light, "Measures of Response Agreement for Qualitative Data", Psychological Bulletin 76
    (1971), for kappa.

    Args:
        figure: A figure of two raters; ``None`` where it is not defined.
        ratings: For each rater the ratings of all cases, ``nan`` for a missing one.

    Returns:
        ``None`` if no pair of raters has the figure.
    """
    return _mean(_pairwise(figure, one, two) for one, two in combinations(ratings, 2))


def mean_with_raters(figure: Pairwise, ratings: Sequence[Numbers], scores: Numbers) -> float | None:
    """Compute the mean of a figure over the pairs of the judge and one rater.

    Args:
        figure: A figure of two raters; ``None`` where it is not defined.
        ratings: For each rater the ratings of all cases, ``nan`` for a missing one.
        scores: The judge's scores.

    Returns:
        ``None`` if no rater has the figure.
    """
    return _mean(_pairwise(figure, rater, scores) for rater in ratings)


def _pairwise(figure: Pairwise, one: Numbers, two: Numbers) -> float | None:
    import numpy as np

    one, two = np.asarray(one, dtype=float), np.asarray(two, dtype=float)
    common = ~(np.isnan(one) | np.isnan(two))
    if np.count_nonzero(common) < _FEWEST_COMMON:
        return None
    return figure(one[common], two[common])


def _mean(values: Iterator[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return statistics.fmean(known) if known else None
