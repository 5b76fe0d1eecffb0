"""What a run leaves behind, and what it does not."""

from __future__ import annotations

import csv
import html
import re
import shlex

import pytest

from tests.plugin.conftest import Project

KEY = "sk-proj-NeverToBeSeen-1234567890abcdef"


def test_an_unrelated_project_is_left_alone(project: Project) -> None:
    project.write("plain/pytest.ini", "[pytest]\n")
    project.write("plain/test_plain.py", "def test_plain():\n    assert True\n")

    run = project.run("plain")

    run.assert_outcomes(passed=1)
    run.stdout.no_fnmatch_line("llm*")
    run.stdout.no_fnmatch_line("*llm evaluation*")
    left = {path.name for path in (project.path / "plain").iterdir()} - {"__pycache__"}
    assert left == {"pytest.ini", "test_plain.py"}
    assert not (project.path / ".llmeval").exists()


def test_the_results_file_has_the_columns_of_a_prompt_table(project: Project) -> None:
    project.run(
        "golden/faq.csv", "--llm-model", "mock", "--min-score", "4", "--llm-csv", "out/results.csv",
        "--llm-temperature", "0.5", "--llm-max-tokens", "50",
    )  # fmt: skip

    with (project.path / "out/results.csv").open(encoding="utf-8", newline="") as file:
        rows = {row["id"]: row for row in csv.DictReader(file)}
    row = rows["shipping"]
    assert list(row)[:16] == [
        "timestamp", "prompt", "ground_truth", "generated_response", "temperature", "max_tokens", "top_p",
        "frequency_penalty", "presence_penalty", "score", "classification", "model", "dataset_size", "judge_model",
        "scoring_reason", "experiment_id",
    ]  # fmt: skip
    assert row["ground_truth"] == "It is free from 50 euros."
    assert (float(row["score"]), float(row["temperature"]), row["max_tokens"]) == (2, 0.5, "50")
    assert (row["dataset_size"], row["judge_model"], row["scoring_reason"]) == (
        "3",
        "mock",
        "Wrong price.",
    )
    assert row["experiment_id"] == project.report()["run"]["id"]


def test_what_may_hold_a_secret_is_not_in_the_reports(project: Project) -> None:
    project.run(
        "golden/faq.csv::opening", "--llm-model", "mock", "--llm-extra-body", '{"token": "s3cret"}'
    )

    assert project.report()["run"]["settings"]["extra_body"] == "keys token"
    assert project.endpoint.requests[0].body["token"] == "s3cret"


def test_what_an_address_says_behind_its_question_mark_is_not_in_the_reports(
    project: Project,
) -> None:
    project.run(
        "golden/faq.csv::opening", "--llm-model", "mock", "--llm-retries", "0", "--llm-jury", "a@http://127.0.0.1:9?s3cret",
        "--llm-judge-base-url",
        "http://127.0.0.1:9/v1#s3cret", "--llm-base-url", "http://127.0.0.1:9/v1?key=s3cret small@http://127.0.0.1:9?s3cret",
    )  # fmt: skip

    told = project.report()["run"]["settings"]
    assert told["base_url"] == "http://127.0.0.1:9/v1 small@http://127.0.0.1:9"
    assert told["judge_base_url"] == "http://127.0.0.1:9/v1"
    assert told["jury"] == "a@http://127.0.0.1:9"


@pytest.mark.parametrize("workers", [[], ["-n", "2"]], ids=["n0", "n2"])
def test_an_api_key_appears_in_no_file_and_no_output(
    project: Project, monkeypatch: pytest.MonkeyPatch, workers: list[str]
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    project.write(
        "golden/rows.csv",
        "id,prompt\nfine,Hi\nrefused,Ho [[answer_fault=401]]\nunscored,Hu [[judge_fault=401]]\n",
    )

    run = project.run(
        "golden/rows.csv", "--llm-model", "mock", "--min-score", "4", "--llm-csv", "results.csv", "--junitxml",
        "junit.xml", "--llm-summary", "pr.md", "--llm-code-quality", "gl.json", "--llm-annotations", "github", "-vv",
        "--showlocals", *workers,
    )  # fmt: skip

    run.assert_outcomes(passed=1, errors=2)
    assert project.endpoint.requests[0].headers["authorization"] == f"Bearer {KEY}"
    assert KEY not in run.stdout.str() + run.stderr.str()
    assert (project.path / "pr.md").exists()
    for path in project.path.rglob("*"):
        assert not path.is_file() or KEY.encode() not in path.read_bytes(), path


def test_the_log_keeps_every_run(project: Project) -> None:
    for name in ("first", "second"):
        project.run("golden/faq.csv", "--llm-model", "mock", "--min-score", "4", "--llm-name", name)

    assert project.query("SELECT name, exit_code FROM runs ORDER BY started_at") == [
        ("first", 1),
        ("second", 1),
    ]
    assert project.query(
        "SELECT outcome, count(*) FROM cases GROUP BY outcome ORDER BY outcome"
    ) == [
        ("failed", 2),
        ("passed", 4),
    ]
    assert project.query("SELECT count(*) FROM scores WHERE name = 'rubric'") == [(6,)]


def test_nothing_is_written_where_every_path_is_empty(project: Project) -> None:
    run = project.run(
        "golden/faq.csv",
        "--llm-model",
        "mock",
        "--llm-log",
        "",
        "--llm-json",
        "",
        "--llm-html",
        "",
        "--llm-no-cache",
        "--min-score",
        "4",
    )

    run.assert_outcomes(passed=2, failed=1)
    run.stdout.fnmatch_lines(["*llm evaluation*"])
    assert not (project.path / ".llmeval").exists()


def test_a_log_that_cannot_be_written_is_said_and_is_no_pass(project: Project) -> None:
    project.write("blocked", "a file where a folder should be")

    run = project.run(
        "golden/faq.csv::opening", "--llm-model", "mock", "--llm-log", "blocked/runs.sqlite"
    )

    assert run.ret != 0
    assert "blocked" in run.stdout.str() + run.stderr.str()
    assert "INTERNALERROR" not in run.stdout.str() + run.stderr.str()


def test_a_run_from_a_subfolder_writes_below_the_root(project: Project) -> None:
    project.write("pytest.ini", "[pytest]\n")
    project.write(
        "sub/test_it.py",
        """
        import pytest

        @pytest.mark.llm_golden("golden/faq.csv", where="id == 'opening'")
        def test_it(llm_completion):
            pass
        """,
    )
    run = project.run("sub", "--llm-model", "mock")

    run.assert_outcomes(passed=1)
    assert (project.path / ".llmeval/report.json").exists()


def test_the_terminal_says_the_verdict_and_where_the_reports_are(project: Project) -> None:
    run = project.run("golden/faq.csv", "--llm-model", "mock", "--min-score", "4")

    run.stdout.fnmatch_lines(["*= llm evaluation =*", "*rubric*", "*report.html*"])


def test_with_the_options_on_the_page_a_case_is_run_as_before(project: Project) -> None:
    bounds = (
        "--min-score",
        "4",
        "--llm-threshold",
        "exact_match<=0",
        "--llm-threshold",
        "latency<=60",
    )
    system = f'Say "no",\nif it is so. {"Be brief. " * 200}'
    project.run("golden/faq.csv", "--llm-model", "mock", *bounds, "--llm-system-prompt", system)
    page = (project.path / ".llmeval/report.html").read_text(encoding="utf-8")
    found = re.search('<body data-options="(.*?)">', page, re.DOTALL)
    assert found

    project.endpoint.requests.clear()
    run = project.run("golden/faq.csv::shipping", *shlex.split(html.unescape(found[1])))

    run.assert_outcomes(failed=1)
    assert project.endpoint.count() == 0  # the very calls of the first run
    [result] = project.report()["results"]
    assert [check["threshold"]["metric"] for check in result["checks"]] == [
        "rubric",
        "exact_match",
        "latency",
    ]
