"""How two runs made the scores of their cases: scores that were made differently have no change."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from pytest_llmeval.gating.sampling import Sampling
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


def method_changes(before: RunScores, after: RunScores) -> MethodChanges:
    """Return what differs in how two runs made their scores, one of which is a file.

    Between two runs of ours the baseline is reduced as the run, case by case (`resampling`).

    Args:
        before: The baseline.
        after: The candidate.
    """
    changes = MethodChanges()
    if not (before.is_plain or after.is_plain):
        return changes
    notes: dict[str, None] = {}
    olds, news = _samplings(before), _samplings(after)
    for metric in before.scales:
        if metric not in after.scales:
            continue
        old, new = olds.get(metric, frozenset()), news.get(metric, frozenset())
        why = _option_change(before, after, metric)
        if not why and _are_all_unlike(old, new):
            values = _in_words(metric, before, old, after, new)
            why = f"{values}, which are two quantities; make both with the same reducer and epochs"
        if why:
            changes.apart[metric] = why
        elif _may_be_unlike(old, new):
            changes.unknown[metric] = _in_words(metric, before, old, after, new)
        elif old and new and _counts(old) != _counts(new):
            notes[
                f"{before.name} has {_counts(old)} of a case, {after.name} {_counts(new)}: each "
                "case counts with their mean"
            ] = None
    changes.notes = tuple(notes)
    return changes


def _samplings(run: RunScores) -> Mapping[str, frozenset[Sampling]]:
    """Return by metric how a file says that it was made, or how the cases of a run were.

    A metric is absent if that is not known of all its cases.
    """
    if run.is_plain:
        return {name: frozenset({how.sampling}) for name, how in run.file.methods.items()}
    by_metric: dict[str, set[Sampling | None]] = {}
    for case in run.cases.values():
        sampling = case.sampling
        if sampling is not None:
            # The pattern of the answer is one of ours alone.
            sampling = sampling._replace(pattern="")
        for metric in case.by_metric:
            by_metric.setdefault(metric, set()).add(sampling)
    known = {name: frozenset(filter(None, taken)) for name, taken in by_metric.items()}
    return {name: taken for name, taken in known.items() if None not in by_metric[name]}


def _are_all_unlike(old: frozenset[Sampling], new: frozenset[Sampling]) -> bool:
    """Return whether no case of one run was made like any of the other."""
    if not old or not new:
        return False
    return not any(first.is_like(second) for first in old for second in new)


def _may_be_unlike(old: frozenset[Sampling], new: frozenset[Sampling]) -> bool:
    """Return whether a case may be another quantity in both runs: one does not say, or some are."""
    if not old or not new:
        return not all(sampling.is_mean for sampling in old | new)
    return not all(first.is_like(second) for first in old for second in new)


def _option_change(before: RunScores, after: RunScores, metric: str) -> str:
    """Return in words how the options of a scorer differ between two files of one tool."""
    old, new = before.file.methods.get(metric), after.file.methods.get(metric)
    if before.tool != after.tool or old is None or new is None:
        return ""
    if None in (old.options, new.options) or old.options == new.options:
        return ""
    return (
        f"the scorer of {metric} had other options: {old.options} in {before.name}, "
        f"{new.options} in {after.name}; make both with the same options"
    )


def _in_words(
    metric: str,
    before: RunScores,
    old: frozenset[Sampling],
    after: RunScores,
    new: frozenset[Sampling],
) -> str:
    """Write what a metric is in both runs, first in one that says it."""
    first, second = (before, old), (after, new)
    if not old:
        first, second = second, first
    run, samplings = second
    known = f"{metric} of a case is {_quantities(first[1])} in {first[0].name}"
    if not samplings:
        return f"{known}, and {run.name} does not say what it is there"
    return f"{known}, and {_quantities(samplings)} in {run.name}"


def _quantities(samplings: frozenset[Sampling]) -> str:
    return " or ".join(sampling.quantity for sampling in sorted(samplings))


def _counts(samplings: frozenset[Sampling]) -> str:
    """Write the numbers of samples: ``1 or 3 samples``."""
    numbers = sorted({sampling.samples for sampling in samplings})
    *less, most = numbers
    return " or ".join([*map(str, less), count(most, "sample")])


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
