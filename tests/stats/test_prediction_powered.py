from __future__ import annotations

import math
import random
import statistics

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_llmeval.records.interval import Interval
from pytest_llmeval.stats.prediction_powered import (
    prediction_powered_change,
    prediction_powered_mean,
)

NUMBERS = st.lists(st.floats(0, 5).map(lambda value: round(value, 3)), min_size=3, max_size=12)


def test_the_formula_worked_out_by_hand() -> None:
    """cov(y, f) = 7/3 and var(all f) = 16/7, so λ = 7/3 / (7/3 · 16/7) = 7/16; the rest is 2, 11, 13, 22 of 16."""
    found = prediction_powered_mean([1, 2, 3, 4], [2, 3, 5, 6], [4, 5, 6])
    assert found.weight == pytest.approx(7 / 16)
    assert found.mean.estimate == pytest.approx(2.5 + 7 / 16 * (5 - 4))
    # Two degrees of freedom are left: the variance has the divisor n - 2, and t is 4.3027.
    error = math.sqrt(202 / 256 / 2 / 4 + 49 / 256 / 3)
    assert found.error == pytest.approx(error)
    assert found.error_of_labels == pytest.approx(math.sqrt(5 / 3 / 4))
    assert found.mean.high == pytest.approx(2.9375 + 4.302653 * error)
    assert (found.mean.n, found.unlabelled) == (4, 3)


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


def test_labels_at_one_end_of_a_scale_allow_for_labels_that_no_case_has_shown() -> None:
    """All of 20 labels are 5 of 5, and so is the judge: the rule of three, 2.996 of 20 at 0."""
    found = prediction_powered_mean([5.0] * 20, [5.0] * 20, [5.0] * 100, (0.0, 5.0)).mean
    assert (found.estimate, found.high) == (5.0, 5.0)
    assert found.low == pytest.approx(5 + 5 * math.log(0.05) / 20)
    unknown = prediction_powered_mean([5.0] * 20, [5.0] * 20, [5.0] * 100)
    assert unknown.mean == Interval(5.0, None, None, 20)
    assert unknown.error is None


def test_too_few_labels_have_no_error() -> None:
    assert prediction_powered_mean([], [], [1.0, 2.0]).mean.estimate is None
    one = prediction_powered_mean([4.0], [3.0], [1.0, 2.0])
    assert (one.mean.estimate, one.mean.low, one.error) == (4.0, None, None)


def test_a_change_is_that_of_the_differences() -> None:
    labels, scores, more = (
        [(1, 2), (2, 2), (3, 5)],
        [(0, 2), (1, 2), (2, 5)],
        [(1, 2), (0, 5), (2, 3)],
    )
    found = prediction_powered_change(labels, scores, more)
    by_hand = prediction_powered_mean([1, 0, 2], [2, 1, 3], [1, 5, 1])
    assert (found.weight, found.error) == (by_hand.weight, by_hand.error)
    assert found.mean.estimate == by_hand.mean.estimate
    assert found.mean.low is None  # only two labels changed otherwise than the first


@pytest.mark.parametrize("n", [20, 30])
def test_the_interval_of_a_change_holds_the_truth(n: int) -> None:
    source = random.Random(n)
    truth, held, runs = -0.3, 0, 400

    def pair() -> tuple[tuple[float, float], tuple[float, float]]:
        quality, luck = source.gauss(3, 1), source.gauss(truth, 0.8)
        people = quality, quality + luck
        return people, (quality + 0.5, quality + 0.9 + 0.7 * luck + source.gauss(0, 0.4))

    for _ in range(runs):
        drawn = [pair() for _ in range(n)]
        more = [pair()[1] for _ in range(200)]
        labels, scores = [people for people, _ in drawn], [judge for _, judge in drawn]
        mean = prediction_powered_change(labels, scores, more).mean
        held += (mean.low or 0) <= truth <= (mean.high or 0)
    assert held / runs >= 0.93 - 2 * math.sqrt(0.93 * 0.07 / runs)
