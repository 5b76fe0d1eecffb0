"""The tags that a headline names: of several metrics the worst loss stands for a tag."""

from __future__ import annotations

import pytest

from pytest_llmeval.records.comparison import (
    Comparison,
    Coverage,
    GateResult,
    MetricComparison,
    Slice,
)
from pytest_llmeval.summary.slices import evidence, slice_p, worse_slices_text

RUBRIC = Slice("safety", 6, 1.0, 0.6, 0.1, "REGRESSED")
WORSE = Slice("safety", 6, 0.9, 0.3, 0.1, "REGRESSED")
PASSES = Slice("safety", 6, 1.0, 0.0, 0.1, "REGRESSED", lost=6, gained=0, is_wiped_out=True)


def compared(*slices: tuple[str, Slice]) -> Comparison:
    metrics = tuple(
        MetricComparison(name, GateResult("INCONCLUSIVE", ""), Coverage(6, 6, 6), slices=(part,))
        for name, part in slices
    )
    return Comparison("main", "run", metrics)


@pytest.mark.parametrize("reverse", [False, True])
def test_a_tag_that_was_wiped_out_in_one_metric_was_wiped_out(reverse: bool) -> None:
    slices = [("rubric", RUBRIC), ("pass_rate", PASSES)]
    if reverse:
        slices.reverse()
    assert worse_slices_text([compared(*slices)]) == (
        "Tag 'safety' (pass_rate: 6 of 6 passed before, 0 now) was wiped out. "
    )


@pytest.mark.parametrize("reverse", [False, True])
def test_else_the_largest_loss_is_named(reverse: bool) -> None:
    comparisons = [compared(("rubric", RUBRIC)), compared(("tone", WORSE))]
    if reverse:
        comparisons.reverse()
    assert "tone: dropped 60.0 points" in worse_slices_text(comparisons)


def test_a_table_shows_the_p_value_that_the_gate_shows() -> None:
    few = Slice("shop", 4, 1.0, 0.25, 0.2, "INCONCLUSIVE", p=0.125, adjusted_p=1.0, tested=2)
    tested = Slice("safety", 6, 1.0, 0.0, 0.1, "REGRESSED", p=0.0156, adjusted_p=0.0312, tested=2)
    assert evidence(few) == "p = 0.1250, too few changed to show anything"
    assert slice_p(few) == "0.1250, too few changed"
    assert evidence(tested) == "p = 0.0312 among 2 slices"
    assert slice_p(tested) == "0.0312"
