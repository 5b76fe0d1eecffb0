"""What people would say on average, from few labels and many scores of a judge."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from pytest_llmeval.records.interval import Interval


@dataclass(frozen=True)
class PredictionPowered:
    """A mean of labels, sharpened by scores of cases without one.

    Attributes:
        mean: The mean with its interval; ``n`` counts the labels.
        error: Its standard error; ``None`` with fewer than two labels.
        error_of_labels: That of the labels' own mean, without any score.
        weight: How much the scores count (lambda): 0 where they say nothing of the labels.
        unlabelled: Number of scores without a label.
    """

    mean: Interval
    error: float | None
    error_of_labels: float | None
    weight: float
    unlabelled: int


def prediction_powered_mean(
    labels: Sequence[float],
    scores: Sequence[float],
    unlabelled: Sequence[float],
    confidence: float = 0.95,
) -> PredictionPowered:
    """The prediction-powered mean of the labels, with the weight that makes its variance least.

    With n labels y, their scores f and N further scores f':

        θ = mean(y) + λ · (mean(f') - mean(f)),  λ = cov(y, f) / ((1 + n/N) · var(f and f'
        together)) SE² = var(y - λf) / n + λ² · var(f') / N

    The interval is ``θ ± z · SE``. The scores may be biased: that cancels out. Cases are taken as
    independent. Source: Angelopoulos, Duchi and Zrnic, "PPI++: Efficient Prediction-Powered
    Inference" (2023), arXiv 2311.01453.

    Args:
        labels: The labels.
        scores: A score for each of them, in the same order.
        unlabelled: Scores of further cases of the same kind; with fewer than two, the labels' own
            mean is given.
        confidence: Between 0 and 1.
    """
    n, many = len(labels), len(unlabelled)
    if n < 2:
        return PredictionPowered(
            Interval(labels[0] if n else None, None, None, n), None, None, 0.0, many
        )
    own = math.sqrt(statistics.variance(labels) / n)
    weight = _weight(labels, scores, unlabelled) if many > 1 else 0.0
    mean, error = statistics.fmean(labels), own
    if weight:
        mean += weight * (statistics.fmean(unlabelled) - statistics.fmean(scores))
        rest = [label - weight * score for label, score in zip(labels, scores, strict=True)]
        error = math.sqrt(
            statistics.variance(rest) / n + weight**2 * statistics.variance(unlabelled) / many
        )
    half = statistics.NormalDist().inv_cdf((1 + confidence) / 2) * error
    return PredictionPowered(Interval(mean, mean - half, mean + half, n), error, own, weight, many)


def _weight(labels: Sequence[float], scores: Sequence[float], unlabelled: Sequence[float]) -> float:
    spread = statistics.variance([*scores, *unlabelled])
    if not spread:
        return 0.0
    return statistics.covariance(labels, scores) / ((1 + len(labels) / len(unlabelled)) * spread)
