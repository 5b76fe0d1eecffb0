"""Confidence intervals of a mean and of a proportion, and percentiles."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence

from pytest_llmeval.records.interval import Interval


def mean_interval(values: Sequence[float], confidence: float = 0.95) -> Interval:
    """Compute a mean with Student's interval ``mean ± t(1 - (1 - confidence)/2, n - 1) · s / √n``.

    Source: Student, "The Probable Error of a Mean", Biometrika 6 (1908).

    Args:
        values: Finite, independent numbers. Fewer than two give no bounds.
        confidence: Between 0 and 1.
    """
    n = len(values)
    if n < 2:
        return Interval(values[0] if n else None, None, None, n)
    mean = statistics.fmean(values)
    half = central_quantile(confidence, n - 1) * statistics.stdev(values) / math.sqrt(n)
    return Interval(mean, mean - half, mean + half, n)


def wilson_interval(successes: int, n: int, confidence: float = 0.95) -> Interval:
    """Compute a proportion with Wilson's score interval.

    The interval stays inside [0, 1] and holds for few observations. It is
    ``(p + z²/2n ± z·√(p(1-p)/n + z²/4n²)) / (1 + z²/n)``. Source: Wilson, "Probable Inference, the
    Law of Succession, and Statistical Inference", JASA 22 (1927); method 3 of Newcombe, Statistics
    in Medicine 17 (1998).

    Args:
        successes: From 0 to ``n``.
        n: Number of observations. 0 gives neither estimate nor bounds.
        confidence: Between 0 and 1.
    """
    if n == 0:
        return Interval(None, None, None, 0)
    z = statistics.NormalDist().inv_cdf((1 + confidence) / 2)
    p = successes / n
    spread = z * z / n
    centre = p + spread / 2
    half = z * math.sqrt(p * (1 - p) / n + spread / (4 * n))
    # At the ends rounding would miss the exact bound.
    low = 0.0 if successes == 0 else (centre - half) / (1 + spread)
    high = 1.0 if successes == n else (centre + half) / (1 + spread)
    return Interval(p, low, high, n)


def wilson_bounds(successes: int, n: int, alpha: float = 0.05) -> tuple[float, float]:
    """Compute the lower and upper bound of a proportion, one-sided at ``1 - alpha``.

    They are the ends of Wilson's two-sided interval at ``1 - 2 · alpha``.

    Args:
        successes: From 0 to ``n``.
        n: Number of observations. 0 gives the bounds 0 and 1.
        alpha: Between 0 and 0.5.
    """
    interval = wilson_interval(successes, n, 1 - 2 * alpha)
    low = 0.0 if interval.low is None else interval.low
    high = 1.0 if interval.high is None else interval.high
    return low, high


def percentile(values: Sequence[float], q: int) -> float | None:
    """Compute the ``q``-th percentile by linear interpolation between the order statistics.

    Definition 7 of Hyndman and Fan, "Sample Quantiles in Statistical Packages", The American
    Statistician 50 (1996), the default of numpy and R.

    Args:
        values: Numbers in any order. No number gives ``None``, one number gives itself.
        q: From 1 to 99.
    """
    if len(values) < 2:
        return values[0] if values else None
    return statistics.quantiles(values, n=100, method="inclusive")[q - 1]


_TOLERANCE = 1e-9
"""Relative step that ends Newton's method; the next one would be about its square."""


def central_quantile(probability: float, freedom: int) -> float:
    """Compute the t with ``P(-t < T < t) = probability`` by Newton's method.

    It starts at the normal quantile, which is below the root. The function is concave, so each step
    goes up and none goes too far.

    Args:
        probability: Between 0 and 1.
        freedom: Degrees of freedom, at least 1. The time is proportional to them, 0.1 s for a
            million.
    """
    t = statistics.NormalDist().inv_cdf((1 + probability) / 2)
    step = math.inf
    while step > _TOLERANCE * t:
        step = (probability - _central_probability(t, freedom)) / (2 * _density(t, freedom))
        t += step
    return t


def _central_probability(t: float, freedom: int) -> float:
    """Sum ``P(-t < T < t)``. Source: Abramowitz and Stegun (1964), 26.7.3 and 26.7.4."""
    cos2 = freedom / (freedom + t * t)
    sin = t / math.sqrt(freedom + t * t)
    is_odd = freedom % 2
    term = math.sqrt(cos2) if is_odd else 1.0
    total = term if freedom > 1 else 0.0
    for k in range(2 + is_odd, freedom - 1, 2):
        term *= cos2 * (k - 1) / k
        total += term
    if is_odd:
        return 2 / math.pi * (math.atan(t / math.sqrt(freedom)) + sin * total)
    return sin * total


def _density(t: float, freedom: int) -> float:
    """Compute the density at ``t``. Source: Abramowitz and Stegun, 26.7.1, differentiated."""
    half = (freedom + 1) / 2
    factor = math.exp(math.lgamma(half) - math.lgamma(freedom / 2)) / math.sqrt(freedom * math.pi)
    return factor * math.exp(-half * math.log1p(t * t / freedom))
