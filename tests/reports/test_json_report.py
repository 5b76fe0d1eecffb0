"""The JSON report, held to its published schema."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Iterable, Iterator
from importlib import resources
from pathlib import Path
from typing import Any, get_args

import pytest
from jsonschema import Draft202012Validator

from pytest_llmeval.errors import LLMEvalError
from pytest_llmeval.records.call import Completion
from pytest_llmeval.records.comparison import EditedField
from pytest_llmeval.records.result import CaseResult, Cause, Sample
from pytest_llmeval.records.run import Run
from pytest_llmeval.records.score import Score
from pytest_llmeval.records.verdicts import GATE_STATES, OUTCOMES, RUN_OUTCOMES, VERDICTS
from pytest_llmeval.reports.json_report import SCHEMA, count_and_write_json, write_json
from pytest_llmeval.summary.summary import summarize


@pytest.fixture(scope="module")
def schema() -> dict[str, Any]:
    file = resources.files("pytest_llmeval.reports") / "schemas" / "report-2.schema.json"
    loaded: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return loaded


def written(path: Path, run: Run, results: list[CaseResult]) -> dict[str, Any]:
    write_json(path, run, iter(results), summarize(run, results))
    report: dict[str, Any] = json.loads(
        path.read_text(encoding="utf-8"), parse_constant=pytest.fail
    )
    return report


def test_the_schema_is_itself_valid(schema: dict[str, Any]) -> None:
    Draft202012Validator.check_schema(schema)
    assert schema["$id"] == schema["properties"]["schema"]["const"] == SCHEMA


def test_every_object_of_ours_is_closed(schema: dict[str, Any]) -> None:
    for name, definition in schema["$defs"].items():
        if name != "message" and "enum" not in definition:
            assert definition["additionalProperties"] is False
            assert definition["required"] == list(definition["properties"])


def test_the_schema_has_every_word_of_the_tables(schema: dict[str, Any]) -> None:
    words = {
        "verdict": schema["$defs"]["verdict"],
        "runOutcome": schema["$defs"]["runOutcome"],
        "state": schema["$defs"]["gateOutcome"]["properties"]["state"],
        "outcome": schema["$defs"]["result"]["properties"]["outcome"],
        "cause": schema["$defs"]["result"]["properties"]["cause"],
        "field": schema["$defs"]["caseEdit"]["properties"]["field"],
    }
    tables: dict[str, Iterable[str]] = {
        "verdict": VERDICTS,
        "runOutcome": RUN_OUTCOMES,
        "state": GATE_STATES,
        "outcome": OUTCOMES,
        "cause": get_args(Cause),
        "field": get_args(EditedField),
    }
    for name, table in tables.items():
        assert set(words[name]["enum"]) == set(table)


def test_a_report_keeps_the_schema(
    tmp_path: Path, schema: dict[str, Any], run: Run, results: list[CaseResult]
) -> None:
    report = written(tmp_path / "report.json", run, results)
    Draft202012Validator(schema).validate(report)
    assert report["schema"] == SCHEMA
    assert report["summary"]["verdict"] == "failed"


def test_a_run_without_results_keeps_the_schema(tmp_path: Path, schema: dict[str, Any]) -> None:
    report = written(tmp_path / "report.json", Run("r"), [])
    Draft202012Validator(schema).validate(report)
    assert report["results"] == []


def test_everything_of_a_result_is_in_the_report(
    tmp_path: Path, run: Run, results: list[CaseResult]
) -> None:
    passed, failed, *_, chat = written(tmp_path / "report.json", run, results)["results"]
    assert passed["request"]["messages"][0]["role"] == "system"
    assert passed["scores"][0]["calls"][0]["text"].startswith('{"reason"')
    checks = failed["checks"]
    assert [(check["threshold"]["metric"], check["score"]) for check in checks] == [
        ("rubric", 0),
        ("toxicity", 1),
    ]
    assert [(check["value"], check["met"]) for check in checks] == [(1.5, False), (0.0021, True)]
    assert chat["request"]["sees_case"] is True
    assert chat["case"]["metadata"] == {"nested": {"a": [1, None, 2.5]}}


def test_samples_keep_the_schema(
    tmp_path: Path, schema: dict[str, Any], run: Run, results: list[CaseResult]
) -> None:
    answer, score = results[0].completion, results[0].scores[0]
    silent = Sample(
        1,
        None,
        (dataclasses.replace(score, value=float("nan")),),
        None,
        error="no answer within 9 s",
    )
    sampled = dataclasses.replace(results[0], samples=(Sample(0, answer, (score,), True), silent))
    report = written(tmp_path / "report.json", run, [sampled])
    Draft202012Validator(schema).validate(report)
    first, second = report["results"][0]["samples"]
    assert first["completion"] == report["results"][0]["completion"]
    assert (second["error"], second["scores"][0]["value"]) == ("no answer within 9 s", None)
    counts = {"cases": 1, "samples": 2, "met": 1, "steady": 0, "unscored": 1}
    assert report["summary"]["samples"] == counts


def test_calls_and_costs_are_in_the_report(
    tmp_path: Path, run: Run, results: list[CaseResult]
) -> None:
    report = written(tmp_path / "report.json", run, results)
    passed, _, broken_judge, *_ = report["results"]
    assert report["run"]["traffic"] == {"calls": 8, "attempts": 8, "usd": 0.00293, "unpriced": 1}
    assert passed["cost_usd"] == {"generation": 0.00094, "judging": 0.00021}
    assert broken_judge["cost_usd"] == {"generation": 0.0, "judging": None}
    assert (
        broken_judge["completion"]["made_at"]
        == report["summary"]["oldest_cached_at"]
        == "2025-06-09T09:00:00+00:00"
    )
    assert len(passed["completion"]["call"]) == 16
    assert "rate_limits" not in json.dumps(report)


def test_what_is_no_number_is_null_and_said(
    tmp_path: Path, schema: dict[str, Any], run: Run, results: list[CaseResult]
) -> None:
    odd = Score("odd", float("nan"), parts={"part": float("inf")})
    report = written(
        tmp_path / "report.json", run, [dataclasses.replace(results[0], scores=(odd,))]
    )
    Draft202012Validator(schema).validate(report)
    (score,) = report["results"][0]["scores"]
    assert (score["value"], score["parts"]) == (None, {"part": None})
    assert score["error"] == "the scorer gave nan, not a finite number"


def test_lone_surrogates_are_valid_utf8(
    tmp_path: Path, run: Run, results: list[CaseResult]
) -> None:
    broken = dataclasses.replace(results[0], completion=Completion("half a smile: \ud83d"))
    report = written(tmp_path / "report.json", run, [broken])
    assert report["results"][0]["completion"]["text"] == "half a smile: \ud83d"


@pytest.mark.parametrize(
    "write",
    [
        count_and_write_json,
        lambda path, run, results: write_json(path, run, results, summarize(run, [])),
    ],
)
def test_a_report_that_breaks_off_leaves_the_old_one(
    tmp_path: Path,
    run: Run,
    results: list[CaseResult],
    write: Callable[[Path, Run, Iterator[CaseResult]], object],
) -> None:
    def breaking() -> Iterator[CaseResult]:
        yield results[0]
        raise KeyError("gone")

    path = tmp_path / "report.json"
    path.write_text("old")
    with pytest.raises(KeyError):
        write(path, run, breaking())
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_the_report_is_the_same_where_its_summary_is_counted_on_the_way(
    tmp_path: Path, run: Run, results: list[CaseResult]
) -> None:
    summary = count_and_write_json(tmp_path / "counted.json", run, iter(results))
    assert summary == summarize(run, results)
    written(tmp_path / "report.json", run, results)
    assert (tmp_path / "counted.json").read_bytes() == (tmp_path / "report.json").read_bytes()


def test_a_path_that_cannot_be_written_is_named(tmp_path: Path, run: Run) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(LLMEvalError, match=r"JSON report .*file/report\.json: cannot be written"):
        write_json(tmp_path / "file" / "report.json", run, [], summarize(run, []))
