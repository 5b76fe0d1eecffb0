"""The allowance for a change that no case of a run has shown.

If one case in fifty loses everything, half of all runs of 30 cases contain no such case. Their
spread is then that of the noise alone, and a bound made from it promises too much. So the bounds of
a mean count a few cases more than there are. In the bound that rules out a drop these lose the
whole scale, because cases that were not drawn may have more to lose than all that were.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence


def unseen_cases(alpha: float) -> float:
    """Compute how many unseen cases a bound counts, 1.2 at a one-sided level of 95%.

    It is the ``w`` of ``w + z(1 - alpha) · √w = -ln(alpha)``. So the bound of ``n`` cases without
    any change is the exact one, ``-ln(alpha) / n`` of the size of a change: the "rule of three" of
    Hanley and Lippman-Hand, JAMA 249 (1983). If ``k`` cases have changed, the bound is close to
    that of a Poisson count: 4.6 for one case and 10.3 for five, in place of 4.7 and 10.5.

    Args:
        alpha: Between 0 and 0.5.
    """
    z = statistics.NormalDist().inv_cdf(1 - alpha)
    root = (math.sqrt(z * z - 4 * math.log(alpha)) - z) / 2
    return root * root


def unseen_size(room: Sequence[float]) -> float:
    """Compute the size of a change that no case has shown: ``Σ x² / Σ x``.

    That is the change of the case to which a random point of the room belongs. The plain mean would
    be too small where some cases have much to lose and others nothing.

    Args:
        room: The most that each case can change, at least 0.

    Returns:
        0 if no case can change.
    """
    largest = max(room, default=0.0)
    if not 0 < largest < math.inf:
        return largest
    # As shares of the largest one, so that no square or sum is too large for a float.
    shares = [value / largest for value in room]
    return largest * math.fsum(share * share for share in shares) / math.fsum(shares)


def skew_allowance(pulls: Sequence[float], confidence: float) -> tuple[float, float]:
    """Return what an interval allows below and above for cases that pull to one side.

    If one case in fifty is far below all others, it may as well be one in fifteen, and a symmetric
    interval is too short below. So the interval allows for unseen cases of that size:
    ``-ln(1 - confidence) / 2 · size · skew / n``. The size is that of `unseen_size`, on each side
    of the mean. The skew is how much larger it is than that of the opposite side, as a share of
    their sum: 0 for a symmetric sample, nearly 1 for a few far cases.

    Args:
        pulls: The distance of each case from the mean, or its pull on a figure.
        confidence: Between 0 and 1.
    """
    below = unseen_size([max(-pull, 0.0) for pull in pulls])
    above = unseen_size([max(pull, 0.0) for pull in pulls])
    if not below + above:
        return 0.0, 0.0
    skew = (below - above) / (below + above)
    weight = -math.log(1 - confidence) / 2 / len(pulls)
    return weight * below * max(skew, 0.0), weight * above * max(-skew, 0.0)
