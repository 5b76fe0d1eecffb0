"""A new metric has no baseline, and what the baseline has gates as before."""

from __future__ import annotations

from tests.plugin.conftest import Project
from tests.plugin.test_baseline_coverage import COLUMNS, MAIN, NEW, OLD, ROWS

JUDGE = """
import json

from pytest_llmeval import Completion


class Judge:
    fingerprint = "judge-1"
    sees_case = False

    async def complete(self, request):
        return Completion(json.dumps({"reason": "fine", "score": 5}), model="judge-1")
"""
JUDGED = (
    *("--llm-judge-provider", "python:judge:Judge", "--llm-no-selftest"),
    *("--llm-threshold", "rubric>=1"),
)
NO_RUBRIC = "NO BASELINE: rubric against main: the baseline has no score 'rubric'"


def test_a_new_rubric_leaves_the_gate_on_what_the_baseline_has(project: Project) -> None:
    (project.path / "golden/faq.csv").unlink()
    project.write("pytest.ini", "[pytest]\nllm_golden = golden\npythonpath = .\n")
    project.write("golden/a.csv", COLUMNS + "".join(ROWS))
    project.write("judge.py", JUDGE)
    assert project.run(*OLD).ret == 0
    project.accept()

    run = project.run(*NEW, *JUDGED, *MAIN)
    compared = project.llmeval("compare", "main", "latest")

    assert (run.ret, compared.returncode) == (1, 1)
    run.stdout.fnmatch_lines(["REGRESSED: regression against main: exact_match: dropped 50.0*"])
    assert "REGRESSED: exact_match against main: dropped 50.0" in compared.stdout
    assert NO_RUBRIC in compared.stdout

    stopped = project.run(*NEW, *JUDGED, *MAIN, "--llm-stop-early")
    assert stopped.ret == 1
    stopped.stdout.fnmatch_lines(["REGRESSED: regression against main: exact_match: *"])

    # Nothing is worse in the same answers, and only the new metric is open.
    run = project.run("--llm-provider", "column:old", *NEW[2:], *JUDGED, *MAIN)
    compared = project.llmeval("compare", "main", "latest")
    assert (run.ret, compared.returncode) == (0, 0)
    run.stdout.fnmatch_lines(["NO BASELINE: regression against main: rubric: *"])
    assert NO_RUBRIC in compared.stdout
    run = project.run("--llm-provider", "column:old", *NEW[2:], *JUDGED, *MAIN, "--llm-strict")
    compared = project.llmeval("compare", "main", "latest", "--strict")
    assert (run.ret, compared.returncode) == (10, 10)

    # A rubric that only the baseline has is missing, and does not switch off the rest either.
    project.accept()
    run = project.run(*NEW, *MAIN)
    compared = project.llmeval("compare", "main", "latest")
    assert (run.ret, compared.returncode) == (1, 1)
    run.stdout.fnmatch_lines(["REGRESSED: regression against main: exact_match: dropped 50.0*"])
    assert "has a score 'rubric' that this run does not take" in run.stdout.str()
