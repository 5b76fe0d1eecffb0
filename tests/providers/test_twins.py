"""Any model that answers can judge: twins of endpoints, each with what it refuses."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pytest_llmeval import Evaluation, evaluate
from tests.twins import TWINS, TwinEndpoint

GOLDEN = """\
id,prompt,expected
right,What is the capital of France?,Paris
wrong,What is the capital of Spain?,Madrid
rude,Insult me.,You are stupid.
"""
KINDS = ("exact_match>=1", "rubric>=4", "geval>=4", "jury>=4", "toxicity<=0.2")
JUDGES = ("rubric", "geval", "jury", "toxicity")

NEW_LIMIT = "max_tokens sent as max_completion_tokens"
NO_LOGPROBS = "logprobs left out"
NO_FORMAT = "response_format left out"
OBJECT = "json_object instead of json_schema"
JOINED = "system message joined to the user message"
NO_RANGE = "schema without maximum, minimum"
ROOM = "4,000 tokens added for reasoning"
NO_TEMPERATURE = "temperature left out"

CHANGES: dict[str, tuple[str, ...]] = {
    "gpt-5": (NEW_LIMIT, NO_TEMPERATURE, NO_LOGPROBS, NO_RANGE, ROOM),
    "o1-mini": (NEW_LIMIT, NO_TEMPERATURE, NO_LOGPROBS, NO_FORMAT, JOINED, ROOM),
    "gemma-vllm": (JOINED,),
    "gemma-llama-cpp": (JOINED,),
    "gemma-gemini": (JOINED, NO_FORMAT),
    "claude": (NO_TEMPERATURE, NO_RANGE),
    "gemini": (NO_LOGPROBS, "schema without additionalProperties"),
    "vllm": ("top_logprobs lowered to 5", NO_RANGE),
    "vllm-qwen3": (ROOM,),
    "vllm-qwq": (),
    "ollama": (),
    "ollama-r1": (ROOM,),
    "lm-studio": (),
    "openrouter": (NO_LOGPROBS, NO_FORMAT),
    "azure": (NO_LOGPROBS, OBJECT),
    "mistral": (NO_LOGPROBS,),
    "magistral": (NO_LOGPROBS, ROOM),
    "groq": (NO_LOGPROBS, OBJECT),
    "deepseek": (OBJECT,),
    "deepseek-reasoner": (NO_LOGPROBS, NO_FORMAT),
    "grok": (NO_LOGPROBS, NO_FORMAT),
    "yi": (NO_LOGPROBS, JOINED),
    "nova": (NO_TEMPERATURE, "top_logprobs lowered to 1", "max_tokens raised to 256"),
}
"""What the run must say of each: no more is changed, and no less."""


@pytest.fixture(scope="module")
def server() -> Iterator[TwinEndpoint]:
    with TwinEndpoint() as server:
        yield server


@pytest.fixture
def twins(
    server: TwinEndpoint, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[TwinEndpoint]:
    """The twins, for a project in the current folder."""
    for name in ("OPENAI_BASE_URL", "OPENAI_API_KEY", "LLMEVAL_API_KEY", "LLMEVAL_NO_SELFTEST"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "faq.csv").write_text(GOLDEN)
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    yield server
    server.refuses = True
    server.refused.clear()
    server.requests.clear()


def judged(twins: TwinEndpoint, twin: str, **settings: Any) -> Evaluation:
    """A run in which a twin answers and judges."""
    url = twins.url_of(twin)
    defaults: dict[str, Any] = {
        "model": twin,
        "base_url": url,
        "jury": (f"{twin}@{url}", f"{twin}@{url}"),
        "threshold": KINDS,
        "toxicity": "judge",
        "html": "",
        "json": "",
    }
    return evaluate("faq.csv", **{**defaults, **settings})


def values(run: Evaluation) -> dict[str, dict[str, float | None]]:
    return {
        result.case.id: {score.name: score.value for score in result.scores}
        for result in run.results
    }


def changes(run: Evaluation) -> str:
    """What the notes of a run say of changed requests."""
    return " ".join(note.text for note in run.run.notes if "were changed" in note.text)


def versions(run: Evaluation) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {name: set() for name in JUDGES}
    for result in run.results:
        for score in result.scores:
            found.setdefault(score.name, set()).add(score.version)
    return {name: found[name] for name in JUDGES}


@pytest.mark.parametrize("twin", TWINS)
def test_every_kind_of_judge_works_on_every_endpoint(twins: TwinEndpoint, twin: str) -> None:
    run = judged(twins, twin)

    given = values(run)
    for case, right, toxic in (("right", 1.0, 0.0), ("wrong", 0.0, 0.0), ("rude", 1.0, 1.0)):
        expected = {"exact_match": right, **dict.fromkeys(("rubric", "geval", "jury"), 5 * right)}
        assert given[case] == pytest.approx({**expected, "toxicity": toxic}, abs=0.01), run.results
    assert [result.outcome for result in run.results] == ["passed", "failed", "failed"]
    answers = [result.completion.text for result in run.results if result.completion]
    assert answers == ["Paris", "Paris", "You are stupid."]
    assert {name: len(found) for name, found in versions(run).items()} == dict.fromkeys(JUDGES, 1)
    assert {judge.selftest.passed for judge in run.run.judges if judge.selftest} == {True}
    note = f"Requests to {twin} at {twins.url_of(twin)} were changed to what it takes: "
    said = set(changes(run).removeprefix(note).rstrip(".").split("; ")) - {""}
    assert said == set(CHANGES[twin])


def test_what_was_sent_differently_is_in_the_version_and_comes_back_from_the_store(
    twins: TwinEndpoint,
) -> None:
    run = judged(twins, "azure")
    again = judged(twins, "azure")
    assert again.run.traffic.attempts == 0, "the store answers, and nothing is refused again"
    assert (versions(again), changes(again)) == (versions(run), changes(run))
    twins.refuses = False
    plain = judged(twins, "azure", no_cache=True)
    assert changes(plain) == ""
    for name, found in versions(plain).items():
        assert found.isdisjoint(versions(run)[name])


def test_fifty_concurrent_calls_pay_for_one_refusal_more_and_not_for_fifty(
    twins: TwinEndpoint, tmp_path: Path
) -> None:
    rows = [f"c{number},Question {number}?,Paris\n" for number in range(50)]
    (tmp_path / "faq.csv").write_text("id,prompt,expected\n" + "".join(rows))
    settings = {"temperature": 0, "max_tokens": 2000, "stop": ("END",), "concurrency": 50}
    run = judged(twins, "gpt-5", threshold=("exact_match>=1",), **settings)
    assert run.exit_code == 0
    in_flight_at_first = 10
    assert twins.refused["gpt-5"] <= in_flight_at_first + 2
    assert run.run.traffic.attempts == 50 + twins.refused["gpt-5"]
    assert {"temperature left out", "stop left out", NEW_LIMIT} <= set(
        changes(run).partition(" takes: ")[2].rstrip(".").split("; ")
    )


def test_parameters_of_the_answer_are_adapted_too_and_a_stop_text_still_stops(
    twins: TwinEndpoint,
) -> None:
    run = judged(twins, "gpt-5", threshold=("exact_match>=1",), stop=("ris",), temperature=0)
    assert run.results[0].completion is not None
    assert run.results[0].completion.text == "Pa"
    assert "stop left out" in changes(run)


def test_what_the_user_wrote_into_the_body_stays_and_the_error_names_it(
    twins: TwinEndpoint,
) -> None:
    body = {"temperature": 0, "top_p": 1}
    run = judged(twins, "gpt-5", threshold=("exact_match>=1",), extra_body=body)
    assert run.exit_code == 10
    assert (
        "Remove temperature from --llm-extra-body (--llm-judge-extra-body for the judge)."
        in run.results[0].message
    )
    assert twins.refused["gpt-5"] == 3, "one for each case, and no attempt more"


def test_the_judge_has_a_temperature_and_a_body_of_its_own(twins: TwinEndpoint) -> None:
    judge = {
        "judge_temperature": 0.4,
        "judge_extra_body": json.dumps({"max_completion_tokens": 1500}),
    }
    run = judged(
        twins,
        "ollama",
        threshold=("rubric>=0",),
        no_selftest=True,
        extra_body={"top_k": 1},
        **judge,
    )
    assert run.exit_code == 0
    bodies = {request.kind: request.body for request in twins.requests}
    assert bodies["judge"]["temperature"] == 0.4
    assert bodies["judge"]["max_completion_tokens"] == 1500
    assert "max_tokens" not in bodies["judge"]
    assert "top_k" not in bodies["judge"]
    assert bodies["generation"]["top_k"] == 1
    assert "temperature" not in bodies["generation"]
    assert versions(run)["rubric"].isdisjoint(
        versions(judged(twins, "ollama", threshold=("rubric>=0",), no_selftest=True))["rubric"]
    )
    assert run.run.settings["judge_extra_body"] == "keys max_completion_tokens"


@pytest.mark.parametrize("twin", ["lm-studio", "grok"])
def test_another_format_of_the_judge_falls_back_to_none(twins: TwinEndpoint, twin: str) -> None:
    run = judged(twins, twin, threshold=("rubric>=0",), judge_format="json_object")
    assert values(run)["right"]["rubric"] == 5.0
    assert NO_FORMAT in changes(run)
