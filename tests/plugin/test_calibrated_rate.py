"""The pass rate as people would see it, where the judge of a run is calibrated."""

from __future__ import annotations

import json

import pytest

from pytest_llmeval.records.calibration import Calibration, Confusion
from pytest_llmeval.store.judge_file import JudgeFile
from tests.plugin.conftest import Project

PASSED, CASES = 16, 20
GOLDEN = "id,prompt\n" + "".join(
    f"c{case},Question {case}? [[answer=Fine.]] [[score={5 if case < PASSED else 1}]]\n"
    for case in range(CASES)
)
KIND = Confusion(both_pass=27, people_pass=3, judge_passes=5, both_fail=15)
"""A judge that passes nine of ten of the right answers, and one of four of the wrong ones."""
CORRECTED = (PASSED / CASES + 0.75 - 1) / (0.9 + 0.75 - 1)


def run(project: Project, *more: str) -> pytest.RunResult:
    usual = ("--llm-model", "gpt-4", "--llm-judge-model", "gpt-4o", "--llm-fail-on", "gate")
    return project.run("golden/faq.csv", *usual, *more)


def calibrate(project: Project, confusion: Confusion, bound: float = 4.0) -> None:
    content = json.loads((project.path / "report.json").read_text())
    (judge,) = content["run"]["judges"]
    JudgeFile(project.path / ".llmeval/judges.json").note(
        judge["fingerprint"],
        name="rubric",
        model="gpt-4o",
        calibration=Calibration({}, 50, confusion=confusion, bound=bound),
    )


@pytest.mark.parametrize("workers", [(), ("-n", "2")], ids=["alone", "two workers"])
def test_a_calibrated_pass_rate_stands_in_reports_and_gates(
    project: Project, workers: tuple[str, ...]
) -> None:
    project.write("golden/faq.csv", GOLDEN)
    reports = ("--llm-json", "report.json", "--llm-summary", "summary.md", "--min-score=4")
    gates = ("--llm-gate", "pass_rate.calibrated>=.8", "--llm-gate", "pass_rate>=.8")
    first = run(project, *reports, *gates, *workers)
    assert first.ret == 10
    first.stdout.fnmatch_lines(["*pass_rate.calibrated>=.8: rubric is uncalibrated: llmeval *"])

    calibrate(project, KIND)
    second = run(project, *reports, *gates, "--llm-html", "report.html", *workers)
    assert second.ret == 0
    second.stdout.fnmatch_lines(
        [
            "MET: pass_rate.calibrated>=.8: pass rate 84.6% [[]*] as people would see it, by 50 "
            "labels of rubric (one-sided 95% lower bound: *%)",
            "cases *pass rate 80.0% [[]*]",
            "people * pass rate 84.6% [[]*], by calibration of the judge",
        ]
    )
    summary = json.loads((project.path / "report.json").read_text())["summary"]
    assert summary["calibrated"]["estimate"] == pytest.approx(CORRECTED)
    assert summary["calibrated"]["low"] < 0.65 < 1 == summary["calibrated"]["high"]
    assert "by calibration of the judge" in (project.path / "summary.md").read_text()
    assert "As people would see it" in (project.path / "report.html").read_text()

    low = run(project, "--min-score=4", "--llm-gate", "pass_rate.calibrated_low>=.8", *workers)
    assert low.ret == 1


def test_a_calibration_that_does_not_fit_corrects_nothing(project: Project) -> None:
    project.write("golden/faq.csv", GOLDEN)
    usual = ("--llm-json", "report.json", "--min-score=4")
    gate = ("--llm-gate", "pass_rate.calibrated>=.8", *usual)
    run(project, *usual)

    calibrate(project, KIND, 3.0)
    refused(project, gate, "rubric is calibrated at 3, and the run requires >= 4: calibrate with *")
    calibrate(project, Confusion(46, 0, 2, 2))
    refused(project, gate, "* has 46 answers that people pass and 4 that they fail; at least 5 *")
    calibrate(project, KIND)
    refused(
        project,
        (*gate, "--llm-threshold", "length<=100"),
        "something else than one bound on a judge's score decides a case (20 cases)",
    )


def refused(project: Project, gate: tuple[str, ...], reason: str) -> None:
    """The gate is an error for this reason, and no report has a corrected rate."""
    result = run(project, *gate)
    assert result.ret == 10
    result.stdout.fnmatch_lines([f"*pass_rate.calibrated>=.8: {reason}"])
    assert json.loads((project.path / "report.json").read_text())["summary"]["calibrated"] is None
