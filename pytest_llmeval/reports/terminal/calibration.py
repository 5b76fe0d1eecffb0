"""What a calibration says: how well a judge agrees with people."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pytest_llmeval.records.interval import Interval
from pytest_llmeval.records.run import Calibration
from pytest_llmeval.records.threshold import COMPARISONS, Threshold
from pytest_llmeval.stats.agreement import kappa_word
from pytest_llmeval.stats.prediction_powered import PredictionPowered
from pytest_llmeval.text import count, number, one_line

WIDTH = 110
LABEL = 15
NO_FIGURE = "-"


@dataclass(frozen=True)
class Confusion:
    """Passes and failures of people and judge: how many cases of each combination."""

    both_pass: int
    people_pass: int
    judge_passes: int
    both_fail: int

    @property
    def agreed(self) -> int:
        """Cases on which they agree."""
        return self.both_pass + self.both_fail

    @property
    def total(self) -> int:
        """All cases."""
        return self.agreed + self.people_pass + self.judge_passes


@dataclass(frozen=True)
class Disagreement:
    """A case on which people and judge differ.

    Attributes:
        id: Id of the case.
        place: Where its label stands.
        label: What people said, on the scale of the comparison.
        score: What the judge said, on the same.
        reason: Why, in the judge's words.
    """

    id: str
    place: str
    label: float
    score: float
    reason: str = ""


@dataclass(frozen=True)
class Agreement:
    """A judge measured against people.

    Attributes:
        name: Name of the score.
        fingerprint: Version of the scores; empty if it is not known.
        model: Model that judged; empty if it is not known.
        calibration: The figures.
        missing: Why a figure has no value or no interval, by its name.
        scale: Lowest and highest score of the comparison; ``None`` if it is not known.
        bound: The score from which on an answer passes (up to which, if lower is better); ``None``:
            not known.
        confusion: Passes and failures; ``None`` without a bound.
        powered: The mean that people would give.
        worst: The cases on which they differ most, the worst first.
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
    notes: tuple[str, ...] = field(default=())


@dataclass(frozen=True)
class Demand:
    """A bound on a figure, or on the lower end of its interval (``kappa.low``); not met where there is none."""

    bound: Threshold
    interval: Interval
    met: bool


def demands(agreement: Agreement, bounds: Sequence[Threshold]) -> list[Demand]:
    """What became of each bound.

    Args:
        agreement: The figures.
        bounds: Each on one of them.
    """
    found = []
    for bound in bounds:
        interval = agreement.calibration.figures[bound.metric.partition(".")[0]]
        value = bounded_figure(bound, agreement.calibration.figures)
        met = value is not None and bool(COMPARISONS[bound.comparison](value, bound.bound))
        found.append(Demand(bound, interval, met))
    return found


def bounded_figure(bound: Threshold, figures: Mapping[str, Interval]) -> float | None:
    """The number that a bound is on: a figure, or with ``.low`` the lower end of its interval; ``None``: there is none.

    Args:
        bound: The bound.
        figures: The figures of a calibration.
    """
    name, _, end = bound.metric.partition(".")
    interval = figures.get(name)
    return None if interval is None else interval.low if end else interval.estimate


def agreement_lines(agreement: Agreement, demanded: Sequence[Demand], stored: str) -> Iterator[str]:
    """The lines for a terminal.

    Args:
        agreement: The figures.
        demanded: Bounds on them.
        stored: Where they were stored; empty if nowhere.
    """
    calibration = agreement.calibration
    judge = f" by {agreement.model}" if agreement.model else ""
    version = f" ({agreement.fingerprint})" if agreement.fingerprint else ""
    unscored = f", {calibration.unscored:,} more unscored" if calibration.unscored else ""
    yield f"{agreement.name}{judge}{version} against {calibration.labels}: {count(calibration.cases, 'case')}{unscored}"
    for name, interval in calibration.figures.items():
        told = interval_text(interval)
        yield f"{name:<{LABEL}} {told:<24} {_meaning(name, agreement)}".rstrip()
    if agreement.confusion:
        yield from ("", *_table(agreement.confusion), "", _sentence(agreement, agreement.confusion))
    if agreement.worst:
        yield "disagree most:"
        yield from (f"  {one_line(_told(each), WIDTH)}" for each in agreement.worst)
    yield from (f"note: {text}" for text in agreement.notes)
    yield from map(_demand_line, demanded)
    why = (
        "there are too few cases"
        if agreement.fingerprint
        else "nobody knows whose scores these are (--fingerprint)"
    )
    yield f"stored in {stored}" if stored else f"not stored: {why}"


def agreement_object(
    agreement: Agreement, demanded: Sequence[Demand], stored: str
) -> dict[str, Any]:
    """The same for a program; ``json.dumps(…, default=fields_of)`` writes it."""
    return {
        **vars(agreement),
        "demands": [{"bound": str(each.bound), "met": each.met} for each in demanded],
        "stored": stored or None,
    }


def interval_text(interval: Interval) -> str:
    """A figure with its interval: ``0.72 [0.51, 0.89]``."""
    if interval.estimate is None:
        return NO_FIGURE
    bounds = (
        ""
        if interval.low is None or interval.high is None
        else f" [{interval.low:.2f}, {interval.high:.2f}]"
    )
    return f"{interval.estimate:.2f}{bounds}"


def _meaning(name: str, agreement: Agreement) -> str:
    """What stands beside a figure: why it is missing, or what it means."""
    if name in agreement.missing:
        return agreement.missing[name]
    value = agreement.calibration.figures[name].estimate or 0.0
    if name in ("kappa", "weighted_kappa"):
        return f"{kappa_word(value)} agreement" + (
            f" on pass or fail at {number(agreement.bound)}" * (name == "kappa")
        )
    if name == "offset":
        return (
            f"the judge is {'higher' if value > 0 else 'lower'} than people"
            if round(value, 2)
            else ""
        )
    return _powered(agreement.powered) if name == "mean" else ""


def _powered(powered: PredictionPowered) -> str:
    told = (
        f"what people would give, SE {powered.error:.3f}"
        if powered.error is not None
        else "of the labels"
    )
    if not powered.weight or powered.error_of_labels is None:
        return told
    more = count(powered.unlabelled, "more score")
    return f"{told} with {more} (labels alone: SE {powered.error_of_labels:.3f})"


def _table(found: Confusion) -> Iterator[str]:
    yield f"{'':<{LABEL}} {'judge passes':>12} {'judge fails':>12}"
    yield f"{'people pass':<{LABEL}} {found.both_pass:>12,} {found.people_pass:>12,}"
    yield f"{'people fail':<{LABEL}} {found.judge_passes:>12,} {found.both_fail:>12,}"


def _sentence(agreement: Agreement, found: Confusion) -> str:
    kappa = agreement.calibration.figures["kappa"].estimate
    word = (
        ""
        if kappa is None
        else f": {kappa_word(kappa)} agreement beyond chance (Landis and Koch, 1977)"
    )
    return f"Judge and people agree on pass or fail in {found.agreed:,} of {count(found.total, 'case')}{word}."


def _told(each: Disagreement) -> str:
    reason = f": {each.reason}" if each.reason else ""
    return (
        f"{each.id} ({each.place}): people {number(each.label)}, judge {number(each.score)}{reason}"
    )


def _demand_line(demand: Demand) -> str:
    told = f"{demand.bound.metric} is {interval_text(demand.interval)}, asked {demand.bound}"
    return f"{'kept' if demand.met else 'MISSED'}: {told}"
