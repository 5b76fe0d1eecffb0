from __future__ import annotations

import asyncio
import dataclasses
import json
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_llmeval.errors import EndpointDown
from pytest_llmeval.judges.registry import make_judge
from pytest_llmeval.judges.retrieval import average_precision
from pytest_llmeval.judges.setup import JudgeSetup
from pytest_llmeval.providers.scripted import Answer, ScriptedProvider
from pytest_llmeval.records.call import Completion, Request
from pytest_llmeval.records.case import Case, Source
from pytest_llmeval.records.score import Score

CASE = Case(
    "return", "How long can I return a bike?", Source("faq.csv", 2), expected="Within 30 days with the receipt.",
    contexts=("Bikes come back within 30 days.", "We open at nine."),
)  # fmt: skip
ANSWER = Completion("Within 30 days, and shipping is free.")
SHARES = ("faithfulness", "context_recall", "answer_relevance")


def claims(*texts: str) -> str:
    return json.dumps({"claims": texts})


def verdicts(*words: str) -> str:
    rows = [
        {"number": number, "reason": "r", "verdict": word} for number, word in enumerate(words, 1)
    ]
    return json.dumps({"verdicts": rows})


def judged(
    kind: str, answers: Sequence[Answer], case: Case = CASE, answer: Completion = ANSWER
) -> tuple[Score, list[Request]]:
    provider = ScriptedProvider(answers, fingerprint="scripted")
    judge: Any = make_judge(kind, {}, JudgeSetup(provider, "judge-1"))
    return asyncio.run(judge.score(case, answer)), provider.requests


@pytest.mark.parametrize(
    ("kind", "fault"),
    [
        ("faithfulness", "not in the contexts: Shipping is free."),
        ("context_recall", "not in the contexts: Shipping is free."),
        ("answer_relevance", "off the question: Shipping is free."),
    ],
)
def test_the_score_is_the_share_of_the_claims_that_hold_and_the_reason_names_the_first_that_does_not(
    kind: str, fault: str
) -> None:
    replies = [
        claims("It is 30 days.", "Shipping is free.", "It is cheap."),
        verdicts("yes", "no", "no"),
    ]
    score, requests = judged(kind, replies)
    assert score == pytest.approx(1 / 3)
    assert (score.name, score.reason, score.error) == (kind, fault, None)
    assert score.parts == {"claims": 3, "supported": 1}
    assert [call.text for call in score.calls] == replies
    assert len(requests) == 2


def shown(request: Request) -> str:
    return str(request.messages[-1]["content"])


def test_each_kind_shows_its_own_texts() -> None:
    replies = [claims("One."), verdicts("yes")]
    texts = {
        "answer": "shipping is free",
        "expected": "with the receipt",
        "context": "come back within",
    }
    seen = {
        kind: [
            {name for name, text in texts.items() if text in shown(request)}
            for request in judged(kind, replies)[1]
        ]
        for kind in SHARES
    }
    assert seen == {
        "faithfulness": [{"answer"}, {"context"}],
        "context_recall": [{"expected"}, {"context"}],
        "answer_relevance": [{"answer"}, set()],
    }
    assert all("1. One." in shown(judged(kind, replies)[1][1]) for kind in SHARES)


def test_the_contexts_that_the_answer_was_made_from_come_before_those_of_the_case() -> None:
    answer = dataclasses.replace(ANSWER, contexts=("Retrieved.",))
    _, requests = judged("faithfulness", [claims("One."), verdicts("yes")], answer=answer)
    assert "| Retrieved." in shown(requests[1])
    assert "come back within" not in shown(requests[1])


@pytest.mark.parametrize("kind", ["faithfulness", "context_recall", "context_precision"])
def test_without_contexts_there_is_no_score_and_no_call(kind: str) -> None:
    score, requests = judged(kind, [], dataclasses.replace(CASE, contexts=(" ",)))
    assert (score.value, requests) == (None, [])
    assert "no contexts: add a column contexts" in str(score.error)


@pytest.mark.parametrize("kind", ["faithfulness", "answer_relevance"])
def test_an_empty_answer_is_unscored_without_a_call(kind: str) -> None:
    score, requests = judged(kind, [], answer=Completion(" \n"))
    assert (score.value, score.error, requests) == (
        None,
        "empty answer: there is nothing to judge",
        [],
    )


def test_recall_needs_an_expected_answer() -> None:
    score, requests = judged("context_recall", [], dataclasses.replace(CASE, expected=None))
    assert (score.value, score.error, requests) == (None, "no expected answer", [])


@pytest.mark.parametrize("kind", SHARES)
def test_a_text_without_a_claim_is_unscored_and_the_call_is_told(kind: str) -> None:
    score, requests = judged(kind, [claims()])
    assert (score.value, len(score.calls), len(requests)) == (None, 1, 1)
    assert "makes no claim to judge" in str(score.error)


BAD_VERDICTS = [
    (verdicts("yes"), '"verdicts" must have 2, one for each number; found 1'),
    (verdicts("yes", "yes", "yes"), "found 3"),
    (verdicts("yes", "maybe"), '"verdict" must be "yes" or "no"; found "maybe"'),
    (
        verdicts("yes", "no").replace('"number": 2', '"number": 1'),
        'the "number" of verdict 2 must be 2; found 1',
    ),
    ('{"verdicts": ["yes", "no"]}', 'verdict 1 must be an object; found "yes"'),
    ('{"verdicts": "yes"}', '"verdicts" must be a list; found "yes"'),
    ("yes, no", "the whole reply must be one JSON object"),
]


@pytest.mark.parametrize(("bad", "complaint"), BAD_VERDICTS)
def test_verdicts_that_do_not_fit_the_claims_are_asked_for_again_and_never_guessed(
    bad: str, complaint: str
) -> None:
    listed = claims("One.", "Two.")
    score, requests = judged("faithfulness", [listed, bad, verdicts("yes", "yes")])
    assert (score.value, score.reason, len(score.calls)) == (1.0, "all 2 hold", 3)
    assert complaint in shown(requests[2])
    score, _ = judged("faithfulness", [listed, bad, bad, bad])
    assert (score.value, score.raw, len(score.calls)) == (None, bad, 4)
    assert complaint in str(score.error)


@pytest.mark.parametrize(
    ("bad", "complaint"),
    [
        (claims(*["Again."] * 31), '"claims" must have at most 30 texts; found 31'),
        (claims("One.", " "), 'each of "claims" must be a text that is not empty'),
        ('{"claims": "One."}', '"claims" must be a list'),
        ('["One."]', "the reply must be a JSON object"),
    ],
)
def test_claims_that_are_no_list_of_texts_leave_the_case_unscored(bad: str, complaint: str) -> None:
    score, _ = judged("faithfulness", [bad, bad, bad])
    assert (score.value, len(score.calls)) == (None, 3)
    assert complaint in str(score.error)


def test_a_call_that_fails_after_the_claims_leaves_the_case_unscored_with_what_was_paid() -> None:
    score, _ = judged("faithfulness", [claims("One."), EndpointDown("503")])
    assert (score.value, len(score.calls)) == (None, 1)
    assert "EndpointDown: 503" in str(score.error)
    with pytest.raises(EndpointDown):
        judged("faithfulness", [EndpointDown("503")])


def test_a_list_has_more_room_than_a_score() -> None:
    _, requests = judged("faithfulness", [claims("One."), verdicts("yes")])
    assert [request.parameters.max_tokens for request in requests] == [1500, 1500]


@pytest.mark.parametrize(
    ("useful", "value"),
    [
        ([True, True], 1.0),
        ([True, False], 1.0),
        ([False, True], 0.5),
        ([True, False, True], (1 + 2 / 3) / 2),
        ([False, False, True, True], (1 / 3 + 2 / 4) / 2),
        ([False, False], 0.0),
    ],
)
def test_precision_is_weighed_by_rank_as_worked_out_by_hand(
    useful: list[bool], value: float
) -> None:
    assert average_precision(useful) == pytest.approx(value)


@given(st.lists(st.booleans(), min_size=1, max_size=12))
def test_precision_is_best_where_the_useful_contexts_stand_first(useful: list[bool]) -> None:
    first = average_precision(sorted(useful, reverse=True))
    assert first == (1.0 if any(useful) else 0.0)
    assert average_precision(sorted(useful)) <= average_precision(useful) <= first


def test_context_precision_asks_once_and_shows_no_answer() -> None:
    score, (request,) = judged("context_precision", [verdicts("no", "yes")])
    assert (score.value, score.reason) == (0.5, "not useful: context 1")
    assert score.parts == {"contexts": 2, "useful": 1}
    assert "with the receipt" in shown(request)
    assert "shipping is free" not in shown(request)
    _, (request,) = judged(
        "context_precision", [verdicts("no", "no")], dataclasses.replace(CASE, expected=None)
    )
    assert "expected" not in shown(request)


def test_each_kind_and_model_has_a_fingerprint_of_its_own() -> None:
    kinds = (*SHARES, "context_precision")
    versions = {
        make_judge(kind, {}, JudgeSetup(ScriptedProvider(fingerprint="s"), model)).version
        for kind in kinds
        for model in ("judge-1", "judge-2")
    }
    assert len(versions) == 8
