"""The scores of a baseline, reduced as a later run reduces its own."""

from __future__ import annotations

import pytest

from pytest_llmeval.gating.resampling import made_like, sampling_edits
from pytest_llmeval.gating.sampling import Sampling, sampling_of
from pytest_llmeval.gating.scores import CaseScores
from pytest_llmeval.gating.values import MetricValues
from pytest_llmeval.records.result import PASS_RATE
from pytest_llmeval.records.score import Scale

KEY = ("faq.csv", "faq.csv", "c1")
VALUES = (0.0, 0.5, 1.0)
BOUND = ("m >= 0.5",)


def case(
    sampling: Sampling | None, values: tuple[float, ...] = VALUES, key: tuple[str, str, str] = KEY
) -> CaseScores:
    by_metric = {"m": MetricValues(values, reduced=0.0), PASS_RATE: MetricValues((0.0,))}
    return CaseScores(key, "failed", by_metric, sampling=sampling, thresholds=BOUND)


@pytest.mark.parametrize(
    ("before", "after", "value", "apart"),
    [
        (Sampling(3, "min"), Sampling(3, "min"), 0.0, set()),
        (Sampling(3, "min"), Sampling(3, "max"), 1.0, set()),
        (Sampling(3, "min"), Sampling(3, "median"), 0.5, set()),
        (Sampling(3, "min"), Sampling(3, "pass@2"), 5 / 6, set()),
        (None, Sampling(3, "max"), 0.0, set()),
        (Sampling(3, "min"), None, 0.0, set()),
        # The winner of a vote is not known, nor what was left of more samples.
        (Sampling(3, "min"), Sampling(3, "vote"), 0.0, {"m", PASS_RATE}),
        (Sampling(5, "min"), Sampling(5, "max"), 0.0, {"m", PASS_RATE}),
        # The mean of any number is the same on average; whether it passes is not.
        (Sampling(3, "mean"), Sampling.of(1, "max", None), 0.0, {PASS_RATE}),
        (Sampling(3, "mean"), Sampling(5, "mean"), 0.0, {PASS_RATE}),
        (Sampling(3, "median"), Sampling(5, "median"), 0.0, {"m", PASS_RATE}),
        (Sampling(3, "min"), Sampling.of(1, "min", None), 0.0, {"m", PASS_RATE}),
        (Sampling(3, "pass@2"), Sampling(4, "pass@2"), 0.0, {"m", PASS_RATE}),
        (Sampling(3, "min", "a"), Sampling(3, "min", "b"), 0.0, {"m", PASS_RATE}),
    ],
)
def test_scores_are_reduced_again_or_set_apart(
    before: Sampling | None, after: Sampling | None, value: float, apart: set[str]
) -> None:
    made = made_like(case(before), case(after), {"m": Scale(0, 1)})
    assert made.value_of("m") == pytest.approx(value)
    assert made.apart == apart
    if not apart:
        assert made.value_of(PASS_RATE) == float(value >= 0.5)


def test_the_best_of_a_scale_on_which_less_is_better() -> None:
    scales = {"m": Scale(0, 1, higher_is_better=False)}
    made = made_like(case(Sampling(3, "mean")), case(Sampling(3, "pass@3")), scales)
    assert made.value_of("m") == 0.0


def test_the_body_of_a_test_may_have_read_the_reduced_score() -> None:
    key = ("test_a.py::test_a", "faq.csv", "c1")
    old, new = case(Sampling(3, "min"), key=key), case(Sampling(3, "max"), key=key)
    assert made_like(old, new, {}).apart == {PASS_RATE}


@pytest.mark.parametrize("pattern", ["", "none", '"', "so: (.*)", "é"])
def test_a_sampling_survives_its_basis(pattern: str) -> None:
    sampling = Sampling.of(3, "Max", pattern)
    assert sampling_of(sampling.basis()) == sampling
    assert sampling_of({}) is None
    assert sampling_of({**sampling.basis(), "answer_pattern": '"cut'}) is None


@pytest.mark.parametrize(
    ("before", "after", "is_rescored", "is_as_mean"),
    [
        (Sampling(3, "min"), Sampling(3, "max"), True, False),
        # Nothing is reduced again where each case counts with its mean.
        (Sampling(3, "mean"), Sampling(5, "mean"), False, True),
        (Sampling(3, "mean"), Sampling.of(1, "max", None), False, True),
        (Sampling(3, "min"), Sampling(5, "min"), False, False),
        (Sampling(3, "min"), Sampling(3, "vote"), False, False),
        (Sampling(3, "min"), Sampling(5, "mean"), False, False),
    ],
)
def test_an_edit_says_whether_scores_were_reduced_again(
    before: Sampling, after: Sampling, is_rescored: bool, is_as_mean: bool
) -> None:
    old, new = case(before), case(after)
    made = made_like(old, new, {"m": Scale(0, 1)})
    (edit,) = sampling_edits([(made, new)], {old.key: old})
    assert (edit.is_rescored, edit.is_as_mean) == (is_rescored, is_as_mean)


def test_nothing_is_compared_as_a_mean_where_a_score_is_missing() -> None:
    old, new = case(Sampling(3, "min"), ()), case(Sampling(3, "max"))
    made = made_like(old, new, {"m": Scale(0, 1)})
    (edit,) = sampling_edits([(made, new)], {old.key: old})
    assert not edit.is_as_mean
