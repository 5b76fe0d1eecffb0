"""Samples that broke: the score of their case is known only if no value of theirs changes it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pytest_llmeval.baselines.rejudging import _reduced
from pytest_llmeval.gating.lost_samples import settled
from pytest_llmeval.gating.sampling import Sampling
from pytest_llmeval.gating.values import metric_values
from pytest_llmeval.records.result import Sample
from pytest_llmeval.records.score import UNIT_SCALE, Scale, Score
from pytest_llmeval.stats.reducers import parse_reducer

LESS_IS_BETTER = Scale(0, 1, higher_is_better=False)


@pytest.mark.parametrize(
    ("known", "lost", "reducer", "value"),
    [
        ((1.0, 1.0), 1, "mean", None),
        ((1.0,), 2, "max", 1.0),
        ((0.5,), 2, "max", None),
        ((0.0, 0.0), 1, "max", None),
        ((1.0, 1.0), 1, "majority", 1.0),
        ((1.0, 0.0), 1, "majority", None),
        ((0.0, 0.0), 1, "median", 0.0),
        ((1.0, 1.0), 1, "pass@2", 1.0),
        ((1.0, 0.0), 1, "pass@2", None),
        ((0.0, 1.0), 1, "min", 0.0),
        ((1.0, 1.0), 1, "vote", None),
    ],
)
def test_a_score_is_settled_if_no_lost_sample_could_change_it(
    known: tuple[float, ...], lost: int, reducer: str, value: float | None
) -> None:
    sampling = Sampling(len(known) + lost, reducer)
    assert settled(known, lost, sampling, UNIT_SCALE) == value
    assert settled(known, lost, None, UNIT_SCALE) is None
    assert settled(known, lost, sampling, Scale()) is None


def test_the_best_of_a_scale_on_which_less_is_better_is_settled_at_its_low_end() -> None:
    sampling = Sampling(3, "pass@3")
    assert settled((0.0,), 2, sampling, LESS_IS_BETTER) == 0.0
    assert settled((1.0,), 2, sampling, LESS_IS_BETTER) is None


def samples_of(*values: float | None) -> tuple[Sample, ...]:
    return tuple(
        Sample(number, None, (Score("hit", value, error=None if value is not None else "broke"),))
        for number, value in enumerate(values)
    )


def test_a_case_with_a_lost_sample_has_no_value() -> None:
    whole = Score("hit", 1.0)
    mean = Sampling(3)
    broken = metric_values([whole], samples_of(1, None, 1), mean)
    assert (broken.values, broken.value, broken.lost) == ((), None, 1)
    best = metric_values([whole], samples_of(1, None, 1), Sampling(3, "max"))
    assert (best.value, best.lost) == (1.0, 1)
    several = metric_values([whole, replace(whole, params={"a": 1})], samples_of(1, None), mean)
    assert (several.value, several.lost) == (None, 1)
    draw = replace(samples_of(None)[0], is_draw=True)
    assert metric_values([whole], (*samples_of(1, 1), draw), Sampling(2)).value == 1


@pytest.mark.parametrize(("votes", "value"), [(3, 1.0), (2, None)])
def test_a_vote_is_open_while_answers_that_never_came_could_win(
    votes: int, value: float | None
) -> None:
    """Of five answers one never came, and the rest have another one."""
    parts = {"n": 5, "votes": votes, "classes": 2, "unparsable": 1}
    lost = Sample(4, None, error="no answer")
    samples = (*samples_of(1), *(Sample(number, None) for number in (1, 2, 3)), lost)
    taken = metric_values([Score("hit", 1.0, parts=parts)], samples, Sampling(5, "vote"))
    assert (taken.value, taken.lost) == (value, 1)


def test_an_answer_that_a_baseline_lacks_is_lost_when_the_rest_is_scored_again() -> None:
    scores = [Score("hit", 1.0), Score("hit", 1.0)]
    assert _reduced(scores, parse_reducer("mean", 3), 1).value is None
    assert _reduced(scores, parse_reducer("majority", 3), 1).value == 1
    assert _reduced(scores, parse_reducer("mean", 2), 0).value == 1
