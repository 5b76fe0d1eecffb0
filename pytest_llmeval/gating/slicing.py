"""The slices of compared metrics: the cases with one tag, tested together."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import TypeVar

from pytest_llmeval.gating.pairing import Paired, are_identical
from pytest_llmeval.gating.scores import CaseScores
from pytest_llmeval.records.comparison import Slice
from pytest_llmeval.stats.gate import GateRules
from pytest_llmeval.stats.paired import PairedScores, paired_change
from pytest_llmeval.stats.slices import SliceScores, SliceTest, judge_slices, slices_of

_Compared = TypeVar("_Compared", bound=Hashable)
"""A metric of a comparison."""


def judged_slices(
    paired: Mapping[_Compared, Paired],
    rules: Mapping[_Compared, GateRules],
    families: Mapping[_Compared, Hashable],
) -> dict[_Compared, tuple[Slice, ...]]:
    """Return the slices of each metric with their verdicts.

    Args:
        paired: The metrics that could be compared.
        rules: Margin and level of each.
        families: A name for each; the slices of metrics with one name are tested together.
    """
    parts = {key: _slices(pairs) for key, pairs in paired.items()}
    tests: dict[tuple[_Compared, str], SliceTest] = {}
    for family in dict.fromkeys(families.values()):
        keys = [key for key in parts if families[key] == family]
        slices = {(key, part.tag): part for key in keys for part in parts[key]}
        tests |= judge_slices(
            slices, {name: rules[name[0]] for name in slices}, {name: name[0] for name in slices}
        )
    results = {}
    for key, pairs in paired.items():
        scores = pairs.scores
        tested = [(part, tests[key, part.tag]) for part in parts[key]]
        overall = paired_change(scores).mean if scores.before else 0.0
        results[key] = slices_of(tested, overall)
    return results


def _slices(paired: Paired) -> list[SliceScores]:
    """Return the slices of a metric; a tag that all its cases have makes none."""
    rows = _rows_by_tag(paired)
    total = len(paired.pairs) + len(paired.missing)
    return [_slice(paired, tag, at) for tag, at in rows.items() if len(at) < total]


def _rows_by_tag(paired: Paired) -> dict[str, list[int]]:
    """Return the positions of the cases with a tag in either run, the missing cases last.

    Without the tags of the baseline, a case that fails could leave its slice by losing its tag.
    """
    cases: list[Sequence[CaseScores]] = [*paired.pairs, *((old,) for old in paired.missing)]
    rows: dict[str, list[int]] = {}
    for row, records in enumerate(cases):
        tags = dict.fromkeys(tag for record in records for tag in record.tags if tag)
        for tag in tags:
            rows.setdefault(tag, []).append(row)
    return rows


def _slice(paired: Paired, tag: str, rows: Sequence[int]) -> SliceScores:
    whole = paired.scores
    size = len(paired.pairs)
    inside = [row for row in rows if row < size]
    scores = PairedScores(
        [whole.before[row] for row in inside],
        [whole.after[row] for row in inside],
        None if whole.clusters is None else [whole.clusters[row] for row in inside],
        whole.is_pass_fail,
        [whole.missing[row - size] for row in rows if row >= size],
    )
    pairs = [paired.pairs[row] for row in inside]
    is_identical = are_identical(pairs, paired.metric, paired.is_judged)
    return SliceScores(tag, scores, tuple(rows), is_identical)
