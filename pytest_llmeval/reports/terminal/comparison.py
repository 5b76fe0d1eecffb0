"""A comparison of two runs in words, for a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pytest_llmeval.records.comparison import (
    CaseChange,
    Comparison,
    GateResult,
    MetricComparison,
    Slice,
)
from pytest_llmeval.records.verdicts import VERDICTS
from pytest_llmeval.text import (
    and_more,
    count,
    first_of,
    level,
    number,
    one_line,
    p_text,
    points,
)

Line = tuple[str, str]
"""A text, and the colour in which it is shown; empty: none."""

WIDTH = 100
MOST_CASES, MOST_SLICES, MOST_NAMES = 10, 8, 5


def verdict_line(comparison: Comparison, metric: MetricComparison) -> Line:
    """The verdict of one metric, with its reason, which is never shortened."""
    result = metric.result
    text = f"{result.verdict}: {metric.name} against {comparison.baseline}: {result.reason}"
    return text, VERDICTS[result.verdict].tone.colour


def comparison_lines(comparison: Comparison) -> Iterator[Line]:
    """The whole comparison: verdicts first, then numbers, then which cases changed."""
    gated = [metric for metric in comparison.metrics if metric.is_gated]
    yield from (verdict_line(comparison, metric) for metric in gated)
    for metric in comparison.metrics:
        yield from ((line, "") for line in _metric(metric))
    for cases, words in (
        (comparison.lost, "passed before and fail now"),
        (comparison.gained, "failed before, pass now"),
    ):
        if cases:
            yield (
                f"{count(len(cases), 'case')} {words}: {_names([place(each) for each in cases])}",
                "",
            )
    told = (
        ("added", comparison.added),
        ("removed", comparison.removed),
        ("in quarantine", comparison.quarantined),
    )
    for words, names in told:
        if names:
            yield f"{count(len(names), 'case')} {words}, counting neither way: {_names(names)}", ""


def place(change: CaseChange) -> str:
    """A case as a person finds it."""
    if not change.file:
        return change.id
    line = f":{change.line}" if change.line else ""
    return f"{change.file}{line} {change.id}"


def _metric(metric: MetricComparison) -> Iterator[str]:
    result = metric.result
    head = f"{metric.name}{'' if metric.is_gated else ' (not gated)'}"
    if result.change is None:
        yield f"{head}: {result.reason}; {_coverage(metric)}"
        return
    yield (
        f"{head}: {_own(metric, result.before.estimate)} -> {_own(metric, result.after.estimate)}, n={result.n:,} in "
        f"{count(result.clusters, 'cluster')}, {_coverage(metric)}"
    )
    yield f"  {', '.join(_figures(result))}"
    if metric.length is not None:
        yield f"  {_length(metric)}"
    if metric.drops:
        yield from _drops(metric)
    yield from _slices(metric.slices)


def _figures(result: GateResult) -> Iterator[str]:
    yield f"change {points(result.change)} points"
    yield f"SE {points(result.error, signed=False)}"
    if result.lower is not None:
        bounds = f"{points(result.lower)} to {points(result.upper)}"
        yield f"{level(1 - 2 * result.alpha)} interval {bounds}"
    if result.p is not None:
        yield p_text(result.p)
    if result.adjusted_p is not None and result.metrics > 1:
        yield f"adjusted {p_text(result.adjusted_p)}"
    yield f"MDE {points(result.detectable, signed=False)}"
    if result.cases_needed is not None:
        yield f"n for 5 points {result.cases_needed:,}"


def _coverage(metric: MetricComparison) -> str:
    unscored = metric.coverage.unscored
    return f"{metric.coverage.paired:,} of {metric.coverage.selected:,} compared" + (
        f", {unscored:,} of {metric.coverage.expected:,} unscored" if unscored else ""
    )


def _length(metric: MetricComparison) -> str:
    length = metric.length
    if length is None:
        return ""
    text = f"answers: {length.before:,.0f} -> {length.after:,.0f} characters"
    if length.share is not None:
        text += f" ({100 * length.share:+.1f}%)"
    if length.correlation is not None:
        text += f", correlation with the change in score {length.correlation:+.2f}"
    return text


def _drops(metric: MetricComparison) -> Iterator[str]:
    yield f"  {count(metric.drops, 'case')} got worse, the most suspicious first:"
    for each in metric.dropped[:MOST_CASES]:
        sure = "" if each.p is None else f", {p_text(each.p)}"
        mark = " (!)" if each.is_marked else ""
        yield f"    {one_line(place(each), WIDTH - 30)}: {number(each.before)} -> {number(each.after)}{sure}{mark}"
    if metric.drops > MOST_CASES:
        yield f"    {and_more(metric.drops - MOST_CASES)}"


def _slices(slices: Sequence[Slice]) -> Iterator[str]:
    if not slices:
        return
    yield "  by tag, the largest drop first (no verdict is made of these):"
    for each in slices[:MOST_SLICES]:
        error = "" if each.error is None else f", SE {points(each.error, signed=False)}"
        change = f"{points(each.after - each.before)} points"
        yield f"    {one_line(each.tag, 40)}: {change}, n={each.n:,}{error}"
    if len(slices) > MOST_SLICES:
        yield f"    {and_more(len(slices) - MOST_SLICES)}"


def _names(names: Sequence[str]) -> str:
    return first_of([one_line(name, 60) for name in names], MOST_NAMES)


def _own(metric: MetricComparison, scaled: float | None) -> str:
    """A mean in the metric's own unit."""
    return number(None if scaled is None else metric.low + scaled * (metric.high - metric.low))
