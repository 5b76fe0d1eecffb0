"""The metric that measures the sentiment of an answer with a lexicon."""

from __future__ import annotations

import warnings
from collections import defaultdict
from collections.abc import Sequence
from functools import cache
from heapq import heapify, heappop, heappush
from importlib import metadata
from typing import TYPE_CHECKING

from pytest_llmeval.extras import Extra
from pytest_llmeval.metrics.as_score import EMPTY, unscored
from pytest_llmeval.metrics.bounded import run_bounded
from pytest_llmeval.metrics.scripts import is_mainly_in, normal_form, scripts_of
from pytest_llmeval.protocols import BaseScorer
from pytest_llmeval.records.call import Completion
from pytest_llmeval.records.case import Case
from pytest_llmeval.records.score import Scale, Score
from pytest_llmeval.text import shows_something

if TYPE_CHECKING:
    from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer


_QUICK = 100_000
"""Characters that VADER reads at once, in about half a second at most."""


class Sentiment(BaseScorer):
    """VADER's compound score for English: -1 most negative, 0 neutral, 1 most positive.

    It adds the valence of each word in VADER's lexicon, with rules for negation, emphasis, capitals
    and emoji. A text in another language has hardly a word in the lexicon, and so is neutral. A
    text in another script is unscored.
    """

    name = "sentiment"
    scale = Scale(-1.0, 1.0)
    about = "how positive an English answer sounds: -1 negative, 0 neutral, 1 positive"
    source = "VADER: Hutto, Gilbert 2014, ICWSM; as computed by vaderSentiment"
    extra = Extra("sentiment", ("vaderSentiment",))

    def __init__(self) -> None:
        self.extra.require(self.name)
        load_lexicon()
        self.version = f"vaderSentiment {metadata.version('vaderSentiment')}/2"

    def score(self, case: Case, completion: Completion) -> Score:
        """Score the answer; its parts are the shares of negative, neutral and positive words."""
        if not shows_something(completion.text):
            return unscored(self, EMPTY)
        if not is_mainly_in(completion.text, ("Latin",)):
            script = scripts_of(completion.text)
            return unscored(self, f"VADER knows English, and the answer is in {script} letters")
        scores = polarity(completion.text)
        parts = {"negative": scores["neg"], "neutral": scores["neu"], "positive": scores["pos"]}
        return Score(self.name, scores["compound"], self.scale, version=self.version, parts=parts)


def polarity(text: str) -> dict[str, float]:
    """Compute VADER's numbers for a text: ``compound``, ``neg``, ``neu``, ``pos``.

    Raises:
        OutOfTime: The text is too long.
    """
    if len(text) <= _QUICK:
        return _polarity_scores(text)
    texts = f"an answer of {len(text):,} characters"
    scores: dict[str, float] = run_bounded("sentiment", __name__, "_polarity_scores", [text], texts)
    return scores


def _polarity_scores(text: str) -> dict[str, float]:
    """Compute VADER's numbers for a text, however long that takes."""
    scores: dict[str, float] = _analyzer().polarity_scores(normal_form(text))
    return scores


def load_lexicon() -> None:
    """Load VADER's lexicon now.

    VADER opens it with a deprecated function. Metrics are made on the main thread, where hiding a
    warning disturbs nobody. While texts are scored in threads, it could.
    """
    _analyzer()


@cache
def _analyzer() -> SentimentIntensityAnalyzer:
    from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

    class LinearAnalyzer(SentimentIntensityAnalyzer):  # type: ignore[misc]  # untyped
        """VADER, with the same results, in a time that grows with the text and not its square."""

        @staticmethod
        def _negation_check(valence: float, words: Sequence[str], start: int, i: int) -> float:
            window, position = _window(words, i)
            result: float = SentimentIntensityAnalyzer._negation_check(
                valence, window, start, position
            )
            return result

        @staticmethod
        def _special_idioms_check(valence: float, words: Sequence[str], i: int) -> float:
            window, position = _window(words, i)
            result: float = SentimentIntensityAnalyzer._special_idioms_check(
                valence, window, position
            )
            return result

        @staticmethod
        def _but_check(words: Sequence[str], sentiments: list[float]) -> list[float]:
            return _weighted_by_but(words, sentiments)

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of codecs.open, from Python 3.14 on
        return LinearAnalyzer()


def _window(words: Sequence[str], i: int) -> tuple[Sequence[str], int]:
    """Return the words that VADER looks at for a word, and its place among them."""
    start = max(i - 3, 0)
    return words[start : i + 3], i - start


def _weighted_by_but(words: Sequence[str], sentiments: list[float]) -> list[float]:
    """Halve valences before the first "but", and raise those after it.

    VADER looks for each valence in the list and changes the first that is equal, so that a valence
    can be changed twice, and another never. Heaps find the same one without a search.
    """
    position_of_but = next((i for i, word in enumerate(words) if word.lower() == "but"), None)
    if position_of_but is None:
        return sentiments
    positions: defaultdict[float, list[int]] = defaultdict(list)
    for position, valence in enumerate(sentiments):
        positions[valence].append(position)
    for heap in positions.values():
        heapify(heap)
    for index in range(len(sentiments)):
        valence = sentiments[index]
        heap = positions[valence]
        while sentiments[heap[0]] != valence:
            heappop(heap)
        first = heap[0]
        if first == position_of_but or valence == 0:
            continue
        sentiments[first] = valence * (0.5 if first < position_of_but else 1.5)
        heappush(positions[sentiments[first]], first)
    return sentiments
