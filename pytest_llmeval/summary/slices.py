"""The words for slices, which are the cases with one tag, in every report."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from pytest_llmeval.records.comparison import Comparison, Slice
from pytest_llmeval.records.result import PASS_RATE
from pytest_llmeval.text import (
    change_text,
    count,
    first_of,
    margin_text,
    one_line,
    p_text,
    p_value,
    points,
)

_NAMED = 3
_WIDTH = 40


@dataclass(frozen=True)
class WorseSlice:
    """A slice that is shown to be worse, or of which nothing is left.

    Attributes:
        baseline: The baseline.
        metric: The metric.
        part: The slice.
    """

    baseline: str
    metric: str
    part: Slice


def worse_slices(comparisons: Iterable[Comparison]) -> list[WorseSlice]:
    """Return the slices that a headline names, each tag once, the wiped-out ones first.

    They are those of gated metrics and of the pass rate. Rules leave out other metrics on purpose.
    Of several metrics the one with the worst loss stands for the tag.
    """
    by_tag: dict[str, WorseSlice] = {}
    for comparison in comparisons:
        metrics = [
            metric
            for metric in comparison.metrics
            if metric.is_gated or metric.is_sliced or metric.name == PASS_RATE
        ]
        for metric in metrics:
            for part in metric.slices:
                if part.verdict == "REGRESSED" or part.is_wiped_out:
                    worse = WorseSlice(comparison.baseline, metric.name, part)
                    by_tag[part.tag] = max(by_tag.get(part.tag, worse), worse, key=_severity)
    return sorted(by_tag.values(), key=lambda worse: not worse.part.is_wiped_out)


def _severity(worse: WorseSlice) -> tuple[bool, float]:
    """Order slices: one that was wiped out is worse than any other, and then the loss decides."""
    part = worse.part
    return part.is_wiped_out, part.before - (part.after or 0.0)


def worse_slices_text(comparisons: Iterable[Comparison]) -> str:
    """Write which slices are wiped out or got worse, for a headline; empty without any."""
    worse = worse_slices(comparisons)
    wiped_out = [part for part in worse if part.part.is_wiped_out]
    others = [part for part in worse if not part.part.is_wiped_out]
    was = "was" if len(wiped_out) == 1 else "were"
    sentences = (*_sentence(wiped_out, f"{was} wiped out"), *_sentence(others, "got worse"))
    return "".join(sentences)


def _sentence(worse: Sequence[WorseSlice], words: str) -> Iterator[str]:
    if worse:
        texts = [f"{_tag_text(one.part)} ({_loss(one)})" for one in worse]
        yield f"{'Tag' if len(worse) == 1 else 'Tags'} {first_of(texts, _NAMED)} {words}. "


def _loss(worse: WorseSlice) -> str:
    part = worse.part
    if part.after is None:
        return f"no score of {worse.metric} for its {count(part.missing, 'case')}"
    without = f", {part.missing:,} without a score" if part.missing else ""
    if part.lost is None:
        return f"{worse.metric}: {change_text(part.change)} over {count(part.n, 'case')}{without}"
    before, after = round(part.before * part.n), round(part.after * part.n)
    return f"{worse.metric}: {before:,} of {part.n:,} passed before, {after:,} now{without}"


def _tag_text(part: Slice) -> str:
    """Write the tag in quotes, on one line."""
    return f"'{one_line(part.tag, _WIDTH)}'"


def slice_reason(metric: str, part: Slice) -> str:
    """Write the sentence that explains the verdict on a slice."""
    head = f"{metric}, tag {_tag_text(part)}"
    if part.change is None:
        return f"{head}: no case of {part.missing:,} has a score"
    flips = f" over {count(part.n, 'case')}"
    if part.lost is not None:
        flips = (
            f": {part.lost} of {part.n} passed before and fail now, "
            f"{part.gained} failed before and pass now"
        )
    margin = f"margin {margin_text(part.margin)}"
    return f"{head}: {change_text(part.change)}{flips} ({evidence(part)}; {margin})"


def evidence(part: Slice) -> str:
    """Write how likely such a change is by chance."""
    if part.p is None:
        return "too few cases for a test"
    if part.adjusted_p == 1 and part.p < 1:
        return f"{p_text(part.p)}, too few changed to show anything"
    if part.tested == 1:
        return p_text(part.adjusted_p)
    return f"{p_text(part.adjusted_p)} among {part.tested:,} slices"


def slice_p(part: Slice) -> str:
    """Write the p-value of a slice for a table, as `evidence` does for a sentence."""
    if part.p is not None and part.adjusted_p == 1 and part.p < 1:
        return f"{p_value(part.p)}, too few changed"
    return p_value(part.adjusted_p)


def slice_figures(part: Slice) -> str:
    """Write change, size and evidence of a slice: ``+12.0 points (shrunk +8.1), n=12, p = 1``."""
    if part.change is None:
        return f"no score for its {count(part.missing, 'case')}"
    shrunken = f" (shrunk {points(part.shrunken)})"
    without = f", {part.missing:,} without a score" if part.missing else ""
    return f"{points(part.change)} points{shrunken}, n={part.n:,}{without}, {evidence(part)}"
