"""Did the answers get longer, and did the longer ones get the better scores? Judges are known to favour length."""

from __future__ import annotations

import math
from collections.abc import Sequence

from pytest_llmeval.comparisons import LengthChange


def length_change(
    lengths_before: Sequence[float],
    lengths_after: Sequence[float],
    scores_before: Sequence[float],
    scores_after: Sequence[float],
) -> LengthChange | None:
    """The change in answer length, and how it goes with the change in score.

    A rise in score that goes with length may be the judge's taste and not a better answer. Source: Dubois et al.,
    "Length-Controlled AlpacaEval", arXiv 2404.04475 (2024); Spearman, American Journal of Psychology 15 (1904).

    Args:
        lengths_before: For each case the length of its answer in the baseline, in characters or tokens.
        lengths_after: Likewise in the candidate.
        scores_before: For each case its score in the baseline.
        scores_after: Likewise in the candidate.

    Returns:
        ``None`` without any case.
    """
    n = len(lengths_before)
    if not n:
        return None
    longer, better = _changes(lengths_before, lengths_after), _changes(scores_before, scores_after)
    return LengthChange(math.fsum(lengths_before) / n, math.fsum(lengths_after) / n, _correlation(longer, better), n)


def _changes(before: Sequence[float], after: Sequence[float]) -> list[float]:
    return [round(new - old, 9) for old, new in zip(before, after, strict=True)]  # rounding makes equal changes ties


def _correlation(first: Sequence[float], second: Sequence[float]) -> float | None:
    from scipy import stats  # type: ignore[import-untyped]

    if len(first) < 3 or len(set(first)) == 1 or len(set(second)) == 1:
        return None
    return float(stats.spearmanr(first, second).statistic)
