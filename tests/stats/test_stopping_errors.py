"""A small part of `make simulate`, with loose bars: early stops, series of runs, and plans."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.stats.gate_worlds import World, noisy, pass_fail, rare_gains
from tests.stats.stopping_worlds import MARGIN, Sized, planned, series, stops

RUNS = 150
# 5% of 150 runs are 14 or fewer in 99.5% of all simulations; the seeds are fixed.
FEW = 14 / 150

WORLDS = [pass_fail(100, 0.1), noisy(100, 0.3), rare_gains(100, 0.95)]


@pytest.mark.parametrize("world", WORLDS, ids=lambda world: world.name)
def test_an_early_stop_seldom_errs(world: World) -> None:
    assert stops(world, 0.0, RUNS).worse <= FEW
    assert stops(world, MARGIN, RUNS).safe <= FEW


def test_a_large_drop_needs_a_small_part_of_the_cases() -> None:
    found = stops(pass_fail(200, 0.1), 0.2, 50)
    assert len(found.regressed) == 50
    assert sorted(found.regressed)[25] < 0.35


def test_a_series_of_runs_seldom_errs_where_a_product_would() -> None:
    by_sum, by_product = series(100, 0.1, 30, 40)
    assert by_sum <= 0.05 < by_product
    assert series(100, 0.1, 30, 20, drop=0.1)[0] > 0.5


@pytest.mark.parametrize(
    ("kind", "parameters", "n"), [(pass_fail, (0.04,), 150), (noisy, (0.15,), 100)]
)
def test_a_plan_has_its_power(
    kind: Callable[..., World], parameters: tuple[float, ...], n: int
) -> None:
    found = planned(kind(n, *parameters), Sized(kind, *parameters), 40)
    assert 0.6 <= found.power <= 0.95
    assert 0.6 <= found.held <= 0.99
