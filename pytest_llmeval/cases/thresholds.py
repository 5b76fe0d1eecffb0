"""The thresholds in force for a case."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pytest_llmeval.records.scorer import ScorerKey
    from pytest_llmeval.records.threshold import Threshold


def in_force(groups: Iterable[Sequence[Threshold]]) -> tuple[Threshold, ...]:
    """Return, for every scorer, the thresholds of the first group that names it.

    Args:
        groups: Thresholds by origin, highest precedence first: row, the nearest marker, command
            line, environment, ini.
    """
    chosen: dict[ScorerKey, list[Threshold]] = {}
    for group in groups:
        by_scorer: dict[ScorerKey, list[Threshold]] = {}
        for threshold in group:
            by_scorer.setdefault(threshold.scorer, []).append(threshold)
        for key, thresholds in by_scorer.items():
            chosen.setdefault(key, thresholds)
    return tuple(threshold for thresholds in chosen.values() for threshold in thresholds)
