"""BLEU, chrF, ROUGE and edit distance against published values and values worked out by hand."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_llmeval.errors import SettingError
from pytest_llmeval.metrics.overlap import Bleu, Chrf, EditDistance, Rouge
from pytest_llmeval.records.call import Completion
from pytest_llmeval.records.case import Case, Source
from pytest_llmeval.records.score import Score

words = st.lists(
    st.sampled_from(["the", "cat", "sat", "on", "a", "mat", "dog"]), min_size=1, max_size=12
).map(" ".join)


def score(
    metric: Bleu | Chrf | Rouge | EditDistance, answer: str, expected: str | None, **meta: Any
) -> Score:
    return metric.score(
        Case("c", "What?", Source("g.csv", 2), expected=expected, metadata=meta), Completion(answer)
    )


def test_bleu_and_chrf_are_those_of_sacrebleu_s_own_documentation() -> None:
    """A sentence of sacrebleu's README with its two references, and what its own functions for sentences give."""
    from sacrebleu import sentence_bleu, sentence_chrf

    answer, references = (
        "The man had just bitten him.",
        ["The man bit him first.", "The man had bitten the dog."],
    )
    result = score(Bleu(), answer, references[0], ideal=references[1:])
    assert result == pytest.approx(sentence_bleu(answer, references).score)
    assert score(Chrf(), answer, references[0], ideal=references[1:]) == pytest.approx(
        sentence_chrf(answer, references).score
    )


def test_bleu_by_hand() -> None:
    """Six words against six: five words, three pairs, two triples and one run of four are shared."""
    result = score(Bleu(), "the cat sat on the mat", "the cat is on the mat")
    assert result.parts["precision_1"] == pytest.approx(100 * 5 / 6)
    assert result.parts["precision_2"] == pytest.approx(100 * 3 / 5)
    assert result.parts["precision_3"] == pytest.approx(100 * 1 / 4)
    assert result.parts["brevity_penalty"] == 1
    assert result == pytest.approx(
        100 * (5 / 6 * 3 / 5 * 1 / 4 * (1 / 2 / 3)) ** 0.25
    )  # no run of four: smoothed


def test_rouge_is_that_of_rouge_score_s_own_documentation() -> None:
    """The example of rouge-score's README: 6 of 8 and of 9 words are shared, and a subsequence of 5."""
    expected, answer = (
        "The quick brown fox jumps over the lazy dog",
        "The quick brown dog jumps on the log.",
    )
    one, longest = score(Rouge("1"), answer, expected), score(Rouge(), answer, expected)
    assert [one.parts["precision"], one.parts["recall"]] == pytest.approx([0.75, 2 / 3])
    assert one == pytest.approx(2 * 0.75 * (2 / 3) / (0.75 + 2 / 3))
    assert [longest.parts["precision"], longest.parts["recall"]] == pytest.approx([0.625, 5 / 9])
    assert (one.name, longest.name) == ("rouge.1", "rouge")
    assert set(one.parts) == {"rouge1", "rouge2", "rougeL", "precision", "recall"}


def test_rouge_is_that_of_the_paper() -> None:
    """Lin 2004, section 3: S1 'police killed the gunman', S2 'police kill the gunman', S3 'the gunman kill police'."""
    expected = "police killed the gunman"
    assert score(Rouge(), "police kill the gunman", expected) == pytest.approx(3 / 4)
    assert score(Rouge(), "the gunman kill police", expected) == pytest.approx(1 / 2)
    assert score(Rouge("L", stem=True), "police kill the gunman", expected) == pytest.approx(1)


def test_rouge_counts_words_of_every_script() -> None:
    assert score(Rouge("1"), "Привет, мир", "привет мир") == 1
    assert score(Rouge("1"), "北京是首都", "首都是北京") == 1
    assert 0 < score(Rouge("2"), "北京是首都", "首都是北京") < 1


def test_chrf_by_hand() -> None:
    """Only single characters fit into 'ab' and 'ac': one of two is shared, in precision and recall; pairs are not."""
    assert score(Chrf(), "ab", "ac") == pytest.approx(100 * (1 / 2 + 0) / 2)
    assert score(Chrf(word_order=2), "ab cd", "ab ef") > float(
        score(Chrf(word_order=2), "ab cd", "abef")
    )


def test_edit_distance_by_hand() -> None:
    result = score(EditDistance(), "kitten", "sitting")
    assert result == pytest.approx(3 / 7)
    assert (result.parts["edits"], result.reason) == (3, "3 edits")
    assert score(EditDistance(), "", "abc") == 1
    assert score(EditDistance(ignore_case=True), "PARIS ", "paris") == 0
    assert score(EditDistance(), "Rom", "Paris", ideal=["Rome"]) == pytest.approx(1 / 4)


@pytest.mark.parametrize("metric", [Bleu(), Chrf(), Rouge(), EditDistance()])
def test_without_an_expected_text_the_answer_is_unscored(
    metric: Bleu | Chrf | Rouge | EditDistance,
) -> None:
    assert "no expected text" in str(score(metric, "Paris", None).error)


@pytest.mark.parametrize("answer", ["", "😀" * 10, "\ud800", "\x00", "w " * 3000])
@pytest.mark.parametrize("metric", [Bleu(), Chrf(), Rouge(), EditDistance()])
def test_hostile_answers_are_scored(
    metric: Bleu | Chrf | Rouge | EditDistance, answer: str
) -> None:
    value = score(metric, answer, "It is Paris").value
    assert value is not None
    assert value == pytest.approx(1.0 if metric.name == "edit_distance" else 0.0, abs=0.1)


@given(words, words)
def test_values_stay_in_their_range_and_equal_texts_are_best(one: str, other: str) -> None:
    for metric in (Bleu(), Chrf(), Rouge("1"), Rouge("2"), Rouge()):
        assert 0 <= score(metric, one, other) <= metric.scale.high  # type: ignore[operator]
    assert score(Bleu(), one, one) == pytest.approx(100)
    assert score(Chrf(), one, one) == pytest.approx(100)
    assert score(Rouge("1"), one, one) == 1
    assert score(Rouge(), one, one) == 1
    assert score(EditDistance(), one, one) == 0


@given(words, words)
def test_rouge_and_edit_distance_do_not_care_which_text_is_expected(one: str, other: str) -> None:
    for metric in (Rouge("1"), Rouge("2"), Rouge(), EditDistance()):
        assert float(score(metric, one, other)) == pytest.approx(float(score(metric, other, one)))


def test_versions_name_the_library_and_its_settings() -> None:
    assert Bleu("char").version.startswith("sacrebleu ")
    assert Bleu("char").version.endswith('/tokenize="char"')
    assert Rouge(stem=True).version.endswith("/stem=true")
    assert EditDistance().version.startswith("rapidfuzz ")


def test_a_tokenizer_or_kind_that_is_not_there_is_refused() -> None:
    with pytest.raises(
        SettingError, match=r"bleu tokenize: found '13b'; allowed: 13a or .* Did you mean '13a'"
    ):
        Bleu("13b")
    with pytest.raises(SettingError, match=r"rouge kind: found '3'; allowed: 1 or 2 or L"):
        Rouge("3")
    with pytest.raises(SettingError, match=r"chrf word_order: found -1"):
        Chrf(-1)
