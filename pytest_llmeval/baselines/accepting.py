"""Accepting a run as baseline."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_llmeval.baselines.file import is_baseline, read_baseline, write_baseline
from pytest_llmeval.errors import InputError
from pytest_llmeval.gating.pairing import join
from pytest_llmeval.gating.scores import RunScores, run_scores
from pytest_llmeval.runlog.lookup import LATEST, check_complete, find_run, shown, without_parts
from pytest_llmeval.summary.stopping import early_stop_text
from pytest_llmeval.text import count

if TYPE_CHECKING:
    from pytest_llmeval.records.result import CaseResult
    from pytest_llmeval.records.run import Run

_LOST_PERCENT = 5
"""Percentage of a baseline's cases that the run that replaces it may lack."""


@dataclass(frozen=True)
class Accepted:
    """A run that became a baseline.

    Attributes:
        cases: Number of its cases.
        run: The run for people.
        notes: What a person should know about the choice of the run.
    """

    cases: int
    run: str
    notes: tuple[str, ...] = ()


def accept_run(source: str, path: Path, name: str, log: str) -> Accepted:
    """Write a run as a baseline file.

    Args:
        source: A run of the log, or the path of a JSON report.
        path: The file to make or replace.
        name: Name of the baseline.
        log: The run log.

    Raises:
        InputError: There is no such run, it did not finish, it has no results, no case of it was
            judged, or it would replace a baseline by a part of it.
        LLMEvalError: The log cannot be read, or the file cannot be written.
    """
    if source.endswith(".json") and Path(source).is_file():
        from pytest_llmeval.reports.json_report import read_run

        run, results = read_run(Path(source))
        check_complete(run, source)
        cases, worse = _written(path, name, source, run, results)
        return Accepted(cases, source, (*worse, *_notes_on_selection(run, source)))
    from pytest_llmeval.runlog.log import RunLog

    with closing(RunLog(log, must_exist=True)) as opened:
        run = find_run(opened, source)
        check_complete(run, shown(run))
        cases, worse = _written(path, name, shown(run), run, opened.results(run.id))
        notes = _notes_on_newer(run, source, list(opened.runs()))
        return Accepted(cases, shown(run), (*worse, *notes, *_notes_on_selection(run, shown(run))))


def _written(
    path: Path, name: str, source: str, run: Run, results: Iterable[CaseResult]
) -> tuple[int, tuple[str, ...]]:
    """Write the baseline; return the number of its cases, and in what the run is bad or worse."""
    from pytest_llmeval.baselines.worse import notes_on_replaced, notes_on_verdict
    from pytest_llmeval.reports.output import replacing

    scores = run_scores(source, results)
    ran = {key: case for key, case in scores.cases.items() if case.outcome != "skipped"}
    scores = replace(scores, cases=ran)
    if not ran:
        raise InputError(f"{path}: not written, because the run has no results")
    _check_judged(path, source, scores)
    before = _replaced(path, source, scores)
    notes = list(notes_on_verdict(run, results))
    if before is not None:
        notes += notes_on_replaced(before, scores)
    with replacing(path, "baseline") as file:
        return write_baseline(file, name, results), tuple(notes)


def _check_judged(path: Path, source: str, scores: RunScores) -> None:
    """Refuse a run with which nothing could ever be compared, because every case failed to run.

    A run without any metric may stand: a judge can still compare answers with its answers.
    """
    values = [values for case in scores.cases.values() for values in case.by_metric.values()]
    if values and not any(value.values for value in values):
        raise InputError(
            f"{path}: not written, because none of the {count(len(scores.cases), 'case')} of "
            f"{source} was judged: nothing could ever be compared with them. Repair what failed, "
            f"and run them again."
        )


def _replaced(path: Path, source: str, scores: RunScores) -> RunScores | None:
    """Return the baseline that a run replaces; ``None`` where there is none that can be read.

    Raises:
        InputError: The run is a part of it, or the file is of another kind.
    """
    if not path.is_file() or not path.stat().st_size:
        return None
    if not is_baseline(path):
        raise InputError(
            f"{path}: it is no baseline, and would be overwritten; allowed: a new file, or a "
            "baseline. Write another file with --to, or delete it first."
        )
    try:
        before = read_baseline(path)
    except InputError:
        return None  # It was cut off or edited, and a new one is the remedy.
    lacking = len(join(before, scores).removed)
    held = len(before.cases)
    if 100 * lacking > _LOST_PERCENT * held:
        raise InputError(
            f"{path}: it holds {count(held, 'case')}, and {source} lacks {lacking} of them (it has "
            f"{count(len(scores.cases), 'case')}); allowed: a run that lacks at most "
            f"{_LOST_PERCENT}%. Run every case, without -k, --llm-where or --llm-limit, use "
            f"another --name, or delete {path} first if the cases are gone on purpose."
        )
    return before


def _notes_on_newer(run: Run, source: str, runs: Sequence[Run]) -> tuple[str, ...]:
    """Return that a newer run of the same name was passed over."""
    newest = next(
        (known for known in without_parts(runs) if source in (LATEST, known.name)),
        run,
    )
    if newest.id == run.id or source == run.id:
        return ()
    return (f"the newest run {shown(newest)} {_ending(newest)}: the run before it was taken",)


def _ending(run: Run) -> str:
    if run.early_stop is not None:
        return early_stop_text(run.early_stop)
    if run.is_cut_off:
        return "was cut off"
    return "did not finish"


def _notes_on_selection(run: Run, source: str) -> tuple[str, ...]:
    """Return that the run has selected cases only."""
    if not run.is_selected:
        return ()
    chosen = ", ".join(f"{name}={run.settings[name]}" for name in sorted(run.selecting))
    choice = chosen or "selected by options of pytest"
    return (f"{source} is a part of the suite ({choice}): the other cases do not gate",)
