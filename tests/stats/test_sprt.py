"""The sequential test of cases that must pass: Wald's bounds, and how often it is wrong, worked out exactly."""

from __future__ import annotations

import math

import pytest

from pytest_llmeval.stats import sprt
from pytest_llmeval.stats.sprt import SequentialTest


def after(draws: str) -> SequentialTest:
    """The test after draws that passed (``.``) or failed (``F``)."""
    test = SequentialTest()
    for draw in draws:
        assert test.verdict is None, "nothing is drawn after a verdict"
        test = test.after(draw == ".")
    return test


def characteristic(p: float) -> tuple[dict[str, float], float]:
    """How often each verdict comes of a case that passes with probability p, and how many draws that takes on average.

    Every path is followed, with its probability: no simulation.
    """
    open_paths, verdicts, draws = (
        {SequentialTest(): 1.0},
        dict.fromkeys(("fine", "broken", "inconclusive"), 0.0),
        0.0,
    )
    while open_paths:
        reached: dict[SequentialTest, float] = {}
        for test, share in open_paths.items():
            draws += share
            for passed, odds in ((True, p), (False, 1 - p)):
                later = test.after(passed)
                if later.verdict is None:
                    reached[later] = reached.get(later, 0.0) + share * odds
                else:
                    verdicts[later.verdict] += share * odds
        open_paths = reached
    return verdicts, draws


def test_steps_and_bounds_are_those_of_the_two_hypotheses() -> None:
    assert (round(sprt.PASS_STEP, 3), round(sprt.FAILURE_STEP, 3)) == (-0.305, 1.792)
    assert (round(sprt.FINE_BOUND, 2), round(sprt.BROKEN_BOUND, 2)) == (-2.29, 4.50)


@pytest.mark.parametrize(
    ("draws", "verdict"),
    [
        ("", None),
        (".......", None),
        ("........", "fine"),
        ("FF", None),
        ("FFF", "broken"),
        ("F.............", None),
        ("F..............", "fine"),  # one failure takes six passes more
        ("...F...F..F", None),
        ("...F...F..FF", "broken"),
        (".F" * 2 + ".F.F", "broken"),
    ],
)
def test_draws_say_fine_or_broken_as_soon_as_they_can(draws: str, verdict: str | None) -> None:
    assert after(draws).verdict == verdict


def test_after_thirty_draws_it_is_given_up() -> None:
    test = after(("F" + "." * 5) * 4 + "F" + "." * 4)
    assert (test.draws, test.verdict) == (29, None)
    assert test.after(True).verdict == "inconclusive"


def test_it_is_wrong_no_more_often_than_wald_says() -> None:
    fine, draws = characteristic(sprt.FINE)
    broken, _ = characteristic(sprt.BROKEN)
    assert fine["broken"] <= sprt.FALSE_ALARM / (1 - sprt.MISS)
    assert broken["fine"] <= sprt.MISS / (1 - sprt.FALSE_ALARM)
    assert sum(fine.values()) == pytest.approx(1)
    assert fine["fine"] > 0.96
    assert draws < 12  # most cases that are fine are so after eight


def test_a_broken_case_stays_green_as_often_as_the_docs_say() -> None:
    """Its first answer passes in 70 of 100 runs, and then there is no test at all."""
    verdicts, _ = characteristic(sprt.BROKEN)
    assert sprt.BROKEN + (1 - sprt.BROKEN) * verdicts["fine"] == pytest.approx(0.72, abs=0.006)


def test_a_case_that_always_passes_or_fails_is_never_misjudged() -> None:
    assert characteristic(1.0) == ({"fine": 1.0, "broken": 0.0, "inconclusive": 0.0}, 8.0)
    assert characteristic(0.0) == ({"fine": 0.0, "broken": 1.0, "inconclusive": 0.0}, 3.0)


def test_the_worse_a_case_the_more_often_it_is_called_broken() -> None:
    odds = [characteristic(p / 20)[0]["broken"] for p in range(20, -1, -1)]
    assert odds == sorted(odds)
    assert not any(math.isnan(each) for each in odds)
