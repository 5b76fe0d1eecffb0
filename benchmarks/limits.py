"""What holds against an endpoint that fails, an endpoint that limits, and a budget."""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks.setup import Setup
from benchmarks.suite import CONCURRENCY, Measured, price_usd, serving
from benchmarks.table import Row, judged

RPM = 600
ALONE = ("-n", "0")


def faults(setup: Setup) -> Iterator[Row]:
    """The verdicts against an endpoint with seeded faults, beside those against the same without."""
    suite = setup.suite("faults", 300)
    options = (*ALONE, "--llm-concurrency", str(CONCURRENCY), "--llm-read-timeout", "2")
    usual = {
        "latency_ms": setup.latency_ms,
        "lowest_score": 2,
    }  # so that some cases pass and some fail
    shares = {
        "fault_429": 0.1,
        "fault_500": 0.05,
        "fault_reset": 0.02,
        "fault_badjson": 0.02,
        "fault_hang": 0.01,
    }
    with serving(**usual) as endpoint:
        clean = suite.pytest(endpoint, *options)
    with serving(**usual, **shares) as endpoint:
        ours = suite.pytest(endpoint, *options)
    clean.took.expect(0, 1)
    wanted, found = _verdicts(clean), _verdicts(ours)
    same = sum(found.get(case) == verdict for case, verdict in wanted.items())
    yield judged("faults", "cases with the verdict they have without", same, "=", suite.rows)
    failed = sum(outcome == "failed" for outcome, _ in wanted.values())
    yield Row(
        "faults", "verdicts without faults", f"{len(wanted) - failed} passed, {failed} failed"
    )
    seen = ", ".join(
        f"{status}: {count}" for status, count in sorted(ours.stats["statuses"].items())
    )
    yield Row("faults", "replies", f"{seen}, hung up on: {ours.stats['dropped']}")
    yield judged(
        "faults", "answered calls sent again", len(ours.stats["again_after_answer"]), "=", 0
    )
    yield Row("faults", "wall", f"{ours.took.wall_s:.2f} s (without {clean.took.wall_s:.2f} s)")


def rpm(setup: Setup) -> Iterator[Row]:
    """A limit whose bucket is small: as endpoints do that enforce a limit a minute by the second."""
    yield from _limited(setup, "rpm", rows=400, burst=10)


def rpm_burst(setup: Setup) -> Iterator[Row]:
    """A limit whose bucket is full at the start; two thirds of the requests may come at once."""
    rows = setup.rows or 450
    yield from _limited(setup, "rpm-burst", rows=rows, burst=2 * rows * 2 // 3)


def budget(setup: Setup) -> Iterator[Row]:
    """A run with four workers that may spend half of what it costs."""
    suite = setup.suite("budget", 300)
    with serving(latency_ms=setup.latency_ms) as endpoint:
        whole = suite.pytest(endpoint, "-n", "4")
        whole.took.expect(0)
        allowed = whole.cost_usd / 2
        ours = suite.pytest(endpoint, "-n", "4", "--llm-budget", f"{allowed:.6f}")
    one = price_usd(whole.stats["largest_prompt"], whole.stats["largest_completion"])
    told = f"budget {allowed:.4f} + one call {one:.4f}, of {whole.cost_usd:.4f}"
    within = ours.cost_usd <= allowed + one
    yield Row("budget", "US dollars spent", f"{ours.cost_usd:.4f}", f"<= {told}", within)
    said = sum(
        each["outcome"] == "error" and "budget" in each["message"].lower() for each in ours.results
    )
    judged_cases = sum(each["outcome"] in ("passed", "failed") for each in ours.results)
    named = f"{judged_cases} judged, {said} errors that name the budget"
    yield judged("budget", "cases reported", judged_cases + said, "=", suite.rows, told=named)
    yield judged("budget", "errors that name the budget", said, ">", 0)
    yield judged("budget", "share of the budget that was used", ours.cost_usd / allowed, ">=", 0.9)
    yield judged("budget", "exit code", ours.took.code, ">", 0)


def _limited(setup: Setup, name: str, rows: int, burst: int) -> Iterator[Row]:
    suite = setup.suite(name, rows)
    with serving(latency_ms=setup.latency_ms, rpm=RPM, burst=burst) as endpoint:
        ours = suite.pytest(endpoint, *ALONE)
    yield judged(name, "exit code", ours.took.code, "=", 0)
    least_s = max(1, 2 * suite.rows - burst) / (RPM / 60)
    told = f"{ours.took.wall_s:.2f} s / {least_s:.2f} s"
    yield judged(
        name, "wall / the limit's own time", ours.took.wall_s / least_s, "<=", 1.15, " x", told
    )
    refused, requests = ours.stats["statuses"].get("429", 0), ours.stats["requests"]
    yield judged(
        name,
        "requests answered 429",
        100 * refused / requests,
        "<",
        2,
        " %",
        f"{refused} of {requests}",
    )


def _verdicts(run: Measured) -> dict[str, tuple[str, object]]:
    """Outcome and scores by case id."""
    return {
        each["case"]["id"]: (
            each["outcome"],
            [(score["name"], score["value"]) for score in each["scores"]],
        )
        for each in run.results
    }
