"""The list of cases that got worse, which a person reads after a verdict.

In every rerun of a system some cases drop, so the list is no verdict. It shows where to look first.
If a case has several samples in both runs, it is tested alone, and Benjamini and Hochberg's
procedure marks the drops beyond the noise of many tests. With one sample for each case, noise and
drop cannot be separated. The cases are then ordered by the size of the drop, and none is marked.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass

from pytest_llmeval.stats.multiple_tests import benjamini_hochberg
from pytest_llmeval.stats.paired import ROUNDING
from pytest_llmeval.stats.sign_flip import DRAWS

_FALSE_DISCOVERIES = 0.10


@dataclass(frozen=True)
class Suspect:
    """A case whose mean score dropped.

    Attributes:
        index: Index of the case in the sequences of scores.
        change: Mean after minus mean before, below 0.
        z: The change in standard deviations of all cases' changes; ``None`` if all are alike.
        p: One-sided p-value of "worse"; ``None`` with fewer than two samples in a run.
        adjusted_p: The p-value after Benjamini and Hochberg's procedure over all tested cases.
        is_marked: Whether ``adjusted_p`` is at or below q.
    """

    index: int
    change: float
    z: float | None
    p: float | None = None
    adjusted_p: float | None = None
    is_marked: bool = False


def suspects(
    before: Sequence[Sequence[float]],
    after: Sequence[Sequence[float]],
    q: float = _FALSE_DISCOVERIES,
    draws: int = DRAWS,
    seed: int = 0,
) -> list[Suspect]:
    """List the cases that dropped, ordered by p-value and then by the size of the drop.

    The p-value is that of the permutation test of a difference of means, which is Fisher's exact
    test for scores of 0 and 1. It is the share of all ways to deal the case's samples to the two
    runs that give as large a drop, and exact up to ``draws + 1`` ways. A case that did not drop
    counts with p = 1.

    Args:
        before: The valid scores of each case in the baseline, at least one.
        after: The same in the candidate.
        q: Expected share of false alarms among the marked cases.
        draws: Number of random deals, if there are too many ways to try all.
        seed: Seed of the random deals.
    """
    import numpy as np

    changes = [_change(*pair) for pair in zip(before, after, strict=True)]
    spread = float(np.std(changes, ddof=1)) if len(changes) > 1 else 0.0
    p_values: dict[int, float] = {}
    for index, change in enumerate(changes):
        if min(len(before[index]), len(after[index])) < 2:
            continue
        p_values[index] = 1.0
        if change < 0:
            p_values[index] = _p(before[index], after[index], draws, seed)
    adjusted = dict(zip(p_values, benjamini_hochberg(list(p_values.values())), strict=True))
    dropped = [
        Suspect(
            index,
            change,
            change / spread if spread > ROUNDING else None,
            p_values.get(index),
            adjusted.get(index),
            adjusted.get(index, 1.0) <= q,
        )
        for index, change in enumerate(changes)
        if change < 0
    ]
    return sorted(dropped, key=_order)


def _order(suspect: Suspect) -> tuple[float, float, int]:
    return 1.0 if suspect.p is None else suspect.p, suspect.change, suspect.index


def _change(before: Sequence[float], after: Sequence[float]) -> float:
    change = math.fsum(after) / len(after) - math.fsum(before) / len(before)
    return change if abs(change) > ROUNDING else 0.0


def _p(before: Sequence[float], after: Sequence[float], draws: int, seed: int) -> float:
    """Compute how often a random deal of the samples to the two runs gives as large a drop."""
    import numpy as np

    pooled = np.array([*before, *after], dtype=float)
    size = len(after)
    bound = math.fsum(after) + ROUNDING * len(pooled)
    ways = math.comb(len(pooled), size)
    if ways > draws + 1:
        random = np.random.default_rng(seed)
        dealt = random.permuted(np.tile(pooled, (draws, 1)), axis=1)[:, :size].sum(axis=1)
        return (1 + int(np.count_nonzero(dealt <= bound))) / (1 + draws)
    deals = np.array(list(itertools.combinations(range(len(pooled)), size)))
    return int(np.count_nonzero(pooled[deals].sum(axis=1) <= bound)) / ways
