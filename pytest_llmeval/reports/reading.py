"""Reading a JSON report back."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pytest_llmeval.errors import InputError
from pytest_llmeval.reports.json_report import SCHEMA
from pytest_llmeval.results import CaseResult, Run
from pytest_llmeval.wire import from_wire


@dataclass(frozen=True)
class ReportedResults:
    """The results of a JSON report. Each iteration makes them anew."""

    path: Path
    rows: list[object]

    def __iter__(self) -> Iterator[CaseResult]:
        """The results in their order.

        Raises:
            InputError: One of them cannot be read.
        """
        for row in self.rows:
            try:
                yield from_wire(CaseResult, json.dumps(row))
            except ValueError as error:
                raise InputError(f"{self.path}: a result that cannot be read: {error}") from None


def read_report(path: Path) -> tuple[int, Iterator[CaseResult]]:
    """How many tests of a report were lost with their worker, and its results.

    Raises:
        InputError: The file cannot be read, or is no JSON report of this version.
    """
    report = _report(path)
    return len(report["run"]["lost"]), iter(ReportedResults(path, report["results"]))


def read_run(path: Path) -> tuple[Run, ReportedResults]:
    """The run of a report, and its results.

    Raises:
        InputError: The file cannot be read, or is no JSON report of this version.
    """
    report = _report(path)
    try:
        return from_wire(Run, json.dumps(report["run"])), ReportedResults(path, report["results"])
    except ValueError as error:
        raise InputError(f"{path}: a run that cannot be read: {error}") from None


def _report(path: Path) -> dict[str, Any]:
    try:
        report = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: cannot be read as a JSON report: {error}") from None
    found = report.get("schema") if isinstance(report, dict) else type(report).__name__
    if found != SCHEMA:
        raise InputError(f"{path}: found {found!r}; allowed: a JSON report with the schema {SCHEMA}")
    return dict(report)
