"""The metric that measures the sentiment of an answer with a lexicon."""

from __future__ import annotations

import warnings
from functools import cache
from importlib import metadata
from typing import TYPE_CHECKING

from pytest_llmeval.extras import Extra
from pytest_llmeval.metrics.as_score import unscored
from pytest_llmeval.protocols import BaseScorer
from pytest_llmeval.records.call import Completion
from pytest_llmeval.records.case import Case
from pytest_llmeval.records.score import Scale, Score

if TYPE_CHECKING:
    from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer


class Sentiment(BaseScorer):
    """VADER's compound score for English: -1 most negative, 0 neutral, 1 most positive.

    It adds the valence of each word in VADER's lexicon, with rules for negation, emphasis, capitals
    and emoji. A text in another language has hardly a word in the lexicon, and so is neutral.
    """

    name = "sentiment"
    scale = Scale(-1.0, 1.0)
    about = "how positive an English answer sounds: -1 negative, 0 neutral, 1 positive"
    source = "VADER: Hutto, Gilbert 2014, ICWSM; as computed by vaderSentiment"
    extra = Extra("sentiment", ("vaderSentiment",))

    def __init__(self) -> None:
        self.extra.require(self.name)
        load_lexicon()
        self.version = f"vaderSentiment {metadata.version('vaderSentiment')}"

    def score(self, case: Case, completion: Completion) -> Score:
        """Score the answer; its parts are the shares of negative, neutral and positive words."""
        if not completion.text.strip():
            return unscored(self, "the answer is empty")
        scores = polarity(completion.text)
        parts = {"negative": scores["neg"], "neutral": scores["neu"], "positive": scores["pos"]}
        return Score(self.name, scores["compound"], self.scale, version=self.version, parts=parts)


def polarity(text: str) -> dict[str, float]:
    """Compute VADER's numbers for a text: ``compound``, ``neg``, ``neu``, ``pos``."""
    scores: dict[str, float] = _analyzer().polarity_scores(text)
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

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of codecs.open, from Python 3.14 on
        return SentimentIntensityAnalyzer()
