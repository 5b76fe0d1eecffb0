"""Tests of a mean that may be read at any time: the capital of gamblers who bet against it.

A gambler bets on each difference of a case, or of a cluster, before it is known, that it is below
(or above) a value. If the true mean is not, no way of betting is expected to win. So the capital
exceeds ``1 / alpha`` at any time with a probability of at most ``alpha`` (Ville's inequality), and
a run may stop as soon as it does. The capital is an e-value: 20 is as strong as ``alpha`` = 0.05.

Each gambler stakes a fixed share of what can be lost, and the test has the weighted mean of their
capitals. The bounds hold at all times together (a confidence sequence). Source: Waudby-Smith and
Ramdas, "Estimating means of bounded random variables by betting", JRSS B 86 (2024), arXiv
2010.09686, where a grid of fixed bets is "diversified Kelly betting". The grid is that of Cover's
universal portfolio (Orabona and Jun, IEEE Transactions on Information Theory 70, 2024). A fifth of
the weight is on the gambler who stakes nearly all, who is right where next to nothing changes.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Numbers = NDArray[np.float64]

_GAMBLERS = 32
"""Number of gamblers, each with a stake of its own."""

_BOLD = 0.2
"""Additional weight of the gambler with the largest stake."""

_STEPS = 40
"""Halvings of the interval from -1 to 1 for a bound."""

_LOWEST = 1e-300
"""Capital in place of nothing, of which there is no logarithm."""

_MOST_LOG = 690.0
"""Logarithm of the largest e-value that a float holds, with some room."""


class Wager:
    """A bet against a mean, which takes the differences one by one.

    Args:
        mean: The mean of the hypothesis.
        is_below: Whether the bet is that the true mean is below it, or else above.

    Attributes:
        value: The e-value now.
        best: The largest e-value so far.
    """

    def __init__(self, mean: float, is_below: bool) -> None:
        import numpy as np

        self._mean = mean
        self._is_below = is_below
        self._logs: Numbers = np.zeros(_GAMBLERS)
        self.value = 1.0
        self.best = 1.0

    def add(self, total: float, weight: float = 1.0) -> None:
        """Take a difference, or the sum of those of a cluster.

        Args:
            total: From ``-weight`` to ``weight``; for a cluster its sum by the cases of the largest
                cluster.
            weight: Number of its cases, by those of the largest cluster.
        """
        import numpy as np

        self._logs = self._logs + np.log(
            _factors(np.array([total]), np.array([weight]), self._mean, self._is_below)[0]
        )
        self.value = _capital(self._logs)
        self.best = max(self.best, self.value)


def e_value(
    totals: Sequence[float],
    weights: Sequence[float] | None = None,
    mean: float = 0.0,
    is_below: bool = True,
) -> float:
    """Compute the e-value of all differences, which does not depend on their order.

    Args:
        totals: Differences, or sums of clusters, as in `Wager.add`.
        weights: Their weights; ``None`` for 1 each.
        mean: The mean of the hypothesis.
        is_below: Whether the bet is that the true mean is below it, or else above.
    """
    import numpy as np

    values, sizes = _arrays(totals, weights)
    logs = np.sum(np.log(_factors(values, sizes, mean, is_below)), axis=0)
    return _capital(logs)


def anytime_bounds(
    totals: Sequence[float], weights: Sequence[float] | None = None, alpha: float = 0.05
) -> tuple[float, float]:
    """Compute the lower and the upper bound of the mean, each at a one-sided level.

    Either holds with a probability of ``1 - alpha`` at all times together, whenever one stops.

    Args:
        totals: Differences in their order, or sums of clusters, as in `Wager.add`.
        weights: Their weights; ``None`` for 1 each.
        alpha: Between 0 and 1.
    """
    import numpy as np

    values, sizes = _arrays(totals, weights)
    if not len(values):
        return -1.0, 1.0
    required = math.log(1 / alpha)

    def is_refuted(mean: float, is_below: bool) -> bool:
        return bool(np.max(_log_path(values, sizes, mean, is_below)) >= required)

    low, high = -1.0, 1.0
    lower, upper = -1.0, 1.0
    for _ in range(_STEPS):
        middle = (low + upper) / 2
        if is_refuted(middle, is_below=True):
            upper = middle
        else:
            low = middle
        middle = (lower + high) / 2
        if is_refuted(middle, is_below=False):
            lower = middle
        else:
            high = middle
    return lower, upper


def _log_path(values: Numbers, sizes: Numbers, mean: float, is_below: bool) -> Numbers:
    import numpy as np

    return _log_mean(np.cumsum(np.log(_factors(values, sizes, mean, is_below)), axis=0))


def _arrays(totals: Sequence[float], weights: Sequence[float] | None) -> tuple[Numbers, Numbers]:
    import numpy as np

    values = np.asarray(totals, dtype=float)
    return values, np.ones_like(values) if weights is None else np.asarray(weights, dtype=float)


def _factors(values: Numbers, sizes: Numbers, mean: float, is_below: bool) -> Numbers:
    """Return by which each difference multiplies the capital of each gambler.

    It is ``1 ± λ (d - m)`` with λ as a share of the largest one that leaves a capital above 0 for
    every difference. If that is all, no case can lose more, and the factor is monotone in ``m``.
    """
    import numpy as np

    sign, room = (-1.0, 1.0 - mean) if is_below else (1.0, 1.0 + mean)
    if room <= 0:
        return np.ones((len(values), _GAMBLERS))
    gains = sign * (values - mean * sizes) / room
    return np.maximum(1.0 + gains[:, None] * _stakes(), _LOWEST)


def _stakes() -> Numbers:
    """Return the shares from 0 to 1 at the quantiles of the arcsine distribution."""
    import numpy as np

    return (1.0 - np.cos(np.pi * (np.arange(_GAMBLERS) + 0.5) / _GAMBLERS)) / 2.0


def _capital(logs: Numbers) -> float:
    """Return the capital of all gamblers together."""
    return math.exp(min(float(_log_mean(logs)), _MOST_LOG))


def _log_mean(logs: Numbers) -> Numbers:
    """Return the logarithm of the weighted mean of the gamblers' capitals, without an overflow."""
    import numpy as np

    weights = np.full(_GAMBLERS, (1.0 - _BOLD) / _GAMBLERS)
    weights[-1] += _BOLD
    largest = logs.max(axis=-1, keepdims=True)
    mean: Numbers = np.log(np.exp(logs - largest) @ weights) + largest[..., 0]
    return mean
