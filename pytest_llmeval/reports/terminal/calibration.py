"""The result of a calibration: the agreement of a judge with people."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from pytest_llmeval.records.agreement import (
    Agreement,
    AgreementCheck,
    Disagreement,
    PredictionPowered,
    SystemAgreement,
)
from pytest_llmeval.records.calibration import Confusion
from pytest_llmeval.records.interval import Interval
from pytest_llmeval.stats.agreement import kappa_word
from pytest_llmeval.text import and_more, count, number, one_line

_WIDTH = 110
_LABEL = 15
_NO_FIGURE = "-"
_MOST_SYSTEMS = 20
_NEAR = 0.1
"""Shortfall of the judge behind people that still counts as within human disagreement."""


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
    raters = f", {len(agreement.raters)} raters" if len(agreement.raters) > 1 else ""
    cases = f"{count(calibration.cases, 'case')}{unscored}{raters}"
    yield f"{agreement.name}{judge}{version} against {calibration.labels}: {cases}"
    for name, interval in calibration.figures.items():
        figure = _interval_text(interval)
        yield f"{name:<{_LABEL}} {figure:<24} {_meaning(name, agreement)}".rstrip()
    if agreement.confusion:
        yield from ("", *_table(agreement.confusion), "", _sentence(agreement, agreement.confusion))
    if agreement.systems:
        yield from ("", *_by_system(agreement.systems), "")
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
    if name in _OF_RATERS:
        return _OF_RATERS[name]
    if name == "gap":
        return _gap(agreement.calibration.figures[name])
    if name == "offset":
        if not round(value, 2):
            return ""
        return f"the judge is {'higher' if value > 0 else 'lower'} than people"
    return _powered(agreement.powered) if name == "mean" else ""


_OF_RATERS = {
    "raters": "agreement of two people",
    "raters_alpha": "agreement of all people, by the order of their labels",
    "judge_rater": "agreement of the judge with one of them",
    "within_system": "pearson within the answers of one system",
}


def _gap(gap: Interval) -> str:
    """Write whether the judge agrees with people as people agree with each other."""
    if gap.low is None or gap.high is None:
        return ""
    if gap.high < 0:
        return "outside human disagreement: people agree more with each other"
    if gap.low > -_NEAR:
        return f"within human disagreement: at most {_NEAR:g} less than people"
    return "not shown whether the judge is within human disagreement"


def _by_system(systems: Sequence[SystemAgreement]) -> Iterator[str]:
    width = max(_LABEL, *(len(one_line(system.name, 40)) for system in systems))
    yield f"{'system':<{width}} {'cases':>7} {'people':>8} {'judge':>8} {'pearson':>8}"
    for system in systems[:_MOST_SYSTEMS]:
        pearson = _NO_FIGURE if system.pearson is None else f"{system.pearson:.2f}"
        yield (
            f"{one_line(system.name, 40):<{width}} {system.cases:>7,} {system.label:>8.2f} "
            f"{system.score:>8.2f} {pearson:>8}"
        )
    if len(systems) > _MOST_SYSTEMS:
        yield and_more(len(systems) - _MOST_SYSTEMS)


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
