"""What grows with the number of rows, and what the plugin costs where it is not used."""

from __future__ import annotations

import statistics
from collections.abc import Iterator

from benchmarks.setup import Setup
from benchmarks.suite import CONCURRENCY, noop, serving
from benchmarks.table import Row, judged

ALONE = ("-n", "0", "--llm-concurrency", str(CONCURRENCY))
WITHOUT = ("-p", "no:llm_golden")
PAIRS = 25
ROOM_MB = 60


def scale(setup: Setup) -> Iterator[Row]:
    """Time and memory of ten times the rows."""
    large = setup.suite("scale-large", 10_000)
    rows = max(1, large.rows // 10)
    small = Setup(setup.folder, rows, setup.latency_ms).suite("scale-small", rows)
    with serving(latency_ms=0) as endpoint:
        few, many = small.pytest(endpoint, *ALONE), large.pytest(endpoint, *ALONE)
    few.took.expect(0)
    many.took.expect(0)
    idle = noop(setup.folder / "scale-noop", large.rows, *WITHOUT)
    told = f"{many.took.wall_s:.1f} s / {few.took.wall_s:.1f} s"
    what = f"wall of {large.rows:,} rows / {rows:,} rows"
    yield judged("scale", what, many.took.wall_s / few.took.wall_s, "<=", 10.5, " x", told)
    span = many.stats["span_s"] / few.stats["span_s"]
    yield Row("scale", "span of the calls, likewise", f"{span:.2f} x")
    bar = 1.3 * idle.peak_mb + ROOM_MB
    told = f"{large.rows:,} no-op tests: {idle.peak_mb:.0f} MB; {rows:,} rows: {few.took.peak_mb:.0f} MB"
    yield judged("scale", "peak memory", round(many.took.peak_mb), "<=", round(bar), " MB", told)


def startup(setup: Setup) -> Iterator[Row]:
    """CPU that the plugin adds to a pytest that does not use it."""
    folder = setup.folder / "startup"
    noop(folder, 1)  # so that bytecode and caches exist
    pairs = [(noop(folder, 1, *WITHOUT).cpu_s, noop(folder, 1).cpu_s) for _ in range(PAIRS)]
    without = statistics.median(pair[0] for pair in pairs) * 1000
    added = statistics.median(ours - bare for bare, ours in pairs) * 1000
    yield judged(
        "startup", "CPU added, unused", added, "<=", 10, " ms", f"pytest itself {without:.0f} ms"
    )
    written = [path.name for path in folder.iterdir() if path.name.startswith((".llm", "llm"))]
    yield judged("startup", "files written, unused", len(written), "=", 0)
