"""Limits, retries and failover, seen from pytest."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from tests.mock_endpoint import MockEndpoint
from tests.plugin.conftest import Project

MODEL = ("--llm-model", "mock")
ROWS = ("golden/rows.csv", *MODEL)
KEY, KEY_2 = "first-key-of-the-list-0001", "second-key-of-the-list-0002"
both = pytest.mark.parametrize("workers", ["0", "2"])


@pytest.fixture
def nobody() -> str:
    """The URL of a port of loopback where nobody listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{taken.getsockname()[1]}/v1"


@both
def test_faults_that_pass_change_no_verdict_and_are_told(project: Project, workers: str) -> None:
    faults = ("429:2", "500:1", "503:1", "reset:1", "badjson:1")
    project.rows(6, {number: f"[[fault={fault}]]" for number, fault in enumerate(faults)})

    run = project.run(*ROWS, "--min-score", "4", "-n", workers)

    run.assert_outcomes(passed=6)
    failed = 2 * sum(int(fault[-1]) for fault in faults)  # of the answers, and as many of the judge
    assert project.endpoint.count() == 12 + failed
    run.stdout.fnmatch_lines([f"calls * 12 made, {failed} failed attempts, *"])


@both
def test_a_wrong_key_is_not_tried_again_and_names_the_variable(
    project: Project, workers: str
) -> None:
    project.rows(2, {1: "[[fault=401]]"})

    run = project.run(*ROWS, "-n", workers)

    run.assert_outcomes(passed=1, errors=1)
    assert run.ret == 10
    refused = [request for request in project.endpoint.requests if "fault=401" in request.text]
    assert len(refused) <= max(
        1, int(workers)
    )  # a refusal is no answer to share: each worker that asks ahead gets its own
    run.stdout.fnmatch_lines(["*HTTP 401*LLMEVAL_API_KEY*"])


def test_without_retries_a_fault_is_an_error(project: Project) -> None:
    project.rows(2, {1: "[[fault=500:1]]"})

    run = project.run(*ROWS, "--llm-retries", "0")

    run.assert_outcomes(passed=1, errors=1)
    assert (run.ret, project.endpoint.count()) == (10, 2)


def test_an_error_that_stays_says_how_often_it_was_tried(project: Project) -> None:
    project.rows(1, {0: "[[fault=reset]]"})

    run = project.run(*ROWS, "--llm-retries", "2")

    run.assert_outcomes(errors=1)
    assert project.endpoint.count() == 3
    run.stdout.fnmatch_lines(["*Tried 3 times in *"])


@both
def test_no_more_calls_are_in_flight_than_allowed(project: Project, workers: str) -> None:
    project.rows(12)

    project.run(*ROWS, "--min-score", "4", "--llm-concurrency", "2", "-n", workers).assert_outcomes(
        passed=12
    )

    assert project.endpoint.count() == 24
    assert project.endpoint.highest_in_flight <= 2


@both
def test_the_second_endpoint_answers_where_the_first_is_down(
    project: Project, nobody: str, workers: str
) -> None:
    project.rows(3)

    arguments = ("--llm-base-url", f"{nobody} {project.endpoint.url}", "-n", workers)
    project.run(*ROWS, *arguments).assert_outcomes(passed=3)

    assert {result["completion"]["endpoint"] for result in project.report()["results"]} == {
        project.endpoint.url
    }


def test_an_entry_of_the_list_may_name_its_own_model(project: Project, nobody: str) -> None:
    project.rows(2)

    project.run(*ROWS, "--llm-base-url", f"{nobody} other@{project.endpoint.url}").assert_outcomes(
        passed=2
    )

    assert {request.body["model"] for request in project.endpoint.requests} == {"other"}
    assert {result["completion"]["model"] for result in project.report()["results"]} == {"other"}


@pytest.mark.parametrize("second_key", [None, KEY_2])
def test_a_key_goes_to_no_other_host(
    project: Project, monkeypatch: pytest.MonkeyPatch, second_key: str | None
) -> None:
    monkeypatch.setenv("LLMEVAL_API_KEY", KEY)
    if second_key:
        monkeypatch.setenv("LLMEVAL_API_KEY_2", second_key)
    project.rows(1, {0: "[[fault=500]]"})
    with MockEndpoint() as second:
        urls = f"{project.endpoint.url} {second.url}"
        run = project.run(*ROWS, "--llm-base-url", urls, "--llm-retries", "0")
        seen = [request.headers.get("authorization", "") for request in second.requests]

    run.assert_outcomes(errors=1)
    assert [request.headers["authorization"] for request in project.endpoint.requests] == [
        f"Bearer {KEY}"
    ]
    assert len(seen) == 1
    assert KEY not in seen[0]
    assert second_key is None or seen == [f"Bearer {second_key}"]
    assert KEY not in run.stdout.str() + Path(project.path / ".llmeval/report.json").read_text()
