"""What survives ``kill -9``: of one worker, and of everything."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from typing import Any

from benchmarks.processes import NotMeasured, Running
from benchmarks.setup import Setup
from benchmarks.suite import Endpoint, Suite, serving
from benchmarks.table import Row, guarantee, note, performance

COMMITTED_S = 0.25
"""A reply that was sent so long before the kill is in the store by then.

Whether a later one arrived, only the client knows.
"""

FEW_S = 5.0
"""The seconds for which claims of dead processes may block others."""


def killed_worker(setup: Setup) -> Iterator[Row]:
    """Kill one worker when half of the requests have come."""
    suite = setup.suite("killed-worker", 1000)
    with serving(latency_ms=setup.size.latency_ms) as endpoint:
        process = suite.start(endpoint, *setup.shared)
        before = _wait_for_half(endpoint, suite, process)
        workers = process.workers()
        if not workers:
            process.kill_group()
            process.wait()
            raise NotMeasured("pytest has no xdist workers")
        killed_at = time.monotonic()
        os.kill(workers[0], signal.SIGKILL)
        run = suite.finish(process, endpoint)
    cases = set(run.verdicts)
    lost = {str(nodeid).rpartition("::")[2] for nodeid in run.report["run"]["lost"]}
    detail = f"{len(cases)} results, {len(lost)} lost"
    reported = len(cases | lost)
    yield guarantee(
        "killed-worker", "cases reported", reported, "=", suite.rows, "cases", detail=detail
    )
    yield from _paid_again("killed-worker", setup, before, run.stats, killed_at)
    pause_s = run.stats["longest_pause_s"]
    yield performance("killed-worker", "longest pause between requests", pause_s, "<=", FEW_S, "s")
    yield guarantee("killed-worker", "end of the run", run.process.code, ">", 0, "exit code")


def killed_all(setup: Setup) -> Iterator[Row]:
    """Kill a run with workers when half of the requests have come, and start it again."""
    suite = setup.suite("killed-all", 1000)
    with serving(latency_ms=setup.size.latency_ms) as endpoint:
        process = suite.start(endpoint, *setup.shared)
        before = _wait_for_half(endpoint, suite, process)
        killed_at = time.monotonic()
        process.kill_group()
        process.wait()
        first = _settled(endpoint)
        endpoint.request("/mark")
        second = suite.start(endpoint, *setup.shared)
        run = suite.finish(second, endpoint)
    run.process.expect(0)
    most = setup.size.concurrency
    detail = f"{first['statuses'].get('200', 0)} answered"
    yield note("killed-all", "in flight at the kill", first["dropped"], "requests", detail=detail)
    duplicates = run.stats["duplicates"]
    yield performance("killed-all", "sent a second time", duplicates, "<=", most, "requests")
    yield from _paid_again("killed-all", setup, before, run.stats, killed_at)
    once = first["requests"] + run.stats["requests"] - duplicates
    what = "requests of both runs without those"
    yield guarantee("killed-all", what, once, "=", suite.calls, "requests")
    passed = run.outcomes("passed")
    yield guarantee("killed-all", "passed in the second run", passed, "=", suite.rows, "cases")
    yield from _resumed(process, first, second, run.stats)


def _resumed(
    process: Running, first: dict[str, Any], second: Running, stats: dict[str, Any]
) -> Iterator[Row]:
    """How long the claims of the killed run hold up the second one."""
    start_s = first["first_at"] - process.started_at
    began_s = (stats["first_at"] or second.started_at) - second.started_at
    detail = f"after {began_s:.2f} s, in the first run after {start_s:.2f} s"
    late_s = began_s - start_s
    what = "delay of the second run's first request"
    yield performance("killed-all", what, late_s, "<=", FEW_S, "s", detail=detail)
    resumed_s = max(0.0, stats["resumed_at"] - second.started_at - start_s)
    what = "delay until what was in flight is sent again"
    yield performance("killed-all", what, resumed_s, "<=", FEW_S, "s")


def _wait_for_half(endpoint: Endpoint, suite: Suite, process: Running) -> dict[str, Any]:
    """Wait until half of the requests have come, and some answers were judged."""

    def is_half_done(stats: dict[str, Any]) -> bool:
        return bool(stats["requests"] >= suite.calls / 2 and stats["judged"])

    return endpoint.wait_until(is_half_done, process)


def _settled(endpoint: Endpoint) -> dict[str, Any]:
    """Wait until the endpoint has seen that the client is dead."""
    while True:
        stats = endpoint.request("/stats")
        if not stats["in_flight"]:
            return stats
        time.sleep(0.01)


def _paid_again(
    name: str, setup: Setup, before: dict[str, Any], stats: dict[str, Any], killed_at: float
) -> Iterator[Row]:
    """Which calls that were finished at the kill are made a second time."""
    yield guarantee(name, "answers judged at the kill", before["judged"], ">", 0, "calls")
    again = stats["judged_again"]
    yield guarantee(name, "answers that were judged, paid again", again, "=", 0, "calls")
    answered = stats["again_after_answer"]
    finished = sum(answered_at < killed_at - COMMITTED_S for answered_at in answered)
    what = f"calls answered {COMMITTED_S} s before the kill, paid again"
    yield performance(name, what, finished, "=", 0, "calls")
    late = len(answered) - finished
    most = setup.size.concurrency
    yield performance(name, "calls answered later, paid again", late, "<=", most, "calls")
