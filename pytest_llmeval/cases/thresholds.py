"""Which thresholds are in force for a case, and how it keeps them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pytest_llmeval.records.threshold import Threshold


def in_force(groups: Iterable[Sequence[Threshold]]) -> tuple[Threshold, ...]:
    """For each scorer, the thresholds of the first group that names it.

    Args:
        groups: Thresholds by where they were written, highest precedence first: row, the nearest
            marker, command line, environment, ini.
    """
    chosen: dict[str, list[Threshold]] = {}
    for group in groups:
        by_scorer: dict[str, list[Threshold]] = {}
        for threshold in group:
            by_scorer.setdefault(scorer_key(threshold.metric, threshold.params), []).append(
                threshold
            )
        for key, thresholds in by_scorer.items():
            chosen.setdefault(key, thresholds)
    return tuple(threshold for thresholds in chosen.values() for threshold in thresholds)


def by_origin(thresholds: Iterable[Threshold]) -> list[list[Threshold]]:
    """Thresholds of the settings as groups, one for each place where they were written."""
    groups: dict[str, list[Threshold]] = {}
    for threshold in thresholds:
        groups.setdefault(threshold.origin, []).append(threshold)
    return list(groups.values())


def scorer_key(name: str, params: object) -> str:
    """What tells two scorers of one case apart."""
    return f"{name} {sorted(params.items()) if isinstance(params, dict) else params}"
