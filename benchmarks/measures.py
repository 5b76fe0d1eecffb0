"""The measures by name."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from benchmarks import (
    hostile,
    installs,
    kills,
    limits,
    report,
    signals,
    sizes,
    speed,
    startup,
)
from benchmarks.setup import Setup, Size
from benchmarks.table import Row


@dataclass(frozen=True)
class Measure:
    """One measure.

    Attributes:
        take: Takes it.
        command: What it runs, without the options that every run has.
        smoke: The size at which the test suite takes it: a few seconds, in which every guarantee
            is put to the test all the same.
        is_long: Whether it takes so long that it has to be named to be taken.
    """

    take: Callable[[Setup], Iterator[Row]]
    command: str
    smoke: Size
    is_long: bool = False


SMALL = Size(rows=6, pairs=1, latency_ms=10, html=False)
KILLED = Size(rows=30, pairs=1, latency_ms=100, concurrency=4, workers=2, html=False)

MEASURES = {
    "pipeline": Measure(
        speed.pipeline,
        "pytest -n 0 --llm-concurrency 50 --min-score 4, and benchmarks/floor.py",
        SMALL,
    ),
    "workers": Measure(
        speed.workers,
        "the same with -n 0, -n 2 and -n 8",
        Size(rows=16, pairs=1, latency_ms=10, html=False),
    ),
    "replay": Measure(speed.replay, "pytest -n 0 --llm-record none, and benchmarks/noop.py", SMALL),
    "warm": Measure(speed.warm, "pytest -n 0, twice", SMALL),
    "killed-worker": Measure(
        kills.killed_worker, "pytest -n 4, and kill -9 of a worker half way", KILLED
    ),
    "killed-all": Measure(
        kills.killed_all, "pytest -n 4, kill -9 of everything half way, and the same again", KILLED
    ),
    "signals": Measure(
        signals.signals,
        "pytest -n 0 and -n 4, each signal at random moments, and the same again",
        Size(rows=10, pairs=2, latency_ms=50, concurrency=4, workers=2, html=False),
        is_long=True,
    ),
    "faults": Measure(
        limits.faults,
        "pytest -n 0 --llm-read-timeout 5, against an endpoint with and without faults",
        Size(rows=20, latency_ms=10, html=False),
    ),
    "rpm": Measure(
        limits.rpm,
        "pytest -n 0, against 600 requests a minute, 10 of them at once",
        Size(rows=2, latency_ms=10, html=False),
    ),
    "rpm-burst": Measure(
        limits.rpm_burst,
        "pytest -n 0, against 600 requests a minute, two thirds of all requests at once",
        Size(rows=2, latency_ms=10, html=False),
    ),
    "budget": Measure(
        limits.budget,
        "pytest -n 4 --llm-budget HALF",
        Size(rows=20, latency_ms=10, workers=2, html=False),
    ),
    "scale": Measure(
        sizes.scale, "pytest -n 0 --llm-concurrency 50 with 1,000 and 10,000 rows", SMALL
    ),
    "scale-50000": Measure(
        sizes.scale_50000, "the same with 1,000 and 50,000 rows", SMALL, is_long=True
    ),
    "kinds": Measure(
        sizes.kinds,
        "pytest -n 0 --llm-record none, where cases pass, fail, are the same or are not recorded",
        SMALL,
    ),
    "report": Measure(
        report.report,
        "write_html, and Chromium without a window, driven by Playwright",
        Size(rows=300),
    ),
    "one-case": Measure(startup.one_case, "pytest -n 0 on one row, and on a no-op test", SMALL),
    "unused": Measure(
        startup.unused, "pytest on a no-op test, with the plugin and without it", SMALL
    ),
    "hostile": Measure(
        hostile.hostile,
        "python -m benchmarks.hostile 1000000",
        Size(rows=2),
        is_long=True,
    ),
    "install": Measure(
        installs.install, "none: the installed files of what pyproject.toml requires", SMALL
    ),
}
"""In the order of the table."""
