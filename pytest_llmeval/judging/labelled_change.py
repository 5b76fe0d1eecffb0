"""The change that people would see between two runs, from labels of some of their answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_llmeval.errors import InputError, nearest
from pytest_llmeval.gating.content import text_hash
from pytest_llmeval.gating.scores import CaseScores, RunScores
from pytest_llmeval.records.agreement import PredictionPowered
from pytest_llmeval.stats.prediction_powered import prediction_powered_change
from pytest_llmeval.text import count

if TYPE_CHECKING:
    from pytest_llmeval.goldens.labels import Labels

_FEWEST = 10
"""Fewest labelled cases for an estimate."""


@dataclass(frozen=True)
class LabelledChange:
    """The change that people would see.

    Attributes:
        metric: The judge's score.
        powered: The estimated change of people's mean label.
        labels: The file of the labels.
        outdated: Labels about answers that neither run has.
    """

    metric: str
    powered: PredictionPowered
    labels: str
    outdated: int


def labelled_change(
    labels: Labels, before: RunScores, after: RunScores, metric: str
) -> LabelledChange:
    """Estimate the change of people's mean label, with the judge's scores of all cases.

    A label belongs to the run whose answer it is about, and to both if they have the same answer.
    Cases with a label of both answers say how far the judge's change is from that of people.

    Args:
        labels: Labels with ids and answers.
        before: The baseline.
        after: The candidate.
        metric: The judge's score.

    Raises:
        InputError: Fewer than ten cases have a label of both answers, or no case has the score.
    """
    by_answer = {
        (row.id, text_hash(row.answer)): row.label
        for row in labels.rows
        if row.label is not None and row.answer is not None
    }
    old, new = _by_id(before, metric), _by_id(after, metric)
    used: set[tuple[str, bytes]] = set()
    people: list[tuple[float, float]] = []
    judged: list[tuple[float, float]] = []
    rest: list[tuple[float, float]] = []
    for name in (name for name in old if name in new):
        answers = (name, old[name].answer), (name, new[name].answer)
        scores = (old[name].value_of(metric) or 0.0, new[name].value_of(metric) or 0.0)
        given = [by_answer[answer] for answer in answers if answer in by_answer]
        used.update(answer for answer in answers if answer in by_answer)
        if len(given) == 2:
            people.append((given[0], given[1]))
            judged.append(scores)
        else:
            rest.append(scores)
    if len(people) < _FEWEST:
        raise InputError(
            f"{labels.file}: found {count(len(people), 'case')} with labels of the answers of "
            f"{before.name} and {after.name}; allowed: at least {_FEWEST}. A label needs the "
            "columns id and answer, and a case one label for each of its two answers"
        )
    powered = prediction_powered_change(people, judged, rest)
    return LabelledChange(metric, powered, labels.file, len(by_answer) - len(used))


def _by_id(run: RunScores, metric: str) -> Mapping[str, CaseScores]:
    """Return the scored cases by id; an id that occurs twice is left out."""
    if metric not in run.scales:
        names = ", ".join(run.scales) or "none"
        hint = nearest(metric, run.scales)
        raise InputError(
            f"{run.name}: found no score {metric!r}; allowed: {names}. {hint}".rstrip()
        )
    cases: dict[str, CaseScores] = {}
    twice: set[str] = set()
    for case in run.cases.values():
        name = case.key[2]
        if name in cases:
            twice.add(name)
        if case.value_of(metric) is not None:
            cases[name] = case
    return {name: case for name, case in cases.items() if name not in twice}


def labelled_change_line(change: LabelledChange) -> str:
    """Write ``people: -0.40 [-0.71, -0.09] by 24 labelled cases and 176 more scores of rubric``."""
    powered = change.powered
    mean = powered.mean
    interval = "no interval: fewer than three labels changed otherwise than the others"
    if mean.low is not None and mean.high is not None:
        interval = f"[{mean.low:.2f}, {mean.high:.2f}]"
    text = f"people: {mean.estimate or 0.0:+.2f} {interval} by {count(mean.n, 'labelled case')}"
    if powered.weight and powered.error is not None and powered.error_of_labels is not None:
        text += f" and {count(powered.unlabelled, 'more score')} of {change.metric}"
        text += f", SE {powered.error:.3f} (labels alone: SE {powered.error_of_labels:.3f})"
    if change.outdated:
        text += f"; {count(change.outdated, 'label')} about other answers left out"
    return text
