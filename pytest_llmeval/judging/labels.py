"""The scores of labelled answers: from a column, from a run, or judged now."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pytest_llmeval.assembly.run_record import adaptation_notes
from pytest_llmeval.errors import InputError
from pytest_llmeval.judging.ask import begin_score, start_ahead
from pytest_llmeval.records.call import Completion
from pytest_llmeval.records.score import is_failed_judge
from pytest_llmeval.text import first_of

if TYPE_CHECKING:
    from concurrent.futures import Future

    from pytest_llmeval.assembly.scorers import ReadyScorer
    from pytest_llmeval.assembly.session import Session
    from pytest_llmeval.goldens.labels import LabelRow, Labels
    from pytest_llmeval.records.result import CaseResult
    from pytest_llmeval.records.score import Scale, Score
    from pytest_llmeval.settings.table import Settings


_SHOWN = 5
"""Number of ids that a note names."""


@dataclass(frozen=True)
class Pair:
    """A label and the judge's score of the same answer.

    Attributes:
        row: The label.
        value: The score; ``None``: unscored.
        reason: The reason of the judge; for an unscored answer, why there is no score.
    """

    row: LabelRow
    value: float | None
    reason: str = ""


@dataclass(frozen=True)
class LabelScores:
    """Labels with their scores.

    Attributes:
        name: Name of the score.
        pairs: The labelled answers, with or without a score.
        unlabelled: Scores of answers without a label.
        scale: Scale of the scores; ``None`` if unknown.
        fingerprint: Version of the scores; empty if unknown.
        model: Model that judged; empty if unknown.
        notes: Notes on rows that were left out.
    """

    name: str
    pairs: tuple[Pair, ...]
    unlabelled: tuple[float, ...] = ()
    scale: Scale | None = None
    fingerprint: str = ""
    model: str = ""
    notes: tuple[str, ...] = ()


def scores_of_column(labels: Labels, column: str, lowest: float = 0.0) -> LabelScores:
    """Read the scores of a column in the file of the labels.

    Args:
        labels: Labels with a score in their rows.
        column: Name of the column.
        lowest: Lowest score, below which -1 is the score of a judge that failed.
    """
    pairs: list[Pair] = []
    unlabelled: list[float] = []
    for row in labels.rows:
        value = None if is_failed_judge(row.score, lowest) else row.score
        if row.label is not None:
            pairs.append(Pair(row, value, "" if value is not None else _no_score(row.score)))
        elif value is not None:
            unlabelled.append(value)
    return LabelScores(column, tuple(pairs), tuple(unlabelled))


def _no_score(score: float | None) -> str:
    return "no score in its row" if score is None else f"{score:g}, as of a judge that failed"


def scores_by_judging(
    labels: Labels, name: str, session: Session, settings: Settings
) -> LabelScores:
    """Judge the answers of the labels now; rows without a label improve the mean.

    Args:
        labels: Labels with a case in each row.
        name: Name of the score.
        session: The session whose engine makes the calls.
        settings: The settings of the judge.

    Raises:
        NotConfiguredError: No judge is set.
        InputError: No row has an answer.
    """
    scorer = session.scorer(name, {}, settings)
    pairs: list[Pair] = []
    unlabelled: list[float] = []
    scale: Scale | None = None
    version = scorer.version
    started = _start_scores(labels, scorer, session)
    for row, future in start_ahead(session, started):
        score = future.result()
        scale = scale or score.scale
        # It differs from the version of the judge if the endpoint refused a part of the requests.
        version = score.version if score.value is not None else version
        if row.label is not None:
            pairs.append(_pair(row, score))
        elif score.value is not None:
            unlabelled.append(score.value)
    if scale is None:
        raise InputError(
            f"{labels.file}: found no answer to judge; allowed: a column answer (or --answer "
            "COLUMN), a column of scores (--score COLUMN), or a run that has scored the cases "
            "(--run latest)"
        )
    unanswered = [row.id for row in labels.rows if row.answer is None]
    return LabelScores(
        name=name,
        pairs=tuple(pairs),
        unlabelled=tuple(unlabelled),
        scale=scale,
        # The version of a metric is no fingerprint.
        fingerprint=version if scorer.judge else "",
        model=scorer.judge,
        notes=(
            *_note(unanswered, "row without an answer", "rows without an answer"),
            *(note.text for note in adaptation_notes([session.worker_report()["adapted"]])),
        ),
    )


def _start_scores(
    labels: Labels, scorer: ReadyScorer, session: Session
) -> Iterator[tuple[LabelRow, Future[Score]]]:
    """Request the scores of the answers, one at a time."""
    order = 0
    for row in labels.rows:
        if row.answer is None or row.case is None:
            continue
        completion = Completion(row.answer, endpoint="labels", cost_usd=0.0)
        yield row, begin_score(session, scorer, row.case, completion, order)
        order += 1


def scores_of_run(
    labels: Labels, results: Iterable[CaseResult], name: str, fingerprint: str
) -> LabelScores:
    """Read the scores that a run has logged.

    They are joined by id, and by file and suite if the labels have these columns. A label of an
    answer other than that of the run is left out.

    Args:
        labels: The labels.
        results: The results of the run.
        name: Name of the score.
        fingerprint: The version of the scores to take; empty if all must have the same version.

    Raises:
        InputError: The run has no such score, scores of several versions, or several results for
            one label.
    """
    logged = _LoggedScores(labels, name, fingerprint)
    for result in results:
        logged.add(result)
    versions = sorted(logged.versions)
    if len(versions) > 1:
        judges = ", ".join(f"{version} ({logged.versions[version]})" for version in versions)
        raise InputError(
            f"{name}: found scores of {len(versions)} judges: {judges}; allowed: those of one. "
            "Name it with --fingerprint"
        )
    if not versions:
        names = ", ".join(sorted(logged.names)) or "none"
        wanted = f" of the fingerprint {fingerprint}" if fingerprint else ""
        raise InputError(
            f"found no score {name!r}{wanted} in the run; its scores: {names}. Name one with "
            "--metric"
        )
    pairs, notes = logged.join()
    model = logged.versions[versions[0]]
    return LabelScores(
        name=name,
        pairs=pairs,
        unlabelled=tuple(logged.unlabelled),
        scale=logged.scale,
        fingerprint=versions[0] if model else "",
        model=model,
        notes=notes,
    )


def _pair(row: LabelRow, score: Score) -> Pair:
    if score.value is None:
        return Pair(row, None, score.error or "no reason given")
    return Pair(row, score.value, score.reason)


@dataclass
class _LoggedScores:
    """The scores of a run, joined with labels."""

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
        for index, row in enumerate(self.labels.rows):
            self._by_id[row.id].append(index)

    def add(self, result: CaseResult) -> None:
        """Add the score of a result, if it has one."""
        self.names.update(score.name for score in result.scores)
        wanted = [score for score in result.scores if self._is_wanted(score)]
        for score in wanted:
            self.versions[score.version] = score.judge
        if not wanted:
            return
        score = wanted[0]
        self.scale = score.scale
        is_labelled = False
        for index in self._by_id.get(result.case.id, ()):
            row = self.labels.rows[index]
            if _is_about(row, result):
                self.hits[index].append((result, score))
                is_labelled = is_labelled or row.label is not None
        if not is_labelled and score.value is not None:
            self.unlabelled.append(score.value)

    def _is_wanted(self, score: Score) -> bool:
        return score.name == self.name and self.fingerprint in ("", score.version)

    def join(self) -> tuple[tuple[Pair, ...], tuple[str, ...]]:
        """Return the labels with their scores, and notes on those that were left out."""
        pairs: list[Pair] = []
        absent: list[str] = []
        outdated: list[str] = []
        for index, row in enumerate(self.labels.rows):
            if row.label is None:
                continue
            if not self.hits[index]:
                absent.append(row.id)
                continue
            result, score = self._single(row, self.hits[index])
            if not _has_changed_answer(row, result):
                pairs.append(_pair(row, score))
                continue
            outdated.append(row.id)
            if score.value is not None:
                self.unlabelled.append(score.value)
        notes = (
            *_note(
                absent, "label has no such score in the run", "labels have no such score in the run"
            ),
            *_note(
                outdated,
                "label is about another answer than the run's",
                "labels are about other answers than the run's",
            ),
        )
        return tuple(pairs), notes

    def _single(
        self, row: LabelRow, hits: list[tuple[CaseResult, Score]]
    ) -> tuple[CaseResult, Score]:
        if len(hits) > 1:
            suites = first_of([result.nodeid for result, _ in hits], _SHOWN)
            raise InputError(
                f"{self.labels.file}:{row.line}: found {len(hits)} results for the id "
                f"{row.id!r}: {suites}; allowed: one. Add a column file or suite to the labels"
            )
        return hits[0]


def _has_changed_answer(row: LabelRow, result: CaseResult) -> bool:
    """Return whether a label is about an answer that differs from that of the run."""
    if row.answer is None or result.completion is None:
        return False
    return row.answer.strip() != result.completion.text.strip()


def _is_about(row: LabelRow, result: CaseResult) -> bool:
    return row.file in ("", result.case.source.file) and row.suite in ("", result.suite)


def _note(ids: list[str], singular: str, plural: str) -> Iterator[str]:
    """Yield a note on some ids, if there are any."""
    if ids:
        subject = singular if len(ids) == 1 else plural
        yield f"{len(ids)} {subject}: {first_of(ids, _SHOWN)}"
