"""A recording replays at any address, and at none."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.mock_endpoint import MockEndpoint
from tests.plugin.conftest import Project

JUDGED = ("golden/faq.csv", "--llm-judge-model", "judge", "--min-score", "1", "--llm-no-cache")
FILE = "golden/recordings/faq.csv.jsonl"
NOWHERE = "http://127.0.0.1:1/v1"


def scores(project: Project) -> dict[str, tuple[float | None, str]]:
    """Value and fingerprint of each case's score by the judge."""
    return {
        result["case"]["id"]: (score["value"], score["version"])
        for result in project.report()["results"]
        for score in result["scores"]
        if score["name"] == "rubric"
    }


@pytest.mark.parametrize("workers", ["0", "2"])
def test_what_was_recorded_at_one_address_replays_at_another_and_without_one(
    project: Project, monkeypatch: pytest.MonkeyPatch, workers: str
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-recording-0123456789")
    recording = ("--llm-record", "once", "--llm-model", "mock")
    project.run(*JUDGED, *recording).assert_outcomes(passed=3)
    text, judged = (project.path / FILE).read_text(encoding="utf-8"), scores(project)
    assert project.endpoint.url in text, "the address stands in it as a fact"
    monkeypatch.delenv("OPENAI_API_KEY")
    project.endpoint.requests.clear()

    several = f"mock@{NOWHERE} mock@http://127.0.0.1:2/v1"
    azure = "azure:https://x.example?api-version=1"
    for address in (
        ("--llm-model", "mock", "--llm-base-url", NOWHERE),
        ("--llm-model", "any", "--llm-base-url", several, "--llm-judge-base-url", azure),
    ):
        replay = ("--llm-record", "none", "-n", workers)
        project.run(*JUDGED, *replay, *address).assert_outcomes(passed=3)
        assert scores(project) == judged, "the judge is the same one wherever it is called"

    monkeypatch.delenv("OPENAI_BASE_URL")
    project.run(*JUDGED, "--llm-record", "none", "--llm-model", "mock").assert_outcomes(passed=3)
    assert project.endpoint.count() == 0
    assert (project.path / FILE).read_text(encoding="utf-8") == text


def test_another_model_or_kind_of_call_at_the_same_address_is_another_recording(
    project: Project,
) -> None:
    common = ("golden/faq.csv", "--llm-no-cache", "--llm-threshold", "length>=1")
    project.run(*common, "--llm-record", "once", "--llm-model", "mock").assert_outcomes(passed=3)

    other = project.run(*common, "--llm-record", "none", "--llm-model", "another")
    other.assert_outcomes(errors=3)
    other.stdout.fnmatch_lines(['*model: recorded "mock", requested "another"*'])
    vectors = ("--llm-threshold", "similarity>=0", "--llm-embedding", "openai:mock")
    run = project.run(*common, *vectors, "--llm-record", "none", "--llm-model", "mock")
    run.assert_outcomes(errors=3)


def test_embeddings_replay_anywhere_and_the_completion_store_does_not(
    project: Project, tmp_path: Path
) -> None:
    vectors = ("--llm-threshold", "similarity>=0", "--llm-embedding", "openai:vectors")
    common = ("golden/faq.csv", "--llm-model", "mock", *vectors)
    project.run(*common, "--llm-record", "once", "--llm-no-cache").assert_outcomes(passed=3)
    replay = ("--llm-record", "none", "--llm-base-url", NOWHERE)
    project.run(*common, *replay).assert_outcomes(passed=3)

    project.run(*common).assert_outcomes(passed=3)
    with MockEndpoint() as other:
        # At another address another model may have this name.
        project.run(*common, "--llm-base-url", other.url).assert_outcomes(passed=3)
        assert other.count("generation") == 3
