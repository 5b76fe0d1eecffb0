"""The comparison of two runs in the terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pytest_llmeval.records.comparison import (
    CaseChange,
    Comparison,
    GateResult,
    MetricComparison,
    Slice,
)
from pytest_llmeval.records.verdicts import BAD, DOUBTFUL, VERDICTS
from pytest_llmeval.summary.golden_changes import edit_text, golden_changes, removed_words
from pytest_llmeval.summary.provider_changes import provider_changes
from pytest_llmeval.summary.slices import slice_figures, worse_slices_text
from pytest_llmeval.text import (
    and_more,
    count,
    first_of,
    level,
    number,
    one_line,
    p_text,
    points,
    printed,
)

Line = tuple[str, str]
"""A text and its colour; empty for none."""

_WIDTH = 100
_MOST_CASES, _MOST_SLICES, _MOST_NAMES = 10, 8, 5


def _verdict_line(comparison: Comparison, metric: MetricComparison) -> Line:
    """Write the verdict of one metric with its reason, which is never cut."""
    result = metric.result
    text = f"{result.verdict}: {metric.name} against {comparison.baseline}: {result.reason}"
    return text, VERDICTS[result.verdict].tone.colour


def comparison_lines(comparison: Comparison, notes: Sequence[str] = ()) -> Iterator[Line]:
    """Write the whole comparison: verdicts, then doubts, then numbers, then changed cases.

    Args:
        comparison: The comparison.
        notes: The doubts of a reviewer.
    """
    gated = [metric for metric in comparison.metrics if metric.is_gated]
    yield from (_verdict_line(comparison, metric) for metric in gated)
    worse = worse_slices_text([comparison])
    if worse:
        yield printed(worse.strip()), BAD.colour
    yield from ((f"warning: {printed(note)}", DOUBTFUL.colour) for note in notes)
    for metric in comparison.metrics:
        yield from ((line, "") for line in _metric(metric))
    flips = (
        (comparison.lost, "passed before and fail now"),
        (comparison.gained, "failed before, pass now"),
    )
    for cases, words in flips:
        if cases:
            shown = _names([_case_name(case) for case in cases])
            yield f"{count(len(cases), 'case')} {words}: {shown}", ""
    groups = (
        ("added, not counted", comparison.added),
        (removed_words(comparison), comparison.removed),
        ("in quarantine, not counted", comparison.quarantined),
    )
    for words, names in groups:
        if names:
            yield f"{count(len(names), 'case')} {words}: {_names(names)}", ""
    for text in provider_changes(comparison):
        yield text, ""
    for text in golden_changes(comparison):
        yield text, DOUBTFUL.colour
    for edit in comparison.edited[:_MOST_CASES]:
        yield f"  {one_line(edit.name, 40)}: {one_line(edit_text(edit), _WIDTH - 44)}", ""
    if len(comparison.edited) > _MOST_CASES:
        yield f"  {and_more(len(comparison.edited) - _MOST_CASES)}", ""
    if comparison.renamed:
        pairs = [f"{renaming.before} -> {renaming.after}" for renaming in comparison.renamed]
        yield f"{count(len(pairs), 'case')} renamed or moved: {_names(pairs)}", ""


def _case_name(change: CaseChange) -> str:
    """Write file, line and id of a case."""
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
    change = f"{_mean(metric, result.before.estimate)} -> {_mean(metric, result.after.estimate)}"
    clusters = count(result.clusters, "cluster")
    yield f"{head}: {change}, n={result.n:,} in {clusters}, {_coverage(metric)}"
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
    coverage = metric.coverage
    text = f"{coverage.paired:,} of {coverage.selected:,} compared"
    if coverage.unscored:
        text += f", {coverage.unscored:,} of {coverage.expected:,} unscored"
    return text


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
    yield f"  {count(metric.drops, 'case')} got worse, {_order(metric.dropped)}:"
    for case in metric.dropped[:_MOST_CASES]:
        p_value = "" if case.p is None else f", {p_text(case.p)}"
        mark = " (!)" if case.is_marked else ""
        values = f"{number(case.before)} -> {number(case.after)}"
        yield f"    {one_line(_case_name(case), _WIDTH - 30)}: {values}{p_value}{mark}"
    if metric.drops > _MOST_CASES:
        yield f"    {and_more(metric.drops - _MOST_CASES)}"


def _order(dropped: Sequence[CaseChange]) -> str:
    """Write in which order the cases stand."""
    if any(case.p is not None for case in dropped):
        return "the most suspicious first"
    if len({case.after - case.before for case in dropped}) > 1:
        return "the largest drop first"
    return "all by as much, in the order of the baseline"


def _slices(slices: Sequence[Slice]) -> Iterator[str]:
    if not slices:
        return
    yield "  by tag, the worst first:"
    for part in slices[:_MOST_SLICES]:
        yield f"    {part.verdict}: {one_line(part.tag, 40)}: {slice_figures(part)}"
    if len(slices) > _MOST_SLICES:
        yield f"    {and_more(len(slices) - _MOST_SLICES)}"


def _names(names: Sequence[str]) -> str:
    return first_of([one_line(name, 60) for name in names], _MOST_NAMES)


def _mean(metric: MetricComparison, scaled: float | None) -> str:
    """Write a mean in the unit of the metric."""
    return number(None if scaled is None else metric.low + scaled * (metric.high - metric.low))
