from __future__ import annotations

import math
import random
import statistics

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_llmeval.stats.prediction_powered import prediction_powered_mean

NUMBERS = st.lists(st.floats(0, 5).map(lambda value: round(value, 3)), min_size=3, max_size=12)


def test_the_formula_worked_out_by_hand() -> None:
    """cov(y, f) = 3/2 and var(all f) = 14/5, so λ = 3/2 / (2 · 14/5) = 15/56; the rest in fractions of 56."""
    found = prediction_powered_mean([1, 2, 3], [2, 2, 5], [4, 5, 6])
    assert found.weight == pytest.approx(15 / 56)
    assert found.mean.estimate == pytest.approx(2 + 15 / 56 * (5 - 3))
    assert found.error == pytest.approx(math.sqrt((1291 / 56**2) / 3 + (15 / 56) ** 2 * 1 / 3))
    assert found.error_of_labels == pytest.approx(math.sqrt(1 / 3))
    assert found.mean.high == pytest.approx(2 + 30 / 56 + 1.959964 * math.sqrt(1516 / 9408))
    assert (found.mean.n, found.unlabelled) == (3, 3)


def test_scores_that_know_the_labels_make_the_mean_surer() -> None:
    source = random.Random(1)
    people = [source.gauss(3, 1) for _ in range(2000)]
    judge = [
        value - 0.8 + source.gauss(0, 0.3) for value in people
    ]  # biased, and that does not matter
    found = prediction_powered_mean(people[:50], judge[:50], judge[50:])
    assert found.error is not None
    assert found.error_of_labels is not None
    assert found.error < found.error_of_labels / 2
    assert found.mean.low is not None
    assert found.mean.low < statistics.fmean(people) < (found.mean.high or 0)


@given(NUMBERS)
def test_scores_that_are_all_the_same_change_nothing(labels: list[float]) -> None:
    found = prediction_powered_mean(labels, [1.0] * len(labels), [1.0] * 20)
    assert found.mean.estimate == pytest.approx(statistics.fmean(labels))
    assert found.weight == 0
    assert found.error == found.error_of_labels


@given(NUMBERS, st.floats(-3, 3))
def test_a_bias_of_the_judge_cancels_out(labels: list[float], bias: float) -> None:
    scores, more = [2 * label + 1 for label in labels], [1.0, 2.0, 4.0, 8.0]
    found = prediction_powered_mean(labels, scores, more)
    biased = prediction_powered_mean(
        labels, [score + bias for score in scores], [score + bias for score in more]
    )
    assert biased.mean.estimate == pytest.approx(found.mean.estimate, abs=1e-6)
    assert biased.error == pytest.approx(found.error, abs=1e-6)


def test_too_few_labels_have_no_error() -> None:
    assert prediction_powered_mean([], [], [1.0, 2.0]).mean.estimate is None
    one = prediction_powered_mean([4.0], [3.0], [1.0, 2.0])
    assert (one.mean.estimate, one.mean.low, one.error) == (4.0, None, None)
