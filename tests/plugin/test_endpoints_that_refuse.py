"""What an endpoint refuses is left out, noted, and the same in every process and in a replay."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from click.testing import CliRunner

from pytest_llmeval.cli import main
from tests.mock_endpoint import MockEndpoint
from tests.plugin.conftest import Project, project
from tests.twins import TwinEndpoint

__all__ = ["project"]
GOLDEN = "id,prompt,expected\n" + "".join(
    f"c{n},Capital of France ({n})?,Paris\n" for n in range(8)
)
CHANGED = "max_tokens sent as max_completion_tokens; schema without maximum, minimum; temperature left out"


@pytest.fixture
def endpoint() -> Iterator[MockEndpoint]:
    with TwinEndpoint() as server:
        yield server


def versions(project: Project) -> set[str]:
    return {
        score["version"]
        for result in project.report()["results"]
        for score in result["scores"]
        if score["name"] == "rubric"
    }


def notes(project: Project) -> list[str]:
    return [note["text"] for note in project.report()["run"]["notes"] if "changed" in note["text"]]


def test_workers_and_a_replay_agree_on_version_and_note(project: Project) -> None:
    assert isinstance(project.endpoint, TwinEndpoint)
    project.write("golden/capitals.csv", GOLDEN)
    url = project.endpoint.url_of("gpt-5")
    args = (
        "golden/capitals.csv",
        "--llm-model",
        "gpt-5",
        "--llm-base-url",
        url,
        "--min-score",
        "4",
    )

    result = project.run(*args, "-n", "2", "--llm-record", "once", "--llm-judge-logprobs")

    assert result.ret == 0
    [version] = versions(project)
    [note] = notes(project)
    assert note.startswith(f"Requests to gpt-5 at {url} were changed to what it takes: ")
    for change in (*CHANGED.split("; "), "4,000 tokens added for reasoning", "logprobs left out"):
        assert change in note
    result.stdout.fnmatch_lines(["warning*Requests to gpt-5 at * were changed to what it takes:*"])
    sent = project.endpoint.count()

    project.endpoint.__exit__(None, None, None)
    again = project.run(*args, "--llm-record", "none", "--llm-no-cache", "--llm-judge-logprobs")

    assert again.ret == 0
    assert versions(project) == {version}
    assert notes(project) == [note]
    assert project.endpoint.count() == sent


def test_a_baseline_of_such_a_judge_is_compared_without_judging_again(project: Project) -> None:
    assert isinstance(project.endpoint, TwinEndpoint)
    project.write("golden/capitals.csv", GOLDEN)
    args = (
        "golden/capitals.csv", "--llm-model", "azure", "--llm-judge-model", "gpt-4o", "--min-score", "4",
        "--llm-base-url", project.endpoint.url_of("azure"),
    )  # fmt: skip
    assert project.run(*args).ret == 0
    sent = project.endpoint.count()
    result = project.run(*args, "--llm-baseline", "latest", "-n", "2")
    assert result.ret == 0
    assert project.endpoint.count() == sent
    [comparison] = project.report()["run"]["comparisons"]
    assert all(metric["coverage"]["is_same_judge"] for metric in comparison["metrics"])
    # The same judge, whose endpoint refuses nothing any longer, is another one.
    project.endpoint.refuses = False
    result = project.run(*args, "--llm-baseline", "latest", "--llm-no-cache")
    assert project.endpoint.count() > sent
    rubric = [
        metric
        for metric in project.report()["run"]["comparisons"][0]["metrics"]
        if metric["name"] == "rubric"
    ]
    assert [metric["coverage"]["is_same_judge"] for metric in rubric] == [True], "judged again"


def test_a_calibration_belongs_to_the_judge_as_the_endpoint_takes_it(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert isinstance(project.endpoint, TwinEndpoint)
    url = project.endpoint.url_of("azure")
    project.write("golden/capitals.csv", GOLDEN)
    answers = ("Paris", "Lyon")
    rows = [f"c{n},Capital ({n})?,Paris,{answers[n % 2]},{5 - n % 2 * 5}\n" for n in range(20)]
    project.write("labels.csv", "id,prompt,expected,answer,label\n" + "".join(rows))
    monkeypatch.chdir(project.path)
    judge = ("--judge-model", "gpt-4o", "--judge-base-url", url)

    result = CliRunner().invoke(main, ["calibrate", "labels.csv", *judge])

    assert result.exit_code == 0, result.output
    assert f"note: Requests to gpt-4o at {url} were changed to what it takes: " in result.output
    args = (
        "golden/capitals.csv", "--llm-model", "azure", "--llm-base-url", url, "--min-score", "4",
        "--llm-judge-model", "gpt-4o", "--llm-judge-base-url", url, "--llm-min-agreement", "kappa>=0.9",
    )  # fmt: skip
    assert project.run(*args).ret == 0
    project.endpoint.refuses = False
    result_of_another = project.run(*args, "--llm-no-cache")
    assert result_of_another.ret == 10
    assert "the judge is uncalibrated" in project.report()["results"][0]["message"]
