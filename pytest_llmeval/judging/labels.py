"""A judge's scores beside the labels of people: from a column, from a run, or by judging now."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pytest_llmeval.errors import InputError
from pytest_llmeval.judging.ask import begin_score, some_ahead
from pytest_llmeval.records.call import Completion
from pytest_llmeval.text import first_of

if TYPE_CHECKING:
    from pytest_llmeval.assembly.session import Session
    from pytest_llmeval.goldens.labels import LabelRow, Labels
    from pytest_llmeval.records.result import CaseResult
    from pytest_llmeval.records.score import Scale, Score
    from pytest_llmeval.settings.table import Settings


SHOWN = 5
"""Ids that a note names."""


@dataclass(frozen=True)
class Pair:
    """A label and the judge's score of the same answer.

    Attributes:
        row: The label.
        value: The score; ``None``: unscored.
        reason: Why, in the judge's words; for an unscored answer, why there is no score.
    """

    row: LabelRow
    value: float | None
    reason: str = ""


@dataclass(frozen=True)
class LabelScores:
    """Labels with scores.

    Attributes:
        name: Name of the score.
        pairs: Labelled answers that the judge was asked about.
        unlabelled: Scores of answers without a label.
        scale: Of the scores; ``None`` if it is not known.
        fingerprint: Version of the scores; empty if it is not known.
        model: Model that judged; empty if it is not known.
        notes: What was left out, counted and named.
    """

    name: str
    pairs: tuple[Pair, ...]
    unlabelled: tuple[float, ...] = ()
    scale: Scale | None = None
    fingerprint: str = ""
    model: str = ""
    notes: tuple[str, ...] = ()


def scores_of_column(labels: Labels, column: str) -> LabelScores:
    """The scores that stand beside the labels."""
    pairs = tuple(
        Pair(row, row.score, "" if row.score is not None else "no score in its row")
        for row in labels.rows
    )
    return LabelScores(
        column,
        tuple(pair for pair in pairs if pair.row.label is not None),
        tuple(row.score for row in labels.rows if row.label is None and row.score is not None),
    )


def scores_by_judging(
    labels: Labels, name: str, session: Session, settings: Settings
) -> LabelScores:
    """Scores that are asked for now. Rows without a label are judged too: they sharpen the mean.

    Args:
        labels: With a case in each row.
        name: Name of the score.
        session: Whose engine asks.
        settings: Which judge, and how.

    Raises:
        NotConfiguredError: Nothing is set that could judge.
        InputError: No row has an answer.
    """
    scorer = session.scorer(name, {}, settings)
    answered = [row for row in labels.rows if row.answer is not None and row.case is not None]
    if not answered:
        raise InputError(
            f"{labels.file}: found no answer to judge; allowed: a column answer (or --answer COLUMN), a column of "
            "scores (--score COLUMN), or a run that has scored the cases (--run latest)"
        )
    started = (
        (
            row,
            begin_score(
                session,
                scorer,
                row.case,
                Completion(row.answer or "", endpoint="labels", cost_usd=0.0),
                order,
            ),
        )
        for order, row in enumerate(answered)
        if row.case is not None
    )
    scored = [(row, future.result()) for row, future in some_ahead(session, started)]
    silent = [row.id for row in labels.rows if row.answer is None]
    return LabelScores(
        name,
        tuple(_pair(row, score) for row, score in scored if row.label is not None),
        tuple(
            score.value for row, score in scored if row.label is None and score.value is not None
        ),
        scored[0][1].scale,
        scorer.version if scorer.judge else "",  # a metric's version names no judge
        scorer.judge,
        tuple(_noted(silent, "row without an answer", "rows without an answer")),
    )


def scores_of_run(
    labels: Labels, results: Iterable[CaseResult], name: str, fingerprint: str
) -> LabelScores:
    """The scores that a run has logged, joined by id, and by file and suite where the labels have such columns.

    Args:
        labels: The labels. Where they hold the answers too, a label of another answer is left out.
        results: The results of the run.
        name: Name of the score.
        fingerprint: Take only scores of this version; empty: they must all have one.

    Raises:
        InputError: The run has no such score, scores of several versions, or several results for
            one label.
    """
    found = _Logged(labels, name, fingerprint)
    for result in results:
        found.take(result)
    versions = sorted(found.versions)
    if len(versions) > 1:
        told = ", ".join(f"{version} ({found.versions[version]})" for version in versions)
        raise InputError(
            f"{name}: found scores of {len(versions)} judges: {told}; allowed: those of one. --fingerprint names it"
        )
    if not versions:
        names = ", ".join(sorted(found.names)) or "none"
        wanted = f" of the fingerprint {fingerprint}" if fingerprint else ""
        raise InputError(
            f"found no score {name!r}{wanted} in the run; its scores: {names}. --metric names one"
        )
    pairs, notes = found.joined()
    model = found.versions[versions[0]]
    known = versions[0] if model else ""
    return LabelScores(name, pairs, tuple(found.unlabelled), found.scale, known, model, notes)


def _pair(row: LabelRow, score: Score) -> Pair:
    return Pair(
        row,
        score.value,
        score.reason if score.value is not None else score.error or "no reason given",
    )


@dataclass
class _Logged:
    """What a run has to say of the labels."""

    labels: Labels
    name: str
    fingerprint: str
    scale: Scale | None = None
    versions: dict[str, str] = field(default_factory=dict)
    names: set[str] = field(default_factory=set)
    unlabelled: list[float] = field(default_factory=list)
    hits: dict[int, list[tuple[CaseResult, Score]]] = field(
        default_factory=lambda: defaultdict(list)
    )
    _by_id: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))

    def __post_init__(self) -> None:
        for place, row in enumerate(self.labels.rows):
            self._by_id[row.id].append(place)

    def take(self, result: CaseResult) -> None:
        """Note what a result says, if it says anything."""
        self.names.update(score.name for score in result.scores)
        wanted = [score for score in result.scores if self._is_wanted(score)]
        for each in wanted:
            self.versions[each.version] = each.judge
        if not wanted:
            return
        score, self.scale = wanted[0], wanted[0].scale
        places = [
            place
            for place in self._by_id.get(result.case.id, ())
            if _is_about(self.labels.rows[place], result)
        ]
        for place in places:
            self.hits[place].append((result, score))
        is_labelled = any(self.labels.rows[place].label is not None for place in places)
        if not is_labelled and score.value is not None:
            self.unlabelled.append(score.value)

    def _is_wanted(self, score: Score) -> bool:
        return score.name == self.name and self.fingerprint in ("", score.version)

    def joined(self) -> tuple[tuple[Pair, ...], tuple[str, ...]]:
        """The labels with their scores, and what was left out."""
        pairs, absent, other = [], [], []
        for place, row in enumerate(self.labels.rows):
            if row.label is None:
                continue
            result, score = self._only(row, self.hits[place]) if self.hits[place] else (None, None)
            if result is None or score is None:
                absent.append(row.id)
            elif (
                row.answer is not None
                and result.completion
                and row.answer.strip() != result.completion.text.strip()
            ):
                other.append(row.id)
                self.unlabelled.extend([] if score.value is None else [score.value])
            else:
                pairs.append(_pair(row, score))
        return tuple(pairs), (
            *_noted(
                absent, "label has no such score in the run", "labels have no such score in the run"
            ),
            *_noted(
                other,
                "label is about another answer than the run's",
                "labels are about other answers than the run's",
            ),
        )

    def _only(
        self, row: LabelRow, found: list[tuple[CaseResult, Score]]
    ) -> tuple[CaseResult, Score]:
        if len(found) > 1:
            suites = first_of([result.nodeid for result, _ in found], SHOWN)
            raise InputError(
                f"{self.labels.file}:{row.line}: found {len(found)} results for the id {row.id!r}: {suites}; "
                "allowed: one. A column file or suite in the labels tells them apart"
            )
        return found[0]


def _is_about(row: LabelRow, result: CaseResult) -> bool:
    return row.file in ("", result.case.source.file) and row.suite in ("", result.suite)


def _noted(ids: list[str], one: str, many: str) -> Iterator[str]:
    if ids:
        named = first_of(ids, SHOWN)
        yield f"{len(ids)} {one if len(ids) == 1 else many}: {named}"
