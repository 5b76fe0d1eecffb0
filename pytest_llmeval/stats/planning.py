"""How large a suite must be, from the noise of runs in which nothing was changed.

The noise is the change between two runs of the same system over the same cases. It says how many
cases or samples a drop needs, and which margin a strict gate can hold.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from pytest_llmeval.stats.paired import Change, PairedScores, paired_change, t_bounds, unseen_loss
from pytest_llmeval.stats.paired_proportions import tango_bounds
from pytest_llmeval.stats.power import (
    Detection,
    cases_needed,
    detectable_drop,
    error_factors,
    power_of,
)

_MANY_TIES = 0.5
"""Share of unchanged clusters from which a drop is that of a few more; see `stats.gate`."""

_MOST_SAMPLES = 64
"""Samples of a case beyond which more cases are the better advice."""

_TABLES = 400
"""Tables that are drawn to find the margin of pass/fail scores."""

_STEPS = 40

_NO_MARGIN = 0.995
"""A drop of nearly everything, which is no margin."""


@dataclass(frozen=True)
class Noise:
    """The noise of a metric between two runs of a suite in which nothing was changed.

    Attributes:
        change: The change between them, as of today's suite.
        is_table: Whether each case has a score of 0 or 1, and none is in a cluster.
        samples: Samples of each case.
        is_averaged: Whether more samples average it: it is the noise of answers and judge, and a
            case has the mean of its samples.
    """

    change: Change
    is_table: bool
    samples: int = 1
    is_averaged: bool = True

    @property
    def is_sparse(self) -> bool:
        """Whether most cases do not change."""
        return self.change.ties > _MANY_TIES


@dataclass(frozen=True)
class Goal:
    """What a suite shall show.

    Attributes:
        drop: The drop to be detected, from 0 to 1.
        power: Share of the runs that shall detect it.
        margin: Smallest drop that matters.
        alpha: Level of the gate.
        metrics: Number of metrics that share the level.
    """

    drop: float = 0.05
    power: float = 0.8
    margin: float = 0.02
    alpha: float = 0.05
    metrics: int = 1

    def detection(self, noise: Noise) -> Detection:
        """Return what the gate needs for this noise."""
        return Detection(
            self.margin, self.alpha, self.metrics, noise.is_table, noise.is_sparse, self.power
        )


def noise_of(scores: PairedScores, samples: int = 1, is_averaged: bool = True) -> Noise:
    """Return the noise of two runs over the same cases.

    Args:
        scores: Scores of two runs in which nothing was changed; at least one case.
        samples: Samples of each case.
        is_averaged: See `Noise`.
    """
    change = paired_change(scores)
    values = {*scores.before, *scores.after}
    is_single = samples == 1 or not is_averaged
    is_table = is_single and values <= {0, 1} and change.clusters == change.n
    return Noise(change, is_table, samples, is_averaged)


def with_samples(noise: Noise, samples: int) -> Noise:
    """Return the noise with another number of samples, of which each case has the mean.

    The error falls with the root of the samples. The allowance for unseen cases does not. Noise
    that samples do not average stays as it is.
    """
    if not noise.is_averaged or samples == noise.samples or noise.change.error is None:
        return noise
    error = noise.change.error * math.sqrt(noise.samples / samples)
    return replace(
        noise, change=replace(noise.change, error=error), is_table=False, samples=samples
    )


def visible_drop(noise: Noise, goal: Goal) -> float | None:
    """Compute which drop today's suite detects with the power of the goal."""
    return detectable_drop(noise.change, goal.detection(noise))


def planned_cases(noise: Noise, goal: Goal) -> int | None:
    """Compute how many cases the goal needs with today's samples; ``None`` if none are enough."""
    return cases_needed(noise.change, goal.detection(noise), goal.drop)


def planned_samples(noise: Noise, goal: Goal) -> int | None:
    """Compute how many samples the goal needs with today's cases.

    Returns:
        ``None`` if no number up to 64 is enough, and if samples do not average the noise.
    """
    if not noise.is_averaged or noise.change.error is None or goal.drop <= goal.margin:
        return None
    for samples in range(1, _MOST_SAMPLES + 1):
        sampled = with_samples(noise, samples)
        if power_of(sampled.change, goal.detection(sampled))(goal.drop) >= goal.power:
            return samples
    return None


def holdable_margin(noise: Noise, goal: Goal, seed: int = 0) -> float | None:
    """Compute the smallest margin that a strict gate meets in most runs without a change.

    It is the drop that such runs rule out with the power of the goal: the share of runs whose lower
    bound is above minus the margin. For pass/fail scores tables are drawn with as many chance
    changes as there were. For others the mean and its measured error vary as in Student's test.

    Args:
        noise: The noise of today's suite.
        goal: Its power and level.
        seed: Seed of the tables.

    Returns:
        ``None`` with fewer than two clusters, and if not even the loss of everything is a margin.
    """
    if noise.change.error is None:
        return None
    if noise.is_table:
        margin = _table_margin(noise.change, goal, seed)
        return margin if margin < _NO_MARGIN else None
    return _smallest(lambda margin: _share_above(noise.change, goal, -margin) >= goal.power)


def _share_above(change: Change, goal: Goal, bound: float) -> float:
    """Return the share of runs without a change whose lower bound is above a value."""
    import numpy as np
    from scipy import special

    assert change.error is not None, "one cluster has no spread"
    freedom = max(1, round(change.effective) - 1)
    quantile = float(special.stdtrit(freedom, 1 - goal.alpha))
    shift, reach = unseen_loss(change, goal.alpha)
    room = -bound - shift - np.hypot(quantile * change.error * error_factors(freedom), reach)
    if change.error == 0.0:
        return float(np.mean(room > 0))
    return float(np.mean(special.ndtr(room / change.error)))


def _table_margin(change: Change, goal: Goal, seed: int) -> float:
    """Return the quantile of the lower bounds of drawn tables."""
    import numpy as np

    moved = (change.sums.count(-1.0) + change.sums.count(1.0)) / change.n
    random = np.random.default_rng(seed)
    shares = [moved / 2, moved / 2, 1 - moved]
    drawn = random.multinomial(change.n, shares, _TABLES)
    known: dict[tuple[int, int], float] = {}
    lowest = []
    for lost, gained, _ in drawn.tolist():
        if (lost, gained) not in known:
            known[lost, gained] = _table_lower(lost, gained, change.n, goal.alpha)
        lowest.append(-known[lost, gained])
    return float(np.quantile(lowest, goal.power, method="higher"))


def _table_lower(lost: int, gained: int, n: int, alpha: float) -> float:
    """Return the lower bound that the gate has for a table."""
    same = n - lost - gained
    before = [1.0] * lost + [0.0] * gained + [1.0] * same
    after = [0.0] * lost + [1.0] * gained + [1.0] * same
    by_t, _ = t_bounds(paired_change(PairedScores(before, after)), alpha)
    by_tango, _ = tango_bounds(lost, gained, n, alpha)
    return min(by_t, by_tango)


def _smallest(is_enough: Callable[[float], bool]) -> float | None:
    """Return the smallest margin that is enough, by halving."""
    if not is_enough(_NO_MARGIN):
        return None
    low, high = 0.0, _NO_MARGIN
    for _ in range(_STEPS):
        middle = (low + high) / 2
        if is_enough(middle):
            high = middle
        else:
            low = middle
    return high


def split_samples(
    values: Sequence[Sequence[float]], reduce: Callable[[Sequence[float]], float]
) -> tuple[list[float], list[float], int]:
    """Split the samples of each case into two runs with half as many samples each.

    Args:
        values: Samples of each case, at least two.
        reduce: Makes the value of a case of its samples.

    Returns:
        The values of both halves, and the number of samples of each.
    """
    half = min(len(samples) for samples in values) // 2
    first = [reduce(samples[:half]) for samples in values]
    second = [reduce(samples[half : 2 * half]) for samples in values]
    return first, second, half


def shuffled_cases(values: Sequence[float], seed: int = 0) -> list[float]:
    """Return the scores of other cases in place of each, the noise of a run that is alone.

    Two runs of a case differ by less than two cases do, so a plan made of it is too careful.
    """
    import numpy as np

    order = np.random.default_rng(seed).permutation(len(values))
    after = list(values)
    # Each case gets the score of the next one in a random order, and so never its own.
    for row, follower in zip(order.tolist(), np.roll(order, -1).tolist(), strict=True):
        after[row] = values[follower]
    return after
