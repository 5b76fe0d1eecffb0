"""What the plugin costs before it does anything: one case, and no case at all."""

from __future__ import annotations

import statistics
from collections.abc import Iterator

from benchmarks.setup import Setup
from benchmarks.suite import Suite, noop, serving
from benchmarks.table import Row, guarantee, performance

WITHOUT = ("-p", "no:llm_golden")
UNUSED_PAIRS = 25
CASE_PAIRS = 5


def unused(setup: Setup) -> Iterator[Row]:
    """CPU, files and requests that the plugin adds to a pytest that does not use it."""
    folder = setup.folder / "unused"
    noop(folder, 1)  # so that bytecode and caches exist
    pairs = []
    with serving(latency_ms=0) as endpoint:
        for _ in range(setup.pairs(UNUSED_PAIRS)):
            bare = noop(folder, 1, *WITHOUT)
            pairs.append((bare, noop(folder, 1, LLMEVAL_BASE_URL=endpoint.url)))
        requests = endpoint.request("/stats")["requests"]
    bare_ms = statistics.median(bare.cpu_s for bare, _ in pairs) * 1000
    added_ms = statistics.median(idle.cpu_s - bare.cpu_s for bare, idle in pairs) * 1000
    detail = f"pytest itself {bare_ms:.0f} ms"
    yield performance("unused", "CPU", added_ms, "<=", 8, "ms", shortfall=50, detail=detail)
    files = [path.name for path in folder.iterdir() if path.name.startswith((".llm", "llm"))]
    yield guarantee("unused", "files written", len(files), "=", 0, "files")
    yield guarantee("unused", "requests", requests, "=", 0, "requests")


def one_case(setup: Setup) -> Iterator[Row]:
    """CPU of one case against an endpoint without latency, above pytest's own start."""
    suite = Suite.make(setup.folder / "one-case", 1)
    idle_folder = setup.folder / "one-case-noop"
    pairs = []
    with serving(latency_ms=0) as endpoint:
        suite.first(endpoint, *setup.alone).process.expect(0)
        noop(idle_folder, 1, *WITHOUT)
        for _ in range(setup.pairs(CASE_PAIRS)):
            bare = noop(idle_folder, 1, *WITHOUT)
            suite.forget_answers()  # but not that its judge has passed the self-test
            run = suite.again(endpoint, *setup.alone)
            run.process.expect(0)
            pairs.append((bare, run))
    bare_s = statistics.median(bare.cpu_s for bare, _ in pairs)
    added_s = statistics.median(run.process.cpu_s - bare.cpu_s for bare, run in pairs)
    detail = f"pytest itself {bare_s:.2f} s"
    yield performance(
        "one-case", "CPU above pytest", added_s, "<=", 0.5, "s", shortfall=1.2, detail=detail
    )
    requests = pairs[-1][1].stats["requests"]
    yield guarantee("one-case", "requests", requests, "=", 2, "requests")
