"""Every measure of ``python -m benchmarks`` still works, at a small size and without its times."""

from __future__ import annotations

import math
import sys
from pathlib import Path

import pytest

from benchmarks.measures import MEASURES
from benchmarks.setup import Setup
from benchmarks.table import MET, Row
from tests.browser.conftest import installed

LARGEST_SMOKE = 500
"""Rows that a measure may take here."""

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the benchmarks read /proc")


@pytest.mark.parametrize("name", MEASURES)
def test_a_measure_has_a_small_size_for_this_test(name: str) -> None:
    rows = MEASURES[name].smoke.rows

    assert rows is not None
    assert rows <= LARGEST_SMOKE


@pytest.mark.parametrize("name", MEASURES)
def test_a_measure_yields_its_figures_and_its_guarantees_hold(name: str, tmp_path: Path) -> None:
    if name == "report":
        _need_a_browser()
    measure = MEASURES[name]

    rows = list(measure.take(Setup(tmp_path, measure.smoke)))

    assert rows
    assert [row for row in rows if not _is_complete(row)] == []
    assert [row for row in rows if _is_guarantee(row) and row.verdict != MET] == []


def _is_complete(row: Row) -> bool:
    return row.value is not None and math.isfinite(row.value) and bool(row.unit)


def _is_guarantee(row: Row) -> bool:
    return row.bar is not None and row.bar.is_guarantee


def _need_a_browser() -> None:
    pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    if installed() is None:
        pytest.skip("no Chromium here; Debian and Ubuntu have it: apt-get install chromium")
