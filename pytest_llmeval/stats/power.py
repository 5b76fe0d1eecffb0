"""The power of a comparison: the smallest drop it detects, and the cases that a drop needs.

A drop is detected if the gate says REGRESSED: the test says "worse" at its level, and the measured
drop is at least the margin. The level is that of the strictest step of Holm's procedure, because
the metric that dropped may be the only one of several.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from pytest_llmeval.stats.paired import Change, unseen

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Numbers = NDArray[np.float64]

_USUAL_POWER = 0.8
"""Share of runs that detect a drop, unless somebody plans with another one."""

_MOST_CASES = 10_000_000
_STEPS = 24
"""Halvings of an interval of 1, to a ten-millionth: below the rounding of what is printed."""

_ERRORS = 32
"""Standard errors in place of their distribution."""

_SPREADS = 8.0
"""Standard deviations of the number of changed cases beyond which nothing is summed."""


@dataclass(frozen=True)
class Detection:
    """What a gate needs to detect a drop.

    Attributes:
        margin: Smallest drop that matters, from 0 to 1.
        alpha: Level of the gate.
        metrics: Number of metrics that share the level.
        is_table: Whether the exact McNemar test decides.
        is_sparse: Whether most cases do not change, so that a drop would be a loss of a few more.
        power: Share of runs that shall detect it.
    """

    margin: float
    alpha: float = 0.05
    metrics: int = 1
    is_table: bool = False
    is_sparse: bool = False
    power: float = _USUAL_POWER

    @property
    def level(self) -> float:
        """The level of a single metric."""
        return self.alpha / self.metrics


def detectable_drop(change: Change, detection: Detection) -> float | None:
    """Compute the minimum detectable effect: a drop that is REGRESSED in four of five runs.

    For pass/fail scores the power of the exact test is summed over all tables, with as many chance
    changes as the run had and the drop's further losses. For other scores the power of Student's
    test is summed over the standard errors that a run may measure. A drop of a metric of which most
    cases do not change is taken for that of a few cases that lose everything: a run in which
    nothing changed does not show their spread. Any other drop is taken for that of all cases. It
    takes more to detect a drop of a few cases in a metric of which all change. Source: Cohen,
    "Statistical Power Analysis for the Behavioral Sciences" (1988), chapter 2; Connor,
    "Sample size for testing differences in proportions for the paired-sample design", Biometrics
    43 (1987).

    Args:
        change: The measured change, whose noise is expected in the next run too.
        detection: What the gate needs.

    Returns:
        From 0 to 1; ``None`` with fewer than two clusters, and if not even the loss of everything
        would be detected.
    """
    if change.error is None:
        return None
    power = power_of(change, detection)
    return _smallest(lambda drop: power(drop) >= detection.power)


def cases_needed(change: Change, detection: Detection, drop: float = 0.05) -> int | None:
    """Compute how many such cases, in such clusters, would show a drop in four of five runs.

    Args:
        change: The measured change, whose noise is expected in the next run too.
        detection: What the gate needs.
        drop: The drop to be shown; 0.05 is 5 points.

    Returns:
        ``None`` with fewer than two clusters, and if the drop is within the margin, because no
        number is then enough.
    """
    if change.error is None or drop <= detection.margin:
        return None
    few, many = 1, 2
    while power_of(scaled_to(change, many), detection)(drop) < detection.power:
        few, many = many, 2 * many
        if many > _MOST_CASES:
            return None
    while many - few > max(1, few // 1000):
        middle = (few + many) // 2
        if power_of(scaled_to(change, middle), detection)(drop) < detection.power:
            few = middle
        else:
            many = middle
    return many


def power_of(change: Change, detection: Detection) -> Callable[[float], float]:
    """Return the power of a change by the true drop."""
    if detection.is_table:
        lost = change.sums.count(-1.0)
        gained = change.sums.count(1.0)
        chance = (lost + gained) / (2 * len(change.sums))
        return lambda drop: _table_power(drop, change.n, chance, detection)
    return lambda drop: _t_power(drop, change, detection)


def _t_power(drop: float, change: Change, detection: Detection) -> float:
    """Sum the power of Student's test over the losses and the errors that a run may have."""
    import numpy as np
    from scipy import special

    assert change.error is not None, "one cluster has no spread"
    clusters = max(2, round(change.effective))
    size = change.loss if detection.is_sparse else 0.0
    counts, weights = _losses(drop, size, clusters)
    lost = size * counts / clusters if size else np.array([drop])
    spread = lost * (size - lost) / (clusters - 1) if size else np.array([0.0])
    errors = change.error * error_factors(clusters - 1)
    shift, allowance = unseen(replace(change, error=0.0), change.gain, detection.alpha)
    wider = np.sqrt(errors[:, None] ** 2 + spread + allowance**2)
    quantile = float(special.stdtrit(clusters - 1, 1 - detection.level))
    needed = np.maximum(shift + quantile * wider, detection.margin)
    if change.error == 0.0:
        detected = (lost >= needed).astype(float)
    else:
        detected = special.ndtr((lost - needed) / change.error)
    # A permutation of so few signs reaches no smaller p-value.
    moved = counts + (change.changed > 0) if size else clusters * (1 - change.ties)
    return float(np.mean(detected * (0.5**moved < detection.level), axis=0) @ weights)


def _losses(drop: float, size: float, clusters: int) -> tuple[Numbers, Numbers]:
    """Return how many clusters may lose everything, with probabilities.

    A drop that all cases share, as in a metric of which most cases change, has no losses.
    """
    import numpy as np
    from scipy import special

    if not size:
        return np.array([0.0]), np.array([1.0])
    share = min(1.0, drop / size)
    middle = clusters * share
    spread = _SPREADS * math.sqrt(middle * (1 - share)) + 1
    counts = np.arange(max(0, math.floor(middle - spread)), min(clusters, middle + spread) + 1)
    before = np.where(counts > 0, special.bdtr(np.maximum(counts - 1, 0), clusters, share), 0.0)
    return counts, special.bdtr(counts, clusters, share) - before


def error_factors(freedom: int) -> Numbers:
    """Return equally likely factors by which a measured standard error misses the true one."""
    import numpy as np
    from scipy import special

    places = (np.arange(_ERRORS) + 0.5) / _ERRORS
    factors: Numbers = np.sqrt(2 * special.gammaincinv(freedom / 2, places) / freedom)
    return factors


def _table_power(drop: float, n: int, chance: float, detection: Detection) -> float:
    """Sum the power of the exact McNemar test over the number of changed cases."""
    import numpy as np
    from scipy import special

    gaining = chance
    losing = min(chance + drop, 1.0 - gaining)
    moving = losing + gaining
    if moving <= 0:
        return 0.0
    spread = _SPREADS * math.sqrt(n * moving * max(1 - moving, 0.0)) + 1
    least = max(1, math.floor(n * moving - spread))
    most = min(n, math.ceil(n * moving + spread))
    changed = np.arange(least, most + 1)
    # The smallest number of losses that the test calls worse, and that reaches the margin.
    losses = np.floor(special.bdtrik(1 - detection.level, changed, 0.5)) + 1
    losses = np.maximum(losses, 0)
    too_few = special.bdtrc(losses - 1, changed, 0.5) >= detection.level
    losses = losses + too_few
    losses = np.maximum(losses, np.ceil((changed + detection.margin * n) / 2 - 1e-9))
    share = losing / moving
    worse = np.where(
        losses > changed, 0.0, special.bdtrc(np.minimum(losses, changed) - 1, changed, share)
    )
    weights = special.bdtr(changed, n, moving) - special.bdtr(changed - 1, n, moving)
    return float(np.sum(weights * worse))


def scaled_to(change: Change, n: int) -> Change:
    """Return the same change over another number of such cases."""
    assert change.error is not None, "one cluster has no spread"
    factor = n / change.n
    return replace(
        change, n=n, error=change.error / math.sqrt(factor), effective=change.effective * factor
    )


def _smallest(is_enough: Callable[[float], bool]) -> float | None:
    """Return the smallest drop that is enough, by halving."""
    if not is_enough(1.0):
        return None
    low, high = 0.0, 1.0
    for _ in range(_STEPS):
        middle = (low + high) / 2
        if is_enough(middle):
            high = middle
        else:
            low = middle
    return high
