"""The records of the agreement of a judge with people. All are frozen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pytest_llmeval.records.calibration import Calibration, Confusion
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
class SystemAgreement:
    """The agreement on the answers of one system.

    Attributes:
        name: Name of the system.
        cases: Labelled answers with a score.
        label: Mean label of people.
        score: Mean score of the judge.
        pearson: Correlation of labels and scores; ``None`` if it is not defined.
    """

    name: str
    cases: int
    label: float
    score: float
    pearson: float | None


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
        raters: The column of each rater.
        systems: The agreement by system, if the answers of several are labelled.
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
    raters: tuple[str, ...] = ()
    systems: tuple[SystemAgreement, ...] = ()
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
