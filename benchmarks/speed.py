"""How fast a run is: compared with the bare loop, with workers, from recordings, from the store."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from benchmarks.processes import NotMeasured
from benchmarks.setup import Setup
from benchmarks.suite import Measured, Suite, noop, serving
from benchmarks.table import Row, guarantee, note, performance
from benchmarks.thread_cpu import ENGINE_THREAD

WITHOUT = ("-p", "no:llm_golden")
PAIRS = 2
"""The quicker one of so many runs counts, because it was disturbed less."""

WORKERS: tuple[tuple[int, float, float, float | None], ...] = (
    (2, 1.25, 1.7, None),
    (8, 1.7, 2.3, 1.5),
)
"""Number of xdist workers, bar of the wall time, its shortfall, and that of the span."""


def pipeline(setup: Setup) -> Iterator[Row]:
    """Wall, span and CPU of a run in one process, compared with the floor."""
    suite = setup.suite("pipeline", 1000)
    file = suite.folder / "thread_cpu"
    options = ("-p", "benchmarks.thread_cpu", *setup.alone)
    floors, runs, threads_s = [], [], {}
    with serving(latency_ms=setup.size.latency_ms) as endpoint:
        for number in range(setup.pairs(PAIRS)):
            floors.append(suite.floor(endpoint, setup.size.concurrency))
            runs.append(suite.first(endpoint, *options, BENCHMARK_THREAD_CPU=str(file)))
            runs[-1].process.expect(0)
            threads_s[number] = _thread_s(file)
    floor = min(floors, key=_wall)
    run = min(runs, key=_wall)
    thread_s = threads_s[runs.index(run)]
    calls = run.stats["requests"]
    yield _wall_ratio("pipeline", run, floor, 1.15, 1.4)
    yield _span_ratio("pipeline", run, floor, 1.05, 1.15)
    cpu_ms = run.process.cpu_s / calls * 1000
    yield performance("pipeline", "CPU per call", cpu_ms, "<=", 3, "ms", shortfall=3.4)
    yield note("pipeline", "CPU of the engine's thread per call", thread_s / calls * 1000, "ms")
    floor_ms = floor.process.cpu_s / floor.stats["requests"] * 1000
    yield note("pipeline", "CPU of the floor per call", floor_ms, "ms")
    yield from _counts("pipeline", setup, suite, run)
    requests = floor.stats["requests"]
    yield guarantee("pipeline", "requests of the floor", requests, "=", suite.calls, "requests")


def workers(setup: Setup) -> Iterator[Row]:
    """The same with xdist: wall, span, number of calls, and the same results."""
    suite = setup.suite("workers", 1000)
    with serving(latency_ms=setup.size.latency_ms) as endpoint:
        floor = suite.floor(endpoint, setup.size.concurrency)
        alone = suite.first(endpoint, *setup.alone)
        alone.process.expect(0)
        yield from _counts("workers -n 0", setup, suite, alone)
        for number, bar, wall_shortfall, span_shortfall in WORKERS:
            run = suite.first(endpoint, *setup.with_workers(number))
            run.process.expect(0)
            name = f"workers -n {number}"
            yield _wall_ratio(name, run, floor, bar, wall_shortfall)
            yield _span_ratio(name, run, floor, 1.1, span_shortfall)
            yield from _counts(name, setup, suite, run)
            same = sum(run.verdicts.get(case) == row for case, row in alone.verdicts.items())
            yield guarantee(name, "results as with -n 0", same, "=", suite.rows, "cases")


def replay(setup: Setup) -> Iterator[Row]:
    """Wall of a run that answers from recordings, compared with tests that do nothing."""
    suite = setup.suite("replay", 1000)
    recordings = ("--llm-recordings", str(suite.folder / "recordings"))
    idle, runs = [], []
    with serving(latency_ms=0) as endpoint:
        suite.first(endpoint, *setup.alone, *recordings, "--llm-record", "once").process.expect(0)
        for _ in range(setup.pairs(PAIRS)):
            idle.append(noop(setup.folder / "replay-noop", suite.rows, *WITHOUT).wall_s)
            run = suite.first(endpoint, *setup.alone, *recordings, "--llm-record", "none")
            run.process.expect(0)
            runs.append(run)
    best = min(runs, key=_wall)
    what = f"wall / wall of {suite.rows:,} no-op tests"
    yield _ratio("replay", what, best.process.wall_s, min(idle), 1.6, 4.8)
    yield guarantee("replay", "requests", best.stats["requests"], "=", 0, "requests")
    yield guarantee("replay", "passed", best.outcomes("passed"), "=", suite.rows, "cases")


def warm(setup: Setup) -> Iterator[Row]:
    """Requests of a second run with the same store."""
    suite = setup.suite("warm", 1000)
    with serving(latency_ms=0) as endpoint:
        first = suite.first(endpoint, *setup.alone)
        first.process.expect(0)
        second = suite.again(endpoint, *setup.alone)
        second.process.expect(0)
    requests = second.stats["requests"]
    yield guarantee("warm", "requests of the second run", requests, "=", 0, "requests")
    same = sum(second.verdicts.get(case) == row for case, row in first.verdicts.items())
    yield guarantee("warm", "results as in the first run", same, "=", suite.rows, "cases")
    detail = f"first run {first.process.wall_s:.2f} s"
    yield note("warm", "wall of the second run", second.process.wall_s, "s", detail=detail)


def _counts(name: str, setup: Setup, suite: Suite, run: Measured) -> Iterator[Row]:
    stats = run.stats
    detail = "two for each row, 25 of the self-test"
    requests = stats["requests"]
    yield guarantee(name, "requests", requests, "=", suite.calls, "requests", detail=detail)
    duplicates = stats["duplicates"]
    detail = f"{stats['dropped']} requests given up by the run" if stats["dropped"] else ""
    yield guarantee(name, "duplicates", duplicates, "=", 0, "requests", detail=detail)
    highest = stats["highest_in_flight"]
    most = setup.size.concurrency
    yield guarantee(name, "most in flight", highest, "<=", most, "requests")


def _wall_ratio(
    name: str, run: Measured, floor: Measured, bar: float, shortfall: float | None
) -> Row:
    what = "wall / floor's wall"
    return _ratio(name, what, run.process.wall_s, floor.process.wall_s, bar, shortfall)


def _span_ratio(
    name: str, run: Measured, floor: Measured, bar: float, shortfall: float | None
) -> Row:
    what = "span of the calls / floor's span"
    return _ratio(name, what, run.stats["span_s"], floor.stats["span_s"], bar, shortfall)


def _ratio(
    name: str, what: str, value_s: float, floor_s: float, bar: float, shortfall: float | None
) -> Row:
    detail = f"{value_s:.2f} s / {floor_s:.2f} s"
    ratio = value_s / floor_s
    return performance(name, what, ratio, "<=", bar, "x", shortfall=shortfall, detail=detail)


def _wall(run: Measured) -> float:
    return run.process.wall_s


def _thread_s(file: Path) -> float:
    """CPU seconds of the engine's thread.

    Raises:
        NotMeasured: No thread has its name.
    """
    seconds = float(file.read_text(encoding="utf-8"))
    if not seconds:
        raise NotMeasured(f"pytest has no thread {ENGINE_THREAD}")
    return seconds
