"""How fast: beside the bare loop, with workers, from recordings, from the store."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from benchmarks.setup import Setup
from benchmarks.suite import CONCURRENCY, Measured, noop, serving
from benchmarks.table import Row, judged

PAIRS = 2
"""Times that each side is run, in turns; the quicker one counts, as the one that was disturbed less."""

ALONE = ("-n", "0", "--llm-concurrency", str(CONCURRENCY))


def pipeline(setup: Setup) -> Iterator[Row]:
    """Wall, span and CPU of a run in one process, beside the floor."""
    suite, pairs = setup.suite("pipeline", 1000), []
    thread = suite.folder / "thread_cpu"
    watched = ("-p", "benchmarks.thread_cpu", *ALONE)
    with serving(latency_ms=setup.latency_ms) as endpoint:
        for _ in range(PAIRS):
            floor = suite.floor(endpoint)
            ours = suite.pytest(endpoint, *watched, BENCHMARK_THREAD_CPU=str(thread))
            ours.took.expect(0)
            pairs.append((floor, ours, _seconds(thread)))
    floor = min((floor for floor, _, _ in pairs), key=_wall)
    _, ours, thread_s = min(pairs, key=lambda pair: _wall(pair[1]))
    yield _ratio("pipeline", "wall / floor's wall", ours.took.wall_s, floor.took.wall_s, 1.35)
    yield _ratio(
        "pipeline", "span of the calls / floor's", ours.stats["span_s"], floor.stats["span_s"], 1.08
    )
    calls = ours.stats["requests"]
    yield judged(
        "pipeline", "CPU of the process, per call", ours.took.cpu_s / calls * 1000, "<=", 4.5, " ms"
    )
    yield judged(
        "pipeline",
        "CPU of the engine's thread, per call",
        thread_s / calls * 1000,
        "<=",
        2.2,
        " ms",
    )
    yield from _counts("pipeline", ours, 2 * suite.rows)
    yield Row(
        "pipeline",
        "CPU of the floor, per call",
        f"{floor.took.cpu_s / floor.stats['requests'] * 1000:.2f} ms",
    )


def workers(setup: Setup) -> Iterator[Row]:
    """Span and number of the calls with xdist, beside the floor in one process."""
    suite = setup.suite("workers", 1000)
    with serving(latency_ms=setup.latency_ms) as endpoint:
        floor = suite.floor(endpoint)
        for number, bar in (("2", 1.15), ("8", 1.25)):
            ours = suite.pytest(endpoint, "-n", number, *ALONE[2:])
            ours.took.expect(0)
            name = f"workers -n {number}"
            yield _ratio(
                name,
                "span of the calls / floor's",
                ours.stats["span_s"],
                floor.stats["span_s"],
                bar,
            )
            yield from _counts(name, ours, 2 * suite.rows)


def replay(setup: Setup) -> Iterator[Row]:
    """Wall of a run that answers from recordings, beside tests that do nothing."""
    suite = setup.suite("replay", 1000)
    recordings = ("--llm-recordings", str(suite.folder / "recordings"))
    with serving(latency_ms=0) as endpoint:
        suite.pytest(endpoint, *ALONE, *recordings, "--llm-record", "once").took.expect(0)
        idle, ours = [], []
        for _ in range(PAIRS):
            idle.append(
                noop(setup.folder / "replay-noop", suite.rows, "-p", "no:llm_golden").wall_s
            )
            ours.append(suite.pytest(endpoint, *ALONE, *recordings, "--llm-record", "none"))
            ours[-1].took.expect(0)
    best = min(ours, key=_wall)
    yield _ratio(
        "replay", f"wall / that of {suite.rows:,} no-op tests", best.took.wall_s, min(idle), 2.0
    )
    yield judged("replay", "requests", best.stats["requests"], "=", 0)


def warm(setup: Setup) -> Iterator[Row]:
    """Requests of a second run with the same store."""
    suite = setup.suite("warm", 1000)
    with serving(latency_ms=0) as endpoint:
        first = suite.pytest(endpoint, *ALONE)
        first.took.expect(0)
        second = suite.again(endpoint, *ALONE)
        second.took.expect(0)
    yield judged("warm", "requests of the second run", second.stats["requests"], "=", 0)
    yield Row(
        "warm",
        "wall of the second run",
        f"{second.took.wall_s:.2f} s (first {first.took.wall_s:.2f} s)",
    )


def _counts(name: str, ours: Measured, expected: int) -> Iterator[Row]:
    stats = ours.stats
    yield judged(name, "requests (two for each row)", stats["requests"], "=", expected)
    hung_up = f"{stats['dropped']} requests given up by us" if stats["dropped"] else ""
    yield judged(name, "duplicates", stats["duplicates"], "=", 0, told=hung_up)
    yield judged(name, "most in flight", stats["highest_in_flight"], "<=", CONCURRENCY)


def _ratio(name: str, what: str, ours: float, floor: float, bar: float) -> Row:
    return judged(name, what, ours / floor, "<=", bar, " x", f"{ours:.2f} s / {floor:.2f} s")


def _wall(run: Measured) -> float:
    return run.took.wall_s


def _seconds(file: Path) -> float:
    return float(file.read_text(encoding="utf-8"))
