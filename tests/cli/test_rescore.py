from __future__ import annotations

import json
import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import Result

from pytest_llmeval.records.calibration import Calibration
from pytest_llmeval.records.interval import Interval
from pytest_llmeval.records.run import Run
from pytest_llmeval.runlog.log import RunLog
from pytest_llmeval.store.judge_file import JudgeFile
from tests.cli.conftest import Command
from tests.commands import OTHERS_OFF
from tests.mock_endpoint import MockEndpoint, Received, Reply
from tests.warm import warm

LOG = ".llmeval/runs.sqlite"
CASES = tuple(f"golden/faq.csv::{name}" for name in ("good", "bad", "silent"))
FAQ = """\
id,prompt,expected
good,How long can I return a bike?,30 days with the receipt.
bad,What does shipping cost? [[score=2]],It is free from 50 euros.
silent,Are you open? [[judge_fault=401]],Yes.
"""


class TwoJudges(MockEndpoint):
    """Answers as `MockEndpoint`; a judge called ``strict`` or ``mild`` has one score for everything."""

    def arrived(self, request: Received) -> tuple[Reply | None, str]:
        reply, fault = super().arrived(request)
        score = {"strict": 1, "mild": 5}.get(request.body["model"])
        if score is None:
            return reply, fault
        content = json.dumps({"reason": f"a {request.body['model']} judge", "score": score})
        choice = {
            "index": 0,
            "message": {"role": "assistant", "content": content},
            "finish_reason": "stop",
        }
        usage = {"prompt_tokens": 100, "completion_tokens": 10}
        return Reply(
            200, json.dumps({"model": request.body["model"], "choices": [choice], "usage": usage})
        ), ""


@pytest.fixture(scope="module")
def server() -> Iterator[TwoJudges]:
    """One endpoint for all tests here: its address is part of what identifies a judge."""
    endpoint = TwoJudges()
    with endpoint:
        yield endpoint


@pytest.fixture(scope="module")
def environment(server: TwoJudges) -> dict[str, str]:
    """Of the processes that a test starts."""
    inherited = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("LLMEVAL_", "PYTEST_"))
    }
    return {
        **inherited,
        "OPENAI_API_KEY": "sk-example",
        "OPENAI_BASE_URL": server.url,
        "LLMEVAL_NO_SELFTEST": "true",
    }


@pytest.fixture(scope="module")
def project(environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with a run that has one case of each outcome."""
    folder = tmp_path_factory.mktemp("project")
    (folder / "golden").mkdir()
    (folder / "golden" / "faq.csv").write_text(FAQ)
    told = run_pytest(folder, environment, "golden/faq.csv", "--min-score", "4")
    assert "1 failed, 1 passed, 1 error" in told
    return folder


@pytest.fixture
def endpoint(
    server: TwoJudges,
    environment: dict[str, str],
    project: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> TwoJudges:
    """The endpoint, with a copy of the project as the current folder."""
    for name in [name for name in os.environ if name.startswith("LLMEVAL_")]:
        monkeypatch.delenv(name)
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL", "LLMEVAL_NO_SELFTEST"):
        monkeypatch.setenv(name, environment[name])
    shutil.copytree(project, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    server.requests.clear()
    return server


@pytest.fixture
def run(endpoint: TwoJudges) -> Run:
    """The run of the project."""
    return newest()


def run_pytest(folder: Path, environment: dict[str, str], *arguments: str) -> str:
    """pytest in a process of its own; what it prints."""
    models = ("--llm-model", "gpt-4", "--llm-judge-model", "gpt-4o")
    line = ("python", "-m", "pytest", *OTHERS_OFF, *models, *arguments)
    return warm().run(*line, folder=folder, environment=environment).stdout


def newest() -> Run:
    with closing(RunLog(LOG, must_exist=True)) as log:
        return next(log.runs())


def outcomes(run_id: str) -> dict[str, str]:
    with closing(RunLog(LOG, must_exist=True)) as log:
        return {result.nodeid: result.outcome for result in log.results(run_id)}


def test_another_judge_scores_the_stored_answers_and_no_answer_is_asked_for(
    llmeval: Command, endpoint: TwoJudges, run: Run
) -> None:
    result = llmeval.run("rescore", "latest", "--judge-model", "mild")
    assert result.exit_code == 0, result.output
    assert (endpoint.count("judge"), endpoint.count("generation")) == (3, 0)
    made = newest()
    assert made.id != run.id
    assert (made.name, made.rescored_from, made.exit_code) == (
        f"{run.id} rescored",
        run.id,
        0,
    )
    assert outcomes(made.id) == dict.fromkeys(CASES, "passed")
    assert outcomes(run.id) == dict(zip(CASES, ("passed", "failed", "error"), strict=True))
    assert made.traffic.calls == 3
    [facts] = made.judges
    assert (facts.name, facts.model, facts.calibration) == ("rubric", "mild", None)


def test_what_changed_is_shown(llmeval: Command, endpoint: TwoJudges, run: Run) -> None:
    result = llmeval.run("rescore", run.id, "--judge-model", "mild")
    lines = result.stdout.splitlines()
    assert lines[0] == f"{run.id} judged again as {newest().id}: 3 cases, 3 scores"
    assert lines[1].startswith("rubric    mean 3.50 -> 5.00, difference 1.50 [")
    assert lines[1].endswith("n=2, 1 changed, unscored 1 -> 0")
    assert lines[2].startswith("          by rubric-")
    assert " -> rubric-" in lines[2]
    assert lines[3:6] == [
        "2 outcomes changed:",
        "  bad: failed -> passed, rubric 2 -> 5: a mild judge",
        "  silent: error -> passed, rubric unscored -> 5: a mild judge",
    ]
    assert lines[6].startswith("3 calls made, ")


def test_without_look_ahead_one_score_is_requested_at_a_time(
    llmeval: Command, endpoint: TwoJudges, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LLMEVAL_LOOKAHEAD", "0")
    endpoint.highest_in_flight = 0
    result = llmeval.run("rescore", run.id, "--judge-model", "mild")
    assert (result.exit_code, endpoint.highest_in_flight) == (0, 1)


def test_a_stricter_judge_fails_what_passed_and_the_command_exits_as_pytest_would(
    llmeval: Command, endpoint: TwoJudges, run: Run
) -> None:
    result = llmeval.run("rescore", "--judge-model", "strict", "--json", "-")
    assert result.exit_code == 1
    found = json.loads(result.stdout)
    flips = {flip["id"]: (flip["before"], flip["after"]) for flip in found["flips"]}
    assert flips == {"good": ("passed", "failed"), "silent": ("error", "failed")}
    [change] = found["scores"]
    assert (change["before"], change["after"], change["difference"]["estimate"]) == (3.5, 1.0, -2.5)
    messages = (
        sqlite3.connect(LOG)
        .execute("SELECT message FROM cases WHERE run_id = ?", (found["run"]["id"],))
        .fetchall()
    )
    assert any(
        "rubric scored 1; required >= 4 (--min-score), golden/faq.csv:2" in message
        for (message,) in messages
    )


def test_the_same_judge_costs_nothing_and_changes_nothing(
    llmeval: Command, endpoint: TwoJudges, run: Run
) -> None:
    Path("pytest.ini").write_text("[pytest]\nllm_judge_model = gpt-4o\n")
    result = llmeval.run("rescore")
    assert result.exit_code == 1
    assert "by the same judge, rubric-" in result.stdout
    assert "0 outcomes changed\n" in result.stdout
    assert endpoint.count() == 1  # the one that was refused is asked again
    assert newest().traffic.calls == 0


def test_the_reports_of_the_new_run_can_be_made(
    llmeval: Command, endpoint: TwoJudges, run: Run
) -> None:
    llmeval.run("rescore", "--judge-model", "mild", "--name", "with the mild judge")
    report = llmeval.run("report", "--json", "again.json", "--html", "again.html")
    assert report.stdout.startswith("PASSED: ")
    costs = sqlite3.connect(LOG).execute(
        "SELECT generation_usd FROM cases WHERE run_id = ?", (newest().id,)
    )
    assert costs.fetchall() == [(0.0,)] * 3  # an earlier run has paid for the answers
    written = json.loads(Path("again.json").read_text())
    assert written["run"]["name"] == "with the mild judge"
    assert {result["judge_model"] for result in written["results"]} == {"mild"}


def test_a_dry_run_counts_and_writes_nothing(
    llmeval: Command, endpoint: TwoJudges, run: Run
) -> None:
    result = llmeval.run("rescore", "--judge-model", "gpt-4o-2024-08-06", "--dry-run")
    assert result.exit_code == 0
    assert "To send: 3 requests, about $" in result.stdout
    assert "DRY RUN" in result.stdout
    assert (endpoint.count(), newest().id) == (0, run.id)


def test_a_budget_that_is_spent_leaves_cases_unjudged_and_exits_with_10(
    llmeval: Command, endpoint: TwoJudges, run: Run
) -> None:
    result = llmeval.run("rescore", "--judge-model", "gpt-4-turbo", "--budget", "0.000001")
    assert result.exit_code == 10
    assert endpoint.count() == 1  # the last call may begin while anything is left
    assert outcomes(newest().id) == dict(zip(CASES, ("passed", "error", "error"), strict=True))


def test_what_the_log_cannot_tell_is_left_as_it_was(
    llmeval: Command, endpoint: TwoJudges, environment: dict[str, str]
) -> None:
    Path("test_faq.py").write_text(
        """
import pytest

@pytest.mark.llm_golden("golden/faq.csv", min_score=4)
def test_twice(llm_completion, llm_judge):
    llm_judge("Another text.")

@pytest.mark.llm_golden("golden/faq.csv", min_score=4)
def test_own(llm_completion):
    assert "nothing like it" in llm_completion.text

@pytest.mark.llm_golden("golden/faq.csv", min_score=4)
@pytest.mark.xfail
def test_expected(llm_completion):
    pass
"""
    )
    run_pytest(Path.cwd(), environment, "test_faq.py")
    before = newest()
    assert outcomes(before.id)["test_faq.py::test_expected[bad]"] == "xfailed"
    result = llmeval.run("rescore", "--judge-model", "strict")
    after = outcomes(newest().id)
    assert (
        "note: 6 scores not judged again: the test scored several texts, and the log holds one"
        in result.stdout
    )
    twice = {name: outcome for name, outcome in after.items() if "twice" in name}
    assert twice == {
        name: outcome for name, outcome in outcomes(before.id).items() if "twice" in name
    }
    assert {outcome for name, outcome in after.items() if "own" in name} == {"failed"}
    assert after["test_faq.py::test_expected[bad]"] == "xfailed"
    assert after["test_faq.py::test_expected[good]"] == "failed"


def test_each_of_several_criteria_is_judged_again_and_held_to_its_own_threshold(
    llmeval: Command, endpoint: TwoJudges, environment: dict[str, str]
) -> None:
    Path("test_faq.py").write_text(
        """
import pytest

@pytest.mark.llm_golden("golden/faq.csv", min_score=4)
@pytest.mark.llm_metric("rubric", criteria="The answer is polite.", min=1)
def test_both(llm_completion):
    pass
"""
    )
    run_pytest(Path.cwd(), environment, "test_faq.py")
    result = llmeval.run("rescore", "--judge-model", "strict")
    assert "not judged again" not in result.stdout
    with closing(RunLog(".llmeval/runs.sqlite")) as log:
        after = next(log.runs())
        good = next(each for each in log.results(after.id) if each.case.id == "good")
    polite: dict[str, str] = {"criteria": "The answer is polite."}
    whole: dict[str, str] = {}
    by_params = {str(dict(score.params)): score for score in good.scores}
    assert by_params.keys() == {str(polite), str(whole)}
    assert {score.judge for score in good.scores} == {"strict"}
    held = {
        str(dict(check.threshold.params)): (good.checked_score(check), check.met)
        for check in good.checks
    }
    assert held == {
        str(polite): (by_params[str(polite)], True),
        str(whole): (by_params[str(whole)], False),
    }
    assert (good.outcome, good.cause) == ("failed", "threshold")


def test_labels_are_joined_with_the_scores_of_a_run(
    llmeval: Command, endpoint: TwoJudges, run: Run
) -> None:
    Path("labels.csv").write_text("id,label\ngood,5\nsilent,3\ngone,3\n")
    result = llmeval.run("calibrate", "labels.csv", "--run", "latest")
    assert result.exit_code == 0, result.output
    assert result.stdout.startswith("rubric by gpt-4o (rubric-")
    assert "against labels.csv: 1 case, 1 more unscored\n" in result.stdout
    assert "note: 1 label has no such score in the run: gone\n" in result.stdout
    assert "note: 1 labelled case unscored, left out: silent; the first: " in result.stdout
    assert endpoint.count() == 0


def test_what_is_known_of_the_judge_goes_with_the_run(
    llmeval: Command, endpoint: TwoJudges, run: Run
) -> None:
    llmeval.run("rescore", "--judge-model", "mild")
    calibration = Calibration({"kappa": Interval(0.7, 0.5, 0.9, 40)}, 40, labels="labels.csv")
    fingerprint = newest().judges[0].fingerprint
    JudgeFile(Path(".llmeval/judges.json")).note(
        fingerprint, name="rubric", model="mild", calibration=calibration
    )
    llmeval.run("rescore", run.id, "--judge-model", "mild")
    [facts] = newest().judges
    assert (facts.fingerprint, facts.calibration) == (fingerprint, calibration)


def test_labels_of_other_answers_and_of_other_files_are_left_out(
    llmeval: Command, endpoint: TwoJudges, run: Run
) -> None:
    with closing(RunLog(LOG, must_exist=True)) as log:
        answer = next(result.completion.text for result in log.results(run.id) if result.completion)
    head = "id,file,answer,label\n"
    Path("labels.csv").write_text(
        f"{head}bad,golden/faq.csv,Something else.,1\ngood,golden/other.csv,{answer},5\n"
    )
    result = llmeval.run("calibrate", "labels.csv", "--run", run.id)
    assert result.exit_code == 2
    assert "1 label has no such score in the run: good" in result.stderr
    assert "1 label is about another answer than the run's: bad" in result.stderr


def test_scores_of_two_judges_are_not_mixed(
    llmeval: Command, endpoint: TwoJudges, environment: dict[str, str]
) -> None:
    Path("test_faq.py").write_text(
        """
import pytest

@pytest.mark.llm_golden("golden/faq.csv")
@pytest.mark.llm_judge(criteria="Short.")
def test_short(llm_completion, llm_judge):
    llm_judge(llm_completion)

@pytest.mark.llm_golden("golden/faq.csv")
def test_right(llm_completion, llm_judge):
    llm_judge(llm_completion)
"""
    )
    run_pytest(Path.cwd(), environment, "test_faq.py")
    Path("labels.csv").write_text("id,label\ngood,5\n")
    mixed = llmeval.run("calibrate", "labels.csv", "--run", "latest")
    assert mixed.exit_code == 2
    assert "rubric: found scores of 2 judges: rubric-" in mixed.stderr
    fingerprint = mixed.stderr.partition("judges: ")[2].partition(" ")[0]
    one = llmeval.run("calibrate", "labels.csv", "--run", "latest", "--fingerprint", fingerprint)
    assert one.stdout.startswith(f"rubric by gpt-4o ({fingerprint}) against labels.csv: 1 case")


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (
            ("absent", "--judge-model", "mild"),
            "absent: no such run; allowed: latest, or the name or id of a run of the log (",
        ),
        (
            ("--log", "absent.sqlite", "--judge-model", "mild"),
            "absent.sqlite: there is no such file",
        ),
        ((), "no judge is configured: set --llm-judge-model NAME (llmeval: --judge-model)"),
        (("--judge-model", "unknown-model", "--budget", "1"), "unknown-model"),
    ],
)
def test_what_cannot_be_done_is_told_and_nothing_is_sent(
    llmeval: Command, endpoint: TwoJudges, run: Run, arguments: tuple[str, ...], told: str
) -> None:
    result: Result = llmeval.run("rescore", *arguments)
    assert result.exit_code == 2
    assert told in result.stderr
    assert (endpoint.count(), newest().id) == (0, run.id)
