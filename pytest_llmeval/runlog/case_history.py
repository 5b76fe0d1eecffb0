"""The history of one case in the runs of a log."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from pytest_llmeval.errors import InputError, nearest
from pytest_llmeval.records.result import CaseResult, Key, model_of
from pytest_llmeval.records.run import Run
from pytest_llmeval.records.score import Score
from pytest_llmeval.runlog.history import CaseHistory, CasePoint, CaseScore
from pytest_llmeval.runlog.history_reading import check_metrics
from pytest_llmeval.runlog.light_rows import light_cases

if TYPE_CHECKING:
    from pytest_llmeval.runlog.log import RunLog


_SEPARATOR = "::"


def read_case(
    log: RunLog, runs: Sequence[Run], named: str, metrics: Collection[str] = ()
) -> tuple[CaseHistory, ...]:
    """Read the history of a case, in every golden file or test that has a case of this id.

    Args:
        log: The log that holds the runs.
        runs: The runs, oldest first.
        named: An id, or ``FILE::ID``; a test function can stand for the file.
        metrics: The scores to read; empty for all scores.

    Raises:
        InputError: No run has such a case, or the case has no such score.
        RunLogError: The log cannot be read.
    """
    for file, case_id in _readings(named):
        histories = _histories(log, runs, file, case_id)
        if not histories:
            continue
        points = (point for case in histories for point in case.points)
        check_metrics(metrics, (score.name for point in points for score in point.scores))
        if not metrics:
            return histories
        return tuple(_select(case, metrics) for case in histories)
    known = [case.id for case in light_cases(log, runs[-1].id)] if runs else []
    hint = nearest(named, known)
    text = f"--case: found {named!r}; allowed: a case of these runs, as ID or FILE::ID. {hint}"
    raise InputError(text.rstrip())


def _readings(named: str) -> Iterator[tuple[str, str]]:
    """Yield every reading of a text as (file, id); an id may contain the separator."""
    yield "", named
    parts = named.split(_SEPARATOR)
    for end in range(len(parts) - 1, 0, -1):
        yield _SEPARATOR.join(parts[:end]), _SEPARATOR.join(parts[end:])


def _select(case: CaseHistory, metrics: Collection[str]) -> CaseHistory:
    points = (
        replace(point, scores=tuple(score for score in point.scores if score.name in metrics))
        for point in case.points
    )
    return replace(case, points=tuple(points))


def _histories(
    log: RunLog, runs: Sequence[Run], file: str, case_id: str
) -> tuple[CaseHistory, ...]:
    points: dict[Key, list[CasePoint]] = {}
    lines: dict[Key, int] = {}
    for run in runs:
        for result in log.results(run.id, case_id):
            if file in ("", result.suite, result.case.source.file):
                points.setdefault(result.key, []).append(_point(run, result))
                lines[result.key] = result.case.source.line
    histories: list[CaseHistory] = []
    for (suite, golden_file, id_), case_points in points.items():
        line = lines[suite, golden_file, id_]
        histories.append(CaseHistory(suite, golden_file, line, id_, tuple(case_points)))
    return tuple(histories)


def _point(run: Run, result: CaseResult) -> CasePoint:
    return CasePoint(
        run=run.id,
        name=run.name,
        started_at=run.started_at,
        exit_code=run.exit_code,
        is_whole=run.is_whole,
        is_stopped_early=run.early_stop is not None,
        outcome=result.outcome,
        message=result.message,
        scores=tuple(_score(score) for score in result.scores),
        answer=result.completion.text if result.completion else None,
        model=model_of(result),
    )


def _score(score: Score) -> CaseScore:
    return CaseScore(
        score.name, score.value, score.reason or score.error or "", score.version, bool(score.judge)
    )
