"""A baseline that another judge has scored: its answers are judged again, or it is not compared."""

from __future__ import annotations

import json

from tests.plugin.conftest import Project
from tests.plugin.test_gates import BEFORE, JUDGED, accepted, both, write

POLITE = (*JUDGED, "--llm-baseline", "main", "--llm-judge-criteria", "Is it polite?")


@both
def test_answers_that_another_judge_has_scored_are_judged_again(
    project: Project, workers: str
) -> None:
    accepted(project, BEFORE, *JUDGED)
    project.endpoint.requests.clear()

    run = project.run(*POLITE, "-n", workers)

    assert run.ret == 0
    run.stdout.fnmatch_lines(
        ["OK: regression against main: rubric: identical: every answer is the baseline's"]
    )
    run.stdout.fnmatch_lines(
        ["*baseline main: 20 scores made again, because the baseline had another judge, or *"]
    )
    assert project.endpoint.count("judge") == 20  # the answers are the same, and asked about once


@both
def test_a_drop_shows_under_the_judge_of_the_run(project: Project, workers: str) -> None:
    accepted(project, BEFORE, *JUDGED)
    write(project, [2.0] * 20)
    project.endpoint.requests.clear()

    run = project.run(*POLITE, "-n", workers)

    assert run.ret == 1
    run.stdout.fnmatch_lines(["REGRESSED: regression against main: rubric: dropped 45.0 points*"])
    assert project.endpoint.count("judge") == 40
    assert project.report()["run"]["traffic"]["calls"] == 60  # the answers of the column among them
    before = {each["case"]["id"]: each["before"] for each in project.report()["results"]}
    assert before["row-01"] == [
        {
            "baseline": "main",
            "outcome": "passed",
            "answer": "4.5 points",
            "scores": {"rubric": {"value": 4.5, "reason": "As it says."}},
        }
    ]


def test_what_the_baseline_lets_pass_is_decided_anew(project: Project) -> None:
    accepted(project, [2.0] * 10 + [4.0] * 10, *JUDGED)
    bound = (
        "--llm-threshold",
        "rubric>=3",
        "--llm-fail-on",
        "gate",
        "--llm-gate",
        "regression(pass_rate)",
    )

    run = project.run(*POLITE, *bound)

    (comparison,) = project.report()["run"]["comparisons"]
    passing = next(metric for metric in comparison["metrics"] if metric["name"] == "pass_rate")
    assert run.ret == 0
    assert passing["result"]["before"]["estimate"] == 0.5


def test_without_the_answers_it_is_not_compared(project: Project) -> None:
    accepted(project, BEFORE, *JUDGED)
    path = project.path / "golden/baselines/main.jsonl"
    head, *lines = map(json.loads, path.read_text("utf-8").splitlines())
    path.write_text(
        "\n".join(map(json.dumps, [head, *({**line, "answers": []} for line in lines)])), "utf-8"
    )

    run = project.run(*POLITE)

    assert run.ret == 10
    run.stdout.fnmatch_lines(
        [
            "ERROR: regression against main: rubric: the baseline was scored by a different judge, and its answers cannot be "
            "judged again*"
        ]
    )


def test_its_calls_count_for_the_budget(project: Project) -> None:
    accepted(project, BEFORE, *JUDGED)
    write(project, [2.0] * 20)
    project.write("pytest.ini", "[pytest]\nllm_prices = judge = 1000 1000\n")
    assert project.run(*POLITE, "--llm-no-cache", "--llm-budget", "1000").ret == 1
    cost = project.report()["run"]["traffic"]["usd"]

    run = project.run(*POLITE, "--llm-no-cache", "--llm-budget", str(cost * 0.75))

    assert run.ret == 10
    assert all(each["outcome"] == "passed" for each in project.report()["results"])
    run.stdout.fnmatch_lines(["ERROR: regression against main: rubric: *"])


def test_a_dry_run_counts_it(project: Project) -> None:
    accepted(project, BEFORE, *JUDGED)
    write(project, [2.0] * 20)
    project.endpoint.requests.clear()

    run = project.run(*POLITE, "--llm-dry-run")

    assert run.ret == 10  # a gate is set, and a dry run judges nothing
    run.stdout.fnmatch_lines(["rubric * 40 *"])
    assert not project.endpoint.requests


def test_it_is_replayed_from_recordings(project: Project) -> None:
    accepted(project, BEFORE, *JUDGED)
    write(project, [2.0] * 20)
    assert project.run(*POLITE, "--llm-record", "once").ret == 1
    project.endpoint.requests.clear()

    run = project.run(*POLITE, "--llm-record", "none")

    assert run.ret == 1
    assert not project.endpoint.requests
