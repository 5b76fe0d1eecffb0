"""What grows with the number of rows, and what a case costs by what happens to it."""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks.setup import Setup
from benchmarks.suite import Endpoint, Measured, Suite, noop, serving
from benchmarks.table import Row, guarantee, note, performance

WITHOUT = ("-p", "no:llm_golden")
ROOM_MB = 60
"""Memory that the plugin may take whatever the number of rows."""

GROWTH = 1.15
"""The most by which the cost of a case may grow."""


def scale(setup: Setup) -> Iterator[Row]:
    """Time and memory of 10,000 rows, compared with 1,000."""
    yield from _scaled(setup, "scale", rows=setup.rows(10_000), times=10)


def scale_50000(setup: Setup) -> Iterator[Row]:
    """Time and memory of 50,000 rows, compared with 1,000."""
    yield from _scaled(setup, "scale-50000", rows=setup.rows(50_000), times=50)


def kinds(setup: Setup) -> Iterator[Row]:
    """CPU of a case that is replayed, fails, is a duplicate, or has no recording."""
    rows = setup.rows(1000)
    hits = setup.suite("kinds-hits", rows)
    duplicates = Suite.make(setup.folder / "kinds-duplicates", rows, same_prompt=True)
    misses = Suite.make(setup.folder / "kinds-misses", rows, start=rows)
    with serving(latency_ms=0, highest_score=4) as endpoint:
        start_s = _start_s(setup, endpoint, "kinds-start")
        hit = _replayed(setup, endpoint, hits)
        failure = _run(setup, endpoint, hits, hits, "none", "--min-score", "5")
        duplicate = _replayed(setup, endpoint, duplicates)
        miss = _run(setup, endpoint, misses, hits, "none")
    hit_ms = _case_ms(hit, start_s, rows)
    yield note("kinds", "CPU of a replayed case", hit_ms, "ms", detail=f"start {start_s:.2f} s")
    expected = (
        ("failure", failure, "failed", 2.3),
        ("duplicate", duplicate, "passed", None),
        ("miss", miss, "error", 12.0),
    )
    for name, run, outcome, shortfall in expected:
        yield guarantee("kinds", f"{name}: {outcome}", run.outcomes(outcome), "=", rows, "cases")
        case_ms = _case_ms(run, start_s, rows)
        detail = f"{case_ms:.2f} ms"
        what = f"CPU of a {name} / of a replayed case"
        ratio = case_ms / hit_ms
        yield performance(
            "kinds", what, ratio, "<=", GROWTH, "x", shortfall=shortfall, detail=detail
        )
    requests = sum(run.stats["requests"] for run in (hit, failure, duplicate, miss))
    yield guarantee("kinds", "requests", requests, "=", 0, "requests")


def _scaled(setup: Setup, name: str, rows: int, times: int) -> Iterator[Row]:
    few_rows = max(1, rows // times)
    large = Suite.make(setup.folder / f"{name}-large", rows)
    small = Suite.make(setup.folder / f"{name}-small", few_rows)
    with serving(latency_ms=0) as endpoint:
        start_s = _start_s(setup, endpoint, f"{name}-start")
        few = small.first(endpoint, *setup.alone)
        many = large.first(endpoint, *setup.alone)
    few.process.expect(0)
    many.process.expect(0)
    few_ms = _case_ms(few, start_s, few_rows)
    many_ms = _case_ms(many, start_s, rows)
    what = f"CPU of a case of {rows:,} / of {few_rows:,}"
    detail = f"{many_ms:.2f} ms / {few_ms:.2f} ms, start {start_s:.2f} s"
    yield performance(name, what, many_ms / few_ms, "<=", GROWTH, "x", shortfall=1.5, detail=detail)
    detail = f"{many.process.wall_s:.1f} s / {few.process.wall_s:.1f} s"
    wall = many.process.wall_s / few.process.wall_s
    yield performance(name, "wall likewise", wall, "<=", times * 1.05, "x", detail=detail)
    yield from _memory(setup, name, rows, few, many)
    calls = many.stats["requests"]
    yield guarantee(name, "requests", calls, "=", large.calls, "requests")
    yield guarantee(name, "passed", many.outcomes("passed"), "=", rows, "cases")


def _memory(setup: Setup, name: str, rows: int, few: Measured, many: Measured) -> Iterator[Row]:
    idle_mb = noop(setup.folder / f"{name}-noop", rows, *WITHOUT).peak_mb
    detail = f"{rows:,} no-op tests {idle_mb:.0f} MB; few rows {few.process.peak_mb:.0f} MB"
    bound = round(1.3 * idle_mb + ROOM_MB)
    peak_mb = round(many.process.peak_mb)
    yield performance(name, "peak memory", peak_mb, "<=", bound, "MB", detail=detail)


def _start_s(setup: Setup, endpoint: Endpoint, name: str) -> float:
    """CPU seconds of a run of one case, which is nearly all start-up."""
    suite = Suite.make(setup.folder / name, 1)
    return suite.first(endpoint, *setup.alone).process.expect(0).cpu_s


def _case_ms(run: Measured, start_s: float, rows: int) -> float:
    """CPU milliseconds of each case beyond the start-up."""
    return max(run.process.cpu_s - start_s, 0.001) / rows * 1000


def _replayed(setup: Setup, endpoint: Endpoint, suite: Suite) -> Measured:
    """Record a run, and run it again from the recordings."""
    _run(setup, endpoint, suite, suite, "once")
    return _run(setup, endpoint, suite, suite, "none")


def _run(
    setup: Setup, endpoint: Endpoint, suite: Suite, recorded: Suite, mode: str, *options: str
) -> Measured:
    folder = str(recorded.folder / "recordings")
    recordings = ("--llm-recordings", folder, "--llm-record", mode)
    return suite.first(endpoint, *setup.alone, *recordings, *options)
