from __future__ import annotations

import pytest

from pytest_llmeval.errors import SettingError
from pytest_llmeval.metrics.language import Language
from pytest_llmeval.records.call import Completion
from pytest_llmeval.records.case import Case, Source
from pytest_llmeval.records.score import Score

TEXTS = {
    "en": "You can return a bike for 30 days, if you keep the receipt.",
    "de": "Sie können ein Fahrrad 30 Tage lang zurückgeben, wenn Sie den Beleg behalten.",
    "es": "Puede devolver la bicicleta durante 30 días si conserva el recibo.",
    "fr": "Vous pouvez rendre un vélo pendant 30 jours si vous gardez le reçu.",
    "it": "Puoi restituire la bicicletta entro 30 giorni se conservi la ricevuta.",
    "pt": "Você pode devolver a bicicleta por 30 dias se guardar o recibo.",
    "nl": "U kunt een fiets 30 dagen lang terugbrengen als u de bon bewaart.",
    "pl": "Rower można zwrócić przez 30 dni, jeśli zachowasz paragon.",
    "ru": "Вы можете вернуть велосипед в течение 30 дней, если сохраните чек.",
    "ko": "영수증을 보관하시면 30일 동안 자전거를 반품할 수 있습니다.",
    "ja": "レシートがあれば、30日間自転車を返品できます。",
    "zh": "如果您保留收据，您可以在30天内退还自行车。",  # noqa: RUF001
}


def score(metric: Language, answer: str, prompt: str = TEXTS["en"]) -> Score:
    return metric.score(Case("c", prompt, Source("g.csv", 2)), Completion(answer))


@pytest.mark.parametrize("code", TEXTS)
def test_each_language_is_told_from_every_other(code: str) -> None:
    for other, text in TEXTS.items():
        assert score(Language(code), text) == (code == other), f"{other} as {code}"


def test_by_default_the_answer_must_be_in_the_language_of_the_prompt() -> None:
    assert score(Language(), TEXTS["de"], TEXTS["de"]) == 1
    result = score(Language(), TEXTS["en"], TEXTS["de"])
    assert (result.value, result.reason) == (0, "is in en, not in de")


@pytest.mark.parametrize("answer", ["", "42", "😀😀", "\ud800", "Paris", "Yes."])
def test_a_text_that_is_too_short_is_unscored(answer: str) -> None:
    assert "the answer is too short to identify its language" in str(
        score(Language("en"), answer).error
    )
    assert "the prompt is too short" in str(score(Language(), TEXTS["en"], answer).error)


@pytest.mark.parametrize(
    "answer", ["東京都知事選挙結果発表", "東京大学法学部", "日本国憲法", "臺灣大學"]
)
def test_chinese_characters_alone_may_be_chinese_or_japanese(answer: str) -> None:
    for code in ("zh", "ja"):
        assert "Chinese characters alone" in str(score(Language(code), answer).error)
    assert score(Language("en"), answer) == 0
    assert "name it, such as language.ja" in str(score(Language(), TEXTS["ja"], answer).error)


@pytest.mark.parametrize(
    "answer", ["今天天气很好", "红楼梦是中国古典小说", "巴黎是法国的首都。", "我喜歡你"]
)
def test_chinese_that_no_japanese_writes_is_chinese(answer: str) -> None:
    assert [score(Language(code), answer).value for code in ("zh", "ja")] == [1, 0]


def test_near_relatives_are_not_counted_as_wrong() -> None:
    """Danish and Norwegian, in a sentence that is spelt the same in both."""
    result = score(Language("no"), "Hovedstaden i Frankrike er Paris.")
    assert result.value is None or result == 1


def test_a_region_does_not_count_and_an_unknown_language_is_refused() -> None:
    assert (Language("pt_BR").name, Language("pt-BR").version) == (
        "language.pt",
        Language("pt").version,
    )
    with pytest.raises(SettingError, match="language: found 'english'; allowed: af, ar"):
        Language("english")
