from __future__ import annotations

import asyncio
import json
import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from pytest_llmeval.errors import CallRefused, SettingError
from pytest_llmeval.judges.geval import GEvalJudge, make_geval
from pytest_llmeval.judges.setup import JudgeSetup
from pytest_llmeval.providers.scripted import Answer, ScriptedProvider
from pytest_llmeval.records.call import Completion, Request, TokenLogprob
from pytest_llmeval.records.case import Case, Source
from pytest_llmeval.records.score import Score

CASE = Case("france", "Capital of France?", Source("faq.csv", 2), expected="Paris")
STEPS = ["Read the answer.", "Compare it with the expected one."]
WRITTEN = json.dumps({"steps": STEPS})


def reply(score: int) -> str:
    return json.dumps({"reason": "as seen", "score": score})


def weighed(score: int, **odds: float) -> Completion:
    """A reply whose digit has these odds: ``d4=0.75``."""
    text = reply(score)
    top = {name[1:]: math.log(odd) for name, odd in odds.items()}
    pieces = text.partition(str(score))
    tokens = (
        TokenLogprob(pieces[0], 0.0),
        TokenLogprob(pieces[1], top.get(str(score), 0.0), top),
        TokenLogprob(pieces[2], 0.0),
    )
    return Completion(text, logprobs=tokens)


def asked(
    answers: list[Answer] | Callable[[Request], Answer], samples: int = 3, **params: Any
) -> tuple[Score, list[Request]]:
    provider = ScriptedProvider(answers, fingerprint="scripted")
    judge = make_geval(JudgeSetup(provider, "judge-1", samples=samples), **params)
    return asyncio.run(judge.score(CASE, Completion("It is Paris."))), provider.requests


def test_the_score_is_the_expected_value_of_what_the_judge_believes() -> None:
    score, requests = asked([weighed(5, d5=0.75, d4=0.25)], steps=STEPS)

    assert score == pytest.approx(4.75)
    assert score.parts == {
        "integer": 5.0,
        "mass": pytest.approx(1.0),
        "expected": pytest.approx(4.75),
    }
    assert (score.name, score.reason) == ("geval", "as seen")
    assert requests[0].parameters.logprobs
    assert "1. Read the answer.\n2. Compare it with the expected one.\n" in str(
        requests[0].messages[0]["content"]
    )


def test_without_logprobs_it_is_the_mean_of_samples_at_temperature_1() -> None:
    score, requests = asked([reply(5), reply(5), reply(4), reply(3)], steps=STEPS)

    assert score == 4
    assert score.parts == {"integer": 5.0, "samples": 3.0, "unscored": 0.0}
    assert [(request.parameters.temperature, request.sample) for request in requests] == [
        (0.0, 0),
        (1.0, 0),
        (1.0, 1),
        (1.0, 2),
    ]
    assert len(score.calls) == 4


def test_a_sample_that_cannot_be_read_is_skipped_and_counted() -> None:
    def answer(request: Request) -> Answer:
        is_broken = request.parameters.temperature == 1.0 and request.sample == 1
        return "prose" if is_broken else reply(4)

    score, _ = asked(answer, steps=STEPS)

    assert score == 4
    assert (score.parts["samples"], score.parts["unscored"]) == (2.0, 1.0)


def test_without_any_valid_sample_there_is_no_score() -> None:
    def answer(request: Request) -> Answer:
        return "prose" if request.parameters.temperature == 1.0 else reply(4)

    score, _ = asked(answer, steps=STEPS)

    assert score.value is None
    assert "none of 3 samples could be read" in str(score.error)


def test_the_judge_writes_the_steps_once_where_none_are_given() -> None:
    score, requests = asked([WRITTEN, weighed(5, d5=1.0)])

    assert score == 5
    assert "1. Read the answer." in str(requests[1].messages[0]["content"])
    assert "It is Paris." not in str(
        requests[0].messages
    )  # the same request for every case, so one call
    assert len(score.calls) == 2


def test_steps_that_the_judge_wrote_belong_to_the_version_of_the_score() -> None:
    ours, _ = asked([WRITTEN, weighed(5, d5=1.0)])
    same, _ = asked([weighed(5, d5=1.0)], steps=STEPS)
    others, _ = asked([json.dumps({"steps": ["Look."]}), weighed(5, d5=1.0)])

    assert ours.version == same.version != others.version


@pytest.mark.parametrize("steps", ['{"steps": []}', "prose", '{"steps": [""]}', '{"steps": "one"}'])
def test_without_steps_there_is_no_score(steps: str) -> None:
    score, _ = asked([steps] * 3)

    assert score.value is None
    assert str(score.error).startswith("no evaluation steps: ")


def test_a_step_that_is_no_text_is_refused() -> None:
    with pytest.raises(SettingError, match="geval steps"):
        make_geval(JudgeSetup(ScriptedProvider(), "judge-1"), steps=[""])


def test_it_can_be_tested_by_its_reference_only_with_the_default_criterion() -> None:
    setup = JudgeSetup(ScriptedProvider(), "judge-1")
    assert isinstance(make_geval(setup), GEvalJudge)
    assert make_geval(setup).is_reference_based
    assert not make_geval(setup, criteria="Polite.").is_reference_based


def test_an_endpoint_that_refuses_logprobs_is_asked_without_them() -> None:
    def answer(request: Request) -> Answer:
        return (
            CallRefused("logprobs are not supported") if request.parameters.logprobs else reply(4)
        )

    score, _ = asked(answer, steps=STEPS)

    assert score == 4
    assert score.parts["samples"] == 3


def test_a_row_may_have_a_criterion_of_its_own() -> None:
    provider = ScriptedProvider([weighed(5, d5=1.0)] * 2, fingerprint="scripted")
    judge = make_geval(JudgeSetup(provider, "judge-1"), steps=STEPS)
    row = replace(CASE, metadata={"criteria": "It is polite."})

    own, usual = (
        asyncio.run(judge.score(case, Completion("It is Paris."))) for case in (row, CASE)
    )

    assert "It is polite." in str(provider.requests[0].messages[0]["content"])
    assert own.version != usual.version == judge.version
