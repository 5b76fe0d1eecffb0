"""The measures by name."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from benchmarks import kills, limits, report, sizes, speed
from benchmarks.setup import Setup
from benchmarks.table import Row


@dataclass(frozen=True)
class Measure:
    """One measure.

    Attributes:
        take: Takes it.
        command: What it runs, without the options that every run has.
    """

    take: Callable[[Setup], Iterator[Row]]
    command: str


MEASURES = {
    "pipeline": Measure(
        speed.pipeline, "pytest -n 0 --llm-concurrency 50 --min-score 4, beside benchmarks/floor.py"
    ),
    "workers": Measure(speed.workers, "the same with -n 2 and with -n 8"),
    "replay": Measure(speed.replay, "pytest -n 0 --llm-record none, beside benchmarks/noop.py"),
    "warm": Measure(speed.warm, "pytest -n 0, twice"),
    "killed-worker": Measure(kills.killed_worker, "pytest -n 4, and kill -9 of a worker half way"),
    "killed-all": Measure(
        kills.killed_all, "pytest -n 4, kill -9 of everything half way, and the same again"
    ),
    "faults": Measure(
        limits.faults,
        "pytest -n 0 --llm-read-timeout 2, against an endpoint with and without faults",
    ),
    "rpm": Measure(limits.rpm, "pytest -n 0, against 600 requests a minute, 10 of them at once"),
    "rpm-burst": Measure(
        limits.rpm_burst, "pytest -n 0, against 600 requests a minute, all of them at once"
    ),
    "budget": Measure(limits.budget, "pytest -n 4 --llm-budget HALF"),
    "scale": Measure(
        sizes.scale, "pytest -n 0 --llm-concurrency 50, with a tenth of the rows and with all"
    ),
    "report": Measure(
        report.report, "write_html, and Chromium without a window, driven by Playwright"
    ),
    "startup": Measure(
        sizes.startup, "pytest on one test that does nothing, with and without the plugin"
    ),
}
"""In the order of the table."""
