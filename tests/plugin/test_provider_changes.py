"""Was it us or the provider? Requests that were sent again are compared apart."""

from __future__ import annotations

import json

import pytest

from pytest_llmeval.text import MINUS
from tests.plugin.conftest import Project

COUNT = 24
EDITED = 8
GATED = ("--llm-threshold", "exact_match>=1", "--llm-fail-on", "gate", "--llm-baseline", "main")

both = pytest.mark.parametrize("workers", [(), ("-n", "2")], ids=["n0", "n2"])


def write_rows(project: Project, tag: str = "") -> None:
    """Rows whose question holds the answer; the first ones have another tag after an edit."""
    lines = []
    for number in range(COUNT):
        row = {"id": f"c{number:02}", "prompt": f"[[answer=a {number}]]", "expected": f"a {number}"}
        lines.append(json.dumps({**row, "tags": [tag if number < EDITED else ""]}) + "\n")
    project.write("golden/faq.jsonl", "".join(lines))


@pytest.fixture
def made(project: Project) -> Project:
    """A project whose baseline was answered by ``gpt-4-0613``."""
    (project.path / "golden/faq.csv").unlink()
    project.write("pytest.ini", "[pytest]\nllm_golden = golden\nllm_model = gpt-4\n")
    project.endpoint.model, project.endpoint.system_fingerprint = "gpt-4-0613", "fp_one"
    write_rows(project)
    assert project.run("--llm-threshold", "exact_match>=1").ret == 0
    project.accept()
    return project


@both
def test_the_change_of_requests_that_were_sent_again_is_shown_apart(
    made: Project, workers: tuple[str, ...]
) -> None:
    write_rows(made, "edited")
    made.endpoint.model, made.endpoint.system_fingerprint = "gpt-4-1106", "fp_two"
    made.endpoint.answer = lambda request: (
        "worse"
        if int(request.text.split()[1].rstrip("]")) in (0, 1, 2, 3, 23)
        else "a " + request.text.split()[1].rstrip("]")
    )

    run = made.run(*GATED, *workers, "--llm-no-cache", "--llm-name", "second", "--llm-csv", "r.csv")

    who = (
        "the same requests were answered by gpt-4-0613 (fp_one) (16 cases) for main, now by "
        "gpt-4-1106 (fp_two) (16 cases)"
    )
    apart = (
        f"exact_match: 16 cases sent the request of main again and were answered anew: {MINUS}6.2 points "
        f"(SE 6.2), which is the provider or chance; the other 8: {MINUS}50.0 points (SE 18.9)"
    )
    text = " ".join(run.stdout.str().split())
    assert who in text
    assert apart[:60] in text
    (comparison,) = made.report()["run"]["comparisons"]
    assert comparison["models"] == [
        {"name": "gpt-4-1106 (fp_two)", "before": 0, "after": 16},
        {"name": "gpt-4-0613 (fp_one)", "before": 16, "after": 0},
    ]
    part = comparison["metrics"][0]["same_requests"]
    assert (part["same"]["n"], part["same"]["change"]) == (16, -1 / 16)
    assert (part["others"]["n"], part["others"]["change"], part["of_tests"]) == (8, -0.5, 0)
    answer = made.report()["results"][0]["completion"]
    assert (answer["model"], answer["system_fingerprint"]) == ("gpt-4-1106", "fp_two")
    assert "fp_two" in (made.path / "r.csv").read_text("utf-8")
    page = (made.path / ".llmeval/report.html").read_text("utf-8").partition("<script")[0]
    assert who in page
    assert apart in page

    compared = made.llmeval("compare", "main", "second", "--summary", "summary.md")

    assert who in compared.stdout
    assert apart in compared.stdout
    assert "16 cases sent the request of main again" in (made.path / "summary.md").read_text(
        "utf-8"
    )


def test_answers_of_the_cache_say_nothing_of_the_provider(made: Project) -> None:
    made.endpoint.model = "gpt-4-1106"

    run = made.run(*GATED)

    assert "answered anew" not in run.stdout.str()
    (comparison,) = made.report()["run"]["comparisons"]
    assert comparison["models"] == []
    assert comparison["metrics"][0]["same_requests"] is None
    line = json.loads((made.path / "golden/baselines/main.jsonl").read_text("utf-8").split("\n")[1])
    assert (line["model"], line["system_fingerprint"]) == ("gpt-4-0613", "fp_one")


def test_a_provider_that_is_as_before_is_no_news(made: Project) -> None:
    run = made.run(*GATED, "--llm-no-cache")

    assert run.ret == 0
    assert "answered anew" not in run.stdout.str()
    part = made.report()["run"]["comparisons"][0]["metrics"][0]["same_requests"]
    assert (part["same"]["n"], part["others"]["n"]) == (COUNT, 0)
