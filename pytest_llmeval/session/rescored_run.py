"""The run that holds the new scores of an older run's answers."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timezone
from typing import TYPE_CHECKING

from pytest_llmeval import __version__
from pytest_llmeval.errors import InputError, NotConfiguredError
from pytest_llmeval.reports.rescoring import Rescoring
from pytest_llmeval.results import Run, Traffic
from pytest_llmeval.session.recorder import started_run
from pytest_llmeval.session.rescoring import Rescorer
from pytest_llmeval.session.roles import judging_role, warnings

if TYPE_CHECKING:
    from pytest_llmeval.reports.run_log import RunLog
    from pytest_llmeval.session.session import Session

NO_JUDGE = "no judge is configured: set --judge-model NAME, LLMEVAL_JUDGE_MODEL or ini llm_judge_model"


def count_rescoring(session: Session, log: RunLog, source: Run) -> None:
    """Ask for every score of a dry run, whose session counts them.

    Raises:
        InputError: Nothing can be judged.
    """
    _check(session, log, source)
    for _ in Rescorer(session, session.settings).rescored(log.results(source.id)):
        pass


def rescore(session: Session, log: RunLog, source: Run, run_id: str) -> Rescoring:
    """Judge a run's answers again, and enter the result into the log as a run of its own.

    Args:
        session: Whose engine asks, under whose settings.
        log: Holds the run, and gets the new one, case by case.
        source: The run.
        run_id: Id of the new run.

    Raises:
        InputError: Nothing can be judged.
        RunLogError: The log cannot be read or written.
    """
    _check(session, log, source)
    settings = session.settings
    run = started_run(run_id, settings, datetime.now(timezone.utc), {"pytest-llm-golden": __version__})
    run = replace(
        run, name=run.name or f"{source.name or source.id} rescored", settings={**run.settings, "rescored": source.id}
    )
    log.begin(run)
    rescorer = Rescorer(session, settings)
    for result in rescorer.rescored(log.results(source.id)):
        log.add(run.id, result)
    notes = rescorer.notes()
    run = replace(
        run,
        finished_at=datetime.now(timezone.utc).isoformat(timespec="milliseconds"),
        exit_code=rescorer.exit_code,
        warnings=(*warnings(settings, judged=True), *notes),
        traffic=Traffic(**session.told()["traffic"]),
        judges=session.trust.facts(),
    )
    log.finish(run)
    return Rescoring(
        source, run, rescorer.cases, rescorer.judged, rescorer.score_changes(), tuple(rescorer.flips), notes
    )


def _check(session: Session, log: RunLog, source: Run) -> None:
    """Refuse before anything is sent or written where nothing can be judged; say which cases a self-test draws from."""
    if judging_role(session.settings) is None:
        raise NotConfiguredError(NO_JUDGE)
    session.trust.cases = [result.case for result in log.results(source.id)]
    if not Rescorer(session, session.settings).foreseen(log.results(source.id)):
        raise InputError(f"run {source.id}: found no score that a judge could make again; allowed: a run with one")
