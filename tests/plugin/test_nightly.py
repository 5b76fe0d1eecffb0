"""A series of runs against one baseline has one error rate, which `llmeval history` shows."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from pytest_llmeval.reports.terminal.history import history_lines
from pytest_llmeval.runlog.history import History, StreamEvidence
from pytest_llmeval.stats.stream import stream_evidence
from tests.plugin.conftest import Project

COUNT = 30
RUN = ("--llm-threshold", "exact_match>=1", "--llm-fail-on", "gate", "--llm-html", "")
LINE = "evidence of a drop since main was accepted, over "


@pytest.fixture
def made(project: Project) -> Project:
    project.write("pytest.ini", "[pytest]\nllm_golden = golden\n")
    (project.path / "golden/faq.csv").unlink()
    rows = [
        f"c{number:02},Question {number},yes,yes,{'yes' if number % 6 else 'no'}\n"
        for number in range(COUNT)
    ]
    project.write("golden/rows.csv", "id,prompt,expected,old,new\n" + "".join(rows))
    project.run("--llm-provider", "column:old", *RUN, "--llm-gate", "pass_rate>=.5")
    project.accept()
    return project


def night(project: Project, column: str) -> Any:
    project.run("--llm-provider", f"column:{column}", *RUN, "--llm-baseline", "main")
    return project.report()["run"]["comparisons"][0]


def test_the_evidence_of_all_runs_is_added_up_until_a_baseline_is_accepted(made: Project) -> None:
    first = night(made, "old")
    assert first["metrics"][0]["result"]["e_value"] == 1
    assert LINE not in made.llmeval("history").stdout
    second = night(made, "new")
    assert second["baseline_hash"] == first["baseline_hash"] != ""
    value = 1 / 11 + second["metrics"][0]["result"]["e_value"] * 10 / 132
    assert f"{LINE}2 runs: {value:.3g} of 20, which shows" in made.llmeval("history").stdout
    (stream,) = json.loads(made.llmeval("history", "--json", "-").stdout)["evidence"]
    assert stream["value"] == pytest.approx(value)
    assert (stream["runs"], stream["required"]) == (2, 20)
    # A few rows of the table do not change what is counted.
    assert f"{LINE}2 runs" in made.llmeval("history", "--limit", "1").stdout

    made.accept()
    third = night(made, "new")
    assert third["baseline_hash"] != second["baseline_hash"]
    assert LINE not in made.llmeval("history").stdout


@pytest.mark.parametrize("option", ["--lf", "--sw"])
def test_cases_that_were_chosen_by_their_outcome_show_nothing(made: Project, option: str) -> None:
    """Of those that failed by chance last time, all have dropped."""
    new = ("--llm-provider", "column:new", "--llm-threshold", "exact_match>=1", "--llm-html", "")
    cached = ("-p", "cacheprovider", "-p", "stepwise")
    made.run(*new, *cached, option, "--deselect", "golden/rows.csv::c00")
    gates = ("--llm-baseline", "main", "--llm-fail-on", "gate")

    run = made.run(*new, *cached, option, *gates)

    assert f"ERROR: regression: the cases were selected by outcome ({option})" in run.stdout.str()
    assert run.ret == 10
    assert made.report()["run"]["comparisons"] == []
    assert LINE not in made.llmeval("history").stdout
    run = made.run(*new, *cached, "--ff", *gates)
    assert re.search(r"^(REGRESSED|INCONCLUSIVE): regression against main", run.stdout.str(), re.M)


def test_without_a_known_failure_every_case_runs(made: Project) -> None:
    run = made.run(
        *("--llm-provider", "column:old", *RUN, "--llm-baseline", "main", "--lf"),
        *("-p", "cacheprovider", "--cache-clear"),
    )
    assert "OK: regression against main" in run.stdout.str()


@pytest.mark.parametrize(
    ("values", "text"),
    [
        ([1e9, 1e9], "over 10,000 of 20, which shows a drop"),
        ([50e3, 1e3], "4,621 of 20, which shows a drop"),
        ([50, 50], "8.33 of 20, which shows no drop"),
        ([1e-9, 1e-9], "under 0.001 of 20, which shows no drop"),
    ],
)
def test_evidence_is_written_without_an_exponent(values: list[float], text: str) -> None:
    value = stream_evidence(values)
    history = History((), evidence=(StreamEvidence("main", 2, "", value, 20.0),))
    lines = [line for line, _ in history_lines(history) if line.startswith("evidence")]
    assert text in lines[0]
    assert "e+" not in lines[0]
