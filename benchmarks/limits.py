"""What holds against an endpoint that fails, an endpoint with a limit, and a budget."""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks.setup import Setup
from benchmarks.suite import SELF_TEST_CALLS, Measured, price_usd, serving
from benchmarks.table import Row, guarantee, note, performance

RPM = 600
SHARES = {
    "fault_429": 0.1,
    "fault_500": 0.05,
    "fault_reset": 0.02,
    "fault_badjson": 0.02,
    "fault_hang": 0.01,
}


def faults(setup: Setup) -> Iterator[Row]:
    """The verdicts against an endpoint with seeded faults, compared with one without."""
    suite = setup.suite("faults", 300)
    options = (*setup.alone, "--llm-read-timeout", "5")
    usual = {"latency_ms": setup.size.latency_ms, "lowest_score": 2}  # some pass and some fail
    with serving(**usual) as endpoint:
        clean = suite.first(endpoint, *options)
    with serving(**usual, **SHARES) as endpoint:
        run = suite.first(endpoint, *options)
    clean.process.expect(1)
    same = sum(run.verdicts.get(case) == row for case, row in clean.verdicts.items())
    what = "cases with the verdict they have without faults"
    yield guarantee("faults", what, same, "=", suite.rows, "cases")
    for outcome in ("passed", "failed"):
        count = clean.outcomes(outcome)
        yield guarantee("faults", f"{outcome} without faults", count, ">", 0, "cases")
    statuses = run.stats["statuses"]
    counts = ", ".join(f"{status}: {count}" for status, count in sorted(statuses.items()))
    faulty = run.stats["requests"] - statuses["200"]
    detail = f"{counts}, hung: {run.stats['dropped']}"
    yield guarantee("faults", "replies that were faults", faulty, ">", 0, "replies", detail=detail)
    again = len(run.stats["again_after_answer"])
    yield guarantee("faults", "answered calls sent again", again, "=", 0, "calls")
    detail = f"without faults {clean.process.wall_s:.2f} s"
    yield note("faults", "wall", run.process.wall_s, "s", detail=detail)


def rpm(setup: Setup) -> Iterator[Row]:
    """A limit with a small bucket, as endpoints have that enforce it by the second."""
    yield from _limited(setup, "rpm", rows=setup.rows(400), burst=10)


def rpm_burst(setup: Setup) -> Iterator[Row]:
    """A limit whose bucket is full at the start: two thirds of the requests may come at once."""
    rows = setup.rows(450)
    yield from _limited(setup, "rpm-burst", rows, burst=(2 * rows + SELF_TEST_CALLS) * 2 // 3)


def budget(setup: Setup) -> Iterator[Row]:
    """A run with workers that may spend half of what it costs."""
    suite = setup.suite("budget", 300)
    with serving(latency_ms=setup.size.latency_ms) as endpoint:
        whole = suite.first(endpoint, *setup.shared)
        whole.process.expect(0)
        allowed = whole.cost_usd / 2
        run = suite.first(endpoint, *setup.shared, "--llm-budget", f"{allowed:.6f}")
    call = price_usd(whole.stats["largest_prompt"], whole.stats["largest_completion"])
    detail = f"budget {allowed:.4f} and one call {call:.4f}, of {whole.cost_usd:.4f}"
    most = allowed + call
    yield guarantee("budget", "spent", run.cost_usd, "<=", most, "USD", detail=detail)
    yield from _budget_errors(run, suite.rows)
    share = 100 * run.cost_usd / allowed
    yield performance("budget", "part of the budget that was used", share, ">=", 90, "%")
    yield guarantee("budget", "end of the run", run.process.code, ">", 0, "exit code")


def _budget_errors(run: Measured, rows: int) -> Iterator[Row]:
    """Every case has a result, and those that could not be paid say so."""
    errors = [result for result in run.results if result["outcome"] == "error"]
    named = sum("budget" in result["message"].lower() for result in errors)
    judged = run.outcomes("passed") + run.outcomes("failed")
    detail = f"{judged} judged, {named} errors that name the budget"
    yield guarantee("budget", "cases reported", judged + named, "=", rows, "cases", detail=detail)
    yield guarantee("budget", "errors that name the budget", named, ">", 0, "cases")


def _limited(setup: Setup, name: str, rows: int, burst: int) -> Iterator[Row]:
    suite = setup.suite(name, rows)
    with serving(latency_ms=setup.size.latency_ms, rpm=RPM, burst=burst) as endpoint:
        run = suite.first(endpoint, *setup.alone)
    yield guarantee(name, "end of the run", run.process.code, "=", 0, "exit code")
    answered = run.stats["statuses"].get("200", 0)
    yield guarantee(name, "calls answered", answered, "=", suite.calls, "calls")
    least_s = max(1, suite.calls - burst) / (RPM / 60)
    wall_s = run.process.wall_s
    detail = f"{wall_s:.2f} s / {least_s:.2f} s"
    what = "wall / least time that the limit allows"
    yield performance(name, what, wall_s / least_s, "<=", 1.15, "x", detail=detail)
    refused = run.stats["statuses"].get("429", 0)
    requests = run.stats["requests"]
    detail = f"{refused} of {requests}"
    share = 100 * refused / requests
    yield performance(name, "requests answered 429", share, "<", 2, "%", detail=detail)
