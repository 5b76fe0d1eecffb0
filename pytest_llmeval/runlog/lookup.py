"""Which run a user names: by ``latest``, a name, an id, or the beginning of an id.

Every command and option that takes a run finds it here.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import islice
from typing import TYPE_CHECKING

from pytest_llmeval.errors import InputError, NoSuchRun, nearest
from pytest_llmeval.text import first_of

if TYPE_CHECKING:
    from pytest_llmeval.records.run import Run
    from pytest_llmeval.runlog.log import RunLog


LATEST = "latest"
SHORTEST_PREFIX = 4
"""Characters of an id that stand for it, as for a commit in git."""

LISTED = 5
"""Runs that an error names."""

FILES = "the path of a JSON report, a baseline, a CSV or a JSONL file"
EMPTY_LOG = "the run log has no run yet; pytest writes one with its first case"


def find_run(log: RunLog, source: str, excluded: str = "") -> Run:
    """The run of a log that a user names; see `choose_run`.

    Raises:
        NoSuchRun: The log has no such run.
        InputError: Several ids begin like this.
        RunLogError: The log cannot be read.
    """
    runs = list(log.runs())
    run = choose_run(runs, source, excluded)
    if run is None:
        raise NoSuchRun(no_such_run(source, runs))
    return run


def choose_run(
    runs: Sequence[Run], source: str, excluded: str = "", include_parts: bool = False
) -> Run | None:
    """The run that a user names; ``None`` if there is none.

    ``latest`` and a name choose the newest run that came to its end and is no part of a merged run.
    An id, or the beginning of one, names any run.

    Args:
        runs: The newest first.
        source: ``latest``, a name, an id, or at least four characters that one id begins with.
        excluded: Id of a run that is not chosen.
        include_parts: Whether a name may choose a part of a merged run: it is what a merge looks
            for.

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
    if source == LATEST or len(source) < SHORTEST_PREFIX:
        return None
    similar = [run for run in allowed if run.id.startswith(source)]
    if len(similar) > 1:
        ids = ", ".join(run.id for run in similar[:LISTED])
        raise InputError(
            f"{source}: {len(similar)} runs have an id that begins like this ({ids}); allowed: "
            "enough of the id to tell them apart"
        )
    return similar[0] if similar else None


def without_parts(runs: Iterable[Run]) -> list[Run]:
    """The runs that are no part of a merged one.

    Args:
        runs: The newest first.
    """
    found: list[Run] = []
    parts: set[str] = set()
    for run in runs:
        parts.update(run.parts)
        if run.id not in parts:
            found.append(run)
    return found


def newest_runs(log: RunLog, limit: int, name: str | None = None) -> list[Run]:
    """The newest runs of a log, or of a name in it, oldest first; also those that were cut off.

    Raises:
        NoSuchRun: The log has none.
        RunLogError: The log cannot be read.
    """
    runs = list(log.runs())
    named = (run for run in without_parts(runs) if name in (None, run.name))
    found = list(islice(named, limit))
    if not found and (name is None or not runs):
        raise NoSuchRun(no_such_run(LATEST, runs))
    if not found:
        known = list(dict.fromkeys(run.name for run in runs if run.name))
        allowed = ", ".join(known[:LISTED]) or "none, since no run was named with --llm-name"
        raise NoSuchRun(
            f"--name: found {name!r}; allowed: {allowed}. {nearest(str(name), known)}".rstrip()
        )
    return found[::-1]


def no_such_run(source: str, runs: Iterable[Run], or_file: bool = False) -> str:
    """The error text where no run is meant.

    Args:
        source: What the user wrote.
        runs: The newest first.
        or_file: Whether a path would have been allowed, too.
    """
    runs = list(runs)
    if not runs and not or_file:
        return EMPTY_LOG
    known = list(dict.fromkeys(name for run in runs for name in (run.name, run.id) if name))
    listed = first_of(known, LISTED) or "none yet"
    kinds = f"latest, or the name or id of a run of the log ({listed})"
    if or_file:
        text = f"{source}: no such file or run; allowed: {FILES}, {kinds}."
    else:
        text = f"{source}: no such run; allowed: {kinds}."
    cut_off = [run for run in runs if not run.is_whole and source in (LATEST, run.name)]
    if cut_off:
        return f"{text} Run {cut_off[0].id} did not come to its end: only its id names it."
    hint = "" if source == LATEST else nearest(source, [LATEST, *known])
    return f"{text} {hint}".rstrip()


def shown(run: Run) -> str:
    """A run as a person calls it."""
    return f"{run.name} ({run.id})" if run.name else run.id
