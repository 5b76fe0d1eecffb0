"""The allowance for a change that no case of a run has shown.

If one case in fifty loses everything, half of all runs of 30 cases contain no such case. Their
spread is then that of the noise alone, and a bound made from it promises too much. So the bounds of
a mean count a few cases more than there are, which lost or gained as much as cases can.
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
    total = math.fsum(room)
    return math.fsum(value * value for value in room) / total if total > 0 else 0.0
