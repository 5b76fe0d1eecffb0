"""The lookup of a run by ``latest``, a name, an id, or the beginning of an id.

Every command and option that takes a run uses it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import islice
from typing import TYPE_CHECKING

from pytest_llmeval.errors import InputError, NoSuchRun, nearest
from pytest_llmeval.summary.stopping import early_stop_text
from pytest_llmeval.text import first_of

if TYPE_CHECKING:
    from pytest_llmeval.records.run import Run
    from pytest_llmeval.runlog.log import RunLog


LATEST = "latest"
_SHORTEST_PREFIX = 4
"""Least number of characters that stand for an id, as for a commit in git."""

_LISTED = 5
"""Number of runs that an error names."""

FILES = "the path of a JSON report, a baseline, a CSV or a JSONL file"
_EMPTY_LOG = "the run log has no run yet; pytest writes one with its first case"


def find_run(log: RunLog, source: str) -> Run:
    """Return the run of a log that the user names; see `choose_run`.

    Raises:
        NoSuchRun: The log has no such run.
        InputError: Several ids begin like this.
        RunLogError: The log cannot be read.
    """
    runs = list(log.runs())
    run = choose_run(runs, source)
    if run is None:
        raise NoSuchRun(no_such_run(source, runs))
    return run


def choose_run(
    runs: Sequence[Run], source: str, excluded: str = "", include_parts: bool = False
) -> Run | None:
    """Return the run that the user names; ``None`` if there is none.

    ``latest`` and a name choose the newest run that came to its end and is no part of a merged run.
    An id, or the beginning of one, names any run.

    Args:
        runs: The runs, the newest first.
        source: ``latest``, a name, an id, or at least the first four characters of an id.
        excluded: Id of a run that is not chosen.
        include_parts: Whether a name may choose a part of a merged run, as a merge requires.

    Raises:
        InputError: Several ids begin like this.
    """
    allowed = [run for run in runs if run.id != excluded]
    for run in allowed:
        if run.id == source:
            return run
    for run in allowed if include_parts else without_parts(runs):
        is_named = source == LATEST or (source != "" and run.name == source)
        if is_named and run.is_whole and run.id != excluded:
            return run
    if source == LATEST or len(source) < _SHORTEST_PREFIX:
        return None
    similar = [run for run in allowed if run.id.startswith(source)]
    if len(similar) > 1:
        ids = ", ".join(run.id for run in similar[:_LISTED])
        raise InputError(
            f"{source}: the prefix matches {len(similar)} runs ({ids}); give more characters"
        )
    return similar[0] if similar else None


def without_parts(runs: Iterable[Run]) -> list[Run]:
    """Return the runs that are no part of a merged run.

    Args:
        runs: The runs, the newest first.
    """
    whole: list[Run] = []
    parts: set[str] = set()
    for run in runs:
        parts.update(run.parts)
        if run.id not in parts:
            whole.append(run)
    return whole


def runs_before(log: RunLog, run: Run) -> list[Run]:
    """Return the whole runs before a run, the newest first, without parts of merged ones.

    Raises:
        RunLogError: The log cannot be read.
    """
    runs = without_parts(log.runs())
    numbers = [number for number, known in enumerate(runs) if known.id == run.id]
    older = runs[numbers[0] + 1 :] if numbers else []
    return [known for known in older if known.is_whole]


def check_complete(run: Run, source: str) -> None:
    """Refuse a run that lacks cases.

    Raises:
        InputError: It stopped early, did not finish, or lost cases.
    """
    if run.early_stop is not None:
        raise InputError(
            f"{source}: {early_stop_text(run.early_stop)}; allowed: a run with all its cases. "
            "Run it without --llm-stop-early."
        )
    if not run.is_whole:
        raise InputError(f"{source}: it did not finish; allowed: a run that finished")
    if run.settings.get("changed"):
        raise InputError(
            f"{source}: it ran only the cases that had changed (--llm-changed); allowed: a run "
            "with all its cases. Run them once without --llm-changed: the cache answers what it "
            "knows"
        )
    if run.gaps:
        raise InputError(f"{source}: {'; '.join(run.gaps)}; allowed: a run with all its cases")


def is_of_suite(run: Run) -> bool:
    """Return whether a run has every case of its suite."""
    return run.is_whole and not run.is_selected and not run.gaps


def run_of_suite(log: RunLog, source: str) -> Run:
    """Return the run whose cases are the suite.

    ``latest`` and a name choose the newest run that has every case. An id may be that of a run in
    which the user selected some cases.

    Raises:
        NoSuchRun: The log has no such run.
        InputError: The run lacks cases, or several ids begin like this.
        RunLogError: The log cannot be read.
    """
    runs = list(log.runs())
    run = choose_run(runs, source)
    if run is None:
        raise NoSuchRun(no_such_run(source, runs))
    if source not in (LATEST, run.name):
        check_complete(run, shown(run))
        return run
    of_suite = choose_run([known for known in without_parts(runs) if is_of_suite(known)], source)
    if of_suite is None:
        raise InputError(
            f"{source}: no such run has every case, because some were lost or not selected (-k, a "
            "node id, --llm-where, --llm-limit); allowed: a run of the whole suite, or the id of a "
            f"run with a selection, such as {run.id}"
        )
    return of_suite


def newest_runs(log: RunLog, limit: int, name: str | None = None) -> list[Run]:
    """Return the newest runs of a log or of a name, oldest first, including cut-off runs.

    Raises:
        NoSuchRun: The log has no such run.
        RunLogError: The log cannot be read.
    """
    runs = list(log.runs())
    named = (run for run in without_parts(runs) if name in (None, run.name))
    newest = list(islice(named, limit))
    if newest:
        return newest[::-1]
    if name is None or not runs:
        raise NoSuchRun(no_such_run(LATEST, runs))
    known = list(dict.fromkeys(run.name for run in runs if run.name))
    allowed = ", ".join(known[:_LISTED]) or "none, since no run was named with --llm-name"
    raise NoSuchRun(
        f"--name: found {name!r}; allowed: {allowed}. {nearest(str(name), known)}".rstrip()
    )


def no_such_run(
    source: str, runs: Iterable[Run], or_file: bool = False, baselines: Sequence[str] = ()
) -> str:
    """Return the error text for a name without a run.

    Args:
        source: The name that the user wrote.
        runs: The runs, the newest first.
        or_file: Whether a path is allowed, too.
        baselines: Names of baselines, which are allowed, too.
    """
    runs = list(runs)
    if not runs and not or_file:
        return _EMPTY_LOG
    whole = [run for run in runs if run.is_whole and run.name]
    names = [run.name for run in whole] + [run.id for run in runs if run.early_stop is None]
    known = list(dict.fromkeys(names))
    listed = first_of(known, _LISTED) or "none yet"
    kinds = f"latest, or the name or id of a run of the log ({listed})"
    if baselines:
        kinds = f"the name of a baseline ({first_of(baselines, _LISTED)}), {kinds}"
    if or_file:
        text = f"{source}: no such file or run; allowed: {FILES}, {kinds}."
    else:
        text = f"{source}: no such run; allowed: {kinds}."
    cut_off = [run for run in runs if not run.is_whole and source in (LATEST, run.name)]
    for run in cut_off[:1]:
        if run.early_stop is None:
            return f"{text} Run {run.id} did not finish; use its id."
        early_stop = early_stop_text(run.early_stop)
        return f"{text} Run {run.id} {early_stop}. Read it with llmeval report {run.id}."
    hint = "" if source == LATEST else nearest(source, [*baselines, LATEST, *known])
    return f"{text} {hint}".rstrip()


def shown(run: Run) -> str:
    """Return the name and the id of a run."""
    return f"{run.name} ({run.id})" if run.name else run.id
