"""Pytest's own cost: as many tests as BENCHMARK_TESTS says, none of which does anything."""

import os

import pytest


@pytest.mark.parametrize("number", range(int(os.environ["BENCHMARK_TESTS"])))
def test_nothing(number: int) -> None:
    pass
