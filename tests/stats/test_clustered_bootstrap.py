from __future__ import annotations

import random
import statistics

import pytest

from pytest_llmeval.stats.agreement import cohen_kappa, offset, pearson
from pytest_llmeval.stats.bootstrap import clustered_bootstrap
from pytest_llmeval.stats.intervals import mean_interval


def noise(n: int, seed: int = 0) -> list[float]:
    source = random.Random(seed)
    return [source.gauss(0, 1) for _ in range(n)]


def test_the_interval_of_a_mean_is_that_of_student() -> None:
    values = noise(200)
    found, student = clustered_bootstrap([[0.0] * 200, values], offset), mean_interval(values)
    assert found.estimate == pytest.approx(statistics.fmean(values))
    assert (found.low, found.high) == pytest.approx((student.low, student.high), abs=0.03)


def test_the_same_rows_give_the_same_interval() -> None:
    rows = [noise(50), noise(50, 1)]
    assert clustered_bootstrap(rows, pearson) == clustered_bootstrap(rows, pearson)


def test_cases_that_hang_together_count_as_one() -> None:
    values = noise(40)
    copied = [value for value in values for _ in range(10)]
    clusters = [place for place in range(40) for _ in range(10)]
    alone, whole = (
        clustered_bootstrap([[0.0] * len(each), each], offset) for each in (values, copied)
    )
    together = clustered_bootstrap([[0.0] * 400, copied], offset, clusters)
    assert (together.low, together.high) == pytest.approx((alone.low, alone.high), abs=0.05)
    assert None not in (whole.low, whole.high, together.low, together.high)
    assert (whole.high or 0) - (whole.low or 0) < ((together.high or 0) - (together.low or 0)) / 2


def test_there_are_no_bounds_where_resampling_says_nothing() -> None:
    alike = [1.0] * 20
    few = clustered_bootstrap([noise(9), noise(9, 1)], pearson)
    assert few.estimate is not None
    assert (few.low, few.high, few.n) == (None, None, 9)
    assert clustered_bootstrap([alike, alike], pearson).estimate is None
    perfect = clustered_bootstrap([[0.0, 1.0] * 10, [0.0, 1.0] * 10], cohen_kappa)
    assert (perfect.estimate, perfect.low, perfect.high) == (1.0, None, None)


def test_a_figure_that_most_resamples_leave_undefined_has_no_bounds() -> None:
    rare, common = (clustered_bootstrap(failing(many), cohen_kappa) for many in (2, 5))
    assert rare.estimate == pytest.approx(18 / 28)
    assert rare.low is None  # 12 % of the resamples hold passes alone
    assert common.low is not None  # here 0.3 %


def failing(many: int) -> list[list[float]]:
    """Two raters of 20 cases: the first fails one case less than the second."""
    return [[1.0] * (20 - fails) + [0.0] * fails for fails in (many - 1, many)]
