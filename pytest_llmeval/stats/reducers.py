"""Reducers, which turn the scores of several samples of a case into one number."""

from __future__ import annotations

import math
import re
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction

from pytest_llmeval.errors import SettingError, nearest

_VOTE = "vote"
_SIMPLE: dict[str, Callable[[Sequence[float]], float]] = {
    # Computed in fractions: the mean of equal numbers is that number, so it meets the same bound.
    "mean": statistics.mean,
    "median": statistics.median,
    "min": min,
    "max": max,
}
_BEST_OF = "pass@"
_WORST_OF = "pass^"
_OF_K = re.compile(r"(pass[@^])([1-9][0-9]*)")
_ALLOWED = (
    "mean, median, min, max, majority, vote, pass@K or pass^K, "
    "where K is at most the number of samples"
)


@dataclass(frozen=True)
class Reducer:
    """A function from the scores of samples to one number.

    Attributes:
        name: ``mean``, ``median``, ``min``, ``max``, ``majority``, ``vote``, ``pass@`` or
            ``pass^``.
        k: The K of ``pass@K`` and ``pass^K``, or 0.
    """

    name: str
    k: int = 0

    def __str__(self) -> str:
        return f"{self.name}{self.k}" if self.k else self.name

    @property
    def is_vote(self) -> bool:
        """Whether the answers vote, and the winning answer is scored."""
        return self.name == _VOTE

    def claims_all(self, higher_is_better: bool) -> bool:
        """Return whether the number is a claim about every sample, so that all need scores."""
        return self.name in ("min", _WORST_OF) or (self.name == "max" and not higher_is_better)

    def reduce(self, values: Sequence[float], higher_is_better: bool = True) -> float:
        """Reduce the scores to one number.

        Args:
            values: Finite scores of the scored samples: at least one, and at least K.
            higher_is_better: Whether the high end of the scale is good.
        """
        if self.name in _SIMPLE:
            return float(_SIMPLE[self.name](values))
        worst_first = sorted(values, reverse=not higher_is_better)
        if self.name == "majority":
            return majority(worst_first)
        return _expected_last(worst_first if self.name == _BEST_OF else worst_first[::-1], self.k)


def parse_reducer(text: str, samples: int, origin: str = "--llm-reducer") -> Reducer:
    """Parse a reducer such as ``mean`` or ``pass@3``.

    Args:
        text: The text of the setting.
        samples: Number of samples.
        origin: The setting that holds it, for error texts.

    Raises:
        SettingError: The reducer is unknown, or K is larger than the number of samples.
    """
    word = text.strip().lower()
    if word in (*_SIMPLE, "majority", _VOTE):
        return Reducer(word)
    match = _OF_K.fullmatch(word)
    if match is None:
        known = [*_SIMPLE, "majority", _VOTE, f"{_BEST_OF}{samples}", f"{_WORST_OF}{samples}"]
        raise SettingError(origin, text, _ALLOWED, nearest(word, known))
    if int(match[2]) > samples:
        allowed = f"{match[1]}K with K from 1 to the number of samples, which is {samples}"
        raise SettingError(origin, text, allowed, "For more samples, set --llm-samples.")
    return Reducer(match[1], int(match[2]))


def majority(worst_first: Sequence[float]) -> float:
    """Return the best value that more than half of the samples reach.

    It meets a bound exactly if more than half of the samples meet the bound.

    Args:
        worst_first: At least one value, ordered from the worst to the best.
    """
    return float(worst_first[(len(worst_first) - 1) // 2])


def _expected_last(ordered: Sequence[float], k: int) -> float:
    """Compute the expected last of K values that are drawn from n without replacement.

    It is ``Σ x_(i)·C(i-1, K-1) / C(n, K)``. With the worst first, that is the best of K (pass@K).
    With the best first, it is the worst of K (pass^K). If c of n scores are 1 and the rest 0, these
    are ``1 - C(n-c, K)/C(n, K)`` (Chen et al. 2021, arXiv 2107.03374, equation 1) and
    ``C(c, K)/C(n, K)`` (Yao et al. 2024, τ-bench, arXiv 2406.12045). Fractions ensure that the
    number meets a bound at the end of the scale if every sample does.

    Args:
        ordered: At least K values in order.
        k: Number of values drawn, at least 1.
    """
    weighted = (Fraction(value) * math.comb(index, k - 1) for index, value in enumerate(ordered))
    return float(sum(weighted) / math.comb(len(ordered), k))
