"""The table of the benchmarks: what counts as missed, and the exit code."""

from __future__ import annotations

import subprocess
import sys

import pytest

from benchmarks.processes import ROOT
from benchmarks.table import Row, guarantee, note, performance, show


@pytest.mark.parametrize(
    ("value", "verdict", "is_failure"),
    [(1.1, "met", False), (1.3, "missed, known", False), (1.6, "MISSED", True)],
)
def test_a_known_shortfall_is_no_failure_until_it_grows(
    value: float, verdict: str, is_failure: bool
) -> None:
    row = performance("pipeline", "wall", value, "<=", 1.15, "x", shortfall=1.5)

    assert (row.verdict, row.is_failure) == (verdict, is_failure)


def test_a_bar_without_a_known_shortfall_is_met_or_missed() -> None:
    assert guarantee("warm", "requests", 0, "=", 0, "requests").verdict == "met"
    assert guarantee("warm", "requests", 1, "=", 0, "requests").is_failure


def test_a_figure_that_could_not_be_measured_is_a_failure() -> None:
    assert Row("report", "", None, "", detail="no chromium").is_failure
    assert not note("warm", "wall", 2.5, "s").is_failure


def test_the_table_shows_figure_unit_bar_and_verdict(capsys: pytest.CaptureFixture[str]) -> None:
    show([performance("pipeline", "wall", 1.3, "<=", 1.15, "x", shortfall=1.5, detail="13 / 10")])

    line = capsys.readouterr().out.splitlines()[-1]
    assert line.split("  ") == [
        "pipeline",
        "wall",
        "1.30 x",
        "<= 1.15 (today 1.50)",
        "missed, known",
        "13 / 10",
    ]


def test_an_unknown_measure_is_refused_with_the_names_that_exist() -> None:
    command = [sys.executable, "-m", "benchmarks", "pipline"]

    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60)

    assert run.returncode == 2
    assert "no measure pipline; there are pipeline, workers" in run.stderr
