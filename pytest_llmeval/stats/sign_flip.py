"""The permutation test of a paired difference, which flips the signs of the clusters.

If the candidate is the same system as the baseline, the opposite sign of a cluster's difference is
as likely. The p-value is the share of all combinations of signs whose total is at least as bad as
the observed one. The test assumes no distribution, so it holds for few clusters and many ties,
where Student's t does not. It requires differences that are symmetric when nothing changed, which
is true of two runs of one system.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_llmeval.stats.paired import ROUNDING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


DRAWS = 9_999
_BLOCK = 2_000_000
"""Signs in memory at a time, 16 MB as floats."""


@dataclass(frozen=True)
class SignFlip:
    """The result of a sign-flip test.

    Attributes:
        p: The one-sided p-value of "worse".
        seed: Seed of the draws; ``None`` if every combination of signs was tried.
    """

    p: float
    seed: int | None


def sign_flip(sums: Sequence[float], draws: int = DRAWS, seed: int = 0) -> SignFlip:
    """Test whether clusters got worse, by flipping the signs of their differences.

    The test is exact for up to ``draws + 1`` combinations, by default 13 clusters that changed.
    Beyond that it is ``p = (1 + hits) / (1 + draws)``, which is valid for any number of draws.
    Sources: Fisher, "The Design of Experiments" (1935), section 21; Phipson and Smyth, "Permutation
    P-values Should Never Be Zero", SAGMB 9 (2010).

    Args:
        sums: The summed difference of each cluster; below 0 is worse, and 0 has no effect.
        draws: Number of random combinations of signs.
        seed: Seed of the random numbers. The same seed and sums give the same p-value.
    """
    import numpy as np

    moved = np.array([total for total in sums if total != 0.0])
    bound = moved.sum() + ROUNDING * np.abs(moved).sum()
    combinations = 2 ** len(moved)
    if combinations <= draws + 1:
        bits = np.arange(combinations)[:, None] >> np.arange(len(moved)) & 1
        hits = int(np.count_nonzero((1.0 - 2.0 * bits) @ moved <= bound))
        return SignFlip(hits / combinations, None)
    hits = 0
    for totals in _drawn_totals(moved, draws, seed):
        hits += int(np.count_nonzero(totals <= bound))
    return SignFlip((1 + hits) / (1 + draws), seed)


def _drawn_totals(
    moved: NDArray[np.float64], draws: int, seed: int
) -> Iterator[NDArray[np.float64]]:
    import numpy as np

    random = np.random.default_rng(seed)
    rows = max(1, _BLOCK // len(moved))
    for start in range(0, draws, rows):
        shape = (min(rows, draws - start), -(-len(moved) // 8))
        bits = np.unpackbits(
            random.integers(0, 256, shape, dtype=np.uint8), axis=1, count=len(moved)
        )
        yield moved.sum() - 2.0 * (bits @ moved)
