"""What survives ``kill -9``: of one worker, and of everything."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from typing import Any

from benchmarks.processes import NotMeasured
from benchmarks.setup import Setup
from benchmarks.suite import CONCURRENCY, serving
from benchmarks.table import Row, judged

COMMITTED_S = 0.25
"""A reply sent so long before the kill is kept by then; of a later one, only the client knows whether it came."""

FEW_S = 5.0
"""The seconds for which the claims of the dead may block somebody."""

OPTIONS = ("-n", "4", "--llm-concurrency", str(CONCURRENCY))


def killed_worker(setup: Setup) -> Iterator[Row]:
    """Kill one of four workers when half of the requests have come."""
    suite = setup.suite("killed-worker", 1000)
    with serving(latency_ms=setup.latency_ms) as endpoint:
        process = suite.start(endpoint, *OPTIONS)
        endpoint.wait_until(lambda stats: stats["requests"] >= suite.rows, process)
        if not (workers := process.workers()):
            process.kill_group()
            raise NotMeasured("pytest has no xdist workers")
        killed_at = time.monotonic()
        os.kill(workers[0], signal.SIGKILL)
        ours = suite.finished(process, endpoint)
    cases = {result["case"]["id"] for result in ours.results}
    lost = ours.report["run"]["lost"]
    told = f"{len(cases)} results, {len(lost)} lost"
    reported = len(cases | {str(nodeid).rpartition("::")[2] for nodeid in lost})
    yield judged("killed-worker", "cases reported", reported, "=", suite.rows, told=told)
    yield from _paid_again("killed-worker", ours.stats, killed_at)
    yield judged(
        "killed-worker",
        "longest time without a request",
        ours.stats["longest_pause_s"],
        "<=",
        FEW_S,
        " s",
    )
    yield judged("killed-worker", "exit code", ours.took.code, ">", 0)


def killed_all(setup: Setup) -> Iterator[Row]:
    """Kill a run with four workers when half of the requests have come, and start it again."""
    suite = setup.suite("killed-all", 1000)
    with serving(latency_ms=setup.latency_ms) as endpoint:
        process = suite.start(endpoint, *OPTIONS)
        endpoint.wait_until(lambda stats: stats["requests"] >= suite.rows, process)
        killed_at = time.monotonic()
        process.kill_group()
        process.wait()
        while (first := endpoint.ask("/stats"))["in_flight"]:
            time.sleep(0.01)
        endpoint.ask("/mark")
        second = suite.start(endpoint, *OPTIONS)
        ours = suite.finished(second, endpoint)
    ours.took.expect(0)
    answered = first["statuses"].get("200", 0)
    yield Row(
        "killed-all", "answered, and in flight at the kill", f"{answered}, {first['dropped']}"
    )
    yield judged("killed-all", "sent a second time", ours.stats["duplicates"], "<=", CONCURRENCY)
    yield from _paid_again("killed-all", ours.stats, killed_at)
    yield judged(
        "killed-all",
        "requests of both runs, less those",
        _once(first, ours.stats),
        "=",
        2 * suite.rows,
    )
    start_s = first["first_at"] - process.started_at  # what it takes without anything dead
    began_s = (ours.stats["first_at"] or second.started_at) - second.started_at
    told = f"after {began_s:.2f} s, in the first run after {start_s:.2f} s"
    yield judged(
        "killed-all",
        "first request of the second run later by",
        began_s - start_s,
        "<=",
        FEW_S,
        " s",
        told,
    )
    resumed_s = max(0.0, ours.stats["resumed_at"] - second.started_at - start_s)
    yield judged(
        "killed-all", "what was in flight asked again, later by", resumed_s, "<=", FEW_S, " s"
    )


def _paid_again(name: str, stats: dict[str, Any], killed_at: float) -> Iterator[Row]:
    again = stats["again_after_answer"]
    finished = sum(answered_at < killed_at - COMMITTED_S for answered_at in again)
    yield judged(name, "finished calls sent again", finished, "=", 0)
    what = f"answered in the last {COMMITTED_S} s before the kill, sent again"
    yield judged(name, what, len(again) - finished, "<=", CONCURRENCY)


def _once(first: dict[str, Any], second: dict[str, Any]) -> int:
    return int(first["requests"] + second["requests"] - second["duplicates"])
