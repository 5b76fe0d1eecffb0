"""The bootstrap: Efron's own example, and where it has nothing to say."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from pytest_llmeval.comparisons import Interval
from pytest_llmeval.stats.bootstrap import bootstrap_interval

# Efron and Tibshirani, "An Introduction to the Bootstrap" (1993), tables 14.1 and 14.2: test A of 26 children, its
# variance with divisor n, and the 90 % BCa interval of that.
TEST_A = [
    48, 36, 20, 29, 42, 42, 20, 42, 22, 41, 45, 14, 6, 0, 33, 28, 34, 4, 32, 24, 47, 41, 24, 26, 30, 41,
]  # fmt: skip


def variance(values: Any, axis: int = -1) -> Any:
    return np.var(values, axis=axis)


def correlation(first: Any, second: Any) -> Any:
    return np.corrcoef(first, second)[0, 1]


def test_the_interval_is_the_published_one() -> None:
    found = bootstrap_interval([TEST_A], variance, confidence=0.90)
    assert found.estimate == pytest.approx(171.5, abs=0.05)
    assert found.low == pytest.approx(115.8, abs=3)
    assert found.high == pytest.approx(259.6, abs=6)


def test_rows_are_drawn_together_and_the_seed_decides() -> None:
    rows = np.random.default_rng(1).normal(size=40)
    found = bootstrap_interval([rows.tolist(), (2 * rows + 1).tolist()], correlation, draws=199)
    assert found.estimate == pytest.approx(1.0)
    shifted = (rows + np.random.default_rng(2).normal(size=40)).tolist()
    first, again = (bootstrap_interval([rows.tolist(), shifted], correlation, draws=199, seed=3) for _ in range(2))
    assert first == again
    assert first.low is not None
    assert first.low > 0.3


@pytest.mark.parametrize(("values", "estimate"), [([], None), ([0.5], 0.5), ([0.5, 0.5, 0.5], 0.5)])
def test_nothing_to_resample_gives_no_bounds(values: list[float], estimate: float | None) -> None:
    assert bootstrap_interval([values], np.mean) == Interval(estimate, None, None, len(values))
