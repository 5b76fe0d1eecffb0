"""The verdict in figures, as the head of the HTML report shows it."""

from __future__ import annotations

from collections.abc import Iterator

from pytest_llmeval.records.comparison import GateResult, MetricComparison
from pytest_llmeval.records.result import PASS_RATE
from pytest_llmeval.records.run import Run
from pytest_llmeval.records.verdicts import VERDICTS_WORST_FIRST
from pytest_llmeval.summary.summary import Summary
from pytest_llmeval.text import NONE, average, level, p_value, percent, points, rate_text


def banner_figures(run: Run, summary: Summary) -> list[tuple[str, str]]:
    """Label and text of each figure behind the verdict: those of the regression gate, or of the pass rate."""
    compared = [
        (comparison.baseline, metric)
        for comparison in run.comparisons
        for metric in comparison.metrics
    ]
    if not compared:
        rate = summary.pass_rate
        return (
            [("Pass rate, 95% interval", rate_text(rate)), ("n", f"{rate.n:,}")] if rate.n else []
        )
    baseline, metric = min(compared, key=lambda each: _urgency(each[1]))
    return [("Metric", metric.name), ("Against", baseline), *_gate_figures(metric)]


def _urgency(metric: MetricComparison) -> tuple[bool, bool, int]:
    """The smaller, the more it says of the run: it counts, it has figures, its verdict is worse."""
    return (
        not metric.is_gated,
        metric.result.n == 0,
        VERDICTS_WORST_FIRST.index(metric.result.verdict),
    )


def _gate_figures(metric: MetricComparison) -> Iterator[tuple[str, str]]:
    result = metric.result
    if not result.n:
        return  # nothing was compared, and the gate says why
    yield (
        "Before and after",
        f"{own(metric, result.before.estimate)} → {own(metric, result.after.estimate)}",
    )
    yield "Change", f"{points(result.change)} points"
    yield interval_label(result), interval_text(result)
    yield "p", p_text(result)
    yield "MDE", f"{points(result.detectable, signed=False)} points"
    yield "n", f"{result.n:,}"


def interval_label(result: GateResult) -> str:
    """The name of the interval of a change: both its bounds are one-sided."""
    return f"{level(1 - 2 * result.alpha)} interval"


def interval_text(result: GateResult) -> str:
    """The interval of a change, in points."""
    return NONE if result.lower is None else f"{points(result.lower)} to {points(result.upper)}"


def p_text(result: GateResult) -> str:
    """The p-value that decides: after Holm, where several metrics were gated together."""
    p = result.p if result.metrics == 1 or result.adjusted_p is None else result.adjusted_p
    return p_value(p)


def own(metric: MetricComparison, scaled: float | None) -> str:
    """A mean in the metric's own unit; a pass rate in percent."""
    if metric.name == PASS_RATE:
        return percent(scaled)
    return average(None if scaled is None else metric.low + scaled * (metric.high - metric.low))
