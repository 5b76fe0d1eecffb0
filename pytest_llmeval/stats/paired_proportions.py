"""Pass rates of the same cases in two runs: the exact McNemar test, and Tango's bounds of the difference.

Only cases that changed sides speak about the difference: those that passed before and fail now
(lost), and those that failed before and pass now (gained).
"""

from __future__ import annotations

import math
import statistics

STEP = 1e-9  # the score equation has a second, trivial root at the estimate where no case changed


def mcnemar_p(lost: int, gained: int) -> float:
    """The exact one-sided p-value of "worse": ``P(Bin(lost + gained, ½) >= lost)``.

    Source: McNemar, "Note on the sampling error of the difference between correlated proportions or
    percentages", Psychometrika 12 (1947), in its exact conditional form.

    Args:
        lost: Cases that passed before and fail now.
        gained: Cases that failed before and pass now.
    """
    from scipy import stats

    if lost + gained == 0:
        return 1.0
    return float(stats.binomtest(lost, lost + gained, alternative="greater").pvalue)


def tango_bounds(lost: int, gained: int, n: int, alpha: float = 0.05) -> tuple[float, float]:
    """Lower and upper bound of ``(gained - lost)/n``, each one-sided at ``1 - alpha``, from Tango's score test.

    Unlike ``d̄ ± z · SE`` they do not collapse where nothing, or next to nothing, has changed: with
    no change in 20 cases the lower bound is -11.9 points. Source: Tango, "Equivalence test and
    confidence interval for the difference in proportions for the paired-sample design", Statistics
    in Medicine 17 (1998).

    Args:
        lost: Cases that passed before and fail now.
        gained: Cases that failed before and pass now.
        n: All cases, at least 1.
        alpha: Between 0 and 0.5.
    """
    return _lower(lost, gained, n, alpha), -_lower(gained, lost, n, alpha)


def _lower(lost: int, gained: int, n: int, alpha: float) -> float:
    from scipy import optimize

    z, estimate = statistics.NormalDist().inv_cdf(1 - alpha), (gained - lost) / n
    if lost == n:
        return -1.0
    return float(
        optimize.brentq(_excess, -1.0, estimate - STEP, args=(lost, gained, n, z), xtol=1e-12)
    )


def _excess(delta: float, lost: int, gained: int, n: int, z: float) -> float:
    """How far the estimate lies above ``delta``, less ``z`` standard errors that hold if ``delta`` is true."""
    linear = (2 * n - gained + lost) * delta - gained - lost
    root = math.sqrt(max(0.0, linear * linear + 8 * n * lost * delta * (1 - delta)))
    losing = (root - linear) / (4 * n)  # the likeliest probability of being lost, given delta
    variance = n * (2 * losing + delta * (1 - delta))
    return gained - lost - n * delta - z * math.sqrt(max(0.0, variance))
