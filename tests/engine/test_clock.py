"""The clock on which the engine's time-outs run."""

from __future__ import annotations

import pytest

from pytest_llmeval.engine.clock import EngineClock


class Real:
    """A real clock that a test moves."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def passed(clock: EngineClock, real: Real, seconds: float, step: float = 1.0) -> float:
    """How much time the clock shows for so much of the real one, looked at every second."""
    began = clock.time()
    for _ in range(int(seconds / step)):
        real.now += step
        clock.time()
    return clock.time() - began


def test_it_goes_as_the_real_one_does() -> None:
    real = Real()
    assert passed(EngineClock(real), real, 50) == pytest.approx(50)


def test_at_a_breakpoint_it_all_but_stands_still_and_then_goes_on() -> None:
    real = Real()
    clock = EngineClock(real)
    began = clock.time()
    clock.slow_down()
    assert passed(clock, real, 1000) == pytest.approx(1)
    clock.go_on()
    assert clock.time() - began == pytest.approx(1)
    assert passed(clock, real, 10) == pytest.approx(10)


def test_a_breakpoint_inside_another_ends_with_the_outer_one() -> None:
    real = Real()
    clock = EngineClock(real)
    clock.slow_down()
    clock.slow_down()
    clock.go_on()
    assert passed(clock, real, 1000) == pytest.approx(1)
    clock.go_on()
    clock.go_on()
    assert passed(clock, real, 10) == pytest.approx(10)


def test_time_in_which_the_loop_did_not_run_does_not_count() -> None:
    real = Real()
    clock = EngineClock(real)
    assert passed(clock, real, 3600, step=3600) == pytest.approx(1)
    assert passed(clock, real, 4, step=4) == pytest.approx(4)


def test_it_never_goes_back() -> None:
    real = Real()
    clock = EngineClock(real)
    shown = [clock.time()]
    for change in (clock.slow_down, clock.go_on, clock.slow_down, clock.go_on):
        real.now += 7
        shown.append(clock.time())
        change()
        shown.append(clock.time())
    assert shown == sorted(shown)
