"""``--llm-stop-early``: cases in a random order, until the regression gate is certain."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from tests.mock_endpoint import MockEndpoint, Received, judged_texts
from tests.plugin.conftest import Project

COUNT = 240
HEAD = "id,prompt,expected,new,topic,must_pass\n"
GRADED = ("--llm-threshold", "exact_match>=1", "--llm-fail-on", "gate")
NEW = ("--llm-provider", "column:new", *GRADED)
MAIN = ("--llm-baseline", "main")
EARLY = (*MAIN, "--llm-stop-early")
QUIET = ("--llm-html", "")
LOG = ".llmeval/runs.sqlite"
SCALE = {"low": 0.0, "high": 1.0, "higher_is_better": True, "unit": ""}
both = pytest.mark.parametrize("workers", [(), ("-n", "2")], ids=["n0", "n2"])


def write(
    project: Project, new: Callable[[int], str], count: int = COUNT, must_pass: Sequence[int] = ()
) -> None:
    rows = [
        f"c{number:03},Question {number},yes,{new(number)},t{number // 4},"
        f"{'true' if number in must_pass else ''}\n"
        for number in range(count)
    ]
    project.write("golden/faq.csv", HEAD + "".join(rows))


def one_in(share: int) -> Callable[[int], str]:
    return lambda number: "yes" if number % share else "no"


def baseline(project: Project, scores: Sequence[float], name: str = "main") -> None:
    """A baseline as an accepted run would have left it."""
    scales = {"exact_match": SCALE, "pass_rate": SCALE}
    head = {"format": "llmeval-baseline-1", "name": name, "scales": scales, "cases": len(scores)}
    where = {"file": "golden/faq.csv", "suite": "golden/faq.csv", "outcome": "passed", "tags": []}
    rows = [
        {
            **where,
            "id": f"c{number:03}",
            "scores": {"exact_match": {"values": [score]}},
            "answers": [f"before {number}"],
        }
        for number, score in enumerate(scores)
    ]
    lines = "".join(f"{json.dumps(row)}\n" for row in (head, *rows))
    project.write(f"golden/baselines/{name}.jsonl", lines)


@pytest.fixture
def made(project: Project) -> Project:
    """A project whose baseline ``main`` holds all its cases, which passed."""
    project.write("pytest.ini", "[pytest]\nllm_golden = golden\n")
    write(project, one_in(3))
    baseline(project, [1.0] * COUNT)
    return project


def run_of(project: Project) -> Any:
    return project.report()["run"]


def metric_of(project: Project) -> Any:
    return run_of(project)["comparisons"][0]["metrics"][0]


@both
def test_a_regression_stops_the_run_and_says_what_it_left_out(
    made: Project, workers: tuple[str, ...]
) -> None:
    run = made.run(*NEW, *EARLY, *workers)
    assert run.ret == 1
    stop, metric = run_of(made)["early_stop"], metric_of(made)
    assert (stop["cases"], stop["saved_usd"]) == (COUNT, 0)
    assert stop["not_run"] > COUNT / 2
    assert list(made.outcomes().values()).count("skipped") == stop["not_run"]
    assert {row["cause"] for row in made.report()["results"] if row["outcome"] == "skipped"} == {
        "early_stop"
    }
    assert run_of(made)["gates"][0]["verdict"] == "REGRESSED"
    assert metric["result"]["test"] == "betting"
    assert metric["result"]["e_value"] >= 20
    assert metric["coverage"]["paired"] + metric["coverage"]["not_run"] == COUNT
    text = run.stdout.str()
    run_cases = COUNT - stop["not_run"]
    assert (
        f"Stopped early, because the verdict was certain: {run_cases} of {COUNT} cases run, "
        f"{stop['not_run']} not run." in text
    )
    assert "1 gate missed." in text
    assert f"covers {metric['result']['n']} of the baseline's {COUNT} cases" in text
    assert "covers only" not in text

    # It is no baseline, neither by its name nor as the latest run, and the history says why.
    assert made.query("SELECT early_stop IS NULL, is_cut_off FROM runs") == [(0, 0)]
    refused = made.llmeval("baseline", "accept", "--name", "next")
    assert refused.returncode == 2
    assert "the run log has no run" in refused.stderr or "no such run" in refused.stderr
    identifier = run_of(made)["id"]
    refused = made.llmeval("baseline", "accept", identifier, "--name", "next")
    assert f"{stop['not_run']} not run; allowed: a run with all its cases" in refused.stderr
    assert "stopped early" in made.llmeval("history").stdout
    for command in (("compare", "main", identifier), ("merge", LOG, "--run", identifier)):
        refused = made.llmeval(*command)
        assert refused.returncode == 2
        assert f"{stop['not_run']} not run; allowed: a " in refused.stderr
    made.run(*NEW, *EARLY, "--llm-name", "early")
    refused = made.llmeval("compare", "main", "early")
    assert "(early" not in refused.stderr
    assert "stopped early, because the verdict was certain" in refused.stderr
    assert f"Read it with llmeval report {run_of(made)['id']}" in refused.stderr


@both
def test_a_run_that_is_no_worse_stops_too_and_a_strict_gate_is_met(
    made: Project, workers: tuple[str, ...]
) -> None:
    write(made, lambda _: "yes")
    wide = ("--llm-margin", "0.1", "--llm-strict")
    run = made.run(*NEW, *EARLY, *wide, *workers)
    assert run.ret == 0
    assert run_of(made)["gates"][0]["verdict"] == "OK"
    assert run_of(made)["early_stop"]["not_run"] > 0
    assert metric_of(made)["result"]["is_shown"]


def test_without_certainty_every_case_runs_and_the_bets_decide(made: Project) -> None:
    baseline(made, [float(number % 40 > 0) for number in range(COUNT)])
    write(made, lambda number: "yes" if number % 41 else "no")
    run = made.run(*NEW, *EARLY, *QUIET)
    assert run.ret == 0
    assert run_of(made)["early_stop"] is None
    result = metric_of(made)["result"]
    assert (result["verdict"], result["test"], result["n"]) == ("INCONCLUSIVE", "betting", COUNT)
    assert 'of "worse", 20 required' in run.stdout.str()
    # A run of every case is a whole one.
    assert made.llmeval("baseline", "accept", "--name", "next").returncode == 0


def test_the_order_is_random_the_same_in_a_rerun_and_another_with_another_seed(
    made: Project,
) -> None:
    def ran(*args: str) -> list[str]:
        made.run(*NEW, *EARLY, *QUIET, *args)
        rows = made.report()["results"]
        return sorted(row["case"]["id"] for row in rows if row["outcome"] != "skipped")

    first = ran()
    assert ran() == first
    assert first != [f"c{number:03}" for number in range(len(first))]
    assert ran("--llm-limit-seed", "7") != first


@pytest.mark.parametrize(
    ("args", "text"),
    [
        ((), "--llm-stop-early: found 'no baseline'; allowed: a run with a baseline and a gate"),
        (
            (*MAIN, "--llm-gate", "pass_rate>=.5"),
            "--llm-gate: found 'pass_rate>=.5'; allowed: gates 'regression', cost",
        ),
        ((*MAIN, "--llm-gate", "regression(worst_tag)"), "allowed: gates 'regression', cost"),
        (("--llm-baseline", "broken"), "allowed: a baseline that can be read before the run"),
    ],
)
def test_what_it_needs_is_checked_before_anything_is_sent(
    made: Project, args: tuple[str, ...], text: str
) -> None:
    path = made.path / "golden/baselines/main.jsonl"
    lines = path.read_text().splitlines(keepends=True)
    made.write("golden/baselines/broken.jsonl", "".join(lines[:5]))
    run = made.run(*NEW, "--llm-stop-early", *args)
    assert run.ret == pytest.ExitCode.USAGE_ERROR
    assert text in run.stderr.str()


def test_a_declared_baseline_has_to_exist(made: Project) -> None:
    made.write("pytest.ini", "[pytest]\nllm_golden = golden\nllm_baseline = next\n")
    run = made.run(*NEW, "--llm-stop-early")
    assert run.ret == pytest.ExitCode.USAGE_ERROR
    assert "Make one with a run of every case, then llmeval baseline accept" in run.stderr.str()


@both
def test_a_gate_of_a_marker_that_needs_every_case_is_refused(
    made: Project, workers: tuple[str, ...]
) -> None:
    made.write(
        "test_marked.py",
        """
        import pytest

        @pytest.mark.llm_gate("exact_match.mean>=.5")
        @pytest.mark.llm_golden("golden/faq.csv")
        def test_faq(llm_completion):
            pass
        """,
    )
    run = made.run("test_marked.py", *NEW, *EARLY, *workers)
    assert run.ret == pytest.ExitCode.USAGE_ERROR
    assert "@pytest.mark.llm_gate on test_marked.py::test_faq" in run.stdout.str() + str(
        run.errlines
    )


def test_cases_that_must_pass_and_other_tests_always_run(made: Project) -> None:
    last = range(COUNT - 12, COUNT)
    write(made, lambda number: "yes" if number % 3 or number in last else "no", must_pass=last)
    made.write("test_plain.py", "def test_plain():\n    assert True\n")
    run = made.run("golden/faq.csv", "test_plain.py", *NEW, *EARLY, *QUIET)
    assert run.ret == 1
    outcomes = made.outcomes()
    assert {outcomes[f"c{number:03}"] for number in last} == {"passed"}
    assert "skipped" in outcomes.values()
    assert "test_plain.py ." in run.stdout.str()


def test_cases_outside_the_gates_always_run(made: Project) -> None:
    made.write(
        "test_two.py",
        """
        import pytest

        @pytest.mark.llm_gate("regression")
        @pytest.mark.llm_golden("golden/faq.csv", threshold="exact_match>=1")
        def test_gated(llm_completion):
            pass

        @pytest.mark.llm_golden("golden/faq.csv", where="id < 'c020'")
        def test_free(llm_completion):
            pass
        """,
    )
    path = made.path / "golden/baselines/main.jsonl"
    text = path.read_text().replace(
        '"suite": "golden/faq.csv"', '"suite": "test_two.py::test_gated"'
    )
    path.write_text(text)
    column = ("--llm-provider", "column:new", "--llm-fail-on", "gate")
    run = made.run("test_two.py", *column, *EARLY, *QUIET)
    assert run.ret == 1
    ran = [row["suite"] for row in made.report()["results"] if row["outcome"] != "skipped"]
    assert ran.count("test_two.py::test_free") == 20
    assert ran.count("test_two.py::test_gated") < COUNT / 2


def test_a_cluster_is_one_bet(made: Project) -> None:
    made.run(*NEW, *EARLY, *QUIET, "--llm-cluster", "topic")
    result = metric_of(made)["result"]
    assert result["verdict"] == "REGRESSED"
    assert result["n"] == 4 * result["clusters"]


def test_deleted_cases_are_not_made_good_by_an_early_stop(made: Project) -> None:
    write(made, lambda _: "yes", count=COUNT // 2)
    run = made.run(*NEW, *EARLY, *QUIET, "--llm-margin", "0.1")
    assert run.ret == 10
    # That was known before the first call, so nothing was certain, and the figure is that of all.
    reason = f"only {COUNT // 2} of the baseline's {COUNT} cases have a score in both runs"
    assert reason in run.stdout.str()
    assert "Stopped early" not in run.stdout.str()


def test_a_part_of_the_baseline_is_still_no_proof_under_strict(made: Project) -> None:
    write(made, lambda _: "yes")
    some = ("--llm-margin", "0.1", "--llm-limit", "120")
    assert made.run(*NEW, *EARLY, *QUIET, *some).ret == 0
    assert run_of(made)["early_stop"]["not_run"] > 0
    run = made.run(*NEW, *EARLY, *QUIET, *some, "--llm-strict")
    assert run.ret == 10
    assert "and --llm-strict requires all" in run.stdout.str()


@both
def test_a_renamed_case_bets_and_one_of_two_that_ask_the_same_does_not(
    made: Project, workers: tuple[str, ...]
) -> None:
    """The first case was renamed. The next one was replaced by two that ask what it asked."""
    whole = ("--llm-provider", "column:new", *GRADED, *QUIET)
    write(made, lambda _: "yes", count=40)
    made.run(*whole)
    (made.path / "golden/baselines/main.jsonl").unlink()
    made.accept()
    rows = [("new0", 0), ("new1", 1), ("new2", 1), *((f"c{number:03}", number) for number in range(2, 40))]  # fmt: skip
    lines = "".join(f"{name},Question {number},yes,no,t,\n" for name, number in rows)
    made.write("golden/faq.csv", HEAD + lines)
    run = made.run(*whole, *EARLY, "--llm-margin", "0.1", *workers)
    assert run.ret == 1
    result, coverage = metric_of(made)["result"], metric_of(made)["coverage"]
    assert result["verdict"] == "REGRESSED"
    # Without case 1 of the baseline, which nothing matches.
    assert coverage["paired"] + coverage["not_run"] == 39


def test_a_second_baseline_raises_what_each_must_show(made: Project) -> None:
    made.run(*NEW, *EARLY, *QUIET)
    alone = metric_of(made)["result"]["n"]
    baseline(made, [1.0] * COUNT, "release")
    run = made.run(*NEW, *EARLY, "--llm-baseline", "release", *QUIET)
    assert run.ret == 1
    results = [row["metrics"][0]["result"] for row in run_of(made)["comparisons"]]
    assert {result["metrics"] for result in results} == {2}
    assert min(result["n"] for result in results) > alone


@both
def test_calls_that_are_not_needed_are_not_sent(
    project: Project, endpoint: MockEndpoint, workers: tuple[str, ...]
) -> None:
    """A judge scores live, with a price; what was under way counts in the reports."""
    prices = "llm_prices =\n    mock = 0.01\n    judge = 0.02\n"
    project.write("pytest.ini", f"[pytest]\n{prices}")
    project.rows(120)
    live = (
        "golden/rows.csv", "--llm-model", "mock", "--llm-judge-model", "judge", "--min-score", "4",
        "--llm-no-cache", "--llm-fail-on", "gate", "--llm-concurrency", "4", *QUIET,
    )  # fmt: skip
    assert project.run(*live, "--llm-gate", "pass_rate>=.5").ret == 0
    project.accept()
    sent = endpoint.count()

    def worse(request: Received) -> str:
        number = int(re.findall(r"Question (\d+)", request.text)[0])
        is_worse = judged_texts(request)["answer"] == "Poor." and number % 2
        return json.dumps({"reason": "scripted", "score": 1 if is_worse else 5})

    endpoint.judge = worse
    run = project.run(*live, *EARLY, *workers, "--llm-template", "{{ prompt }} [[answer=Poor.]]")
    assert run.ret == 1
    stop = run_of(project)["early_stop"]
    assert stop["not_run"] > 40
    ran = 120 - stop["not_run"]
    anchors = 25
    assert 2 * ran <= endpoint.count() - sent <= 2 * (ran + 8) + anchors
    assert stop["saved_usd"] == pytest.approx(0.03 * stop["not_run"])
    assert f"{stop['not_run']} not run, which saved about $" in run.stdout.str()


def test_cases_that_fail_to_answer_count_as_the_worst(made: Project) -> None:
    """Two missing answers are allowed, and keep the run from being shown to be no worse."""
    made.write(
        "app.py",
        """
        def answer(case):
            if case.id in ("c010", "c150"):
                raise ValueError("no answer")
            return "yes"
        """,
    )
    made.write("pytest.ini", "[pytest]\nllm_golden = golden\npythonpath = .\n")
    app = ("--llm-provider", "python:app:answer", *GRADED, *EARLY, *QUIET)
    made.run(*app, "--llm-margin", "0.03")
    result = metric_of(made)["result"]
    assert (result["verdict"], result["missing"]) == ("INCONCLUSIVE", 2)
    assert result["lower"] > -0.03 > result["worst_lower"]


def test_a_case_that_dies_with_its_worker_is_a_missing_one(made: Project) -> None:
    """What the dead worker had not begun comes last, and the verdict waits for it."""
    made.write(
        "app.py",
        """
        import os

        def answer(case):
            number = int(case.id[1:])
            if number == 202:
                os._exit(3)
            return "yes" if number % 2 else "no"
        """,
    )
    made.write("pytest.ini", "[pytest]\nllm_golden = golden\npythonpath = .\n")
    app = ("--llm-provider", "python:app:answer", *GRADED, *EARLY, *QUIET, "-n", "2")
    run = made.run(*app, "--llm-lookahead", "0", "--max-worker-restart", "4")
    assert run.ret != 0
    assert len(run_of(made)["lost"]) == 1
    result = metric_of(made)["result"]
    assert (result["verdict"], result["missing"], result["n"]) == ("REGRESSED", 1, 19)


def test_evaluate_runs_every_case(made: Project) -> None:
    code = """
from pytest_llmeval import evaluate
evaluate("golden/faq.csv", provider="column:new", baseline="main", stop_early=True)
"""
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=made.path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert "allowed: false: evaluate runs every case" in done.stderr


@both
def test_an_early_stop_names_what_was_deleted_and_lost_in_quarantine(
    made: Project, workers: tuple[str, ...]
) -> None:
    path = made.path / "golden/baselines/main.jsonl"
    passed = '"scores": {"pass_rate": {"values": [1.0]}, '
    path.write_text(path.read_text("utf-8").replace('"scores": {', passed), "utf-8")
    quarantined = range(0, COUNT, 12)
    write(made, lambda number: "no" if number in quarantined else "yes", COUNT - 8)
    names = "".join(f"c{number:03},2999-01-01,flaky\n" for number in quarantined)
    made.write("quarantine.csv", f"id,until,reason\n{names}")
    wide = ("--llm-margin", "0.1", "--llm-quarantine", "quarantine.csv")
    run = made.run(*NEW, *EARLY, *wide, *workers, "--llm-summary", "summary.md")
    assert run_of(made)["early_stop"]["not_run"] > 0
    comparison = run_of(made)["comparisons"][0]
    assert len(comparison["deleted"]) == 8
    ran = [name for name, outcome in made.outcomes().items() if outcome != "skipped"]
    lost = [name for name in ran if int(name[1:]) in quarantined]
    assert len(comparison["quarantined_losses"]) == len(lost) > 0
    last = next(line for line in reversed(run.outlines) if line.startswith("llm: "))
    for text in (last, (made.path / "summary.md").read_text("utf-8")):
        assert "8 cases of main were removed" in text
        assert "in quarantine passed in main and now fail" in text
