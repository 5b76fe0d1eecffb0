"""Cases that must pass: a missed bound is settled by further samples, and never by trying until it is green."""

from __future__ import annotations

from typing import Any

import pytest

from tests.plugin.conftest import Project

SEEDED = (
    "--llm-model",
    "mock",
    "--llm-judge-model",
    "judge",
    "--llm-seed",
    "0",
    "--min-score",
    "4",
)
both = pytest.mark.parametrize("workers", ["0", "2"])
FLICKERS, BROKEN = "0/5", "0/0/5/0"  # the last is the score of every later draw
NEVER = "0/" + "/".join(["0/5/5/5/5/5"] * 8)


def write(project: Project, scores: str, must_pass: str = "true") -> None:
    project.write(
        "golden/must.csv", f'id,prompt,must_pass\none,"Say it. [[scores={scores}]]",{must_pass}\n'
    )


def run_must(project: Project, scores: str, *args: str) -> pytest.RunResult:
    write(project, scores)
    return project.run("golden/must.csv", *SEEDED, *args)


def result_of(project: Project) -> dict[str, Any]:
    (result,) = project.report()["results"]
    return dict(result)


def draws(project: Project) -> list[bool]:
    return [sample["met"] for sample in result_of(project)["samples"] if sample["is_draw"]]


@both
def test_a_case_that_flickers_passes_and_says_so(project: Project, workers: str) -> None:
    run = run_must(project, FLICKERS, "-n", workers, "--junitxml", "out.xml")

    run.assert_outcomes(passed=1)
    assert run.ret == 0
    run.stdout.fnmatch_lines(
        [
            "warning * flaky: 1 case that must pass missed a threshold, then passed on further samples: one"
        ]
    )
    assert draws(project) == [True] * 8  # the failure that raised the question is none of them
    assert [sample["number"] for sample in result_of(project)["samples"]] == list(range(9))
    told = "flaky: passed on further samples; 0 of 8 missed a threshold"
    assert told in (project.path / "out.xml").read_text()
    assert (
        "1 case that must pass missed a threshold, then passed on further samples"
        in (project.path / ".llmeval/report.html").read_text()
    )
    assert (
        project.report()["summary"]["samples"] is None
    )  # drawn because it failed: they say nothing of the run
    assert project.scores("rubric") == {"one": 0}


@both
def test_a_case_that_is_broken_fails_as_soon_as_that_is_clear(
    project: Project, workers: str
) -> None:
    run = run_must(project, BROKEN, "-n", workers)

    run.assert_outcomes(failed=1)
    assert run.ret == 1
    run.stdout.fnmatch_lines([
        "rubric scored 0; required >= 4 (--min-score), golden/must.csv:2",
        "  must pass broken: 3 of 4 further samples missed a threshold",
    ])  # fmt: skip
    assert draws(project) == [False, True, False, False]
    assert project.endpoint.count("generation") == 5


def test_a_case_that_is_neither_is_an_error(project: Project) -> None:
    run = run_must(project, NEVER)

    run.assert_outcomes(errors=1)
    assert run.ret == 10
    told = "golden/must.csv:2: the case must pass and misses rubric >= 4. 5 of 30 further samples miss a threshold, too*"
    run.stdout.fnmatch_lines([f"*{told}"])
    assert len(draws(project)) == 30


def test_a_case_that_keeps_its_bounds_is_not_asked_again(project: Project) -> None:
    run_must(project, "5").assert_outcomes(passed=1)
    assert project.endpoint.count() == 2
    assert result_of(project)["samples"] == []


def test_draws_follow_the_samples_and_each_call_is_told_once(project: Project) -> None:
    run_must(project, "0/5/0/5", "--llm-samples", "3").assert_outcomes(passed=1)

    assert draws(project) == [True] * 8
    report = project.report()
    summary = report["summary"]
    assert (
        summary["generation"]["calls"],
        summary["judging"]["calls"],
        summary["unused"]["calls"],
    ) == (11, 11, 0)
    samples = {"cases": 1, "samples": 3, "met": 1, "steady": 0, "unscored": 0}
    assert summary["samples"] == samples


def test_a_draw_that_cannot_be_judged_is_an_error(project: Project) -> None:
    project.write(
        "conftest.py",
        """
        class Fits:
            name, version = "fits", "1"
            def score(self, case, completion):
                if completion.text == "Sample 2.":
                    raise ValueError("cannot tell")
                return float(completion.text != "Sample 0.")

        def pytest_llmeval_metrics():
            return [Fits()]
        """,
    )
    write(project, "5")
    run = project.run("golden/must.csv", *SEEDED[:-2], "--llm-threshold", "fits>=1")

    run.assert_outcomes(errors=1)
    run.stdout.fnmatch_lines(
        ["*fits is unscored: ValueError: cannot tell (conftest.py:* in score) (draw 2)"]
    )
    assert draws(project) == [True, None]


TEST = """
import pytest

@pytest.mark.llm_golden("golden/must.csv", must_pass={marker})
def test_it(llm_completion): pass
"""


@pytest.mark.parametrize(
    ("row", "marker", "option", "is_settled"),
    [
        ("", None, "id == 'one'", True),
        ("", None, "id == 'two'", False),
        ("", "'mine' in prompt", "true", False),
        ("", "'Say' in prompt", "false", True),
        ("", False, "true", False),
        ("", True, "false", True),
        ("false", True, "true", False),
        ("TRUE", False, "false", True),
    ],
)
def test_row_beats_marker_beats_option(
    project: Project, row: str, marker: object, option: str, is_settled: bool
) -> None:
    write(project, FLICKERS, row)
    project.write("test_it.py", TEST.format(marker=repr(marker)))
    run = project.run("test_it.py", *SEEDED, "--llm-must-pass", option)
    run.assert_outcomes(**({"passed": 1} if is_settled else {"failed": 1}))
    assert [result["case"]["must_pass"] for result in project.report()["results"]] == [is_settled]


@pytest.mark.parametrize(
    ("marker", "option", "told"),
    [
        (
            "1",
            "true",
            "*@pytest.mark.llm_golden must_pass: found 1; allowed: True, False, or a Jinja2 expression*",
        ),
        (
            "'levl'",
            "true",
            "*@pytest.mark.llm_golden must_pass: found 'levl'; allowed: the names id, prompt*",
        ),
        ("None", "id ==", "*--llm-must-pass: found 'id =='; allowed: a Jinja2 expression*"),
    ],
)
def test_what_cannot_be_read_is_said_before_anything_is_sent(
    project: Project, marker: str, option: str, told: str
) -> None:
    write(project, FLICKERS, "")
    project.write("test_it.py", TEST.format(marker=marker))
    run = project.run("test_it.py", *SEEDED, "--llm-must-pass", option)
    run.stderr.fnmatch_lines([told])
    assert (run.ret, project.endpoint.count()) == (pytest.ExitCode.USAGE_ERROR, 0)


def test_an_assertion_of_the_body_is_not_settled(project: Project) -> None:
    write(project, FLICKERS)
    body = "(llm_completion, llm_judge):\n    assert llm_judge(llm_completion) >= 4"
    project.write("test_it.py", TEST.format(marker=True).replace("(llm_completion): pass", body))
    project.run("test_it.py", *SEEDED).assert_outcomes(failed=1)
    assert draws(project) == []


def test_whether_a_case_must_pass_does_not_change_what_is_asked(project: Project) -> None:
    app = "def answer(case):\n    return 'fine'\n\nanswer.fingerprint = 'app 1'\n"
    project.write("app.py", app)
    asked = ("golden/must.csv", "--llm-provider", "python:app:answer")
    for must_pass, cached in (("true", False), ("false", True)):
        write(project, "5", must_pass)
        project.run(*asked).assert_outcomes(passed=1)
        assert result_of(project)["completion"]["cached"] is cached
