"""The figures at the head of the HTML report."""

from __future__ import annotations

from collections.abc import Iterator

from pytest_llmeval.records.comparison import GateResult, MetricComparison
from pytest_llmeval.records.result import PASS_RATE
from pytest_llmeval.records.run import Run
from pytest_llmeval.records.verdicts import VERDICTS_WORST_FIRST
from pytest_llmeval.summary.summary import Summary
from pytest_llmeval.text import NONE, average, level, p_value, percent, points, rate_text


def head_figures(run: Run, summary: Summary) -> list[tuple[str, str]]:
    """Return label and text of the figures of the regression gate, or of the pass rate."""
    compared = [
        (comparison.baseline, metric)
        for comparison in run.comparisons
        for metric in comparison.metrics
    ]
    if not compared:
        return list(_rates(summary))
    baseline, metric = min(compared, key=lambda pair: _urgency(pair[1]))
    return [("Metric", metric.name), ("Against", baseline), *_gate_figures(metric)]


def _rates(summary: Summary) -> Iterator[tuple[str, str]]:
    rate = summary.pass_rate
    if rate.n:
        yield "Pass rate, 95% interval", rate_text(rate)
        if summary.calibrated is not None:
            yield "As people would see it, by calibration", rate_text(summary.calibrated)
        yield "n", f"{rate.n:,}"


def _urgency(metric: MetricComparison) -> tuple[bool, bool, int]:
    """Return a key that puts a gated metric with figures and the worst verdict first."""
    return (
        not metric.is_gated,
        metric.result.n == 0,
        VERDICTS_WORST_FIRST.index(metric.result.verdict),
    )


def _gate_figures(metric: MetricComparison) -> Iterator[tuple[str, str]]:
    result = metric.result
    if not result.n:
        return  # nothing was compared; the gate gives the reason
    yield (
        "Before and after",
        f"{in_unit(metric, result.before.estimate)} → {in_unit(metric, result.after.estimate)}",
    )
    yield "Change", f"{points(result.change)} points"
    yield _interval_label(result), interval_text(result)
    yield "p", p_value(result.deciding_p)
    yield "MDE", f"{points(result.detectable, signed=False)} points"
    yield "n", f"{result.n:,}"


def _interval_label(result: GateResult) -> str:
    """Name the interval of a change, whose bounds are one-sided."""
    return f"{level(1 - 2 * result.alpha)} interval"


def interval_text(result: GateResult) -> str:
    """Write the interval of a change in points."""
    return NONE if result.lower is None else f"{points(result.lower)} to {points(result.upper)}"


def in_unit(metric: MetricComparison, scaled: float | None) -> str:
    """Write a mean in the unit of the metric, and a pass rate in percent."""
    if metric.name == PASS_RATE:
        return percent(scaled)
    return average(None if scaled is None else metric.low + scaled * (metric.high - metric.low))
