from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest

from pytest_llmeval.errors import BadReply
from pytest_llmeval.metrics.as_score import as_score, unscored
from pytest_llmeval.protocols import adopt_scorer
from pytest_llmeval.records.call import Completion
from pytest_llmeval.records.case import Case
from pytest_llmeval.records.score import UNIT_SCALE, Scale, Score


class Words:
    name = "words"
    version = "3"
    scale = Scale(0, None, higher_is_better=False, unit="words")

    def score(self, case: Case, completion: Completion) -> float:
        return len(completion.text.split())


class Plain:
    name = "plain"
    version = "1"

    def score(self, case: Case, completion: Completion) -> float:
        return 1


WORDS, PLAIN = adopt_scorer(Words()), adopt_scorer(Plain())


@pytest.mark.parametrize("result", [2, 2.0, np.float32(2), np.int64(2), Fraction(2)])
def test_a_number_becomes_a_score_with_the_scorers_name_version_and_scale(result: object) -> None:
    assert as_score(WORDS, result) == Score("words", 2.0, Words.scale, version="3")


def test_without_a_scale_a_number_lies_from_0_to_1() -> None:
    assert as_score(PLAIN, True) == Score("plain", 1.0, UNIT_SCALE, version="1")


def test_the_value_is_a_built_in_float() -> None:
    assert type(as_score(PLAIN, np.float64(0.5)).value) is float


def test_a_score_passes_through() -> None:
    score = Score("other", None, error="why")
    assert as_score(WORDS, score) is score


@pytest.mark.parametrize("result", [math.nan, math.inf, -math.inf, np.nan])
def test_a_number_that_is_not_finite_is_unscored(result: float) -> None:
    score = as_score(WORDS, result)
    assert score.value is None
    assert "allowed: a finite number" in str(score.error)


@pytest.mark.parametrize(
    "result", [None, "5", [1], {"score": 1}, 1j, np.array([1.0, 2.0]), 10**400]
)
def test_what_is_no_number_is_unscored_with_the_reason(result: object) -> None:
    score = as_score(WORDS, result)
    assert score.value is None
    assert score.error


def test_the_error_says_what_was_returned() -> None:
    assert as_score(WORDS, "5").error == "words returned str '5'; allowed: a number or a Score"


def test_a_foreign_exception_is_told_with_its_type_and_ours_as_it_is() -> None:
    assert unscored(WORDS, KeyError("x")).error == "KeyError: 'x'"
    assert unscored(WORDS, BadReply("no JSON")).error == "no JSON"
    assert unscored(WORDS, "the answer is empty") == Score(
        "words", None, Words.scale, version="3", error="the answer is empty"
    )
