"""The mean label of all cases, estimated from few labels and many scores of a judge."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence

from pytest_llmeval.records.agreement import PredictionPowered
from pytest_llmeval.records.interval import Interval


def prediction_powered_mean(
    labels: Sequence[float],
    scores: Sequence[float],
    unlabelled: Sequence[float],
    confidence: float = 0.95,
) -> PredictionPowered:
    """Compute the prediction-powered mean of the labels, with the weight of least variance.

    With n labels y, their scores f and N further scores f':

        θ = mean(y) + λ · (mean(f') - mean(f))
        λ = cov(y, f) / ((1 + n/N) · var(f and f' together))
        SE² = var(y - λf) / n + λ² · var(f') / N

    The interval is ``θ ± z · SE``. A bias of the scores cancels out. Cases must be independent.
    Source: Angelopoulos, Duchi and Zrnic, "PPI++: Efficient Prediction-Powered Inference" (2023),
    arXiv 2311.01453.

    Args:
        labels: The labels.
        scores: The scores of the same cases, in the same order.
        unlabelled: Scores of further cases of the same kind. With fewer than two, the result is the
            mean of the labels.
        confidence: Between 0 and 1.
    """
    n = len(labels)
    unlabelled_count = len(unlabelled)
    if n < 2:
        interval = Interval(labels[0] if n else None, None, None, n)
        return PredictionPowered(interval, None, None, 0.0, unlabelled_count)
    label_error = math.sqrt(statistics.variance(labels) / n)
    weight = _weight(labels, scores, unlabelled) if unlabelled_count > 1 else 0.0
    mean = statistics.fmean(labels)
    error = label_error
    if weight:
        mean += weight * (statistics.fmean(unlabelled) - statistics.fmean(scores))
        rest = [label - weight * score for label, score in zip(labels, scores, strict=True)]
        error = math.sqrt(
            statistics.variance(rest) / n
            + weight**2 * statistics.variance(unlabelled) / unlabelled_count
        )
    half = statistics.NormalDist().inv_cdf((1 + confidence) / 2) * error
    return PredictionPowered(
        Interval(mean, mean - half, mean + half, n), error, label_error, weight, unlabelled_count
    )


def _weight(labels: Sequence[float], scores: Sequence[float], unlabelled: Sequence[float]) -> float:
    spread = statistics.variance([*scores, *unlabelled])
    if not spread:
        return 0.0
    return statistics.covariance(labels, scores) / ((1 + len(labels) / len(unlabelled)) * spread)
