"""The share of answers that people would pass, from a judge's passes and its agreement with people.

A judge that passes too many answers reports too high a pass rate, however many answers it judges.
"""

from __future__ import annotations

import math
import statistics

from pytest_llmeval.records.calibration import Confusion
from pytest_llmeval.records.interval import Interval

FEWEST_LABELS = 5
"""Answers that people pass, and that they fail, below which a judge's errors are unknown."""

_LEAST_YOUDEN = 0.1
"""Sensitivity and specificity above chance, below which the judge's passes say next to nothing."""


def calibrated_rate(
    passed: int, n: int, confusion: Confusion, confidence: float = 0.95
) -> Interval | None:
    """Correct the pass rate of a judge by its sensitivity and specificity.

    With the judge's pass rate p, its sensitivity s1 (the share that it passes of what people pass)
    and specificity s0 (the share that it fails of what people fail):

        θ = (p + s0 - 1) / (s0 + s1 - 1)

    Source: Rogan and Gladen, "Estimating prevalence from the results of a screening test", American
    Journal of Epidemiology 107 (1978); for judges Lee et al., "How to Correctly Report
    LLM-as-a-Judge Evaluations", arXiv 2511.21140. The interval has the uncertainty of all three
    shares, by Lang and Reiczigel, "Confidence limits for prevalence of disease adjusted for
    estimated sensitivity and specificity", Preventive Veterinary Medicine 113 (2014): with z²
    pseudo cases for p and two for s0 and s1,

        θ + δ ± z · √(p(1-p)/n + (1-θ)² · s0(1-s0)/m0 + θ² · s1(1-s1)/m1) / (s0 + s1 - 1)
        δ = 2z² · (θ · s1(1-s1)/m1 - (1-θ) · s0(1-s0)/m0)

    The labels must be a random part of answers such as those of the run: a judge's sensitivity and
    specificity are others on harder ones.

    Args:
        passed: Answers that the judge passes.
        n: Judged answers.
        confusion: Passes and failures by people and judge on the labelled answers.
        confidence: Between 0 and 1.

    Returns:
        ``None`` without judged answers, with fewer than five labelled passes or failures, or for a
        judge that passes about as many of the answers that people fail as of those that they pass.
    """
    people_passed = confusion.both_pass + confusion.people_pass
    people_failed = confusion.both_fail + confusion.judge_passes
    if not n or min(people_passed, people_failed) < FEWEST_LABELS:
        return None
    sensitivity = confusion.both_pass / people_passed
    specificity = confusion.both_fail / people_failed
    if sensitivity + specificity - 1 < _LEAST_YOUDEN:
        return None
    estimate = (passed / n + specificity - 1) / (sensitivity + specificity - 1)
    z = statistics.NormalDist().inv_cdf((1 + confidence) / 2)
    rate = (passed + z * z / 2) / (n + z * z)
    s1 = (confusion.both_pass + 1) / (people_passed + 2)
    s0 = (confusion.both_fail + 1) / (people_failed + 2)
    gain = s0 + s1 - 1
    if gain <= 0:
        return None
    center = (rate + s0 - 1) / gain
    of_s1 = s1 * (1 - s1) / (people_passed + 2)
    of_s0 = s0 * (1 - s0) / (people_failed + 2)
    variance = rate * (1 - rate) / (n + z * z) + (1 - center) ** 2 * of_s0 + center**2 * of_s1
    half = z * math.sqrt(variance) / gain
    center += 2 * z * z * (center * of_s1 - (1 - center) * of_s0)
    shown = _within_unit(estimate)
    low, high = _within_unit(center - half), _within_unit(center + half)
    return Interval(shown, min(low, shown), max(high, shown), n)


def _within_unit(share: float) -> float:
    return min(max(share, 0.0), 1.0)
