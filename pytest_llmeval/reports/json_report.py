"""The JSON report: everything a run knows, in the shape of ``schemas/report-1.schema.json``."""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from pytest_llmeval.reports.facts import case_cost, checks, finite
from pytest_llmeval.reports.output import replacing
from pytest_llmeval.reports.summary import Summary
from pytest_llmeval.results import CaseResult, Run
from pytest_llmeval.wire import to_builtin

SCHEMA = "urn:pytest-llm-golden:report-1"


def write_json(path: Path, run: Run, results: Iterable[CaseResult], summary: Summary) -> None:
    """Write the JSON report, result by result. The text is ASCII; other characters are escaped.

    Args:
        path: The file to make or replace.
        run: The run.
        results: Its results, in the order of the report.
        summary: Their summary.

    Raises:
        LLMEvalError: The file cannot be written.
    """
    head = {"schema": SCHEMA, "run": to_builtin(run), "summary": to_builtin(summary)}
    with replacing(path, "JSON report") as file:
        file.write(_encoded(head)[:-1] + ',"results":[')
        for place, result in enumerate(results):
            file.write(("," if place else "") + "\n" + _encoded(result_object(result)))
        file.write("\n]}\n")


def result_object(result: CaseResult) -> dict[str, Any]:
    """A result as the report tells it: its record, what it cost, and for each threshold what became of it.

    A score that is infinite or not a number is told as unscored, with the reason.
    """
    scores = tuple(finite(score) for score in result.scores)
    record: dict[str, Any] = to_builtin(dataclasses.replace(result, scores=scores))
    for threshold, check in zip(record["thresholds"], checks(result), strict=True):
        threshold.update(value=check.value, met=check.met)
    if record["request"]:
        record["request"]["sees_case"] = record["request"].pop("case") is not None
    for completion in (record["completion"], *(call for score in record["scores"] for call in score["calls"])):
        if completion:
            del completion["rate_limits"]
    return {**record, "cost_usd": vars(case_cost(result))}


def _encoded(value: Any) -> str:
    try:
        return json.dumps(value, allow_nan=False, separators=(",", ":"))
    except ValueError:  # JSON has no infinity and no "not a number"
        return json.dumps(_without_nan(value), allow_nan=False, separators=(",", ":"))


def _without_nan(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {name: _without_nan(inner) for name, inner in value.items()}
    return [_without_nan(inner) for inner in value] if isinstance(value, (list, tuple)) else value
