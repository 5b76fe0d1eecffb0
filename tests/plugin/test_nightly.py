"""A series of runs against one baseline has one error rate, which `llmeval history` shows."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest

from tests.plugin.conftest import Project

COUNT = 30
RUN = ("--llm-threshold", "exact_match>=1", "--llm-fail-on", "gate", "--llm-html", "")
LINE = "evidence of a drop since main was accepted, over "


def llmeval(project: Project, *args: str) -> str:
    command = [sys.executable, "-m", "pytest_llmeval", *args]
    done = subprocess.run(command, cwd=project.path, capture_output=True, text=True, check=True)
    return done.stdout


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
    llmeval(project, "baseline", "accept", "--name", "main")
    return project


def night(project: Project, column: str) -> Any:
    project.run("--llm-provider", f"column:{column}", *RUN, "--llm-baseline", "main")
    return project.report()["run"]["comparisons"][0]


def test_the_evidence_of_all_runs_is_added_up_until_a_baseline_is_accepted(made: Project) -> None:
    first = night(made, "old")
    assert first["metrics"][0]["result"]["e_value"] == 1
    assert LINE not in llmeval(made, "history")
    second = night(made, "new")
    assert second["baseline_hash"] == first["baseline_hash"] != ""
    value = 1 / 11 + second["metrics"][0]["result"]["e_value"] * 10 / 132
    assert f"{LINE}2 runs: {value:.3g} of 20, which shows" in llmeval(made, "history")
    (stream,) = json.loads(llmeval(made, "history", "--json", "-"))["evidence"]
    assert stream["value"] == pytest.approx(value)
    assert (stream["runs"], stream["required"]) == (2, 20)
    # A few rows of the table do not change what is counted.
    assert f"{LINE}2 runs" in llmeval(made, "history", "--limit", "1")

    llmeval(made, "baseline", "accept", "--name", "main")
    third = night(made, "new")
    assert third["baseline_hash"] != second["baseline_hash"]
    assert LINE not in llmeval(made, "history")
