from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from pytest_llmeval.errors import EndpointDown, InputError, NotConfiguredError
from pytest_llmeval.judges.registry import make_judge
from pytest_llmeval.judges.setup import JudgeSetup
from pytest_llmeval.providers.scripted import Answer, ScriptedProvider
from pytest_llmeval.records.call import Completion, Request
from pytest_llmeval.records.case import Case, Source
from pytest_llmeval.records.score import Score

CASE = Case("france", "Capital of France?", Source("faq.csv", 2), expected="Paris")
OURS, THEIRS = "It is Paris.", "It is Rome."


class Opponent:
    name = "column:old"

    async def answer(self, case: Case) -> Completion:
        return Completion(THEIRS, cost_usd=0.0)


class Absent(Opponent):
    async def answer(self, case: Case) -> Completion:
        raise InputError("faq.csv:2 has no text in column 'old'")


def compared(
    first: str, second: str, form: str = "json_schema", ours: str = OURS
) -> tuple[Score, list[Request]]:
    """The score where the judge says this with ours first, and that with ours second."""

    def answer(request: Request) -> str:
        user = str(request.messages[1]["content"])
        winner = first if user.index(ours) < user.index(THEIRS) else second
        mark = "C" if winner == "tie" else winner
        return (
            f"Because. [[{mark}]]"
            if form == "rating"
            else json.dumps({"reason": f"says {winner}", "winner": winner})
        )

    provider = ScriptedProvider(answer, fingerprint="scripted")
    judge: Any = make_judge(
        "pairwise", {}, JudgeSetup(provider, "judge-1", response_format=form, opponent=Opponent())
    )
    return asyncio.run(judge.score(CASE, Completion(ours))), provider.requests


@pytest.mark.parametrize("form", ["json_schema", "rating"])
@pytest.mark.parametrize(
    ("first", "second", "value"),
    [
        ("A", "B", 1.0),  # ours both times
        ("B", "A", 0.0),  # theirs both times
        ("A", "A", 0.5),  # always the first
        ("B", "B", 0.5),  # always the second
        ("tie", "tie", 0.5),
        ("A", "tie", 0.5),
    ],
)
def test_a_win_must_be_declared_in_both_orders(
    first: str, second: str, value: float, form: str
) -> None:
    score, requests = compared(first, second, form)

    assert score == value
    assert len(requests) == len(score.calls) == 2


def test_what_each_order_said_is_told() -> None:
    score, _ = compared("A", "A")

    assert score.parts == {"first": 1.0, "second": 0.0}
    assert score.reason == "the orders disagree: says A / says A"


def test_the_same_answer_is_a_tie_without_a_call() -> None:
    provider = ScriptedProvider()
    judge: Any = make_judge("pairwise", {}, JudgeSetup(provider, "judge-1", opponent=Opponent()))

    score = asyncio.run(judge.score(CASE, Completion(THEIRS)))

    assert (score.value, score.reason, provider.requests) == (0.5, "the same answer", [])


def test_without_an_answer_to_compare_with_there_is_no_score() -> None:
    judge: Any = make_judge(
        "pairwise", {}, JudgeSetup(ScriptedProvider(), "judge-1", opponent=Absent())
    )

    score = asyncio.run(judge.score(CASE, Completion(OURS)))

    assert score.value is None
    assert score.error == "no answer to compare with: faq.csv:2 has no text in column 'old'"


def test_one_order_that_could_not_be_judged_is_no_judgement() -> None:
    score, _ = compared("A", "neither")

    assert score.value is None
    assert "invalid reply" in str(score.error)


def test_nobody_to_compare_with_names_the_option() -> None:
    with pytest.raises(NotConfiguredError, match="--llm-judge-against column:NAME"):
        make_judge("pairwise", {}, JudgeSetup(ScriptedProvider(), "judge-1"))


def test_an_order_that_could_not_be_asked_keeps_the_call_of_the_other() -> None:
    def answer(request: Request) -> Answer:
        user = str(request.messages[1]["content"])
        is_first = user.index(OURS) < user.index(THEIRS)
        return (
            json.dumps({"reason": "ours", "winner": "A"}) if is_first else EndpointDown("refused")
        )

    setup = JudgeSetup(ScriptedProvider(answer), "judge-1", opponent=Opponent())
    judge: Any = make_judge("pairwise", {}, setup)

    score = asyncio.run(judge.score(CASE, Completion(OURS)))

    assert (score.value, score.error, len(score.calls)) == (None, "EndpointDown: refused", 1)
