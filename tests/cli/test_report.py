from __future__ import annotations

import json
from contextlib import closing
from dataclasses import replace
from importlib import resources
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from jsonschema import Draft202012Validator

from pytest_llmeval.cli.report import report
from pytest_llmeval.records.run import Run
from pytest_llmeval.runlog.log import RunLog
from tests.finished_run import make_results, make_run, rubric


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project whose log holds an older, empty run and a newer one with results."""
    monkeypatch.chdir(tmp_path)
    run = make_run()
    with closing(RunLog(".llmeval/runs.sqlite")) as log:
        log.begin(Run("older"))
        log.begin(run)
        for result in make_results():
            log.add(run.id, result)
        log.finish(run)
    return tmp_path


def llmeval_report(*arguments: str) -> Result:
    return CliRunner().invoke(report, arguments)


def test_the_latest_run_is_shown(folder: Path) -> None:
    result = llmeval_report()
    assert result.exit_code == 0
    assert result.output.startswith(
        "FAILED: 1 of 5 cases missed its threshold; 2 could not be judged."
    )


def test_an_older_run_is_shown_by_its_id(folder: Path) -> None:
    assert llmeval_report("older").output.startswith("EMPTY: No case was tried.")


def test_every_report_can_be_made_again(folder: Path) -> None:
    others = ("--summary", "a/r.md", "--code-quality", "a/gl.json")
    result = llmeval_report(
        "latest", "--json", "a/r.json", "--html", "a/r.html", "--csv", "a/r.csv", *others
    )
    assert result.exit_code == 0
    assert "a/r.html" in result.output
    assert json.loads((folder / "a" / "r.json").read_text())["run"]["id"] == make_run().id
    assert (folder / "a" / "r.html").read_text(encoding="utf-8").startswith("<!doctype html>")
    assert "whole report: a/r.html" in (folder / "a" / "r.md").read_text(encoding="utf-8")
    assert len(json.loads((folder / "a" / "gl.json").read_text())) == 3
    assert len((folder / "a" / "r.csv").read_text(encoding="utf-8").splitlines()) > 6


def test_a_report_made_again_is_the_same(folder: Path) -> None:
    for name in ("one", "two"):
        llmeval_report("--json", f"{name}.json", "--html", f"{name}.html")
    assert (folder / "one.json").read_bytes() == (folder / "two.json").read_bytes()
    assert (folder / "one.html").read_bytes() == (folder / "two.html").read_bytes()


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (
            ["absent"],
            "absent: no such run; allowed: latest, or the name or id of a run of the log (",
        ),
        (["--log", "absent.sqlite"], "absent.sqlite: there is no such file"),
        (["--log", "nosuch://host/db"], "--llm-log: found 'nosuch://host/db'"),
        (
            ["--limit", "2", "older"],
            "--limit cannot be combined with run names: older",
        ),
        (
            ["--json", ".llmeval/runs.sqlite/r.json"],
            "JSON report .llmeval/runs.sqlite/r.json: cannot be written",
        ),
    ],
)
def test_what_cannot_be_done_is_told(arguments: list[str], told: str, folder: Path) -> None:
    result = llmeval_report(*arguments)
    assert result.exit_code == 2
    assert told in result.stderr
    assert "Traceback" not in result.output


def test_a_log_without_runs_is_told(folder: Path) -> None:
    RunLog("empty.sqlite").close()
    result = llmeval_report("--log", "empty.sqlite")
    assert (result.exit_code, result.stderr) == (
        2,
        "the run log has no run yet; pytest writes one with its first case\n",
    )


@pytest.fixture
def two_runs(folder: Path) -> Path:
    """A later run beside the others, in which a case passes that failed, and one is worse."""
    with closing(RunLog(".llmeval/runs.sqlite")) as log:
        later = replace(
            make_run(), id="later", name="with a fix", started_at="2025-06-13T10:15:00+00:00"
        )
        log.begin(later)
        passed, failed, *rest = [
            replace(result, checks=tuple(check for check in result.checks if check.score == 0))
            for result in make_results()
        ]
        fixed = replace(failed, outcome="passed", scores=(rubric(5.0, "Says so now."),), message="")
        for result in (replace(passed, scores=(rubric(4.0, "Shorter."),)), fixed, *rest):
            log.add(later.id, result)
        log.finish(later)
    return folder


def test_of_two_runs_the_second_is_compared_with_the_first(two_runs: Path) -> None:
    first = make_run().id
    result = llmeval_report(first, "with a fix", "--json", "r.json", "--html", "r.html")
    assert result.exit_code == 0, result.output
    assert result.output.startswith("ERROR: 2 of 5 cases could not be judged.")
    text = (two_runs / "r.json").read_text()
    report = json.loads(text)
    file = resources.files("pytest_llmeval.reports") / "schemas" / "report-2.schema.json"
    Draft202012Validator(json.loads(file.read_text(encoding="utf-8"))).validate(report)
    [comparison] = report["run"]["comparisons"]
    assert comparison["baseline"] == f"refund wording, second try ({first})"
    assert [change["id"] for change in comparison["gained"]] == ["can-i-return-a"]
    gained = next(each for each in report["results"] if each["case"]["id"] == "can-i-return-a")
    assert gained["before"][0]["outcome"] == "failed"
    assert gained["before"][0]["scores"]["rubric"] == {
        "value": 1.5,
        "reason": "Contradicts the policy; gifts are returnable.",
    }
    assert [point["id"] for point in report["history"]] == [first, "later"]
    page = (two_runs / "r.html").read_text(encoding="utf-8")
    assert "What changed" in page
    assert "Among other runs" in page


def test_a_number_takes_the_newest_runs(two_runs: Path) -> None:
    assert llmeval_report("--limit", "2", "--json", "r.json").exit_code == 0
    assert [point["id"] for point in json.loads((two_runs / "r.json").read_text())["history"]] == [
        make_run().id,
        "later",
    ]


def test_of_many_runs_the_last_stands_among_all(two_runs: Path) -> None:
    result = llmeval_report("older", make_run().id, "later", "--json", "r.json")
    assert result.exit_code == 0, result.output
    report = json.loads((two_runs / "r.json").read_text())
    assert (report["run"]["id"], len(report["history"]), len(report["run"]["comparisons"])) == (
        "later",
        3,
        1,
    )
    assert (
        llmeval_report(make_run().id, "older", "--json", "r.json").exit_code == 0
    )  # nothing in common


def test_scores_of_another_judge_are_not_shown_as_before(two_runs: Path) -> None:
    with closing(RunLog(".llmeval/runs.sqlite")) as log:
        judged = replace(make_run(), id="judged", name="", started_at="2025-06-14T10:15:00+00:00")
        log.begin(judged)
        for result in make_results():
            log.add(
                judged.id,
                replace(
                    result, scores=tuple(replace(each, version="other") for each in result.scores)
                ),
            )
        log.finish(judged)
    assert llmeval_report("later", "judged", "--json", "r.json", "--summary", "r.md").exit_code == 0
    report = json.loads((two_runs / "r.json").read_text())
    gate = next(
        each for each in report["run"]["comparisons"][0]["metrics"] if each["name"] == "rubric"
    )
    assert not gate["coverage"]["is_same_judge"]
    befores = [each["before"][0] for each in report["results"]]
    assert any(before["answer"] for before in befores)
    assert not any("rubric" in before["scores"] for before in befores)
