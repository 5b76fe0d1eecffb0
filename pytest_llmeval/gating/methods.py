"""How two runs made the scores of their cases: scores that were made differently have no change."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from pytest_llmeval.gating.file_facts import MEAN, FileFacts, Method
from pytest_llmeval.gating.scores import RunScores
from pytest_llmeval.text import count


@dataclass
class MethodChanges:
    """What differs in how two runs made their scores.

    Attributes:
        apart: Why metrics cannot be compared, because they were made differently.
        unknown: Why metrics may have been made differently, where one run does not say how.
        notes: Differences that a comparison of means allows.
    """

    apart: dict[str, str] = field(default_factory=dict)
    unknown: dict[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def method_changes(before: RunScores, after: RunScores, remedy: str) -> MethodChanges:
    """Return what differs in how two runs made their scores.

    Args:
        before: The baseline.
        after: The candidate.
        remedy: What makes the baseline again.
    """
    changes = MethodChanges()
    notes: dict[str, None] = {}
    for metric in before.scales:
        if metric not in after.scales:
            continue
        old, new = before.file.methods.get(metric), after.file.methods.get(metric)
        if old is None or new is None:
            changes.unknown.update(_unknown(metric, before, after))
            continue
        why = _difference(before, after, metric)
        if why:
            changes.apart[metric] = f"{why}; take both alike: {remedy}"
        elif old.samples != new.samples:
            notes[
                f"{before.name} has {count(old.samples, 'sample')} of a case, {after.name} "
                f"{new.samples}: each case counts with their mean"
            ] = None
    changes.notes = tuple(notes)
    return changes


def _difference(before: RunScores, after: RunScores, metric: str) -> str:
    """Return in words how the scores of two runs were made differently; empty if they were not."""
    old, new = before.file.methods[metric], after.file.methods[metric]
    is_one_tool = before.tool == after.tool
    if is_one_tool and None not in (old.options, new.options) and old.options != new.options:
        return (
            f"the scorer of {metric} had other options: {old.options} in {before.name}, "
            f"{new.options} in {after.name}"
        )
    if old.is_like(new):
        return ""
    return (
        f"{metric} of a case is {old.value} in {before.name}, and {new.value} in {after.name}, "
        "which are two quantities"
    )


def _unknown(metric: str, before: RunScores, after: RunScores) -> Iterator[tuple[str, str]]:
    """Yield why a metric may be another quantity in the run that does not say how it was made."""
    for known, silent in ((before, after), (after, before)):
        method = known.file.methods.get(metric)
        if method is not None and method.effective_reducer != MEAN:
            yield (
                metric,
                f"{metric} of a case is {method.value} in {known.name}, and {silent.name} does not "
                "say what it is there",
            )


def apart_from_file(
    before: RunScores, after: RunScores, reducer: str, samples: int, remedy: str
) -> dict[str, str]:
    """Return why metrics of a file of another tool cannot be compared with a run.

    Args:
        before: The baseline.
        after: The run.
        reducer: The reducer of the run.
        samples: Its samples of a case.
        remedy: What makes the baseline again.
    """
    if not before.file.methods:
        return {}
    methods = dict.fromkeys(after.scales, Method(reducer, samples))
    return method_changes(before, replace(after, file=FileFacts(methods)), remedy).apart


def hidden_scores(run: RunScores, partner: RunScores, least: int = 0) -> frozenset[str]:
    """Return the scores of a run that a file holds, too, and that its texts hide.

    Args:
        run: The scores of the file.
        partner: The run that it is compared with.
        least: The fewest numbers that a score must have in the file.
    """
    return frozenset(
        name
        for name, numbers in run.file.texts.items()
        if name in partner.scales and name not in run.scales and numbers >= least
    )
