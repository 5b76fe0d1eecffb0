"""The mean label of all cases, estimated from few labels and many scores of a judge."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import replace

from pytest_llmeval.records.agreement import PredictionPowered
from pytest_llmeval.records.interval import Interval
from pytest_llmeval.stats.agreement_interval import FEWEST_VARIED, varied_clusters
from pytest_llmeval.stats.intervals import central_quantile, unseen_allowance
from pytest_llmeval.stats.unseen import skew_allowance


def prediction_powered_mean(
    labels: Sequence[float],
    scores: Sequence[float],
    unlabelled: Sequence[float],
    scale: tuple[float, float] | None = None,
    confidence: float = 0.95,
) -> PredictionPowered:
    """Compute the prediction-powered mean of the labels, with the weight of least variance.

    With n labels y, their scores f and N further scores f':

        θ = mean(y) + λ · (mean(f') - mean(f))
        λ = cov(y, f) / ((1 + n/N) · var(f and f' together))
        SE² = var(y - λf) / n + λ² · var(f') / N

    The interval is ``θ ± t · SE``. A bias of the scores cancels out. Cases must be independent.
    Source: Angelopoulos, Duchi and Zrnic, "PPI++: Efficient Prediction-Powered Inference" (2023),
    arXiv 2311.01453. They take the normal quantile, with which the coverage is 89% for 10 labels.
    Here the t has n - 2 degrees of freedom, since the weight is estimated too, and so does the
    variance of the labels. On a scale with ends the interval allows for labels that no case has
    shown, as `bounded_interval` does, and without ends for what few labels show. The coverage is
    then 93% or more from 10 labels on, also where 97% of the labels are at one end (`make
    simulate`).

    Args:
        labels: The labels.
        scores: The scores of the same cases, in the same order.
        unlabelled: Scores of further cases of the same kind. With fewer than two, or if fewer than
            three labels or scores differ from the most common one, only the labels count.
        scale: Lowest and highest label; ``None`` if unknown, so that equal ones have no interval.
        confidence: Between 0 and 1.
    """
    n = len(labels)
    more = len(unlabelled)
    if n < 2:
        return _without_interval(labels[0] if n else None, n, more)
    label_error = math.sqrt(statistics.variance(labels) / n)
    if scale is None and not label_error:
        # Equal labels do not show how far another one may be, and nothing else says it.
        return _without_interval(statistics.fmean(labels), n, more)
    weight = 0.0
    is_varied = min(varied_clusters(labels), varied_clusters(scores)) >= FEWEST_VARIED
    if is_varied and more > 1:
        weight = _weight(labels, scores, unlabelled)
    mean = statistics.fmean(labels)
    error, freedom, rest = label_error, n - 1, list(labels)
    if weight:
        freedom = n - 2
        mean += weight * (statistics.fmean(unlabelled) - statistics.fmean(scores))
        rest = [label - weight * score for label, score in zip(labels, scores, strict=True)]
        error = math.sqrt(
            statistics.variance(rest) * (n - 1) / freedom / n
            + weight**2 * statistics.variance(unlabelled) / more
        )
    half = central_quantile(confidence, freedom) * error
    below, above = _allowance(labels, rest, scale, mean, confidence)
    low, high = mean - below - math.hypot(half, below), mean + above + math.hypot(half, above)
    if scale is not None:
        low, high = max(low, min(scale[0], mean)), min(high, max(scale[1], mean))
    return PredictionPowered(Interval(mean, low, high, n), error, label_error, weight, more)


def _without_interval(mean: float | None, n: int, more: int) -> PredictionPowered:
    return PredictionPowered(Interval(mean, None, None, n), None, None, 0.0, more)


def prediction_powered_change(
    labels: Sequence[tuple[float, float]],
    scores: Sequence[tuple[float, float]],
    unlabelled: Sequence[tuple[float, float]],
    confidence: float = 0.95,
) -> PredictionPowered:
    """Compute the prediction-powered mean difference of the labels of two runs.

    It is `prediction_powered_mean` of the differences, after less before, so the difficulty of a
    case cancels out, and so does a bias of the judge. Sources: Angelopoulos, Duchi and Zrnic
    (2023), arXiv 2311.01453; Boyeau et al., "AutoEval Done Right", arXiv 2403.07008.
    Where the labels of fewer than three cases change otherwise than those of most cases, the sample
    has hardly seen a change, and there is no interval.

    Args:
        labels: The labels of each labelled case before and after.
        scores: The judge's scores of the same cases, in the same order.
        unlabelled: The judge's scores of further cases.
        confidence: Between 0 and 1.
    """
    differences = _differences(labels)
    powered = prediction_powered_mean(
        differences, _differences(scores), _differences(unlabelled), None, confidence
    )
    if varied_clusters(differences) >= FEWEST_VARIED:
        return powered
    return replace(powered, mean=replace(powered.mean, low=None, high=None))


def _differences(pairs: Sequence[tuple[float, float]]) -> list[float]:
    # Rounding makes ties of equal changes.
    return [round(after - before, 9) for before, after in pairs]


def _weight(labels: Sequence[float], scores: Sequence[float], unlabelled: Sequence[float]) -> float:
    spread = statistics.variance([*scores, *unlabelled])
    if not spread:
        return 0.0
    return statistics.covariance(labels, scores) / ((1 + len(labels) / len(unlabelled)) * spread)


def _allowance(
    labels: Sequence[float],
    rest: Sequence[float],
    scale: tuple[float, float] | None,
    mean: float,
    confidence: float,
) -> tuple[float, float]:
    """Return what the interval allows below and above for cases that no label has shown."""
    if scale is not None:
        return unseen_allowance(labels, scale, mean, confidence)
    centre = statistics.fmean(rest)
    return skew_allowance([value - centre for value in rest], confidence)
