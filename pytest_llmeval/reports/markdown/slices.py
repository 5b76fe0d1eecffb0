"""The slices of a run in Markdown: a folded table for each gated metric, the worst tag first."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from pytest_llmeval.records.comparison import Comparison, MetricComparison, Slice
from pytest_llmeval.records.verdicts import VERDICTS
from pytest_llmeval.reports.markdown.escaping import flat
from pytest_llmeval.reports.markdown.metrics import NAME, row
from pytest_llmeval.summary.slices import slice_p
from pytest_llmeval.text import and_more, count, points

_MOST_TABLES, _MOST_SLICES = 3, 8


def slice_tables(comparisons: Iterable[Comparison]) -> Iterator[str]:
    """Write the slices of the first metrics that gate; nothing without tags."""
    tables = [
        _table(comparison, metric)
        for comparison in comparisons
        for metric in comparison.metrics
        if metric.slices and (metric.is_gated or metric.is_sliced)
    ]
    yield from tables[:_MOST_TABLES]


def _table(comparison: Comparison, metric: MetricComparison) -> str:
    slices = metric.slices
    against = f"{flat(metric.name, NAME)} against {flat(comparison.baseline, NAME)}"
    lines = [
        f"<details><summary>{against} by tag: {count(len(slices), 'slice')}</summary>",
        "",
        row("tag", "change", "shrunk", "p over tags", "n", "verdict"),
        row("---", *["---:"] * 4, "---"),
        *(_row(part) for part in slices[:_MOST_SLICES]),
    ]
    if len(slices) > _MOST_SLICES:
        lines.append(row(and_more(len(slices) - _MOST_SLICES), *[""] * 5))
    return "\n".join([*lines, "", "</details>"])


def _row(part: Slice) -> str:
    sign = VERDICTS[part.verdict].tone.sign
    return row(
        flat(part.tag, NAME),
        f"<b>{points(part.change)}</b>",
        points(part.shrunken),
        flat(slice_p(part), NAME),
        f"{part.n:,}",
        f"{sign} {part.verdict}".strip(),
    )
