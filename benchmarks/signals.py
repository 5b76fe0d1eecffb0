"""What a signal at a random moment leaves, and what the same run pays again afterwards."""

from __future__ import annotations

import random
import signal
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass

from benchmarks.kills import COMMITTED_S, FEW_S
from benchmarks.processes import Running
from benchmarks.setup import Setup
from benchmarks.suite import Endpoint, Suite, serving
from benchmarks.table import Row, guarantee, note, performance

KINDS = (
    ("SIGTERM", True),
    ("SIGKILL", False),
    ("SIGHUP", True),
    ("SIGINT", False),
    ("SIGKILL", True),
    ("SIGTERM", False),
    ("SIGINT", True),
    ("SIGHUP", False),
)
"""A signal, and whether there are workers."""

FILES = ("completions.sqlite", "runs.sqlite")
USUAL_ROWS, USUAL_TRIALS = 60, 24


@dataclass(frozen=True)
class Trial:
    """One run that got a signal, and the same run again.

    Attributes:
        ended_s: Seconds from the signal until every process had ended.
        again: Calls that the endpoint had answered before the signal, made again.
        late: Of these, the calls that were answered just before it.
        passed: Cases that passed in the second run.
        intact: Databases that are whole after the signal.
        code: Exit code of the first run.
    """

    ended_s: float
    again: int
    late: int
    passed: int
    intact: int
    code: int


def signals(setup: Setup) -> Iterator[Row]:
    """Send signals at random moments, each kind in turn, to all processes or to the first."""
    draw = random.Random(13)
    trials: dict[tuple[str, bool], list[Trial]] = {}
    for number in range(setup.pairs(USUAL_TRIALS)):
        name, has_workers = KINDS[number % len(KINDS)]
        options = setup.shared if has_workers else setup.alone
        trial = _trial(setup, f"signals-{number}", name, options, draw)
        trials.setdefault((name, has_workers), []).append(trial)
    for (name, has_workers), taken in trials.items():
        measure = f"{name} {'with' if has_workers else 'without'} workers"
        yield from _rows(setup, measure, name, taken)


def _trial(
    setup: Setup, label: str, name: str, options: tuple[str, ...], draw: random.Random
) -> Trial:
    suite = setup.suite(label, USUAL_ROWS)
    moment = draw.uniform(0.1, 0.9) * suite.calls
    with serving(latency_ms=setup.size.latency_ms) as endpoint:
        process = suite.start(endpoint, *options)
        endpoint.wait_until(lambda stats: bool(stats["requests"] >= moment), process)
        sent_at = time.monotonic()
        process.send(signal.Signals[name], is_for_all=draw.random() < 0.5)
        code = process.wait().code
        ended_s = _wait_for_end(process, endpoint, sent_at)
        intact = _intact(suite)
        endpoint.request("/mark")
        run = suite.finish(suite.start(endpoint, *options), endpoint)
    answered = [moment for moment in run.stats["again_after_answer"] if moment < sent_at]
    late = sum(moment >= sent_at - COMMITTED_S for moment in answered)
    return Trial(ended_s, len(answered), late, run.outcomes("passed"), intact, code)


def _wait_for_end(process: Running, endpoint: Endpoint, sent_at: float) -> float:
    """Wait until workers have ended too, and nothing is in flight."""
    while process.has_members() or endpoint.request("/stats")["in_flight"]:
        time.sleep(0.02)
    return time.monotonic() - sent_at


def _intact(suite: Suite) -> int:
    count = 0
    for file in FILES:
        path = suite.folder / ".llmeval" / file
        if not path.exists():  # the signal came before the first result
            count += 1
            continue
        with closing(sqlite3.connect(path)) as db:
            count += db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    return count


def _rows(setup: Setup, measure: str, name: str, trials: list[Trial]) -> Iterator[Row]:
    again = sum(trial.again for trial in trials)
    late = sum(trial.late for trial in trials)
    if name == "SIGKILL":
        yield guarantee(measure, "finished calls paid again", again - late, "=", 0, "calls")
        most = max(trial.late for trial in trials)
        what = "calls of the last quarter of a second paid again"
        yield performance(measure, what, most, "<=", setup.size.concurrency, "calls")
    else:
        yield guarantee(measure, "finished calls paid again", again, "=", 0, "calls")
        interrupted = sum(trial.code == 2 for trial in trials)
        yield guarantee(measure, "exit code 2", interrupted, "=", len(trials), "runs")
    slowest = max(trial.ended_s for trial in trials)
    yield performance(measure, "slowest end of all processes", slowest, "<=", FEW_S, "s")
    intact = sum(trial.intact for trial in trials)
    yield guarantee(measure, "databases intact", intact, "=", len(FILES) * len(trials), "files")
    passed = min(trial.passed for trial in trials)
    rows = setup.rows(USUAL_ROWS)
    yield guarantee(measure, "cases passed when run again", passed, "=", rows, "cases")
    yield note(measure, "trials", len(trials), "runs")
