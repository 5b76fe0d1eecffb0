"""The thresholds of two runs: answers of a baseline, decided by the thresholds of a later run.

Otherwise a lower threshold would pass for better answers.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import replace

from pytest_llmeval.gating.edits import shown_name
from pytest_llmeval.gating.pairing import Joined, Pair
from pytest_llmeval.gating.scores import CaseScores, MetricValues
from pytest_llmeval.records.comparison import CaseEdit
from pytest_llmeval.records.result import PASS_RATE
from pytest_llmeval.records.threshold import Threshold


def with_thresholds_of_run(joined: Joined) -> Joined:
    """Decide by the thresholds of the run whether each case of the baseline passes.

    A case that cannot be decided, because a score is not stored or the body of a test may have
    failed it, has no pass rate that could be compared.
    """
    return replace(joined, pairs=[(decided_like(old, new), new) for old, new in joined.pairs])


def threshold_edits(pairs: Iterable[Pair]) -> Iterator[CaseEdit]:
    """Yield the cases whose thresholds have changed since the baseline."""
    for old, new in pairs:
        if _have_changed(old, new):
            is_decided = PASS_RATE in new.by_metric and not old.are_thresholds_new
            before, after = _text(old), _text(new)
            yield CaseEdit(shown_name(new), "threshold", before, after, is_rescored=is_decided)


def _text(case: CaseScores) -> str:
    return ", ".join(case.thresholds or ())


def _have_changed(old: CaseScores, new: CaseScores) -> bool:
    """Return whether the thresholds of both are known and differ."""
    if old.thresholds is None or new.thresholds is None:
        return False
    return old.thresholds != new.thresholds


def decided_like(old: CaseScores, new: CaseScores) -> CaseScores:
    """Return a case of the baseline, decided by the thresholds of the run."""
    if not _have_changed(old, new) or PASS_RATE not in new.by_metric:
        return old
    values = _passes(old, new, new.thresholds or ())
    if values is None:
        return replace(old, are_thresholds_new=True)
    return replace(old, by_metric={**old.by_metric, PASS_RATE: values})


def _passes(old: CaseScores, new: CaseScores, texts: Collection[str]) -> MetricValues | None:
    """Return whether the stored answers pass; ``None`` if that is not known."""
    thresholds = [Threshold.parse(text, "baseline") for text in texts]
    held = [(threshold, old.by_metric.get(threshold.metric)) for threshold in thresholds]
    whole = True
    samples: list[list[bool]] = []
    for threshold, scores in held:
        if scores is None or scores.value is None or not old.is_comparable(new, threshold.metric):
            return None
        whole = whole and threshold.is_met_by(scores.value)
        samples.append([threshold.is_met_by(value) for value in scores.values])
    if not old.is_row and whole and old.value_of(PASS_RATE) != 1:
        # The body of the test may have failed it.
        return None
    if not samples or len(samples[0]) == 1 or len({len(row) for row in samples}) > 1:
        return MetricValues((float(whole),))
    passes = tuple(float(all(row)) for row in zip(*samples, strict=True))
    return MetricValues(passes, reduced=float(whole))
