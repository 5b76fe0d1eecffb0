"""Length, sentiment, refusal, text quality, latency and cost."""

from __future__ import annotations

import json
from importlib import resources
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_llmeval.errors import SettingError
from pytest_llmeval.metrics.length import UNITS, Length
from pytest_llmeval.metrics.readability import TextQuality, formulas
from pytest_llmeval.metrics.refusal import Refusal
from pytest_llmeval.metrics.sentiment import Sentiment
from pytest_llmeval.metrics.spending import Cost, Latency
from pytest_llmeval.records.call import Completion
from pytest_llmeval.records.case import Case, Source
from pytest_llmeval.records.score import Score

CASE = Case("c", "What?", Source("g.csv", 2))
REFUSALS = {
    "I'm sorry, but I can’t help with that.",  # noqa: RUF001
    "I cannot provide instructions for that.",
    "As an AI language model, I cannot have opinions.",
    "Es tut mir leid, aber ich kann dabei nicht helfen.",
    "Lo siento, pero no puedo ayudarte con eso.",
    "Je suis désolé, mais je ne peux pas vous aider.",
    "Mi dispiace, ma non posso aiutarti.",
    "Desculpe, mas não posso ajudar com isso.",
    "Sorry, maar ik kan je daar niet mee helpen.",
    "Przykro mi, ale nie mogę w tym pomóc.",
    "Извините, но я не могу помочь с этим.",  # noqa: RUF001
    "抱歉，我无法提供这样的信息。",  # noqa: RUF001
    "申し訳ありませんが、そのようなお手伝いはできません。",
    "죄송하지만 그 요청은 도와드릴 수 없습니다.",
    "Üzgünüm, ama bu konuda yardımcı olamam.",  # noqa: RUF001
    "Xin lỗi, nhưng tôi không thể giúp bạn.",
    "Maaf, saya tidak dapat membantu dengan permintaan itu.",
    "Jag är ledsen, men jag kan inte hjälpa till med det.",
    "Beklager, men jeg kan ikke hjælpe med det.",
    "Unnskyld, men jeg kan ikke hjelpe deg med det.",
    "Omlouvám se, ale s tím vám nemohu pomoci.",
    "Вибачте, але я не можу допомогти з цим.",
    "Îmi pare rău, dar nu vă pot ajuta cu asta.",
    "Valitettavasti en voi auttaa siinä.",
    "Sajnálom, de ebben nem tudok segíteni.",
}
ANSWERS = {
    "You have 30 days, if you keep the receipt.",
    "I can help you with that: 30 days.",
    "Sorry for the delay! Your parcel arrives tomorrow.",
    "No, we are closed on Sundays.",
    "Das kann ich gerne für Sie erledigen.",
    "Puedo ayudarte con eso.",
    "Oui, nous pouvons vous aider.",
    "Мы можем вам помочь.",
    "我可以帮助您。",
    "お手伝いします。",
    "도와드리겠습니다.",
    "Size yardımcı olabilirim.",  # noqa: RUF001
    "Tôi có thể giúp bạn.",
    "Saya bisa membantu Anda.",
    "Jag kan hjälpa dig med det.",
    "Jeg kan hjælpe dig.",
    "Rád vám pomohu.",
    "Я можу вам допомогти.",
    "Vă pot ajuta cu plăcere.",
    "Voin auttaa sinua.",
    "Szívesen segítek.",
    "call snake_i_can_name(x) * 2 and a_b * c_d",
    "The manual is long, and later it says: " + "word " * 80 + "I cannot help with that.",
}


def length(text: str, unit: str) -> float:
    return float(Length(unit).score(CASE, Completion(text)))


@pytest.mark.parametrize(
    ("text", "counts"),
    [
        (
            "Hello, world! How are you?",
            {"words": 5, "sentences": 2, "lines": 1, "paragraphs": 1, "characters": 26},
        ),
        (
            "One.\nTwo.\n\n\nThree — 3 things.",
            {"words": 5, "sentences": 3, "lines": 3, "paragraphs": 2},
        ),
        ("It costs 3.50 euros. “Really?” Yes", {"words": 6, "sentences": 3}),
        ("东京是首都。北京也是！", {"sentences": 2, "characters": 11}),  # noqa: RUF001
        ("cafe\u0301", {"characters": 4, "words": 1}),
        ("  \n ", {"words": 0, "sentences": 0, "lines": 0, "paragraphs": 0, "characters": 0}),
        ("", {"words": 0, "sentences": 0, "lines": 0, "paragraphs": 0, "characters": 0}),
    ],
)
def test_length_by_hand(text: str, counts: dict[str, float]) -> None:
    assert {unit: length(text, unit) for unit in counts} == counts


@given(st.text())
def test_a_text_has_no_more_of_larger_units(text: str) -> None:
    assert length(text, "characters") >= length(text, "words") >= length(text, "sentences") >= 0
    assert length(text, "lines") >= length(text, "paragraphs")


def test_a_length_says_its_unit() -> None:
    assert {unit: Length(unit).scale.unit for unit in UNITS} == {unit: unit for unit in UNITS}
    assert (Length().name, Length("lines").name) == ("length", "length.lines")
    with pytest.raises(SettingError, match=r"length unit: found 'word'; .* Did you mean 'words'"):
        Length("word")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("VADER is smart, handsome, and funny.", 0.8316),
        ("VADER is smart, handsome, and funny!", 0.8439),
        ("VADER is very smart, handsome, and funny.", 0.8545),
        ("VADER is VERY SMART, handsome, and FUNNY.", 0.9227),
        ("VADER is not smart, handsome, nor funny.", -0.7424),
        ("The book was good.", 0.4404),
        ("The book was only kind of good.", 0.3832),
        ("Today SUX!", -0.5461),
        ("Catch utf-8 emoji such as 💘 and 💋 and 😁", 0.875),
    ],
)
def test_sentiment_is_that_of_vader_s_own_documentation(text: str, value: float) -> None:
    result = Sentiment().score(CASE, Completion(text))
    assert result == pytest.approx(value, abs=5e-5)
    assert sum(result.parts.values()) == pytest.approx(1, abs=0.002)


@pytest.mark.parametrize(
    "text",
    [
        "I can not help with that.", "I cant help with this.", "I can't\u200b help you.", "I wont help.",
        "I'm sorry, but I'm not able to answer.", "Sorry, I am unable to process that request.",
        "Im unable to assist.", "I think I can't help you.", '"I can\'t help with that."',
        '"Hm." I can\'t help with that.', "If you want to steal, I can't help with that.",
        'My answer: "I\'m sorry, but I can\'t help with that."',
        'Response: "I cannot help with that."',
        "**I can't** help with that.", "_I cannot help with that._", "I _cannot_ help with that.",
        "**Es tut mir leid**, aber ich kann nicht helfen.", "I can\u00b4t help with that.", "***I can't*** help you.",
        "I can\u2032t help with that.", "I can&#39;t help with that.", "<b>I can't</b> help with that.",
        "<p>I can&rsquo;t <em>help</em> with that.</p>", "~~Hm.~~ I can\\'t help with that.", "__I can't__ help you.",
        "## I *can't* help with that.", "> I can\uff07t help with that.",
    ],
)  # fmt: skip
def test_a_refusal_is_known_in_each_spelling(text: str) -> None:
    assert Refusal().score(CASE, Completion(text)) == 1


@pytest.mark.parametrize(
    "text",
    [
        "You might think I can't help you, but here's the answer: 5.",
        "Some people say that I cannot write poems. Here is one.",
        "He asked whether I can't help. I can: 5",
        'The bot said: "I can\'t help with that." A better reply is 5.',
        "He replied \"I'm sorry, but I can't help with that.\"",
        'Models often use a phrase like "I cannot help with that".',
    ],
)
def test_a_refusal_of_somebody_else_is_none(text: str) -> None:
    assert Refusal().score(CASE, Completion(text)) == 0


def test_an_empty_answer_has_no_sentiment_and_refuses_nothing() -> None:
    assert Sentiment().score(CASE, Completion(" ")).error == "the answer is empty"
    assert Refusal().score(CASE, Completion("")).error == "the answer is empty"


@pytest.mark.parametrize("text", sorted(REFUSALS))
def test_a_refusal_is_recognised(text: str) -> None:
    result = Refusal().score(CASE, Completion(text))
    assert result == 1
    assert result.reason.startswith("says ")


@pytest.mark.parametrize("text", sorted(ANSWERS))
def test_an_answer_is_no_refusal(text: str) -> None:
    assert Refusal().score(CASE, Completion(text)) == 0


def test_phrases_of_one_s_own_refuse_too() -> None:
    answer = Completion("Please call our HOTLINE.")
    assert Refusal().score(CASE, answer) == 0
    assert Refusal(["call our hotline"]).score(CASE, answer) == 1
    with pytest.raises(SettingError, match="refusal phrases"):
        Refusal([" "])
    with pytest.raises(SettingError, match="refusal phrases"):
        Refusal(["**"])


def test_the_phrases_are_written_once_and_none_holds_another_language_s() -> None:
    data = json.loads(
        resources.files("pytest_llmeval.metrics").joinpath("refusals.json").read_text("utf-8")
    )
    phrases = [phrase for language in data.values() for phrase in language]
    assert len(phrases) == len(set(phrases))
    assert len(data) == 23


def test_text_quality_has_every_formula() -> None:
    text = Completion("The cat sat on the mat. It was a warm day, and nobody came to the door.")
    result = TextQuality().score(CASE, text)
    assert result == formulas()["flesch_reading_ease"]().score(CASE, text).value
    lacking = {
        name for name, formula in formulas().items() if formula().score(CASE, text).value is None
    }
    assert set(result.parts) == set(formulas()) - lacking
    assert result.parts["lexicon_count"] == 17
    assert TextQuality().score(CASE, Completion("")).error == "the answer is empty"


def score(metric: Latency | Cost, **known: object) -> Score:
    return metric.score(CASE, Completion("Yes.", **known))  # type: ignore[arg-type]


def test_latency_and_cost_are_those_of_the_answer() -> None:
    assert score(Latency(), latency_s=1.5) == 1.5
    assert score(Cost(), cost_usd=0.002) == 0.002
    assert score(Cost(), cost_usd=0.0) == 0
    assert "cached" in score(Latency(), latency_s=1.5, cached=True).reason


def test_what_is_not_known_is_unscored() -> None:
    assert "the latency is unknown: column:answer did not report it" in str(
        score(Latency(), endpoint="column:answer").error
    )
    assert "the price of 'mine' is unknown; set it in the ini key llm_prices" in str(
        score(Cost(), model="mine").error
    )


def test_the_data_files_are_in_the_package() -> None:
    folder = Path(str(resources.files("pytest_llmeval.metrics")))
    assert {"refusals.json", "identity_terms.json", "formulas.json"} <= {
        file.name for file in folder.iterdir()
    }
