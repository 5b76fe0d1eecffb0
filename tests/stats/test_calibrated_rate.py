from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_llmeval.records.calibration import Confusion
from pytest_llmeval.stats.calibrated_rate import calibrated_rate

COUNTS = st.integers(5, 200)


def test_the_rate_is_that_of_rogan_and_gladen() -> None:
    """A judge with sensitivity .9 and specificity .75 passes .7: (.7 + .75 - 1) / .65."""
    found = calibrated_rate(70, 100, Confusion(90, 10, 25, 75))
    assert found is not None
    assert found.estimate == pytest.approx(0.45 / 0.65)
    # Lang and Reiczigel, with z = 1.95996: 3.8415 pseudo cases for the rate, two for the others.
    p, se, sp = 71.92073 / 103.84146, 91 / 102, 76 / 102
    theta = (p + sp - 1) / (se + sp - 1)
    shift = 7.68292 * (theta * se * (1 - se) / 102 - (1 - theta) * sp * (1 - sp) / 102)
    parts = (
        p * (1 - p) / 103.84146,
        theta**2 * se * (1 - se) / 102,
        (1 - theta) ** 2 * sp * (1 - sp) / 102,
    )
    half = 1.95996 * math.sqrt(sum(parts)) / (se + sp - 1)
    assert (found.low, found.high) == pytest.approx(
        (theta + shift - half, theta + shift + half), abs=1e-5
    )


@given(COUNTS, COUNTS, st.integers(0, 200), st.integers(0, 200))
def test_the_interval_holds_the_estimate_and_stays_between_0_and_1(
    both_pass: int, both_fail: int, people_pass: int, judge_passes: int
) -> None:
    confusion = Confusion(both_pass, people_pass, judge_passes, both_fail)
    for passed in (0, 30, 50):
        found = calibrated_rate(passed, 50, confusion)
        if found is not None:
            assert found.low is not None
            assert found.high is not None
            assert 0 <= found.low <= (found.estimate or 0) <= found.high <= 1


def test_a_judge_that_knows_nothing_corrects_nothing() -> None:
    assert calibrated_rate(50, 100, Confusion(50, 50, 50, 50)) is None
    assert calibrated_rate(50, 100, Confusion(50, 5, 0, 4)) is None
    assert calibrated_rate(0, 0, Confusion(50, 5, 0, 40)) is None


@pytest.mark.parametrize(
    ("truth", "sensitivity", "specificity", "labels"),
    [(0.7, 0.9, 0.7, 30), (0.8, 0.95, 0.9, 50), (0.9, 0.8, 0.9, 100)],
)
def test_the_interval_holds_the_truth(
    truth: float, sensitivity: float, specificity: float, labels: int
) -> None:
    coverage = coverage_of_rate(truth, sensitivity, specificity, labels, 100, 400)
    assert coverage >= 0.93 - 2 * (0.93 * 0.07 / 400) ** 0.5


def coverage_of_rate(
    truth: float, sensitivity: float, specificity: float, labels: int, cases: int, runs: int
) -> float:
    """The share of intervals that hold the truth, of those that there are."""
    random = np.random.default_rng(labels)
    held = shown = 0
    for _ in range(runs):
        right = int(random.binomial(labels, truth))
        hits = int(random.binomial(right, sensitivity))
        catches = int(random.binomial(labels - right, specificity))
        confusion = Confusion(hits, right - hits, labels - right - catches, catches)
        passes = truth * sensitivity + (1 - truth) * (1 - specificity)
        found = calibrated_rate(int(random.binomial(cases, passes)), cases, confusion)
        if found is not None and found.low is not None and found.high is not None:
            shown += 1
            held += found.low <= truth <= found.high
    return held / shown
