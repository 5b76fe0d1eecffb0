"""Readability. Texts and values are those of textstat's own tests at 0.7.8 (MIT licence)."""

from __future__ import annotations

import inspect
import json
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from textstat.textstat import textstatistics

from pytest_llmeval.errors import SettingError
from pytest_llmeval.metrics.readability import Readability, formulas
from pytest_llmeval.metrics.registry import MetricRegistry
from pytest_llmeval.records.call import Completion
from pytest_llmeval.records.case import Case, Source
from pytest_llmeval.records.score import Score

CASE = Case("c", "What?", Source("g.csv", 2))
NO_NUMBER = {"difficult_words_list", "is_difficult_word", "is_easy_word", "remove_punctuation"}
SETTERS = {"set_lang", "set_rm_apostrophe", "set_rounding", "set_rounding_points"}

SHORT = "Cool dogs wear da sunglasses."  # 5 words, 7 syllables
EASY = (
    "Anna and her family love doing puzzles. Anna is best at little puzzles. Anna and her brother work on medium size "
    "puzzles together. Anna's Brother likes puzzles with cars in them. When the whole family does a puzzle, they do "
    "really big puzzles. It can take them a week to finish a really big puzzle. Last year they did a puzzle with 500 "
    "pieces! Anna tries to finish one small puzzle a day by her. Her puzzles have about 50 pieces. They all glue their "
    "favorite puzzles together and frame them. The puzzles look so nice on the wall."
)
SPANISH = "Hoy es un lindo día"
ITALIAN = (
    "Roma è un comune italiano, capitale della Repubblica Italiana, nonché capoluogo dell'omonima città metropolitana "
    "e della regione Lazio."
)
ARABIC = "ذهب هند وأحمد الى المدرسة. هند تحب الرسم والمطالعة"
GERMAN = "Alle meine Entchen schwimmen auf dem See, Köpfchen unters Wasser, Schwänzchen in die Höh."
RUSSIAN = "Классные собаки носят тёмные очки."
HUNGARIAN = "A ló zabot eszik és én a csillagos ég alatt alszom ma."


def score(name: str, text: str, **params: object) -> Score:
    result = MetricRegistry().create(name, params).score(CASE, Completion(text))
    assert isinstance(result, Score)
    return result


@pytest.mark.parametrize(
    ("name", "language", "text", "value"),
    [
        ("flesch_reading_ease", "en_US", SHORT, 83.32),
        ("flesch_reading_ease", "en_US", EASY, 78.918),
        ("flesch_reading_ease", "hu_HU", HUNGARIAN, 116.655),
        ("flesch_kincaid_grade", "en_US", SHORT, 2.88),
        ("flesch_kincaid_grade", "en_US", EASY, 4.488),
        ("smog_index", "en_US", EASY, 7.348),
        ("coleman_liau_index", "en_US", EASY, 5.4),
        ("automated_readability_index", "en_US", EASY, 3.575),
        ("dale_chall_readability_score", "en_US", EASY, 7.592),
        ("gunning_fog", "en_US", EASY, 4.004),
        ("linsear_write_formula", "en_US", EASY, 4.045),
        ("spache_readability", "en_US", EASY, 3.585),
        ("text_standard", "en_US", EASY, 4.0),
        ("lix", "en_US", EASY, 22.131),
        ("rix", "en_US", EASY, 1.182),
        ("fernandez_huerta", "en_US", EASY, 113.418),
        ("szigriszt_pazos", "en_US", EASY, 110.363),
        ("gutierrez_polini", "es", SPANISH, 64.35),
        ("crawford", "en_US", EASY, 1.195),
        ("gulpease_index", "it", ITALIAN, 40.111),
        ("osman", "ar", ARABIC, 102.186),
        ("wiener_sachtextformel", "de_DE", GERMAN, 3.77),
    ],
)
def test_a_formula_gives_its_published_value(
    name: str, language: str, text: str, value: float
) -> None:
    assert float(score(name, text, language=language)) == pytest.approx(value, abs=5e-4)


def test_every_number_of_textstat_is_a_metric() -> None:
    methods = {
        name
        for name, _ in inspect.getmembers(textstatistics, inspect.isfunction)
        if not name.startswith("_")
    }
    assert set(formulas()) == methods - NO_NUMBER - SETTERS


def test_every_row_of_the_table_says_what_it_measures() -> None:
    assert all(formula.about and formula.source for formula in formulas().values())
    assert {name for name, formula in formulas().items() if formula.scale.higher_is_better} == {
        "flesch_reading_ease", "fernandez_huerta", "szigriszt_pazos", "gutierrez_polini", "gulpease_index", "osman",
        "avg_sentence_per_word", "monosyllabcount",
    }  # fmt: skip


@pytest.mark.filterwarnings("ignore:There is no easy words")
def test_the_table_knows_which_formulas_need_syllables() -> None:
    arabic = textstatistics()
    arabic.set_lang("ar")
    for name, formula in formulas().items():
        method = getattr(arabic, formula.call or name)
        if formula.uses:
            with pytest.raises(KeyError):  # pyphen has no Arabic
                method(ARABIC + name, **formula.params)
        else:
            assert isinstance(method(ARABIC + name, **formula.params), (int, float))


def test_parameters_are_textstats_own() -> None:
    assert float(score("wiener_sachtextformel", EASY, variant=4)) == pytest.approx(2.36, abs=5e-4)
    assert float(score("reading_time", EASY, ms_per_char=40)) == pytest.approx(40 * 431 / 1000)
    for name, formula in formulas().items():
        defaults = inspect.signature(getattr(textstatistics, formula.call or name)).parameters
        own = {
            key: value for key, value in formula.params.items() if name != "wiener_sachtextformel"
        }
        assert own == {key: defaults[key].default for key in own}


def test_text_standard_says_the_grade_in_words() -> None:
    assert score("text_standard", EASY).reason == "3rd and 4th grade"


@pytest.mark.parametrize("first", ["en_US", "es"])
def test_languages_do_not_mix_whichever_comes_first(first: str) -> None:
    text = f"El perro come mucho pan en la casa grande de {first}."
    order = [first, *({"en_US", "es"} - {first})]
    values = {
        language: float(score("flesch_reading_ease", text, language=language)) for language in order
    }
    direct = {}
    for language in values:
        textstat = textstatistics()
        textstat.set_lang(language)
        direct[language] = textstat.flesch_reading_ease(text)
    assert values == direct
    assert values["en_US"] != values["es"]


def test_the_users_own_textstat_keeps_its_language() -> None:
    import textstat

    textstat.set_lang("es")
    try:
        assert float(score("flesch_reading_ease", SHORT)) == pytest.approx(83.32)
        score("flesch_reading_ease", SHORT, language="de")
        assert textstat.fernandez_huerta(SPANISH) == pytest.approx(
            float(score("fernandez_huerta", SPANISH, language="es"))
        )
    finally:
        textstat.set_lang("en_US")


def test_the_version_names_textstat_language_and_changed_parameters() -> None:
    assert score("lix", SHORT).version == "textstat 0.7.8/en_US"
    assert score("lix", SHORT, language="pt-BR").version == "textstat 0.7.8/pt_BR"
    assert (
        score("difficult_words", SHORT, unique=False).version == "textstat 0.7.8/en_US/unique=false"
    )


def test_an_unknown_language_is_refused_with_the_list() -> None:
    with pytest.raises(SettingError, match=r"found 'klingon'; allowed: af, .* zu_ZA"):
        score("lix", SHORT, language="klingon")
    with pytest.raises(SettingError, match="Did you mean 'en_US'"):
        score("lix", SHORT, language="EN_US")


def test_a_region_of_a_known_language_is_enough() -> None:
    assert score("fernandez_huerta", SPANISH, language="es_MX") == float(
        score("fernandez_huerta", SPANISH, language="es")
    )


def test_arabic_has_no_syllables_so_such_formulas_are_unscored() -> None:
    result = score("flesch_reading_ease", ARABIC, language="ar")
    assert result.value is None
    assert "textstat does not find in Arabic" in str(result.error)


def test_borrowed_easy_words_are_told_in_the_reason_and_not_by_a_warning() -> None:
    name, borrowed = (
        "dale_chall_readability_score",
        "easy words are English: textstat has none for de",
    )
    assert score(name, GERMAN, language="de_DE").reason == borrowed
    assert score(name, SPANISH, language="es").reason == ""


def test_a_formula_that_textstat_lacks_in_a_language_is_unscored_and_says_so() -> None:
    lacking = {
        (name, language)
        for name in formulas()
        for language in ("en_US", "de", "es", "fr", "hu", "it", "nl", "pl", "pt", "ru")
        if score(name, RUSSIAN if language == "ru" else SHORT, language=language).value is None
    }
    assert lacking == {
        *(
            (name, language)
            for name in ("gunning_fog", "text_standard")
            for language in ("de", "es", "fr", "it", "nl", "ru")
        ),
        *((name, "pl") for name in ("flesch_reading_ease", "szigriszt_pazos", "text_standard")),
    }
    assert "textstat has no gunning_fog for language 'es'" in str(
        score("gunning_fog", SPANISH, language="es").error
    )


@pytest.mark.parametrize("text", ["", " \n\t "])
def test_an_empty_answer_is_unscored_by_formulas_and_has_zero_of_everything(text: str) -> None:
    for name, formula in formulas().items():
        result = score(name, text)
        assert (result.value, result.error) == (
            (0.0, None) if formula.is_count else (None, "the answer is empty")
        )


def test_an_answer_without_words_has_no_readability() -> None:
    assert score("flesch_reading_ease", "😀 😀 !").error == "the answer has no words"
    assert score("char_count", "😀 😀").value == 2


@pytest.mark.parametrize(
    ("text", "language", "error"),
    [
        (
            "北京是中国的首都。",
            "en_US",
            "reads the language 'en_US', and the answer is in Han letters",
        ),
        ("Привет, мир!", "de", "reads the language 'de', and the answer is in Cyrillic letters"),
        ("Hello, world!", "ru", "reads the language 'ru', and the answer is in Latin letters"),
        ("w" * 1001, "en_US", "the answer has a word of 1,001 characters; at most 1,000"),
    ],
)
def test_a_text_that_a_formula_cannot_read_is_unscored_and_only_counted(
    text: str, language: str, error: str
) -> None:
    for name in ("flesch_reading_ease", "lix", "text_quality", "syllable_count"):
        result = score(name, text, language=language)
        assert result.value is None
        assert error in str(result.error)
    assert score("char_count", text, language=language, ignore_spaces=False) == len(text)


@pytest.mark.parametrize(
    "text",
    [
        "w" * 50_000,
        "'" * 50_000,
        "a." * 25_000,
        "שלום עולם. מה שלומך?",
        "\u202eABC\u202c def",
        "\ud800 half",
        "\x00\x07",
    ],
    ids=["one word", "apostrophes", "sentences", "hebrew", "override", "surrogate", "control"],
)
def test_hostile_texts_are_scored_or_unscored(text: str) -> None:
    for name in formulas():
        result = score(name, text)
        assert (result.value is None) == (result.error is not None)


@settings(max_examples=25, deadline=None)
@given(st.text(), st.sampled_from(["en_US", "de", "ar"]))
@example("1. 2. 3.", "de")
def test_no_text_breaks_a_formula(text: str, language: str) -> None:
    for name, formula in formulas().items():
        value = score(name, text, language=language).value
        assert value is None or formula.scale.low is None or value >= formula.scale.low


def test_readability_gives_each_score_when_asked() -> None:
    taken: list[str] = []

    def take(name: str) -> Score:
        taken.append(name)
        return score(name, SHORT)

    readability = Readability(take)
    assert taken == []
    assert readability.flesch_reading_ease > 50
    assert taken == ["flesch_reading_ease"]
    assert readability.as_dict().keys() == formulas().keys() <= set(dir(readability))


def test_readability_names_the_nearest_formula() -> None:
    with pytest.raises(
        AttributeError,
        match=r"no readability formula 'flesch_ease'\. Did you mean 'flesch_reading_ease'",
    ):
        _ = Readability(lambda name: score(name, SHORT)).flesch_ease


def test_the_table_is_plain_json() -> None:
    import pytest_llmeval.metrics

    file = Path(str(pytest_llmeval.metrics.__file__)).with_name("formulas.json")
    assert [row["name"] for row in json.loads(file.read_text("utf-8"))] == list(formulas())
