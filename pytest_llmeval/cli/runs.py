"""Which run of a run log a command is about."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_llmeval.errors import LLMEvalError

if TYPE_CHECKING:
    from pytest_llmeval.reports.run_log import RunLog
    from pytest_llmeval.results import Run

LATEST = "latest"


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
        raise LLMEvalError("the run log has no run yet; pytest writes one with its first case")
    return run
