"""What GitHub and GitLab are told of a run: annotations on lines of golden files, and findings."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from pytest_llmeval.records.comparison import GateOutcome
from pytest_llmeval.records.result import CaseResult
from pytest_llmeval.records.run import Run
from pytest_llmeval.reports.github import github_annotations
from pytest_llmeval.reports.gitlab import write_code_quality
from pytest_llmeval.runs.ci import append, repository_paths
from tests.reports.test_markdown_report import case, change, compared

REQUIRED = {
    "type": "array",
    "items": {
        "type": "object",
        "required": ["description", "check_name", "fingerprint", "severity", "location"],
        "properties": {
            "description": {"type": "string", "minLength": 1},
            "check_name": {"type": "string", "minLength": 1},
            "fingerprint": {"type": "string", "minLength": 1},
            "severity": {"enum": ["info", "minor", "major", "critical", "blocker"]},
            "location": {
                "type": "object",
                "required": ["path", "lines"],
                "properties": {
                    "path": {"type": "string", "pattern": "^[^/.]"},
                    "lines": {
                        "required": ["begin"],
                        "properties": {"begin": {"type": "integer", "minimum": 1}},
                    },
                },
            },
        },
    },
}
"""What a finding must have. Source: docs.gitlab.com, "Code Quality report format"."""


def here(file: str) -> str:
    return f"shop/{file}"


def told(run: Run, results: Sequence[CaseResult]) -> list[str]:
    return github_annotations(run, results, here)


def findings(path: Path, run: Run, results: Sequence[CaseResult]) -> list[dict[str, Any]]:
    write_code_quality(path, run, results, here)
    found: list[dict[str, Any]] = json.loads(path.read_text())
    Draft202012Validator(REQUIRED).validate(found)
    return found


def test_gates_and_cases_are_annotated_the_worst_first(run: Run) -> None:
    lost, new, broken = (
        case("malta", line=7),
        replace(case("new"), message="required >= 4", before=()),
        case("b", "error"),
    )
    gates = (
        GateOutcome("cost<=1", "open", "unknown"),
        GateOutcome("regression", "met", "a bit", verdict="WARN"),
    )
    worse = compared(run, lost=(change(lost),))
    lines = told(
        replace(worse, gates=worse.gates + gates), [case("fine", "passed"), broken, new, lost]
    )
    assert lines == [
        "::error title=REGRESSED%3A regression against main::rubric: dropped 5.3 points",
        "::error file=shop/golden/faq.csv,line=7,title=passed before%2C fails now%3A malta::failed in "
        "golden/faq.csv::malta",
        "::error file=shop/golden/faq.csv,line=3,title=missed its threshold%3A new::required >= 4",
        "::error file=shop/golden/faq.csv,line=3,title=could not be judged%3A b::error in golden/faq.csv::b",
        "::warning title=OPEN%3A cost<=1::unknown",
        "::warning title=WARN%3A regression::a bit",
    ]


def test_a_gate_of_a_marker_tells_what_it_is_confined_to(run: Run) -> None:
    gate = GateOutcome("pass_rate>=.9", "missed", "50 %", scope="test_faq.py::test_faq")
    assert told(replace(run, gates=(gate,)), []) == [
        "::error title=MISSED%3A pass_rate>=.9 on test_faq.py%3A%3Atest_faq::50 %25"
    ]


def test_a_case_that_the_gates_excuse_is_a_warning_if_it_passed_before(run: Run) -> None:
    lost, known = case("malta", "xfailed"), case("known", "xfailed", was="xfailed")
    lines = told(replace(compared(run, lost=(change(lost),)), gates=()), [lost, known])
    assert [line.partition(" ")[0] for line in lines] == ["::warning"]


def test_at_most_ten_of_a_level_are_shown_and_the_others_counted(run: Run) -> None:
    broken = [case(f"broken-{number}", "error") for number in range(20)]
    flipped = [case(f"flipped-{number}", "xfailed") for number in range(11)]
    results = [*broken, *flipped, *[case(f"failed-{number}") for number in range(3)]]
    lines = told(replace(compared(run, lost=tuple(map(change, flipped))), gates=()), results)
    assert [line.partition(" ")[0] for line in lines] == ["::error"] * 10 + ["::warning"] * 10 + [
        "::notice"
    ]
    assert "failed-0" in lines[0]
    assert (
        lines[-1]
        == "::notice title=llmeval::13 further errors and 1 further warning not shown here."
    )


@pytest.mark.parametrize(
    "text", ["100 %\r\n::error::x", "a,file=b:c\n::stop-commands::x", "\u202e\x1b[31m\ud83d"]
)
def test_a_text_ends_neither_the_line_nor_the_property(run: Run, text: str) -> None:
    (line,) = told(run, [case("a", text=text)])
    assert re.fullmatch(r"::error file=[^:,\r\n]+,line=3,title=[^:,\r\n]+::[^\r\n]*", line)
    assert not re.search(r"[\x00-\x1f\u202e\ud83d]|%(?!25|0D|0A|3A|2C)", line)


def test_gitlab_gets_a_finding_for_each_case_and_score(tmp_path: Path, run: Run) -> None:
    lost, known, must = case("malta", line=7), case("known", was="failed"), case("must")
    must = replace(must, case=replace(must.case, must_pass=True))
    dropped, broken = (
        case("repairs", "passed"),
        replace(case("b", "error"), scores=(), message="no answer in 9 s"),
    )
    worse = compared(run, lost=(change(lost),), dropped=(change(dropped, 5, 4), change(lost, 5, 1)))
    found = findings(
        tmp_path / "gl.json", worse, [lost, known, must, dropped, broken, case("fine", "passed")]
    )
    assert [(each["severity"], each["check_name"], each["description"]) for each in found] == [
        (
            "critical",
            "llmeval.rubric",
            "malta: passed before, fails now: rubric scored 1; required >= 4. Malta is not free.",
        ),
        (
            "major",
            "llmeval.rubric",
            "known: fails as before: rubric scored 1; required >= 4. Malta is not free.",
        ),
        (
            "blocker",
            "llmeval.rubric",
            "must: missed its threshold: rubric scored 1; required >= 4. Malta is not free.",
        ),
        ("minor", "llmeval.rubric", "repairs: scored lower than before: rubric 5 -> 4"),
        ("minor", "llmeval.error", "b: could not be judged: no answer in 9 s"),
    ]
    assert found[0]["location"] == {"path": "shop/golden/faq.csv", "lines": {"begin": 7}}


def test_a_fingerprint_is_that_of_the_case_and_the_score_whatever_else_changes(
    tmp_path: Path, run: Run
) -> None:
    one, two = (
        case("malta"),
        replace(case("malta", line=99), message="other words", completion=None),
    )
    (before,), (after,) = (
        findings(tmp_path / "a", run, [one]),
        findings(tmp_path / "b", replace(run, id="x"), [two]),
    )
    assert before["fingerprint"] == after["fingerprint"]
    assert (
        len(
            {
                each["fingerprint"]
                for each in findings(tmp_path / "c", run, [one, case("other"), one])
            }
        )
        == 2
    )


def test_a_run_without_findings_is_an_empty_list(tmp_path: Path, run: Run) -> None:
    assert findings(tmp_path / "gl.json", run, [case("fine", "passed")]) == []


def test_a_golden_file_is_placed_in_the_repository(tmp_path: Path) -> None:
    root = tmp_path / "services" / "shop"
    for name in ("GITHUB_WORKSPACE", "CI_PROJECT_DIR"):
        place = repository_paths({name: str(tmp_path)}, root)
        assert place("golden/faq.csv") == "services/shop/golden/faq.csv"
        assert place("../faq.csv") == "services/faq.csv"
        assert place("../../../faq.csv") == "../../../faq.csv"  # outside: as it was named
    assert repository_paths({}, root)("golden/faq.csv") == "golden/faq.csv"


def test_a_step_that_is_full_or_gone_is_said_and_left_alone(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("x" * (1024 * 1024 - 3))
    assert append(str(page), "abc") == ""
    assert "would exceed GitHub's limit of 1 MiB" in append(str(page), "d")
    assert "cannot be written" in append(str(tmp_path / "gone" / "page.md"), "d")
    assert page.stat().st_size == 1024 * 1024
