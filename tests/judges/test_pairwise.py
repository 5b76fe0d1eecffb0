from __future__ import annotations

import asyncio
import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_llmeval.errors import CallRefused, EndpointDown, InputError, NotConfiguredError
from pytest_llmeval.judges.preference import preference
from pytest_llmeval.judges.registry import make_judge
from pytest_llmeval.judges.setup import JudgeSetup
from pytest_llmeval.providers.scripted import Answer, ScriptedProvider
from pytest_llmeval.records.call import Completion, Request, TokenLogprob
from pytest_llmeval.records.case import Case, Source
from pytest_llmeval.records.score import Score
from pytest_llmeval.stats.pairwise import averaged, position_bias

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

    assert score.parts == {
        "first": 1.0,
        "second": 0.0,
        "position_bias": 0.5,
        "written": 0.5,
        "mass": 0.0,
    }
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


def weighed(first: Completion, second: Completion | str, form: str = "json_schema") -> Score:
    """The score where the judge replies this with ours first, and that with ours second."""

    def answer(request: Request) -> Answer:
        user = str(request.messages[1]["content"])
        return first if user.index(OURS) < user.index(THEIRS) else second

    provider = ScriptedProvider(answer, fingerprint="scripted")
    setup = JudgeSetup(provider, "judge-1", response_format=form, opponent=Opponent())
    judge: Any = make_judge("pairwise", {}, setup)
    score: Score = asyncio.run(judge.score(CASE, Completion(OURS)))
    return score


def reply(winner: str, *, form: str = "json", **odds: float) -> Completion:
    """A reply whose winner has these odds."""
    top = {text: math.log(odd) for text, odd in odds.items()}
    head, tail = ('{"reason": "as seen", "winner": "', '"}')
    if form == "rating":
        head, tail = ("As seen. [[", "]]")
    place = TokenLogprob(winner, top[winner], top)
    return Completion(
        head + winner + tail, logprobs=(TokenLogprob(head, 0.0), place, TokenLogprob(tail, 0.0))
    )


def test_with_logprobs_the_preference_is_weighed_and_averaged_over_the_orders() -> None:
    score = weighed(reply("A", A=0.7, B=0.2, tie=0.1), reply("A", A=0.6, B=0.4))

    assert score == pytest.approx((0.75 + 0.4) / 2)
    assert score.parts == pytest.approx(
        {"first": 0.75, "second": 0.4, "position_bias": 0.175, "written": 0.5, "mass": 1.0}
    )


def test_a_rating_is_weighed_by_its_marks() -> None:
    first = reply("A", form="rating", A=0.7, B=0.2, C=0.1)
    second = reply("C", form="rating", C=0.9, B=0.1)

    assert weighed(first, second, "rating") == pytest.approx((0.75 + 0.55) / 2)


@pytest.mark.parametrize(
    "second",
    [
        pytest.param(json.dumps({"reason": "as seen", "winner": "B"}), id="no logprobs"),
        pytest.param(reply("B", B=0.5, A=0.3, Both=0.2), id="another word"),
    ],
)
def test_one_order_without_probabilities_leaves_the_written_words(
    second: Completion | str,
) -> None:
    score = weighed(reply("A", A=0.7, B=0.3), second)

    assert (score.value, score.parts["first"], score.parts["position_bias"]) == (1.0, 1.0, 0.0)


def test_an_endpoint_that_refuses_logprobs_is_requested_without_them() -> None:
    def answer(request: Request) -> Answer:
        if request.parameters.logprobs:
            return CallRefused("logprobs are not supported")
        return json.dumps({"reason": "as seen", "winner": "tie"})

    setup = JudgeSetup(ScriptedProvider(answer), "judge-1", opponent=Opponent())
    judge: Any = make_judge("pairwise", {}, setup)

    score = asyncio.run(judge.score(CASE, Completion(OURS)))

    assert (score.value, len(score.calls)) == (0.5, 2)


@pytest.mark.parametrize(
    ("tokens", "first"),
    [
        pytest.param(['"A', '"B'], 0.8, id="a quote is glued to the letter"),
        pytest.param(['A"}', 'B"}'], 0.8, id="the end is glued to the letter"),
        pytest.param(["A", "t"], 0.9, id="a part of the word tie"),
    ],
)
def test_tokens_of_any_cut_are_read(tokens: list[str], first: float) -> None:
    top = {tokens[0]: math.log(0.8), tokens[1]: math.log(0.2)}
    quote = "" if tokens[0].startswith('"') else '"'
    reply = (
        TokenLogprob('{"reason": "\\"winner\\": \\"B\\"", "winner": ' + quote, 0.0),
        TokenLogprob(tokens[0], math.log(0.8), top),
    )

    assert preference("A", reply, is_mark=False).first == pytest.approx(first)
    assert preference("B", reply, is_mark=False).mass == 0  # not what the tokens hold


@given(st.floats(0, 1), st.floats(0, 1))
def test_the_position_bias_is_that_of_the_answer_shown_first(first: float, second: float) -> None:
    shown_first = (first + (1 - second)) / 2
    assert position_bias(first, second) == pytest.approx(shown_first - 0.5)
    assert averaged(first, second) == pytest.approx(1 - averaged(1 - second, 1 - first))


def test_averaging_over_the_orders_cancels_the_bias_of_a_judge() -> None:
    # The judge adds 0.2 to the answer shown first, whichever it is.
    assert averaged(0.6 + 0.2, 0.6 - 0.2) == pytest.approx(0.6)
