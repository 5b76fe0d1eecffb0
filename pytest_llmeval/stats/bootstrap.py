"""Intervals of any statistic by resampling the cases."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Sequence
from typing import Any

from pytest_llmeval.comparisons import Interval
from pytest_llmeval.stats.sign_flip import DRAWS


def bootstrap_interval(
    columns: Sequence[Sequence[float]],
    statistic: Callable[..., Any],
    confidence: float = 0.95,
    draws: int = DRAWS,
    seed: int = 0,
) -> Interval:
    """A statistic with its BCa bootstrap interval (bias-corrected and accelerated), two-sided.

    Source: Efron, "Better Bootstrap Confidence Intervals", JASA 82 (1987), as scipy has it.

    Args:
        columns: One or more columns of the same length; their rows are drawn together.
        statistic: Takes the columns as arrays, and ``axis`` where it can work on many resamples at once.
        confidence: Between 0 and 1.
        draws: Number of resamples.
        seed: Of the random numbers; the same seed and columns give the same interval.

    Returns:
        Without bounds where fewer than two rows, or rows that are all alike, leave nothing to resample.
    """
    import numpy as np
    from scipy import stats  # type: ignore[import-untyped]

    arrays = [np.asarray(column, dtype=float) for column in columns]
    n = len(arrays[0])
    if n < 2:
        return Interval(float(statistic(*arrays)) if n else None, None, None, n)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what scipy warns of comes back as nan, and is told below
        found = stats.bootstrap(
            arrays, statistic, paired=True, n_resamples=draws, confidence_level=confidence, method="BCa", rng=seed
        ).confidence_interval
    low, high = (None if math.isnan(bound) else float(bound) for bound in (found.low, found.high))
    return Interval(float(statistic(*arrays)), low, high, n)
