"""Answers that broke are no better answers: their cases count as missing in every gate."""

from __future__ import annotations

import pytest

from tests.plugin.conftest import Project
from tests.plugin.test_golden_edits import write_rows

COUNT = 24
APP = """
import os
import threading

calls, lock = {}, threading.Lock()


def answer(case):
    with lock:
        calls[case.id] = sample = calls.get(case.id, -1) + 1
    if sample < 2:
        return "yes"
    if os.environ["APP"] == "breaks":
        raise ValueError("boom")
    return "no"
"""
RUN = (
    *("--llm-provider", "python:app:answer", "--llm-no-cache"),
    *("--llm-samples", "3", "--llm-retries", "0"),
    *("--llm-fail-on", "gate", "--llm-threshold", "exact_match>=.5"),
)


def test_an_answer_that_breaks_is_not_better_than_a_wrong_one(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    (project.path / "golden/faq.csv").unlink()
    project.write("pytest.ini", "[pytest]\nllm_golden = golden\npythonpath = .\n")
    project.write("app.py", APP)
    rows = [(f"c{number:02}", f"Question {number}") for number in range(COUNT)]
    write_rows(project, [{"id": name, "prompt": text, "expected": "yes"} for name, text in rows])
    monkeypatch.setenv("APP", "errs")
    project.run(*RUN, "--llm-gate", "pass_rate>=.1")
    project.accept()
    monkeypatch.setenv("APP", "breaks")
    gates = ("--llm-gate", "unscored<=.05", "--llm-gate", "exact_match.unscored<=.05")

    run = project.run(*RUN, "--llm-baseline", "main", *gates)

    assert run.ret == 1
    run.stdout.fnmatch_lines_random([
        "MISSED: unscored<=.05: 24 of 72 samples could not be judged (33.3%)",
        "MISSED: exact_match.unscored<=.05: 24 of 72 samples without exact_match (33.3%)",
        "ERROR: regression against main: exact_match: *no case has a score in both runs",
        "samples*48 of 72 met (66.7%), 24 without a score; every sample met in 0 of 24 cases",
        "warning*24 of 72 samples have no score, because a call or a scorer failed; 24 cases*",
    ])  # fmt: skip
    assert project.llmeval("compare", "main", "latest").returncode == 10
