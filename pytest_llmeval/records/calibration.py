"""The record of a calibration."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pytest_llmeval.records.interval import Interval


@dataclass(frozen=True)
class Calibration:
    """The agreement of a judge with people.

    Attributes:
        figures: Figures with their bootstrap intervals, by name: ``kappa``, ``weighted_kappa``,
            ``alpha``, ``pearson``, ``spearman``, ``kendall``, ``offset``, ``mean``, ….
        cases: Labelled cases with a score.
        unscored: Labelled cases that the judge could not score.
        labels: The file of the labels, as the user named it.
        made_at: ISO 8601 with UTC offset.
    """

    figures: Mapping[str, Interval]
    cases: int
    unscored: int = 0
    labels: str = ""
    made_at: str = ""
