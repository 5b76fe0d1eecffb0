"""The records of the agreement of a judge with people. All are frozen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pytest_llmeval.records.calibration import Calibration
from pytest_llmeval.records.interval import Interval
from pytest_llmeval.records.threshold import Threshold


@dataclass(frozen=True)
class PredictionPowered:
    """A mean of labels, sharpened by scores of cases without one.

    Attributes:
        mean: The mean with its interval, in which ``n`` counts the labels.
        error: The standard error of the mean; ``None`` with fewer than two labels.
        error_of_labels: The standard error of the labels' mean, without scores.
        weight: Weight of the scores (lambda); 0 if they do not predict the labels.
        unlabelled: Number of scores without a label.
    """

    mean: Interval
    error: float | None
    error_of_labels: float | None
    weight: float
    unlabelled: int


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
class Disagreement:
    """A case with disagreement between people and judge.

    Attributes:
        id: Id of the case.
        position: Position of the label.
        label: Label of people, on the scale of the comparison.
        score: Score of the judge, on the same scale.
        reason: Reason of the judge.
    """

    id: str
    position: str
    label: float
    score: float
    reason: str = ""


@dataclass(frozen=True)
class Agreement:
    """The agreement of a judge with people.

    Attributes:
        name: Name of the score.
        fingerprint: Version of the scores; empty if unknown.
        model: Judge model; empty if unknown.
        calibration: The figures.
        missing: Reason for a missing value or interval, by the name of the figure.
        scale: Lowest and highest score of the comparison; ``None`` if unknown.
        bound: The lowest passing score, or the highest if lower is better; ``None`` if unknown.
        confusion: Passes and failures; ``None`` without a bound.
        powered: The estimated mean of people's labels.
        worst: The cases of largest disagreement, the worst first.
        notes: What was left out, and what a reader should know.
    """

    name: str
    fingerprint: str
    model: str
    calibration: Calibration
    missing: Mapping[str, str]
    scale: tuple[float, float] | None
    bound: float | None
    confusion: Confusion | None
    powered: PredictionPowered
    worst: tuple[Disagreement, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class AgreementCheck:
    """One bound compared with a figure of a calibration.

    Attributes:
        bound: The bound, on a figure such as ``kappa`` or on the lower end of its interval
            (``kappa.low``).
        interval: The figure with its interval.
        value: The number compared; ``None`` if there is none.
        met: Whether the bound is met.
    """

    bound: Threshold
    interval: Interval
    value: float | None
    met: bool
