"""One case through the runs of a log."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from pytest_llmeval.errors import InputError, nearest
from pytest_llmeval.records.result import CaseResult, model_of
from pytest_llmeval.records.run import Run
from pytest_llmeval.records.score import Score, finite
from pytest_llmeval.runlog.history import CaseHistory, CasePoint, CaseScore
from pytest_llmeval.runlog.history_reading import check_metrics
from pytest_llmeval.runlog.light_rows import narrow_cases

if TYPE_CHECKING:
    from pytest_llmeval.runlog.log import RunLog


SEPARATOR = "::"


def read_case(
    log: RunLog, runs: Sequence[Run], named: str, metrics: Collection[str] = ()
) -> tuple[CaseHistory, ...]:
    """The history of a case; several, where several golden files or tests have a case of this id.

    Args:
        log: The log that holds the runs.
        runs: Oldest first.
        named: An id, or ``FILE::ID``, where a test function can stand for the file.
        metrics: The scores to keep; none: all.

    Raises:
        InputError: No run has such a case, or the case no such score.
        RunLogError: The log cannot be read.
    """
    for place, case_id in _readings(named):
        if found := _histories(log, runs, place, case_id):
            points = (point for case in found for point in case.points)
            check_metrics(metrics, (score.name for point in points for score in point.scores))
            return tuple(_only(case, metrics) for case in found) if metrics else found
    known = [case.id for case in narrow_cases(log, runs[-1].id)] if runs else []
    raise InputError(
        f"--case: found {named!r}; allowed: a case of these runs, as ID or FILE::ID. {nearest(named, known)}".rstrip()
    )


def _readings(named: str) -> Iterator[tuple[str, str]]:
    """What a text can mean as (place, id); an id may hold the separator itself."""
    yield "", named
    parts = named.split(SEPARATOR)
    for end in range(len(parts) - 1, 0, -1):
        yield SEPARATOR.join(parts[:end]), SEPARATOR.join(parts[end:])


def _only(case: CaseHistory, metrics: Collection[str]) -> CaseHistory:
    points = (
        replace(point, scores=tuple(score for score in point.scores if score.name in metrics))
        for point in case.points
    )
    return replace(case, points=tuple(points))


def _histories(
    log: RunLog, runs: Sequence[Run], place: str, case_id: str
) -> tuple[CaseHistory, ...]:
    points: dict[tuple[str, str, str, int], list[CasePoint]] = {}
    lines: dict[tuple[str, str, str, int], int] = {}
    for run in runs:
        for result in log.results(run.id, case_id):
            if place in ("", result.suite, result.case.source.file):
                points.setdefault(result.identity, []).append(_point(run, result))
                lines[result.identity] = result.case.source.line
    return tuple(
        CaseHistory(suite, file, lines[suite, file, id_, sample], id_, sample, tuple(own))
        for (suite, file, id_, sample), own in points.items()
    )


def _point(run: Run, result: CaseResult) -> CasePoint:
    return CasePoint(
        run=run.id,
        name=run.name,
        started_at=run.started_at,
        exit_code=run.exit_code,
        is_whole=run.is_whole,
        outcome=result.outcome,
        message=result.message,
        scores=tuple(_score(score) for score in result.scores),
        answer=result.completion.text if result.completion else None,
        model=model_of(result),
    )


def _score(score: Score) -> CaseScore:
    score = finite(score)
    return CaseScore(
        score.name, score.value, score.reason or score.error or "", score.version, bool(score.judge)
    )
