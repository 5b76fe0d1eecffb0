"""The cases in which raters disagree."""

from __future__ import annotations

import math
import statistics
from collections import Counter
from collections.abc import Sequence

Columns = Sequence[Sequence[float]]
_SMALL = 0.1
"""Share of the spread of all numbers below which a difference is no disagreement.

A judge of fractions is a little off everywhere, which does not show how often it is far off.
"""
_ROUNDING = 1e-9


def spread(columns: Columns) -> float:
    """Return the distance from the lowest to the highest number."""
    known = [value for column in columns for value in column if not math.isnan(value)]
    return max(known) - min(known) if known else 0.0


def coarse(values: Sequence[float], whole: float) -> list[float]:
    """Round values to tenths of a spread, so that small differences are equal."""
    step = _SMALL * whole or 1.0
    return [float(math.floor(value / step + 0.5)) for value in values]


def differs(columns: Columns) -> list[bool]:
    """Return for each row whether its numbers disagree; a missing one does not."""
    least = _SMALL * spread(columns) * (1 - _ROUNDING)
    disagrees = []
    for row in zip(*columns, strict=True):
        known = [value for value in row if not math.isnan(value)]
        disagrees.append(len(known) > 1 and max(known) - min(known) >= max(least, _ROUNDING))
    return disagrees


def differs_from_last(columns: Columns) -> list[bool]:
    """Return for each row whether a number differs from that of the last column."""
    pairs = [differs([column, columns[-1]]) for column in columns[:-1]]
    return [any(row) for row in zip(*pairs, strict=True)]


def differs_from_usual(labels: Sequence[float], scores: Sequence[float]) -> list[bool]:
    """Return for each row whether its score is not the most common one of its label.

    A label that occurs once has no usual score.
    """
    given: dict[float, Counter[float]] = {}
    for label, score in zip(labels, scores, strict=True):
        given.setdefault(label, Counter())[score] += 1
    usual = {}
    for label, numbers in given.items():
        score, times = numbers.most_common(1)[0]
        usual[label] = score if times > 1 else math.nan
    return [usual[label] != score for label, score in zip(labels, scores, strict=True)]


def shared_labels(ratings: Columns) -> list[float]:
    """Return the most common rating for each row where a rater gives it, else the mean of the row.

    People who all mean the same waver between two labels, so a mean that differs from the most
    common one does not show that cases do.
    """
    rows = [[value for value in row if not math.isnan(value)] for row in zip(*ratings, strict=True)]
    common = Counter(value for row in rows for value in row).most_common(1)[0][0]
    return [common if common in row or not row else statistics.fmean(row) for row in rows]


def within_groups(values: Sequence[float], groups: Sequence[str]) -> list[float]:
    """Return the distance of each value from the most common one of its group.

    Groups that differ do not show that the cases of one do.
    """
    given: dict[str, Counter[float]] = {}
    for value, group in zip(values, groups, strict=True):
        given.setdefault(group, Counter())[value] += 1
    usual = {group: numbers.most_common(1)[0][0] for group, numbers in given.items()}
    return [round(value - usual[group], 9) for value, group in zip(values, groups, strict=True)]
