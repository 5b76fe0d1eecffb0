"""Which runs of a run log a command is about."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

from pytest_llmeval.errors import InputError, LLMEvalError, nearest

if TYPE_CHECKING:
    from pytest_llmeval.records.run import Run
    from pytest_llmeval.runlog.log import RunLog


LATEST = "latest"
EMPTY = "the run log has no run yet; pytest writes one with its first case"


def find_run(log: RunLog, run_id: str) -> Run:
    """A run by its id, the newest of a name, or the last one by the word ``latest``.

    Raises:
        LLMEvalError: The log has no run.
        RunLogError: It has none of this id or name.
    """
    run = next((run for run in log.runs() if run_id in (LATEST, run.id, run.name)), None)
    if run is None and run_id != LATEST:
        return log.run(run_id)  # which says what there is
    if run is None:
        raise LLMEvalError(EMPTY)
    return run


def newest_runs(log: RunLog, limit: int, name: str | None = None) -> list[Run]:
    """The newest runs of a log, or of a name in it, oldest first.

    Raises:
        LLMEvalError: The log has no run.
        InputError: None of this name.
    """
    found = list(islice((run for run in log.runs() if name in (None, run.name)), limit))
    if found:
        return found[::-1]
    if name is None:
        raise LLMEvalError(EMPTY)
    known = list(dict.fromkeys(run.name for run in log.runs() if run.name))
    allowed = ", ".join(known[:5]) or "none, since no run was named with --llm-name"
    raise InputError(f"--name: found {name!r}; allowed: {allowed}. {nearest(name, known)}".rstrip())
