"""A run as a point among others, as the run log tells it."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import closing

from pytest_llmeval.records.result import CaseResult
from pytest_llmeval.records.run import Run
from pytest_llmeval.runlog.history import RunPoint
from pytest_llmeval.runlog.history_reading import read_history
from pytest_llmeval.runlog.log import RunLog


def point_of(run: Run, results: Iterable[CaseResult]) -> RunPoint:
    with closing(RunLog("sqlite://")) as log:
        log.begin(run)
        for result in results:
            log.add(run.id, result)
        (point,) = read_history(log, [run]).runs
    return point
