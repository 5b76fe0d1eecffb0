"""A verdict says which of the baseline's cases it covers, and a baseline is whole and there."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.plugin.conftest import Project

COUNT = 24
COLUMNS = "id,prompt,expected,old,new\n"
ROWS = [
    f"c{number:02},Question {number},yes,yes,{'no' if number % 2 else 'yes'}\n"
    for number in range(COUNT)
]
OLD = ("--llm-provider", "column:old", "--llm-threshold", "exact_match>=1")
NEW = ("--llm-provider", "column:new", "--llm-threshold", "exact_match>=1", "--llm-fail-on", "gate")
MAIN = ("--llm-baseline", "main")

both = pytest.mark.parametrize("workers", [(), ("-n", "2")], ids=["n0", "n2"])


@pytest.fixture
def made(project: Project) -> Project:
    """A project whose baseline ``main`` holds all its cases, which passed."""
    (project.path / "golden/faq.csv").unlink()
    project.write("pytest.ini", "[pytest]\nllm_golden = golden\n")
    project.write("golden/a.csv", COLUMNS + "".join(ROWS[:12]))
    project.write("golden/b.csv", COLUMNS + "".join(ROWS[12:]))
    assert project.run(*OLD).ret == 0
    project.accept()
    return project


def last_line(run: pytest.RunResult) -> str:
    lines = [line for line in run.errlines if line.startswith("ERROR: ")] or run.outlines
    return next(line for line in reversed(lines) if line.strip())


def delete_failing(project: Project) -> None:
    for name, rows in (("a", ROWS[:12]), ("b", ROWS[12:])):
        project.write(f"golden/{name}.csv", COLUMNS + "".join(rows[::2]))


def delete_file(project: Project) -> None:
    (project.path / "golden/b.csv").unlink()


@both
@pytest.mark.parametrize("change", [delete_failing, delete_file])
def test_a_whole_run_that_lacks_cases_of_the_baseline_is_an_error(
    made: Project, change: Callable[[Project], None], workers: tuple[str, ...]
) -> None:
    change(made)
    run = made.run(*NEW, *MAIN, *workers)
    assert run.ret == 10
    assert "only 12 of the baseline's 24 cases have a score in both runs" in run.stdout.str()
    assert "The run covers only 12 of the 24 cases of main. 12 cases of main were" in last_line(run)
    (comparison,) = made.report()["run"]["comparisons"]
    coverage = comparison["metrics"][0]["coverage"]
    assert (coverage["selected"], coverage["paired"], coverage["before"]) == (24, 12, 24)


@pytest.mark.parametrize(
    ("args", "covered"),
    [
        (("--llm-limit", "11"), 11),
        (("-k", "c0"), 10),
        (("--llm-where", "id < 'c12'"), 12),
        (("golden/a.csv",), 12),
    ],
)
def test_a_part_says_how_much_it_covers_and_decides_nothing_under_strict(
    made: Project, args: tuple[str, ...], covered: int
) -> None:
    run = made.run(*OLD, *MAIN, *args)
    assert run.ret == 0
    assert f"covers {covered} of the baseline's 24 cases" in run.stdout.str()
    assert last_line(run) == (
        f"llm: PASSED: The run covers only {covered} of the 24 cases of main. "
        f"All {covered} cases passed."
    )
    assert made.report()["run"]["is_narrowed"] == (args[0] != "golden/a.csv")
    run = made.run(*OLD, *MAIN, *args, "--llm-strict")
    assert run.ret == 10
    assert "cases, and --llm-strict requires all" in run.stdout.str()


def test_a_few_deleted_cases_leave_the_verdict(made: Project) -> None:
    made.write("golden/b.csv", COLUMNS + "".join(ROWS[12:-1]))
    run = made.run(*OLD, *MAIN, "--llm-strict")
    assert run.ret == 0
    assert "covers 23 of the baseline's 24 cases" in run.stdout.str()


def test_the_cases_of_a_file_that_is_gone_are_missing_from_its_folder(made: Project) -> None:
    delete_file(made)
    assert made.run("golden", *OLD, *MAIN).ret == 10
    assert made.run("golden/a.csv", *OLD, *MAIN).ret == 0


@both
@pytest.mark.parametrize("name", ["mian", "golden/baselines/mian.jsonl", "lastest"])
def test_a_baseline_that_does_not_exist_is_a_usage_error(
    made: Project, name: str, workers: tuple[str, ...]
) -> None:
    run = made.run(*NEW, "--llm-baseline", name, *workers)
    assert run.ret == pytest.ExitCode.USAGE_ERROR
    text = last_line(run)
    assert text.startswith(f"ERROR: --llm-baseline: found {name!r}; allowed: main, latest, ")
    assert ("Did you mean" in text) == ("/" not in name)


def test_a_declared_baseline_may_wait_for_its_first_run(made: Project) -> None:
    made.write("pytest.ini", "[pytest]\nllm_golden = golden\nllm_baseline = next\n")
    run = made.run(*OLD)
    assert run.ret == 0
    assert last_line(run) == (
        "llm: OPEN: 1 gate showed nothing (NO BASELINE). All 24 cases passed."
    )
    assert made.report()["summary"]["verdict"] == "open"
    assert made.run(*OLD, "--llm-baseline", "next").ret == 0
    assert made.run(*OLD, "--llm-baseline", "nxet").ret == pytest.ExitCode.USAGE_ERROR


def test_a_project_without_a_baseline_may_name_its_first(
    made: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    (made.path / "golden/baselines/main.jsonl").unlink()
    assert made.run(*OLD, *MAIN).ret == 0
    monkeypatch.setenv("LLMEVAL_BASELINE", "golden/baselines/main.jsonl")
    run = made.run(*OLD)
    assert run.ret == pytest.ExitCode.USAGE_ERROR
    assert last_line(run).startswith("ERROR: LLMEVAL_BASELINE: found 'golden/baselines/main.jsonl'")


@pytest.mark.parametrize("kept", [1, 3, COUNT])
def test_a_baseline_that_was_cut_off_is_an_error(made: Project, kept: int) -> None:
    path = made.path / "golden/baselines/main.jsonl"
    path.write_text("".join(path.read_text().splitlines(keepends=True)[:kept]))
    run = made.run(*NEW, *MAIN)
    assert run.ret == 10
    assert f"found {kept - 1} case" in run.stdout.str()
    assert "allowed: 24, as its first line says. It was cut off or edited." in run.stdout.str()
    listed = made.llmeval("baseline", "list").stdout
    assert f"{kept - 1} of 24 cases: it was cut off or edited" in listed


def test_an_older_baseline_says_that_it_cannot_be_checked(made: Project) -> None:
    path = made.path / "golden/baselines/main.jsonl"
    head, *lines = path.read_text().splitlines(keepends=True)
    older = {name: value for name, value in json.loads(head).items() if name != "cases"}
    path.write_text("".join([f"{json.dumps(older)}\n", *lines]))
    run = made.run(*OLD, *MAIN)
    assert run.ret == 0
    assert "The baseline main does not say how many cases it holds" in last_line(run)


def test_a_run_that_lacks_cases_is_no_baseline(made: Project) -> None:
    made.write(
        "app.py",
        """
        import os

        def answer(case):
            if case.id == "c03":
                os._exit(3)
            return "yes"
        """,
    )
    made.write("pytest.ini", "[pytest]\nllm_golden = golden\npythonpath = .\n")
    app = ("--llm-provider", "python:app:answer", "--llm-threshold", "exact_match>=1")
    made.run(*app, "-n", "2", "--max-worker-restart", "3")
    assert made.report()["summary"]["verdict"] == "error"
    refused = made.llmeval("baseline", "accept", "--name", "main")
    assert refused.returncode == 2
    assert "died with a worker and left no result" in refused.stderr
    report = Path(".llmeval/report.json")
    assert made.llmeval("baseline", "accept", str(report)).returncode == 2

    made.write("golden/c.csv", "id,prompt\na,\n")
    made.run(*OLD, "--continue-on-collection-errors")
    refused = made.llmeval("baseline", "accept", "--name", "main")
    assert "1 file could not be collected: golden/c.csv; allowed: a run with all" in refused.stderr
    shown = made.llmeval("report").stdout.splitlines()[0]
    assert shown == "ERROR: 1 file could not be collected: golden/c.csv. 24 cases passed."


def test_commands_hold_a_run_to_its_baseline(made: Project) -> None:
    quiet = ("--llm-json", "", "--llm-html", "")
    for name, where in (("1", "id < 'c08'"), ("2", "id >= 'c08' and id < 'c16'")):
        made.run(*OLD, "--llm-where", where, "--llm-log", f"{name}.sqlite", *quiet)
    shards = ("merge", "1.sqlite", "2.sqlite", "--log", "m.sqlite", "--json", "", "--html", "")
    merged = made.llmeval(*shards, "--baseline", "main")
    assert merged.returncode == 10
    assert "only 16 of the baseline's 24 cases have a score in both runs" in merged.stdout
    misspelt = made.llmeval(*shards, "--baseline", "mian")
    assert (misspelt.returncode, "Did you mean 'main'?" in misspelt.stderr) == (2, True)

    made.run(*OLD, "--llm-name", "whole")
    made.run(*OLD, "--llm-limit", "11", "--llm-name", "part")
    for strict, code in (((), 0), (("--strict",), 10)):
        compared = made.llmeval("compare", "whole", "part", *strict)
        assert (compared.returncode, "covers 11 of" in compared.stdout) == (code, True)
    delete_failing(made)
    made.run(*OLD, "--llm-name", "half")
    assert made.llmeval("compare", "whole", "half").returncode == 10


def test_evaluate_holds_a_run_to_its_baseline(made: Project) -> None:
    delete_failing(made)
    code = """
from pytest_llmeval import evaluate
files = ["golden/a.csv", "golden/b.csv"]
run = evaluate(files, provider="column:old", threshold="exact_match>=1", baseline="main")
print(run.exit_code, run.verdict, run.summary.headline)
run = evaluate("golden/a.csv", provider="column:old", strict=True)
print(run.exit_code, run.summary.headline)
try:
    evaluate(files, provider="column:old", baseline="mian")
except Exception as error:
    print(error)
"""
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=made.path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    first, second, third = done.stdout.splitlines()
    assert first.startswith("10 error The run covers only 12 of the 24 cases of main.")
    assert second.startswith("10 --llm-strict: no case has a threshold, and there is no gate.")
    assert "Did you mean 'main'?" in third


@both
def test_a_baseline_of_a_few_cases_says_little_of_the_run(
    made: Project, workers: tuple[str, ...]
) -> None:
    assert made.run(*OLD, "-k", "c00 or c02").ret == 0
    (made.path / "golden/baselines/main.jsonl").unlink()
    made.accept()

    run = made.run(*NEW, *MAIN, *workers)

    assert "; 22 of 24 cases are new and not compared" in run.stdout.str()
    assert "Main does not have 22 of the run's 24 cases." in last_line(run)
    assert made.run(*NEW, *MAIN, *workers, "--llm-strict").ret == 10
