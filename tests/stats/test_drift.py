"""The test whether a judge gives the same texts other scores than before."""

from __future__ import annotations

from statistics import NormalDist

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_llmeval.stats.drift import FEWEST, judge_shift

LEVEL = 0.1
shares = st.floats(0, 1)


def test_a_judge_that_is_half_a_point_stricter_has_changed() -> None:
    shift = judge_shift([0.8] * 25, [0.7] * 25)
    assert shift.is_drift
    assert shift.mean == pytest.approx(-0.1)
    assert shift.changed == 25
    assert shift.p == pytest.approx(0.0002, abs=0.0001)


@pytest.mark.parametrize(("moved", "p"), [(0, 1), (1, 1), (4, 2 / 16), (5, 2 / 32), (6, 2 / 64)])
def test_the_p_value_is_that_of_the_scores_that_moved_the_same_way(moved: int, p: float) -> None:
    now = [0.4] * moved + [0.6] * (25 - moved)
    shift = judge_shift([0.6] * 25, now)
    assert shift.p == pytest.approx(p)
    assert shift.is_drift == (p < 0.1)


@given(st.lists(st.tuples(shares, shares), min_size=1, max_size=12))
def test_a_stricter_judge_is_as_surprising_as_a_more_lenient_one(
    pairs: list[tuple[float, float]],
) -> None:
    then, now = zip(*pairs, strict=True)
    stricter, lenient = judge_shift(then, now), judge_shift(now, then)
    assert stricter.p == pytest.approx(lenient.p)
    assert stricter.mean == pytest.approx(-lenient.mean)
    assert stricter.changed == lenient.changed


def test_noise_alone_is_rarely_a_change() -> None:
    """A judge whose scores vary by a tenth of the scale, 400 times on 25 texts."""
    noise = NormalDist(0, 0.1).samples(400 * 25, seed=1)
    drifts = 0
    for run in range(400):
        now = [0.5 + value for value in noise[run * 25 : (run + 1) * 25]]
        drifts += judge_shift([0.5] * 25, now).is_drift
    assert drifts / 400 <= 0.13


def test_the_fewest_scores_that_can_show_a_shift_do() -> None:
    assert judge_shift([0.6] * FEWEST, [0.5] * FEWEST).is_drift
    assert not judge_shift([0.6] * (FEWEST - 1), [0.5] * (FEWEST - 1)).is_drift
