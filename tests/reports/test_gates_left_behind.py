"""What a run leaves behind of its gates: in the run log, the JSON report, the HTML page and the terminal."""

from __future__ import annotations

import json
from contextlib import closing
from dataclasses import replace
from importlib import resources
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from pytest_llmeval.records.comparison import (
    CaseChange,
    Comparison,
    Coverage,
    GateOutcome,
    GateResult,
    LengthChange,
    MetricComparison,
    Slice,
)
from pytest_llmeval.records.result import CaseResult
from pytest_llmeval.records.run import Run
from pytest_llmeval.reports.html.page import write_html
from pytest_llmeval.reports.json_report import write_json
from pytest_llmeval.reports.terminal.run import summary_lines
from pytest_llmeval.runlog.log import RunLog
from pytest_llmeval.summary.summary import summarize

DROP = CaseChange("faq.csv", "faq.csv", "shipping", 3, 4.5, 2.0, 0.01, True)
METRIC = MetricComparison(
    "rubric",
    GateResult(
        "REGRESSED",
        "dropped 5.3 points",
        -0.053,
        0.02,
        -0.09,
        -0.02,
        0.004,
        n=20,
        clusters=20,
        test="t",
    ),
    Coverage(20, 20, 20),
    length=LengthChange(100.0, 120.0, None, 20),
    dropped=(DROP,),
    drops=1,
    slices=(Slice("bikes", 7, 0.9, 0.8, None),),
    high=5.0,
)
REASON = "rubric: dropped 5.3 points <b>"


@pytest.fixture
def gated(run: Run) -> Run:
    gates = (
        GateOutcome("regression", "missed", REASON, -0.053, 20, "REGRESSED", "main"),
        GateOutcome("cost<=1", "error", "the price of 2 calls is unknown"),
        GateOutcome("pass_rate>=.5", "met", "90.0 % of 20 cases passed", 0.9, 20),
    )
    return replace(
        run,
        gates=gates,
        comparisons=(Comparison("main", run.id, (METRIC,), (DROP,), added=("new",)),),
    )


def test_the_run_log_gives_them_back(tmp_path: Path, run: Run, gated: Run) -> None:
    path = str(tmp_path / "runs.sqlite")
    with closing(RunLog(path)) as log:
        log.begin(run)
        log.finish(gated)
        log.finish(gated)  # again: a gate stands there once
    with closing(RunLog(path)) as log:
        assert log.run(run.id) == gated
        assert list(log.runs()) == [gated]


def test_the_json_report_with_them_keeps_its_schema(
    tmp_path: Path, gated: Run, results: list[CaseResult]
) -> None:
    write_json(tmp_path / "report.json", gated, iter(results), summarize(gated, results))
    report = json.loads((tmp_path / "report.json").read_text())
    file = resources.files("pytest_llmeval.reports") / "schemas" / "report-2.schema.json"
    Draft202012Validator(json.loads(file.read_text(encoding="utf-8"))).validate(report)
    assert report["run"]["gates"][0]["verdict"] == "REGRESSED"
    assert report["run"]["comparisons"][0]["metrics"][0]["dropped"][0]["id"] == "shipping"


def test_the_terminal_shows_them_first(gated: Run, results: list[CaseResult]) -> None:
    lines = [text for text, _ in summary_lines(gated, summarize(gated, results), {})]
    assert lines[:3] == [
        f"REGRESSED: regression against main: {REASON}",
        "ERROR: cost<=1: the price of 2 calls is unknown",
        "MET: pass_rate>=.5: 90.0 % of 20 cases passed",
    ]
    assert lines[3].startswith("FAILED: 1 gate missed, 1 gate could not be decided. ")


def test_a_missed_gate_makes_a_run_without_a_failed_case_one_that_failed(gated: Run) -> None:
    assert summarize(gated, []).verdict == "failed"
    assert summarize(replace(gated, gates=gated.gates[1:]), []).verdict == "error"


def test_the_page_shows_them_and_escapes_what_they_say(
    tmp_path: Path, gated: Run, results: list[CaseResult]
) -> None:
    write_html(tmp_path / "report.html", gated, results, summarize(gated, results))
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert (
        "<b>REGRESSED</b> <bdi>regression</bdi> against <bdi>main</bdi>: rubric: dropped 5.3 points &lt;b&gt;"
        in page
    )
