"""The result of a calibration: the agreement of a judge with people."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from pytest_llmeval.records.agreement import (
    Agreement,
    AgreementCheck,
    Confusion,
    Disagreement,
    PredictionPowered,
)
from pytest_llmeval.records.interval import Interval
from pytest_llmeval.stats.agreement import kappa_word
from pytest_llmeval.text import count, number, one_line

_WIDTH = 110
_LABEL = 15
_NO_FIGURE = "-"


def agreement_lines(
    agreement: Agreement, checks: Sequence[AgreementCheck], stored: str
) -> Iterator[str]:
    """Write the agreement for a terminal.

    Args:
        agreement: The figures.
        checks: Checks of the bounds on them.
        stored: Path of the file with the figures; empty if they were not stored.
    """
    calibration = agreement.calibration
    judge = f" by {agreement.model}" if agreement.model else ""
    version = f" ({agreement.fingerprint})" if agreement.fingerprint else ""
    unscored = f", {calibration.unscored:,} more unscored" if calibration.unscored else ""
    cases = f"{count(calibration.cases, 'case')}{unscored}"
    yield f"{agreement.name}{judge}{version} against {calibration.labels}: {cases}"
    for name, interval in calibration.figures.items():
        figure = _interval_text(interval)
        yield f"{name:<{_LABEL}} {figure:<24} {_meaning(name, agreement)}".rstrip()
    if agreement.confusion:
        yield from ("", *_table(agreement.confusion), "", _sentence(agreement, agreement.confusion))
    if agreement.worst:
        yield "largest disagreements:"
        yield from (f"  {one_line(_disagreement(case), _WIDTH)}" for case in agreement.worst)
    yield from (f"note: {text}" for text in agreement.notes)
    yield from map(_check_line, checks)
    if stored:
        yield f"stored in {stored}"
    elif agreement.fingerprint:
        yield "not stored: there are too few cases"
    else:
        yield "not stored: the judge of these scores is unknown (--fingerprint)"


def agreement_object(
    agreement: Agreement, checks: Sequence[AgreementCheck], stored: str
) -> dict[str, Any]:
    """Return the same for ``json.dumps(…, default=fields_of)``."""
    return {
        **vars(agreement),
        "demands": [{"bound": str(check.bound), "met": check.met} for check in checks],
        "stored": stored or None,
    }


def _interval_text(interval: Interval) -> str:
    """Write a figure with its interval: ``0.72 [0.51, 0.89]``."""
    if interval.estimate is None:
        return _NO_FIGURE
    if interval.low is None or interval.high is None:
        return f"{interval.estimate:.2f}"
    return f"{interval.estimate:.2f} [{interval.low:.2f}, {interval.high:.2f}]"


def _meaning(name: str, agreement: Agreement) -> str:
    """Explain a figure, or why it is missing."""
    if name in agreement.missing:
        return agreement.missing[name]
    value = agreement.calibration.figures[name].estimate or 0.0
    if name in ("kappa", "weighted_kappa"):
        text = f"{kappa_word(value)} agreement"
        if name == "kappa":
            text += f" on pass or fail at {number(agreement.bound)}"
        return text
    if name == "offset":
        if not round(value, 2):
            return ""
        return f"the judge is {'higher' if value > 0 else 'lower'} than people"
    return _powered(agreement.powered) if name == "mean" else ""


def _powered(powered: PredictionPowered) -> str:
    text = "of the labels"
    if powered.error is not None:
        text = f"estimate of people's mean, SE {powered.error:.3f}"
    if not powered.weight or powered.error_of_labels is None:
        return text
    more = count(powered.unlabelled, "more score")
    return f"{text} with {more} (labels alone: SE {powered.error_of_labels:.3f})"


def _table(confusion: Confusion) -> Iterator[str]:
    yield f"{'':<{_LABEL}} {'judge passes':>12} {'judge fails':>12}"
    yield f"{'people pass':<{_LABEL}} {confusion.both_pass:>12,} {confusion.people_pass:>12,}"
    yield f"{'people fail':<{_LABEL}} {confusion.judge_passes:>12,} {confusion.both_fail:>12,}"


def _sentence(agreement: Agreement, confusion: Confusion) -> str:
    kappa = agreement.calibration.figures["kappa"].estimate
    word = ""
    if kappa is not None:
        word = f": {kappa_word(kappa)} agreement beyond chance (Landis and Koch, 1977)"
    cases = f"{confusion.agreed:,} of {count(confusion.total, 'case')}"
    return f"Judge and people agree on pass or fail in {cases}{word}."


def _disagreement(case: Disagreement) -> str:
    reason = f": {case.reason}" if case.reason else ""
    scores = f"people {number(case.label)}, judge {number(case.score)}"
    return f"{case.id} ({case.position}): {scores}{reason}"


def _check_line(check: AgreementCheck) -> str:
    figure = _interval_text(check.interval)
    state = "met" if check.met else "MISSED"
    return f"{state}: {check.bound.metric} is {figure}; required {check.bound}"
