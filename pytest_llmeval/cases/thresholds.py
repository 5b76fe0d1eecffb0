"""The thresholds in force for a case."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pytest_llmeval.records.scorer import ScorerKey
    from pytest_llmeval.records.threshold import End, Threshold


def in_force(groups: Iterable[Sequence[Threshold]]) -> tuple[Threshold, ...]:
    """Return, for every scorer, its lower and its upper bounds in force.

    The first group with a lower bound of a scorer replaces the lower bounds of the later groups,
    and likewise for upper bounds. ``==`` is a lower and an upper bound.

    Args:
        groups: Thresholds by origin, highest precedence first: row, the nearest marker, command
            line, environment, ini.
    """
    chosen: dict[ScorerKey, list[Threshold]] = {}
    taken: dict[ScorerKey, frozenset[End]] = {}
    for group in groups:
        by_scorer: dict[ScorerKey, list[Threshold]] = {}
        for threshold in group:
            by_scorer.setdefault(threshold.scorer, []).append(threshold)
        for key, thresholds in by_scorer.items():
            before = taken.get(key, frozenset())
            for threshold in thresholds:
                part = threshold.only(threshold.ends - before)
                if part is not None:
                    chosen.setdefault(key, []).append(part)
                taken[key] = taken.get(key, frozenset()) | threshold.ends
    return tuple(threshold for thresholds in chosen.values() for threshold in thresholds)
