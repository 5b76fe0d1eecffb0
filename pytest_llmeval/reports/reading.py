"""Reading a JSON report back."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from pytest_llmeval.errors import InputError
from pytest_llmeval.reports.json_report import SCHEMA
from pytest_llmeval.results import CaseResult
from pytest_llmeval.wire import from_wire


def read_report(path: Path) -> tuple[int, Iterator[CaseResult]]:
    """How many tests of a report were lost with their worker, and its results.

    Raises:
        InputError: The file cannot be read, or is no JSON report of this version.
    """
    try:
        report = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: cannot be read as a JSON report: {error}") from None
    found = report.get("schema") if isinstance(report, dict) else type(report).__name__
    if found != SCHEMA:
        raise InputError(f"{path}: found {found!r}; allowed: a JSON report with the schema {SCHEMA}")
    return len(report["run"]["lost"]), _results(path, report["results"])


def _results(path: Path, rows: list[object]) -> Iterator[CaseResult]:
    for row in rows:
        try:
            yield from_wire(CaseResult, json.dumps(row))
        except ValueError as error:
            raise InputError(f"{path}: a result that cannot be read: {error}") from None
