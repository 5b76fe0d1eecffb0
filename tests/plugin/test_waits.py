"""Waits in a run whose output is a pipe: none is silent, none beyond the deadline."""

from __future__ import annotations

import json
import time

import pytest

from tests.mock_endpoint import Reply
from tests.plugin.conftest import Project

ROWS = ("golden/rows.csv", "--llm-model", "mock", "--llm-threshold", "length>=1")
both = pytest.mark.parametrize("workers", ["0", "2"])


def limited(reset: str) -> Reply:
    """An answer with headers that leave nothing of a limit of twenty requests."""
    body = json.dumps({"choices": [{"message": {"content": "hello"}}]})
    quota = {"limit": "20", "remaining": "0", "reset": reset}
    headers = ((f"x-ratelimit-{name}-requests", text) for name, text in quota.items())
    return Reply(200, body, (("content-type", "application/json"), *headers))


@both
def test_a_pause_of_an_hour_ends_a_run_at_once_and_is_named(project: Project, workers: str) -> None:
    project.endpoint.retry_after = "3600"
    project.rows(30, dict.fromkeys(range(30), "[[fault=429]]"))

    run = project.run(*ROWS, "-n", workers)

    run.assert_outcomes(errors=30)
    assert project.endpoint.count() <= 20
    run.stdout.fnmatch_lines(
        [
            "*HTTP 429: Rate limit reached. The endpoint asks to wait 1 h 00 min, which is longer*",
            "*not sent: it wants a pause (Retry-After), and the next call may be sent in *min*",
        ]
    )
    run.stdout.no_fnmatch_line("*Lower --llm-rpm*")


@pytest.mark.parametrize("reset", ["100000h", "nan", "-5", "soon", "1e300", "in a second"])
def test_a_reset_that_cannot_be_true_or_is_a_date_holds_nothing_up(
    project: Project, reset: str
) -> None:
    project.rows(14)
    written = str(int(time.time()) + 1) if reset == "in a second" else reset
    project.endpoint.replies.extend([limited(written)] * 14)

    run = project.run(*ROWS, "--llm-deadline", "30")

    run.assert_outcomes(passed=14)


def test_a_quota_beyond_the_deadline_is_an_error_that_names_the_header(project: Project) -> None:
    project.rows(14)
    project.endpoint.replies.extend([limited("10h")] * 14)

    run = project.run(*ROWS)

    run.assert_outcomes(passed=10, errors=4)
    run.stdout.fnmatch_lines(
        ["*its limit on requests is used up (header x-ratelimit-remaining-requests), and the next*"]
    )


@both
def test_who_waits_says_so_once_for_all_calls(project: Project, workers: str) -> None:
    project.rows(3)

    run = project.run(*ROWS, "--llm-rpm", "15", "-n", workers)

    run.assert_outcomes(passed=3)
    waiting = [line for line in run.stdout.lines if line.startswith("llm: waiting")]
    assert len(waiting) == 1
    assert waiting[0].endswith(f"s: {project.endpoint.url}: --llm-rpm allows 15 a minute")


@both
def test_a_hundred_cases_share_the_attempts_to_reach_a_closed_port(
    project: Project, workers: str
) -> None:
    project.rows(100)
    nowhere = ("--llm-base-url", "http://127.0.0.1:1/v1")

    run = project.run(*ROWS, *nowhere, "-n", workers, "--tb=no")

    run.assert_outcomes(errors=100)
    assert project.report()["run"]["traffic"]["attempts"] <= 25
    run.stdout.fnmatch_lines(["*nothing listens there (connection refused)*--llm-base-url*"])


def test_a_faulty_endpoint_and_its_certificate_are_named_by_their_setting(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_BASE_URL", "127.0.0.1:8000/v1")
    run = project.run("golden/faq.csv", "--llm-model", "m")
    assert run.ret == 4
    run.stderr.fnmatch_lines(["*OPENAI_BASE_URL: found '127.0.0.1:8000/v1'*"])

    project.write("pytest.ini", "[pytest]\nllm_base_url = also/wrong\n")
    run = project.run("golden/faq.csv", "--llm-model", "m", "-n", "2")
    assert run.ret == 4
    run.stderr.fnmatch_lines(["*OPENAI_BASE_URL: found*"])
    monkeypatch.delenv("OPENAI_BASE_URL")
    run = project.run("golden/faq.csv", "--llm-model", "m", "-n", "2")
    run.stderr.fnmatch_lines(["*ini llm_base_url: found '[[]hidden]'*"])
