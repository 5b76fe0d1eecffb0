"""The facts of a summary as labels and texts, for the terminal and Markdown."""

from __future__ import annotations

from collections.abc import Iterator

from pytest_llmeval.records.run import Run
from pytest_llmeval.summary.costs import cost_text
from pytest_llmeval.summary.judges import anchors_text, judge_text
from pytest_llmeval.summary.provider_changes import visible_provider_changes
from pytest_llmeval.summary.summary import Summary
from pytest_llmeval.summary.tallies import SampleSummary
from pytest_llmeval.text import age, count, percent, rate_text, seconds

_MOST_JUDGES = 4


def cases_text(summary: Summary) -> str:
    """Write the number of cases by outcome, and the pass rate."""
    counts = {
        name: getattr(summary, name)
        for name in ("passed", "failed", "error", "xfailed", "skipped", "lost")
    }
    outcomes = ", ".join(f"{amount:,} {name}" for name, amount in counts.items() if amount)
    return f"{outcomes or 'none'}; pass rate {rate_text(summary.pass_rate)}"


def fact_rows(run: Run, summary: Summary) -> Iterator[tuple[str, str]]:
    """Yield label and text for the calibrated rate, judges, samples, cost, calls and time."""
    if summary.calibrated is not None:
        yield "people", f"pass rate {rate_text(summary.calibrated)}, by calibration of the judge"
    for facts in run.judges[:_MOST_JUDGES]:
        yield "judge", judge_text(facts)
    for check in dict.fromkeys(
        check for comparison in run.comparisons for check in comparison.anchors
    ):
        yield "anchors", anchors_text(check)
    for comparison in run.comparisons:
        for text in visible_provider_changes(comparison):
            yield "provider", text
    if summary.samples:
        yield "samples", _samples(summary.samples)
    yield "cost", _cost(summary)
    yield "calls", _calls(run, summary)
    yield "time", f"{seconds(summary.duration_s)}; {_latency(summary)}"


def _samples(samples: SampleSummary) -> str:
    share = percent(samples.met / samples.samples)
    without = f", {samples.unscored:,} without a score" if samples.unscored else ""
    steady = f"every sample met in {samples.steady:,} of {count(samples.cases, 'case')}"
    return f"{samples.met:,} of {samples.samples:,} met ({share}){without}; {steady}"


def _cost(summary: Summary) -> str:
    parts = {"generation": summary.generation, "judge": summary.judging}
    costs = [f"{name} {cost_text(part)}" for name, part in parts.items() if part.calls]
    unused = summary.unused
    if summary.selftest.calls:
        costs.append(f"self-test {cost_text(summary.selftest)}")
    if unused.calls:
        costs.append(f"{cost_text(unused)} for {count(unused.calls, 'call')} without a result")
    return ", ".join(costs) or "nothing"


def _calls(run: Run, summary: Summary) -> str:
    parts = (summary.generation, summary.judging)
    tokens = sum(part.prompt_tokens + part.completion_tokens for part in parts)
    made = sum(part.calls for part in parts) + summary.selftest.calls + summary.unused.calls
    cached = sum(part.cached for part in parts)
    failed = ""
    if summary.failed_attempts:
        failed = f", {count(summary.failed_attempts, 'failed attempt')}"
    oldest = age(summary.oldest_cached_at, run.started_at)
    since = f" (oldest {oldest})" if oldest else ""
    return f"{made:,} made{failed}, {cached:,} answered from the cache{since}, {tokens:,} tokens"


def _latency(summary: Summary) -> str:
    if summary.latency_p50_s is None:
        return "no live answers"
    median = seconds(summary.latency_p50_s)
    return f"an answer takes {median} (median), {seconds(summary.latency_p95_s)} (p95)"
