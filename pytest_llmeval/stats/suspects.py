"""Which cases got worse: the list that a person reads after a verdict. It is never the verdict itself.

Of a hundred cases some drop in every rerun of the same system, so a single case cannot say that the
system got worse. It can say where to look first. With several samples of a case in both runs, each
case has a test of its own, and Benjamini and Hochberg's procedure tells which drops are more than
the noise of a hundred tests. With one sample a case nothing tells noise from a drop: cases are then
ordered by the size of the drop alone, and none is marked.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass

from pytest_llmeval.stats.multiple_tests import benjamini_hochberg
from pytest_llmeval.stats.paired import ROUNDING
from pytest_llmeval.stats.sign_flip import DRAWS

FALSE_DISCOVERIES = 0.10


@dataclass(frozen=True)
class Suspect:
    """A case whose mean score dropped.

    Attributes:
        place: Its place in the sequences that were given.
        change: Mean after minus mean before, below 0.
        z: The change in standard deviations of all cases' changes; ``None`` where all changes are
            alike.
        p: One-sided p-value of "worse" of this case; ``None`` without two samples on each side.
        adjusted_p: The same after Benjamini and Hochberg over every case that has one.
        is_marked: Whether it stands out of the noise: ``adjusted_p`` at or below q.
    """

    place: int
    change: float
    z: float | None
    p: float | None = None
    adjusted_p: float | None = None
    is_marked: bool = False


def suspects(
    before: Sequence[Sequence[float]],
    after: Sequence[Sequence[float]],
    q: float = FALSE_DISCOVERIES,
    draws: int = DRAWS,
    seed: int = 0,
) -> list[Suspect]:
    """The cases that dropped, most suspicious first: by p-value where there is one, then by the size of the drop.

    The p-value is that of the permutation test of a difference of means (Fisher's exact test, where
    scores are 0 and 1): the share of all ways to deal the case's samples to the two runs that give
    as large a drop. Exact up to
    ``draws + 1`` ways. A case that did not drop counts with p = 1.

    Args:
        before: For each case its valid scores in the baseline, at least one.
        after: Likewise in the candidate.
        q: Share of false alarms to be expected among the marked.
        draws: Random deals, where there are too many to try all.
        seed: Of those.
    """
    import numpy as np

    changes = [_change(*pair) for pair in zip(before, after, strict=True)]
    spread = float(np.std(changes, ddof=1)) if len(changes) > 1 else 0.0
    tested = [
        place for place in range(len(changes)) if min(len(before[place]), len(after[place])) > 1
    ]
    found = {
        place: _p(before[place], after[place], draws, seed) if changes[place] < 0 else 1.0
        for place in tested
    }
    adjusted = dict(
        zip(tested, benjamini_hochberg([found[place] for place in tested]), strict=True)
    )
    dropped = [
        Suspect(
            place,
            change,
            change / spread if spread > ROUNDING else None,
            found.get(place),
            adjusted.get(place),
            adjusted.get(place, 1.0) <= q,
        )
        for place, change in enumerate(changes)
        if change < 0
    ]
    return sorted(
        dropped, key=lambda each: (1.0 if each.p is None else each.p, each.change, each.place)
    )


def _change(before: Sequence[float], after: Sequence[float]) -> float:
    change = math.fsum(after) / len(after) - math.fsum(before) / len(before)
    return change if abs(change) > ROUNDING else 0.0


def _p(before: Sequence[float], after: Sequence[float], draws: int, seed: int) -> float:
    """How often as large a drop comes from dealing the same samples to the two runs by chance."""
    import numpy as np

    pooled, size = np.array([*before, *after], dtype=float), len(after)
    bound = math.fsum(after) + ROUNDING * len(pooled)
    ways = math.comb(len(pooled), size)
    if ways > draws + 1:
        random = np.random.default_rng(seed)
        dealt = random.permuted(np.tile(pooled, (draws, 1)), axis=1)[:, :size].sum(axis=1)
        return (1 + int(np.count_nonzero(dealt <= bound))) / (1 + draws)
    deals = np.array(list(itertools.combinations(range(len(pooled)), size)))
    return int(np.count_nonzero(pooled[deals].sum(axis=1) <= bound)) / ways
