from __future__ import annotations

import asyncio
import dataclasses
import json
from typing import Any

import pytest

from pytest_llmeval.errors import EndpointDown, SettingError
from pytest_llmeval.judges.base import Judge
from pytest_llmeval.judges.choosing import ChoiceJudge, make_closed_qa, make_factuality
from pytest_llmeval.judges.registry import make_judge
from pytest_llmeval.judges.selftest import examine as self_test
from pytest_llmeval.judges.setup import JudgeSetup
from pytest_llmeval.protocols import Scorer
from pytest_llmeval.providers.scripted import Answer, ScriptedProvider
from pytest_llmeval.records.call import Completion, Request
from pytest_llmeval.records.case import Case, Source
from pytest_llmeval.records.score import Scale, Score

CASE = Case("france", "Capital of France?", Source("faq.csv", 2), expected="Paris")


def setup(*answers: Answer, **changes: Any) -> JudgeSetup:
    return dataclasses.replace(
        JudgeSetup(ScriptedProvider(answers, fingerprint="scripted"), "judge-1"), **changes
    )


def score(judge: ChoiceJudge, answer: str = "It is Paris.", case: Case = CASE) -> Score:
    return asyncio.run(judge.score(case, Completion(answer)))


def asked(judge: ChoiceJudge) -> list[Request]:
    assert isinstance(judge.setup.provider, ScriptedProvider)
    return judge.setup.provider.requests


@pytest.mark.parametrize(
    ("letter", "value", "label"),
    [
        ("A", 0.4, "subset"),
        ("B", 0.6, "superset"),
        ("C", 1, "same"),
        ("D", 0, "disagrees"),
        ("E", 1, "immaterial"),
    ],
)
def test_each_relation_is_worth_what_autoevals_publishes(
    letter: str, value: float, label: str
) -> None:
    judge = make_factuality(setup(json.dumps({"reason": "as told", "choice": letter})))
    given = score(judge)
    assert given == value
    assert (given.name, given.scale, given.reason) == (
        "factuality",
        Scale(0.0, 1.0),
        f"{label}: as told",
    )
    assert (given.version, given.error, len(given.calls)) == (judge.version, None, 1)
    assert isinstance(judge, Scorer)


def test_the_prompt_shows_the_relations_and_the_three_texts_and_asks_for_what_is_read() -> None:
    judge = make_factuality(setup('{"reason": "r", "choice": "C"}'))
    score(judge)
    system, user = (str(message["content"]) for message in asked(judge)[0].messages)
    assert all(
        f"{letter}: {choice['means']}\n" in system
        for letter, choice in judge.choice.choices.items()
    )
    assert all(
        text in user for text in ("\nCapital of France?\n", "\nParis\n", "\n| It is Paris.\n")
    )
    form = asked(judge)[0].parameters.response_format
    assert form is not None
    assert form["json_schema"]["schema"]["properties"]["choice"]["enum"] == list("ABCDE")


@pytest.mark.parametrize(
    ("reply", "complaint"),
    [
        ("C", "the whole reply must be one JSON object"),
        ('{"reason": "r", "choice": "F"}', '"choice" must be "A", "B", "C", "D" or "E"; found "F"'),
        ('{"reason": "r", "choice": "c"}', 'found "c"'),
        ('{"reason": "r", "choice": ["C"]}', "found a list"),
        ('{"choice": "C"}', 'exactly the keys "reason" and "choice"; found: "choice"'),
        ('{"reason": "r", "choice": "C", "score": 5}', 'found: "reason", "choice", "score"'),
        ('{"reason": " ", "choice": "C"}', '"reason" must be a text that is not empty'),
    ],
)
def test_a_reply_that_is_not_exactly_what_was_asked_for_is_no_score(
    reply: str, complaint: str
) -> None:
    judge = make_factuality(setup(reply, reply, reply))
    given = score(judge)
    assert given.value is None
    assert complaint in str(given.error)
    assert (given.raw, len(given.calls)) == (reply, 3)
    assert complaint in str(asked(judge)[1].messages[-1]["content"])


def test_a_valid_reply_after_an_invalid_one_counts() -> None:
    given = score(make_factuality(setup("It is right.", '{"reason": "r", "choice": "C"}')))
    assert (given.value, len(given.calls)) == (1.0, 2)


def test_an_empty_answer_agrees_with_nothing_and_costs_no_call() -> None:
    judge = make_factuality(setup())
    given = score(judge, " \n")
    assert (given.value, given.reason, asked(judge)) == (0.0, "empty answer", [])


@pytest.mark.parametrize("expected", [None, " "])
def test_facts_without_an_expected_answer_are_unscored(expected: str | None) -> None:
    judge = make_factuality(setup())
    given = score(judge, case=dataclasses.replace(CASE, expected=expected))
    assert (given.value, asked(judge)) == (None, [])
    assert "no expected answer" in str(given.error)


def test_a_call_that_fails_is_raised() -> None:
    with pytest.raises(EndpointDown):
        score(make_factuality(setup(EndpointDown("503"))))


@pytest.mark.parametrize(("by_facts", "passes"), [(True, True), (False, False)])
def test_a_judge_of_facts_is_tested_by_the_expected_answers(by_facts: bool, passes: bool) -> None:
    def reply(request: Request) -> Answer:
        user = str(request.messages[-1]["content"])
        blocks = {
            name: user.partition(f"<{name}-")[2].partition("\n")[2].partition("</")[0]
            for name in ("expected", "answer")
        }
        same = blocks["answer"].strip().removeprefix("| ") == blocks["expected"].strip()
        return json.dumps({"reason": "r", "choice": ("C" if same else "D") if by_facts else "E"})

    judge = make_factuality(JudgeSetup(ScriptedProvider(reply), "judge-1"))
    assert judge.is_reference_based
    assert asyncio.run(self_test(judge, [])).passed is passes


@pytest.mark.parametrize(("word", "value"), [("yes", 1.0), ("no", 0.0)])
def test_a_criterion_is_met_or_not(word: str, value: float) -> None:
    judge = make_closed_qa(
        setup(json.dumps({"reason": "as told", "answer": word})), " It names a city. "
    )
    given = score(judge, case=dataclasses.replace(CASE, expected=None))
    assert (given.value, given.name, given.reason) == (value, "closed_qa", "as told")
    assert "Criterion: It names a city.\n" in str(asked(judge)[0].messages[0]["content"])
    assert "expected" not in json.dumps(asked(judge)[0].messages)
    assert not judge.is_reference_based


def test_a_criterion_is_needed() -> None:
    with pytest.raises(SettingError, match="Give criteria"):
        make_judge("closed_qa", {}, setup())
    with pytest.raises(SettingError, match="text that is not empty"):
        make_judge("closed_qa", {"criteria": " "}, setup())


def test_every_ingredient_changes_the_fingerprint(monkeypatch: pytest.MonkeyPatch) -> None:
    def version(criteria: str = "It is short.", **changes: Any) -> str:
        return make_closed_qa(setup(**changes), criteria).version

    versions = [version(), version("It is long."), version(model="judge-2"), version(max_tokens=7)]
    versions += [version(response_format="text"), make_factuality(setup()).version]
    monkeypatch.setattr(Judge, "protocol", 0)
    versions.append(version())
    monkeypatch.undo()
    assert len(set(versions)) == len(versions)
    assert version() == versions[0]
    assert versions[0].startswith("closed_qa-")
