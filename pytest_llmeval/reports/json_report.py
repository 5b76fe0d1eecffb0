"""The JSON report: all records of a run, with the schema ``schemas/report-2.schema.json``."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any, TextIO

from pytest_llmeval.errors import InputError
from pytest_llmeval.records.call import Completion, Request
from pytest_llmeval.records.result import CaseResult, Sample, check_indexes
from pytest_llmeval.records.run import Run
from pytest_llmeval.records.score import Score
from pytest_llmeval.records.wire import fields_of, from_wire, parse_json
from pytest_llmeval.reports.output import replacing
from pytest_llmeval.runlog.history import RunPoint
from pytest_llmeval.summary.costs import case_cost
from pytest_llmeval.summary.summary import Summary, Tally

_REPORT = "JSON report"
SCHEMA = "urn:pytest-llm-golden:report-2"
_OLDER_SCHEMAS = ("urn:pytest-llm-golden:report-1",)
"""Schemas of reports that can no longer be read."""


def write_json(
    path: Path,
    run: Run,
    results: Iterable[CaseResult],
    summary: Summary,
    history: Sequence[RunPoint] = (),
) -> None:
    """Write the JSON report, result by result. The text is ASCII; other characters are escaped.

    Args:
        path: The file to create or replace.
        run: The run.
        results: Its results, in the order of the report.
        summary: Their summary.
        history: Runs for comparison, itself included, the oldest first.

    Raises:
        LLMEvalError: The file cannot be written.
    """
    with replacing(path, _REPORT) as file:
        _write(file, head_json(run, summary, history), _lines(results))


def count_and_write_json(path: Path, run: Run, results: Iterable[CaseResult]) -> Summary:
    """Count the results and write the JSON report in one pass, in constant memory.

    Args:
        path: The file to create or replace.
        run: The run.
        results: Its results, in the order of the report.

    Returns:
        Their summary.

    Raises:
        LLMEvalError: The file cannot be written.
    """
    tally = Tally()
    with (
        replacing(path, _REPORT) as file,
        TemporaryFile("w+", encoding="ascii", dir=path.parent) as lines,
    ):
        # The summary precedes the results in the file, and is known after the last of them.
        lines.writelines(_lines(_counted(results, tally)))
        lines.seek(0)
        summary = tally.summary(run)
        _write(file, head_json(run, summary), lines)
    return summary


def _counted(results: Iterable[CaseResult], tally: Tally) -> Iterator[CaseResult]:
    for result in results:
        tally.add(result)
        yield result


def _lines(results: Iterable[CaseResult]) -> Iterator[str]:
    for index, result in enumerate(results):
        yield ("," if index else "") + "\n" + result_json(result)


def _write(file: TextIO, head: str, results: Iterable[str]) -> None:
    file.write(head[:-1] + ',"results":[')
    file.writelines(results)
    file.write("\n]}\n")


def head_json(run: Run, summary: Summary, history: Sequence[RunPoint] = ()) -> str:
    """Return the report without its results, as one line of ASCII JSON."""
    head: dict[str, object] = {"schema": SCHEMA, "run": run, "summary": summary}
    return as_json({**head, "history": history} if history else head)


def result_json(result: CaseResult) -> str:
    """Return a result as one line of ASCII JSON."""
    return as_json(_result_object(result))


def _result_object(result: CaseResult) -> dict[str, Any]:
    """Return the record of a result, with its judges and its cost."""
    return {
        **vars(result),
        "request": _request(result.request),
        "completion": _completion(result.completion),
        "scores": [_score(score) for score in result.scores],
        "judge_model": result.judge_model,
        "samples": [_sample(sample) for sample in result.samples],
        "cost_usd": case_cost(result),
    }


def _sample(sample: Sample) -> dict[str, Any]:
    scores = [_score(score) for score in sample.scores]
    return {**vars(sample), "completion": _completion(sample.completion), "scores": scores}


def _score(score: Score) -> dict[str, Any]:
    return {**vars(score), "calls": [_completion(call) for call in score.calls]}


def _request(request: Request | None) -> dict[str, Any] | None:
    """Return a request without the case, which the result has already."""
    return {**_without(request, "case"), "sees_case": request.case is not None} if request else None


def _completion(completion: Completion | None) -> dict[str, Any] | None:
    """Return a completion without the state of the endpoint's quota."""
    return _without(completion, "rate_limits") if completion else None


def _without(record: object, left_out: str) -> dict[str, Any]:
    return {name: value for name, value in vars(record).items() if name != left_out}


def as_json(value: object) -> str:
    """Write records and built-in types as one line of ASCII JSON. NaN and infinity become null."""
    try:
        return _json(value)
    except ValueError:  # JSON has no infinity and no "not a number"
        return _json(_without_nan(json.loads(json.dumps(value, default=fields_of))))


def _json(value: object) -> str:
    return json.dumps(value, allow_nan=False, default=fields_of, separators=(",", ":"))


def _without_nan(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {name: _without_nan(inner) for name, inner in value.items()}
    return [_without_nan(inner) for inner in value] if isinstance(value, (list, tuple)) else value


@dataclass(frozen=True)
class ReportedResults:
    """The results of a JSON report, made again by each iteration."""

    path: Path
    rows: list[object]

    def __iter__(self) -> Iterator[CaseResult]:
        """Yield the results in order.

        Raises:
            InputError: A result cannot be read.
        """
        for row in self.rows:
            try:
                result = from_wire(CaseResult, json.dumps(row))
                check_indexes(result.checks, result.scores)
            except (ValueError, RecursionError) as error:
                raise InputError(f"{self.path}: a result that cannot be read: {error}") from None
            yield result


def read_run(path: Path) -> tuple[Run, ReportedResults]:
    """Return the run of a report, and its results.

    Raises:
        InputError: The file cannot be read, or is no JSON report of this version.
    """
    report = _report(path)
    rows = report.get("results")
    if not isinstance(rows, list):
        raise InputError(
            f"{path}: found {type(rows).__name__} under 'results'; allowed: a list of results. "
            "Make the report again: llmeval report RUN --json PATH"
        )
    try:
        return from_wire(Run, json.dumps(report.get("run"))), ReportedResults(path, rows)
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path}: a run that cannot be read: {error}") from None


def _report(path: Path) -> dict[str, Any]:
    try:
        report = parse_json(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: cannot be read as a JSON report: {error}") from None
    schema = report.get("schema") if isinstance(report, dict) else type(report).__name__
    if schema != SCHEMA:
        raise InputError(
            f"{path}: found {schema!r}; "
            f"allowed: a JSON report with the schema {SCHEMA}{_remedy(schema)}"
        )
    return dict(report)


def _remedy(schema: object) -> str:
    """Explain how to update a report of an older version."""
    if schema not in _OLDER_SCHEMAS:
        return ""
    return (
        ". It was written by an older version of this package. Make it again from the run log: "
        "llmeval report RUN --json PATH"
    )
