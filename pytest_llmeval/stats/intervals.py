"""Confidence intervals of a mean and of a proportion, and percentiles."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence

from pytest_llmeval.records.interval import Interval
from pytest_llmeval.stats.unseen import unseen_size

_TOLERANCE = 1e-9
"""Relative step that ends an iteration; that of Newton's method is then about its square."""

_MOST_TERMS = 10_000
"""Terms of a continued fraction; it takes about the square root of the number of cases."""


def mean_interval(values: Sequence[float], confidence: float = 0.95) -> Interval:
    """Compute a mean with Student's interval ``mean ± t(1 - (1 - confidence)/2, n - 1) · s / √n``.

    Source: Student, "The Probable Error of a Mean", Biometrika 6 (1908).

    Args:
        values: Finite, independent numbers. Fewer than two give no bounds. Neither do equal ones,
            which do not show how far another one may be, nor those whose sum is not finite.
        confidence: Between 0 and 1.
    """
    n = len(values)
    if n < 2:
        return Interval(values[0] if n else None, None, None, n)
    try:
        mean, half = _student(values, confidence)
    except OverflowError:
        return Interval(math.fsum(value / n for value in values), None, None, n)
    if not half:
        return Interval(mean, None, None, n)
    return Interval(mean, mean - half, mean + half, n)


def bounded_interval(
    values: Sequence[float], low: float | None, high: float | None, confidence: float = 0.95
) -> Interval:
    """Compute a mean on a scale with ends, with an interval that holds near them.

    If 12 of 12 answers are right, their spread is 0, and so is Student's interval. A wrong answer
    may still be as frequent as one in four. So at the end of the scale from which the mean is
    farther, the interval allows for values that no case has shown:
    ``mean - q - √((t · s/√n)² + q²)`` with ``q = -ln(1 - confidence) / 2 · size · skew / n``. The
    size is that of `unseen_size`, and the skew is 1 for a mean at an end of the scale and 0 in the
    middle. If all values are at the end, the bound is that of the "rule of three". For scores of 0
    and 1 and means of any size the coverage is 94.6% or more for 10 to 100 cases.

    Args:
        values: Finite, independent numbers between the ends.
        low: Lower end of the scale; ``None`` for a scale without ends.
        high: Upper end.
        confidence: Between 0 and 1.
    """
    n = len(values)
    if low is None or high is None or low >= high or n < 2:
        return mean_interval(values, confidence)
    if not low <= min(values) <= max(values) <= high:
        return mean_interval(values, confidence)  # a user's metric that leaves its scale
    try:
        mean, half = _student(values, confidence)
    except OverflowError:
        return mean_interval(values, confidence)
    below, above = unseen_allowance(values, (low, high), mean, confidence)
    start = max(low, mean - below - math.hypot(half, below))
    end = min(high, mean + above + math.hypot(half, above))
    return Interval(mean, start, end, n)


def unseen_allowance(
    values: Sequence[float], scale: tuple[float, float] | None, mean: float, confidence: float
) -> tuple[float, float]:
    """Return the ``q`` of `bounded_interval` below and above a mean.

    Args:
        values: Numbers between the ends of the scale.
        scale: The ends; ``None`` for a scale without ends, which gets no allowance.
        mean: The estimated mean.
        confidence: Between 0 and 1.
    """
    if scale is None or scale[0] >= scale[1]:
        return 0.0, 0.0
    low, high = scale
    position = min(max(2 * (mean - low) / (high - low) - 1, -1.0), 1.0)
    weight = -math.log(1 - confidence) / 2 * abs(position) / len(values)
    if position > 0:
        return weight * unseen_size([max(value - low, 0.0) for value in values]), 0.0
    return 0.0, weight * unseen_size([max(high - value, 0.0) for value in values])


def _student(values: Sequence[float], confidence: float) -> tuple[float, float]:
    """Return the mean, and half of Student's interval."""
    n = len(values)
    spread = statistics.stdev(values) / math.sqrt(n)
    return statistics.fmean(values), central_quantile(confidence, n - 1) * spread


def proportion_interval(successes: int, n: int, confidence: float = 0.95) -> Interval:
    """Compute a proportion with the exact interval of Clopper and Pearson.

    It contains the true proportion in at least 95% of the samples of any size. Wilson's interval
    does so in 90% for 10 cases and a proportion of 94%. Source: Clopper and Pearson, "The use of
    confidence or fiducial limits illustrated in the case of the binomial", Biometrika 26 (1934);
    method 5 of Newcombe, Statistics in Medicine 17 (1998).

    Args:
        successes: From 0 to ``n``.
        n: Number of observations. 0 gives neither estimate nor bounds.
        confidence: Between 0 and 1.
    """
    if n == 0:
        return Interval(None, None, None, 0)
    tail = (1 - confidence) / 2
    low = 0.0 if successes == 0 else _proportion(successes, n, tail)
    high = 1.0 if successes == n else 1 - _proportion(n - successes, n, tail)
    return Interval(successes / n, low, high, n)


def proportion_bounds(successes: int, n: int, alpha: float = 0.05) -> tuple[float, float]:
    """Compute the lower and upper bound of a proportion, one-sided at ``1 - alpha``.

    They are the ends of the exact two-sided interval at ``1 - 2 · alpha``.

    Args:
        successes: From 0 to ``n``.
        n: Number of observations. 0 gives the bounds 0 and 1.
        alpha: Between 0 and 0.5.
    """
    interval = proportion_interval(successes, n, 1 - 2 * alpha)
    low = 0.0 if interval.low is None else interval.low
    high = 1.0 if interval.high is None else interval.high
    return low, high


def _proportion(successes: int, n: int, tail: float) -> float:
    """Return the proportion at which so many successes or more have the probability ``tail``."""
    low, high = 0.0, successes / n
    while high - low > _TOLERANCE * high:
        middle = (low + high) / 2
        if _beta_probability(middle, successes, n - successes + 1) < tail:
            low = middle
        else:
            high = middle
    return high


def _beta_probability(x: float, a: float, b: float) -> float:
    """Compute the regularized incomplete beta function ``I_x(a, b)`` for ``x <= a / (a + b)``.

    By the continued fraction of Abramowitz and Stegun (1964), 26.5.8, evaluated from the front with
    Lentz's method (Applied Optics 15, 1976). scipy has the function too, but importing it would
    take longer than all the rest of a summary.
    """
    logarithm = math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b)
    front = math.exp(logarithm + a * math.log(x) + b * math.log1p(-x)) / a
    upper = 1.0
    lower = 1 / (1 - (a + b) * x / (a + 1))
    product = lower
    for m in range(1, _MOST_TERMS):
        ratio = 1.0
        for term in (
            m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)),
            -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1)),
        ):
            lower = 1 / (1 + term * lower)
            upper = 1 + term / upper
            ratio = lower * upper
            product *= ratio
        if abs(ratio - 1) < _TOLERANCE:
            break
    return front * product


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
