"""How the scores of several samples of a case become one number."""

from __future__ import annotations

import math
import re
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction

from pytest_llmeval.errors import SettingError, nearest

VOTE = "vote"
PLAIN: dict[str, Callable[[Sequence[float]], float]] = {
    # in fractions: the mean of equal numbers is that number, so a bound on it is kept
    "mean": statistics.mean,
    "median": statistics.median,
    "min": min,
    "max": max,
}
BEST, WORST = "pass@", "pass^"
OF_K = re.compile(r"(pass[@^])([1-9][0-9]*)")
ALLOWED = "mean, median, min, max, majority, vote, pass@K or pass^K, K being at most the number of samples"


@dataclass(frozen=True)
class Reducer:
    """How the scores of samples become one.

    Attributes:
        name: ``mean``, ``median``, ``min``, ``max``, ``majority``, ``vote``, ``pass@`` or
            ``pass^``.
        k: The K of ``pass@K`` and ``pass^K``; else 0.
    """

    name: str
    k: int = 0

    def __str__(self) -> str:
        return f"{self.name}{self.k}" if self.k else self.name

    @property
    def is_vote(self) -> bool:
        """Whether the answers are reduced instead, and the one that wins is scored."""
        return self.name == VOTE

    def claims_all(self, higher_is_better: bool) -> bool:
        """Whether the number says something of every sample, so that none of them may be unscored."""
        return self.name in ("min", WORST) or (self.name == "max" and not higher_is_better)

    def reduce(self, values: Sequence[float], higher_is_better: bool = True) -> float:
        """The one number.

        Args:
            values: Finite numbers, one of each scored sample: at least one, and at least K.
            higher_is_better: Which end of the scale is good.
        """
        if self.name in PLAIN:
            return float(PLAIN[self.name](values))
        worst_first = sorted(values, reverse=not higher_is_better)
        if self.name == "majority":
            return majority(worst_first)
        return expected_last(worst_first if self.name == BEST else worst_first[::-1], self.k)


def parse_reducer(text: str, samples: int) -> Reducer:
    """Read ``mean`` or ``pass@3``.

    Args:
        text: As it was written.
        samples: How many samples there are.

    Raises:
        SettingError: There is no such reducer, or K is more than there are samples.
    """
    word = text.strip().lower()
    if word in (*PLAIN, "majority", VOTE):
        return Reducer(word)
    match = OF_K.fullmatch(word)
    if match is None:
        known = [*PLAIN, "majority", VOTE, f"{BEST}{samples}", f"{WORST}{samples}"]
        raise SettingError("--llm-reducer", text, ALLOWED, nearest(word, known))
    if int(match[2]) > samples:
        allowed = f"{match[1]}K with K from 1 to the number of samples, which is {samples}"
        raise SettingError("--llm-reducer", text, allowed, "For more samples set --llm-samples.")
    return Reducer(match[1], int(match[2]))


def majority(worst_first: Sequence[float]) -> float:
    """The best value that more than half of the samples reach: a bound on it is kept just if more than half keep it.

    Args:
        worst_first: The values in order, the worst first; at least one.
    """
    return float(worst_first[(len(worst_first) - 1) // 2])


def expected_last(ordered: Sequence[float], k: int) -> float:
    """Expected value of the last in order of K values that are drawn from n without replacement.

    ``Σ x_(i)·C(i-1, K-1) / C(n, K)``. With the worst first that is the best of K (pass@K); with the
    best first the worst of K (pass^K). For scores of 0 and 1, c of n being 1, these are ``1 -
    C(n-c, K)/C(n, K)`` (Chen et al. 2021, arXiv 2107.03374, equation 1) and ``C(c, K)/C(n, K)``
    (Yao et al. 2024, τ-bench, arXiv 2406.12045). In fractions, so that a bound on the end of the
    scale is kept where every sample keeps it.

    Args:
        ordered: The values in order; at least K.
        k: How many are drawn, from 1.
    """
    weighted = (Fraction(value) * math.comb(place, k - 1) for place, value in enumerate(ordered))
    return float(sum(weighted) / math.comb(len(ordered), k))
