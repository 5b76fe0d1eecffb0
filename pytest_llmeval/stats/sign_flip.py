"""The permutation test of a paired difference: what if each cluster had gone the other way?

If the candidate is the baseline in all but name, each cluster's difference could as well have had
the opposite sign. The p-value is the share of all such worlds in which the total is at least as bad
as the one seen. Nothing is assumed of the distribution, so it holds for few clusters and for many
ties, where Student's t does not. (It asks for differences that are symmetric when nothing has
changed; two runs of one system have them.)
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
BLOCK = 2_000_000  # signs held at once: 16 MB as floats


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

    Exact where no more than ``draws + 1`` combinations exist (13 clusters that changed, with the
    default); else
    ``p = (1 + hits) / (1 + draws)``, which is valid for any number of draws. Sources: Fisher, "The
    Design of Experiments" (1935), section 21; Phipson and Smyth, "Permutation P-values Should Never
    Be Zero", SAGMB 9 (2010).

    Args:
        sums: The summed difference of each cluster, below 0 is worse. Those that are 0 change
            nothing.
        draws: Random combinations of signs.
        seed: Of the random numbers; the same seed and sums give the same p-value.
    """
    import numpy as np

    moved = np.array([each for each in sums if each != 0.0])
    bound = moved.sum() + ROUNDING * np.abs(moved).sum()
    if 2 ** len(moved) <= draws + 1:
        hits = sum(int(np.count_nonzero(totals <= bound)) for totals in _all_totals(moved))
        return SignFlip(hits / 2 ** len(moved), None)
    hits = sum(
        int(np.count_nonzero(totals <= bound)) for totals in _drawn_totals(moved, draws, seed)
    )
    return SignFlip((1 + hits) / (1 + draws), seed)


def _all_totals(moved: NDArray[np.float64]) -> Iterator[NDArray[np.float64]]:
    import numpy as np

    bits = np.arange(2 ** len(moved))[:, None] >> np.arange(len(moved)) & 1
    yield (1.0 - 2.0 * bits) @ moved


def _drawn_totals(
    moved: NDArray[np.float64], draws: int, seed: int
) -> Iterator[NDArray[np.float64]]:
    import numpy as np

    random = np.random.default_rng(seed)
    rows = max(1, BLOCK // len(moved))
    for start in range(0, draws, rows):
        shape = (min(rows, draws - start), -(-len(moved) // 8))
        bits = np.unpackbits(
            random.integers(0, 256, shape, dtype=np.uint8), axis=1, count=len(moved)
        )
        yield moved.sum() - 2.0 * (bits @ moved)
