"""The records of a calibration."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pytest_llmeval.records.interval import Interval


@dataclass(frozen=True)
class Confusion:
    """Passes and failures by people and judge: the number of cases of each combination."""

    both_pass: int
    people_pass: int
    judge_passes: int
    both_fail: int

    @property
    def agreed(self) -> int:
        """Cases with agreement."""
        return self.both_pass + self.both_fail

    @property
    def total(self) -> int:
        """Number of cases."""
        return self.agreed + self.people_pass + self.judge_passes


@dataclass(frozen=True)
class Calibration:
    """The agreement of a judge with people.

    Attributes:
        figures: Figures with their intervals, by name: ``kappa``, ``weighted_kappa``,
            ``alpha``, ``pearson``, ``spearman``, ``kendall``, ``offset``, ``mean``, ….
        cases: Labelled cases with a score.
        unscored: Labelled cases that the judge could not score.
        labels: The file of the labels, as the user named it.
        made_at: ISO 8601 with UTC offset.
        confusion: Passes and failures by people and judge; ``None`` without a bound.
        bound: The lowest passing score of the judge, or the highest if lower is better.
    """

    figures: Mapping[str, Interval]
    cases: int
    unscored: int = 0
    labels: str = ""
    made_at: str = ""
    confusion: Confusion | None = None
    bound: float | None = None
