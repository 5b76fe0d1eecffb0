from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from typing import Any

import pytest

from pytest_llmeval.errors import EndpointDown, NotConfiguredError, SettingError
from pytest_llmeval.judges.registry import make_judge
from pytest_llmeval.judges.setup import JudgeSetup
from pytest_llmeval.providers.scripted import Answer, ScriptedProvider
from pytest_llmeval.records.call import Completion
from pytest_llmeval.records.case import Case, Source
from pytest_llmeval.records.score import Score

CASE = Case("france", "Capital of France?", Source("faq.csv", 2), expected="Paris")
BROKEN = ("prose",) * 3


def reply(score: float) -> str:
    return json.dumps({"reason": f"worth {score:g}", "score": score})


def jury(*answers: tuple[Answer, ...], reducer: str = "mean", models: tuple[str, ...] = ()) -> Any:
    jurors = tuple(
        JudgeSetup(
            ScriptedProvider(list(each), fingerprint=f"p{place}"),
            models[place] if models else f"m{place}",
        )
        for place, each in enumerate(answers)
    )
    return make_judge(
        "jury", {}, JudgeSetup(ScriptedProvider(), "m0", jury=jurors, jury_reducer=reducer)
    )


def score(judge: Any) -> Score:
    result: Score = asyncio.run(judge.score(CASE, Completion("It is Paris.")))
    return result


def test_the_mean_of_the_jurors_counts_and_their_spread_is_told() -> None:
    given = score(jury((reply(5),), (reply(4),), (reply(0),)))

    assert given == 3
    assert given.name == "jury"
    assert given.reason == "worth 4"
    assert given.parts["spread"] == 5
    assert {name: given.parts[name] for name in ("m0", "m1", "m2")} == {"m0": 5, "m1": 4, "m2": 0}
    assert (given.parts["jurors"], given.parts["unscored"]) == (3, 0)
    assert len(given.calls) == 3


def test_or_their_median() -> None:
    assert score(jury((reply(5),), (reply(4),), (reply(0),), reducer="median")) == 4


def test_a_juror_that_could_not_score_is_skipped_counted_and_named() -> None:
    given = score(jury((reply(5),), BROKEN, (reply(3),)))

    assert given == 4
    assert given.parts["unscored"] == 1
    assert "unscored: m1: invalid reply after 3 attempts" in given.reason


def test_a_juror_that_cannot_be_asked_does_not_spoil_the_jury() -> None:
    given = score(jury((reply(5),), (EndpointDown("refused"),)))

    assert given == 5
    assert "m1: EndpointDown: refused" in given.reason


@pytest.mark.parametrize("answers", [((reply(5),), BROKEN, BROKEN), (BROKEN, BROKEN), (BROKEN,)])
def test_less_than_half_of_the_jurors_is_no_judgement(
    answers: tuple[tuple[Answer, ...], ...],
) -> None:
    given = score(jury(*answers))

    assert given.value is None
    assert "jurors gave a score (at least half are required)" in str(given.error)


def test_two_jurors_of_one_model_are_told_apart() -> None:
    given = score(jury((reply(5),), (reply(3),), models=("gpt", "gpt")))

    assert (given.parts["gpt"], given.parts["gpt (2)"]) == (5, 3)


def test_another_juror_or_reducer_is_another_judge() -> None:
    versions = {
        jury((reply(5),), (reply(5),)).version,
        jury((reply(5),), (reply(5),), reducer="median").version,
        jury((reply(5),)).version,
        jury((reply(5),), (reply(5),), models=("m0", "other")).version,
    }
    assert len(versions) == 4


def test_a_jury_can_judge_facts() -> None:
    juror = JudgeSetup(ScriptedProvider(['{"reason": "the same", "choice": "C"}']), "m0")
    judge: Any = make_judge("jury", {"kind": "factuality"}, replace(juror, jury=(juror,)))

    assert score(judge) == 1
    assert judge.is_reference_based


def test_a_jury_without_jurors_names_the_option() -> None:
    with pytest.raises(NotConfiguredError, match="--llm-jury MODEL"):
        make_judge("jury", {}, JudgeSetup(ScriptedProvider(), "m"))


def test_a_jury_of_an_unknown_kind_names_the_nearest() -> None:
    setup = JudgeSetup(ScriptedProvider(), "m")
    with pytest.raises(SettingError, match="Did you mean 'factuality'"):
        make_judge("jury", {"kind": "factualty"}, replace(setup, jury=(setup,)))
