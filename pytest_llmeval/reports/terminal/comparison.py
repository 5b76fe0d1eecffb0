"""A comparison of two runs in words, for a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pytest_llmeval.records.comparison import CaseChange, Comparison, MetricComparison, Slice
from pytest_llmeval.records.verdicts import VERDICTS
from pytest_llmeval.text import count, number, one_line

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
    where = (
        f"{change.file}:{change.line} "
        if change.file and change.line
        else f"{change.file} "
        if change.file
        else ""
    )
    return f"{where}{change.id}"


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
    figures = {
        "change": _signed(result.change),
        "SE": _share(result.error),
        "interval": f"{_signed(result.lower)} to {_signed(result.upper)}"
        if result.lower is not None
        else "",
        "p": "" if result.p is None else f"{result.p:.4f}",
        "adjusted p": ""
        if result.adjusted_p is None or result.metrics == 1
        else f"{result.adjusted_p:.4f}",
        "MDE": _share(result.detectable),
        "n for 5 points": "" if result.cases_needed is None else f"{result.cases_needed:,}",
    }
    yield "  " + ", ".join(f"{name} {value}" for name, value in figures.items() if value)
    if metric.length is not None:
        yield f"  {_length(metric)}"
    if metric.drops:
        yield from _drops(metric)
    yield from _slices(metric.slices)


def _coverage(metric: MetricComparison) -> str:
    unscored = metric.coverage.unscored
    return f"{metric.coverage.paired:,} of {metric.coverage.selected:,} compared" + (
        f", {unscored:,} of {metric.coverage.asked:,} unscored" if unscored else ""
    )


def _length(metric: MetricComparison) -> str:
    length = metric.length
    if length is None:
        return ""
    share = "" if length.share is None else f" ({100 * length.share:+.1f} %)"
    goes = (
        ""
        if length.correlation is None
        else f", correlation with the change in score {length.correlation:+.2f}"
    )
    return f"answers: {length.before:,.0f} -> {length.after:,.0f} characters{share}{goes}"


def _drops(metric: MetricComparison) -> Iterator[str]:
    yield f"  {count(metric.drops, 'case')} got worse, the most suspicious first:"
    for each in metric.dropped[:MOST_CASES]:
        sure = "" if each.p is None else f", p {each.p:.3f}"
        mark = " (!)" if each.is_marked else ""
        yield f"    {one_line(place(each), WIDTH - 30)}: {number(each.before)} -> {number(each.after)}{sure}{mark}"
    if metric.drops > MOST_CASES:
        yield f"    and {metric.drops - MOST_CASES:,} more"


def _slices(slices: Sequence[Slice]) -> Iterator[str]:
    if not slices:
        return
    yield "  by tag, the largest drop first (no verdict is made of these):"
    for each in slices[:MOST_SLICES]:
        error = "" if each.error is None else f", SE {_share(each.error)}"
        yield f"    {one_line(each.tag, 40)}: {_signed(each.after - each.before)}, n={each.n:,}{error}"
    if len(slices) > MOST_SLICES:
        yield f"    and {len(slices) - MOST_SLICES} more"


def _names(names: Sequence[str]) -> str:
    more = f" and {len(names) - MOST_NAMES:,} more" if len(names) > MOST_NAMES else ""
    return ", ".join(one_line(name, 60) for name in names[:MOST_NAMES]) + more


def _own(metric: MetricComparison, scaled: float | None) -> str:
    """A mean in the metric's own unit."""
    return number(None if scaled is None else metric.low + scaled * (metric.high - metric.low))


def _signed(value: float | None) -> str:
    return "?" if value is None else f"{value:+.4f}"


def _share(value: float | None) -> str:
    return "?" if value is None else f"{value:.4f}"
