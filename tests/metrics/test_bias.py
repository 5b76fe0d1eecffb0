from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_llmeval.errors import CallRefused, SettingError
from pytest_llmeval.metrics.bias import Bias, dimensions, swapped, swaps
from pytest_llmeval.protocols import Respond, Scorer
from pytest_llmeval.records.call import Completion
from pytest_llmeval.records.case import Case, Source
from pytest_llmeval.records.score import Score

WORDS = [
    "she",
    "he",
    "her boss",
    "his idea",
    "an old man",
    "a Muslim",
    "young women",
    "the Jewish doctor",
    "and",
    "asks",
]


def only(text: str, *names: str) -> dict[str, str]:
    """The text after each swap."""
    return {str(swap): swapped(text, swap) for swap in swaps([text], names or dimensions())}


@pytest.mark.parametrize(
    ("text", "other"),
    [
        ("She told her boss that the idea was hers.", "He told his boss that the idea was his."),
        ("He thanked her. HER turn!", "She thanked him. HIS turn!"),
        ("Her mother saw him with his sons.", "His father saw her with her daughters."),
        ("Should I hire him or her?", "Should I hire her or him?"),
        ("Women and men", "Men and women"),
        ("Mr. Smith is a waiter.", "Mrs. Smith is a waitress."),
        ("the man himself", "the woman herself"),
        ("His book is his.", "Her book is hers."),
    ],
)
def test_gender_changes_with_case_number_and_pronoun(text: str, other: str) -> None:
    assert set(only(text, "gender").values()) == {other}


def test_every_other_group_takes_the_place_of_the_mentioned_one() -> None:
    assert only("A Muslim asked for a Muslim doctor.", "religion") == {
        "Muslim/Christian": "A Christian asked for a Christian doctor.",
        "Muslim/Jewish": "A Jew asked for a Jewish doctor.",
        "Muslim/Hindu": "A Hindu asked for a Hindu doctor.",
        "Muslim/Buddhist": "A Buddhist asked for a Buddhist doctor.",
        "Muslim/atheist": "An atheist asked for an atheist doctor.",
    }


def test_words_that_do_not_speak_of_people_stay() -> None:
    assert only("An old, white bike for a straight road, a German car and a blind spot.") == {}
    assert only("An old man on a white bike.", "age", "ethnicity") == {
        "old/young": "A young man on a white bike."
    }
    assert only("The management mentioned heroes.") == {}


@given(st.lists(st.sampled_from(WORDS), min_size=1, max_size=6).map(" ".join))
def test_a_prompt_is_never_its_own_counterfactual(text: str) -> None:
    found = only(text)
    assert text not in found.values()
    assert len(set(found)) == len(found)


def test_swapping_twice_gives_back_the_text_where_forms_are_pairs() -> None:
    text = "Is the woman older than her brother, and is he taller than the girls?"
    (swap,) = swaps([text], ["gender"])
    assert swapped(swapped(text, swap), swap) == text


def answering(reply: Callable[[str], str], asked: list[str]) -> Respond:
    def respond(case: Case) -> Awaitable[Completion]:
        async def answer() -> Completion:
            asked.append(case.prompt)
            return Completion(reply(case.prompt), call=case.prompt)

        return answer()

    return respond


def taken(metric: Scorer, prompt: str, answer: str, **chat: object) -> Score:
    case = Case("c", prompt, Source("g.csv", 2), **chat)  # type: ignore[arg-type]

    async def wait() -> Score:
        result = await metric.score(case, Completion(answer))  # type: ignore[misc]
        assert isinstance(result, Score)
        return result

    return asyncio.run(wait())


def test_the_value_is_the_largest_difference_and_the_reason_names_its_swap() -> None:
    asked: list[str] = []
    replies = {"Is she a good leader?": "She is terrible.", "Is he a good leader?": "He is great."}
    result = taken(
        Bias().with_respondent(answering(replies.__getitem__, asked)),
        "Is he a good leader?",
        "He is great.",
    )
    assert asked == ["Is she a good leader?"]
    assert result == pytest.approx(0.6249 + 0.4767)
    assert result.parts == {"male/female": pytest.approx(1.1016)}
    assert result.reason == "male/female (gender): 0.62 becomes -0.48"
    assert [call.text for call in result.calls] == ["She is terrible."]


def test_the_same_answer_about_everybody_is_no_bias() -> None:
    asked: list[str] = []
    metric = Bias(dimensions=["religion"]).with_respondent(
        answering(lambda prompt: "It depends.", asked)
    )
    result = taken(metric, "Can a Hindu woman lead?", "It depends.")
    assert (result.value, len(asked), len(result.parts)) == (0, 5, 5)


def test_a_chat_is_swapped_as_a_whole() -> None:
    cases: list[Case] = []

    async def respond(case: Case) -> Completion:
        cases.append(case)
        return Completion("Fine.")

    messages = (
        {"role": "user", "content": "My wife is ill."},
        {"role": "assistant", "content": "How is she?", "name": "nurse"},
        {"role": "user", "content": "Better."},
    )
    taken(Bias().with_respondent(respond), "Better.", "Fine.", messages=messages)
    assert [message["content"] for message in cases[0].messages] == [
        "My husband is ill.",
        "How is he?",
        "Better.",
    ]
    assert cases[0].messages[1]["name"] == "nurse"


def test_without_an_identity_term_there_is_nothing_to_ask() -> None:
    asked: list[str] = []
    result = taken(
        Bias().with_respondent(answering(str, asked)), "What does shipping cost?", "Nothing."
    )
    assert (result.value, result.reason, asked) == (
        0,
        "the prompt has no identity term to swap",
        [],
    )


def test_what_cannot_be_told_is_unscored() -> None:
    assert "no model is configured" in str(taken(Bias(), "Is he good?", "Yes.").error)
    german = taken(Bias(), "Ist die neue Chefin ihrer Aufgabe wirklich gewachsen?", "Ja.")
    assert german.error == "bias knows English identity terms only, and the prompt is in de"
    assert (
        taken(Bias().with_respondent(answering(str, [])), "Is he good?", " ").error
        == "the answer is empty"
    )


def test_a_counterfactual_that_is_not_answered_is_an_error() -> None:
    async def respond(case: Case) -> Completion:
        raise CallRefused("no")

    with pytest.raises(CallRefused):
        taken(Bias().with_respondent(respond), "Is he good?", "Yes.")


def test_a_measure_or_dimension_that_is_not_there_is_refused() -> None:
    with pytest.raises(
        SettingError, match=r"bias measure: found 'tone'; allowed: sentiment or toxicity"
    ):
        Bias("tone")
    with pytest.raises(
        SettingError, match=r"bias dimensions: found 'sex'; allowed: gender, religion"
    ):
        Bias(dimensions=["sex"])
    assert Bias(dimensions=["age"]).version.endswith('/dimensions=["age"]')
