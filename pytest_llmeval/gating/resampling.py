"""The sampling of two runs: scores of a baseline, reduced as a later run reduces its own.

Otherwise the best of three answers would pass for better answers than the worst of three, and what
another pattern takes out of a reply for another answer.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from pytest_llmeval.errors import SettingError
from pytest_llmeval.gating.edits import is_failure, shown_name
from pytest_llmeval.gating.pairing import Joined, Pair
from pytest_llmeval.gating.rethresholding import decided_like
from pytest_llmeval.gating.sampling import Sampling, differs_in_pattern, differs_in_reduction
from pytest_llmeval.gating.scores import CaseScores
from pytest_llmeval.gating.values import MetricValues
from pytest_llmeval.records.comparison import CaseEdit
from pytest_llmeval.records.result import PASS_RATE, Key
from pytest_llmeval.records.score import UNIT_SCALE, Scale
from pytest_llmeval.stats.reducers import parse_reducer


def as_in_run(joined: Joined) -> Joined:
    """Reduce and decide the cases of the baseline as the run does its own."""
    scales = joined.before.scales
    return replace(joined, pairs=[(made_like(old, new, scales), new) for old, new in joined.pairs])


def made_like(old: CaseScores, new: CaseScores, scales: Mapping[str, Scale]) -> CaseScores:
    """Return a case of the baseline, reduced and decided as the run does.

    Args:
        old: The case of the baseline.
        new: The case of the run.
        scales: The scales of the baseline.
    """
    return decided_like(_reduced_like(_extracted_like(old, new), new, scales), new)


def sampling_edits(pairs: Iterable[Pair], stored: Mapping[Key, CaseScores]) -> Iterator[CaseEdit]:
    """Yield the cases whose samples, reducer or pattern of the answer have changed.

    Args:
        pairs: The cases, those of the baseline made like those of the run.
        stored: The cases of the baseline as they are.
    """
    for old, new in pairs:
        if old.sampling is None or new.sampling is None:
            continue
        compared = (old.by_metric.keys() & new.by_metric.keys()) - old.apart
        name, is_failed = shown_name(new), is_failure(new)
        if differs_in_pattern(old.sampling, new.sampling):
            patterns = old.sampling.pattern, new.sampling.pattern
            is_taken = bool(compared)
            yield CaseEdit(name, "answer_pattern", *patterns, is_taken, is_failure=is_failed)
        if differs_in_reduction(old.sampling, new.sampling):
            texts = old.sampling.reduction_text(), new.sampling.reduction_text()
            is_reduced = _is_reduced_again(stored[old.key], old, compared)
            is_as_mean = bool(compared) and old.sampling.is_mean and new.sampling.is_mean
            yield CaseEdit(
                name, "samples", *texts, is_reduced, is_failure=is_failed, is_as_mean=is_as_mean
            )


def _is_reduced_again(old: CaseScores, made: CaseScores, metrics: Iterable[str]) -> bool:
    """Return whether a score of a baseline's case was reduced again for the comparison."""
    return any(made.by_metric[name] is not old.by_metric[name] for name in metrics)


def _extracted_like(old: CaseScores, new: CaseScores) -> CaseScores:
    """Set apart the scores of answers that another pattern has taken out of the replies."""
    if not differs_in_pattern(old.sampling, new.sampling):
        return old
    return replace(old, apart=old.apart | (old.by_metric.keys() - old.rescored))


def _reduced_like(old: CaseScores, new: CaseScores, scales: Mapping[str, Scale]) -> CaseScores:
    if old.sampling is None or new.sampling is None:
        return old
    before, after = old.sampling, new.sampling
    if before.reduction == after.reduction:
        return old
    if before.samples != after.samples:
        # A pass depends on their number even if the score does not.
        names = {PASS_RATE} if before.is_like(after) else old.by_metric.keys()
        return replace(old, apart=old.apart | names)
    by_metric = dict(old.by_metric)
    apart = set(old.apart)
    for metric, values in old.by_metric.items():
        if metric == PASS_RATE or not values.values:
            continue
        again = _reduced(values, after, scales.get(metric, UNIT_SCALE))
        if again is None:
            apart.add(metric)
        else:
            by_metric[metric] = again
    return replace(old, by_metric=by_metric, apart=frozenset(apart))


def _reduced(values: MetricValues, sampling: Sampling, scale: Scale) -> MetricValues | None:
    """Reduce the scores of all samples; ``None`` if they are not known, or the answers vote."""
    scores = values.values
    try:
        reducer = parse_reducer(sampling.reducer, sampling.samples)
    except SettingError:
        return None
    if reducer.is_vote or len(scores) != sampling.samples:
        return None
    return values._replace(reduced=reducer.reduce(scores, scale.higher_is_better))
