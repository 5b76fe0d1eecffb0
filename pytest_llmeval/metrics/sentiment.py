"""The sentiment of an answer, by a lexicon."""

from __future__ import annotations

from functools import cache
from importlib import metadata
from typing import TYPE_CHECKING

from pytest_llmeval.metrics.as_score import unscored
from pytest_llmeval.protocols import BaseScorer
from pytest_llmeval.records.call import Completion
from pytest_llmeval.records.case import Case
from pytest_llmeval.records.score import Scale, Score

if TYPE_CHECKING:
    from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer


class Sentiment(BaseScorer):
    """VADER's compound score: from -1, most negative, over 0, neutral, to 1, most positive. English.

    It adds the valence of each word in VADER's lexicon, with rules for negation, emphasis, capitals
    and emoji. A text in another language has hardly a word in the lexicon, and so is neutral.
    """

    name = "sentiment"
    scale = Scale(-1.0, 1.0)
    about = "how positive an English answer sounds: -1 negative, 0 neutral, 1 positive"
    source = "VADER: Hutto, Gilbert 2014, ICWSM; as computed by vaderSentiment"

    def __init__(self) -> None:
        self.version = f"vaderSentiment {metadata.version('vaderSentiment')}"

    def score(self, case: Case, completion: Completion) -> Score:
        """Score the answer; its parts are the shares of negative, neutral and positive words.

        Args:
            case: Not used.
            completion: The answer.
        """
        if not completion.text.strip():
            return unscored(self, "the answer is empty")
        found = polarity(completion.text)
        parts = {"negative": found["neg"], "neutral": found["neu"], "positive": found["pos"]}
        return Score(self.name, found["compound"], self.scale, version=self.version, parts=parts)


def polarity(text: str) -> dict[str, float]:
    """VADER's numbers for a text: ``compound``, ``neg``, ``neu``, ``pos``."""
    scores: dict[str, float] = _analyzer().polarity_scores(text)
    return scores


@cache
def _analyzer() -> SentimentIntensityAnalyzer:
    from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

    return SentimentIntensityAnalyzer()
