"""A run whose cases all failed before cannot get worse, and that is no proof of anything."""

from __future__ import annotations

from tests.plugin.conftest import Project
from tests.plugin.test_baseline_coverage import MAIN

COUNT = 24
BASE = ("--llm-threshold", "exact_match>=1", "--llm-fail-on", "gate", "--llm-margin", ".4")


def test_a_strict_gate_on_a_metric_that_cannot_drop_is_an_error(project: Project) -> None:
    (project.path / "golden/faq.csv").unlink()
    project.write("pytest.ini", "[pytest]\nllm_golden = golden\n")
    rows = [f"c{number},Question {number},yes,no,never\n" for number in range(COUNT)]
    project.write("golden/a.csv", "id,prompt,expected,old,new\n" + "".join(rows))
    project.run("--llm-provider", "column:old", *BASE, "--llm-gate", "pass_rate<=.1")
    project.accept()
    new = ("--llm-provider", "column:new", *BASE, *MAIN)

    run = project.run(*new)
    strict = project.run(*new, "--llm-strict")

    assert (run.ret, strict.ret) == (0, 10)
    run.stdout.fnmatch_lines(["warning*exact_match: 24 of 24 cases have the worst score in both*"])
    strict.stdout.fnmatch_lines([
        "ERROR: regression against main: exact_match: 24 of 24 cases have the worst score in both "
        "runs, so it can show no drop; *--llm-strict requires that a drop could show",
    ])  # fmt: skip
    assert (
        project.llmeval("compare", "main", "latest", "--strict", "--margin", ".4").returncode == 10
    )
