"""The thresholds of two runs: answers of a baseline, decided by the thresholds of a later run.

Otherwise a lower threshold would pass for better answers.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from pytest_llmeval.gating.edits import is_failure, shown_name
from pytest_llmeval.gating.pairing import Pair
from pytest_llmeval.gating.sampling import differs_in_reduction
from pytest_llmeval.gating.scores import CaseScores
from pytest_llmeval.gating.values import MetricValues
from pytest_llmeval.records.comparison import MAY_FAIL, MUST_PASS, CaseEdit
from pytest_llmeval.records.result import PASS_RATE
from pytest_llmeval.records.threshold import Threshold


def threshold_edits(pairs: Iterable[Pair]) -> Iterator[CaseEdit]:
    """Yield the cases whose thresholds have changed since the baseline, or that must pass now.

    Args:
        pairs: The cases, those of the baseline decided like those of the run.
    """
    for old, new in pairs:
        name, is_decided = shown_name(new), PASS_RATE in new.by_metric.keys() - old.apart
        if _have_changed(old, new):
            yield CaseEdit(name, "threshold", _text(old), _text(new), is_decided)
        if _has_changed_duty(old, new):
            duties = _duty(old), _duty(new)
            yield CaseEdit(name, "must_pass", *duties, is_decided, is_failure=is_failure(new))


def _text(case: CaseScores) -> str:
    return ", ".join(case.thresholds or ())


def _duty(case: CaseScores) -> str:
    return MUST_PASS if case.must_pass else MAY_FAIL


def _have_changed(old: CaseScores, new: CaseScores) -> bool:
    """Return whether the thresholds of both are known and differ."""
    if old.thresholds is None or new.thresholds is None:
        return False
    return old.thresholds != new.thresholds


def _has_changed_duty(old: CaseScores, new: CaseScores) -> bool:
    """Return whether only one of both must pass, as far as that is known."""
    return old.must_pass is not None and new.must_pass not in (None, old.must_pass)


def decided_like(old: CaseScores, new: CaseScores) -> CaseScores:
    """Return a case of the baseline, decided by the thresholds of the run.

    A case that cannot be decided, because a score is not stored or the body of a test may have
    failed it, has no pass rate that could be compared.
    """
    if PASS_RATE in old.apart or PASS_RATE not in new.by_metric:
        return old
    is_reduced = differs_in_reduction(old.sampling, new.sampling)
    if not (is_reduced or _have_changed(old, new) or _has_changed_duty(old, new)):
        return old
    values = None
    # The body of a test may have read the score of all samples.
    if old.is_row or not is_reduced:
        values = _passes(old, new)
    if values is None:
        return replace(old, apart=old.apart | {PASS_RATE})
    return replace(old, by_metric={**old.by_metric, PASS_RATE: values})


def _passes(old: CaseScores, new: CaseScores) -> MetricValues | None:
    """Return whether the stored answers pass; ``None`` if that is not known."""
    if old.thresholds is None or new.thresholds is None:
        return None
    thresholds = [Threshold.parse(text, "baseline") for text in new.thresholds]
    whole = True
    samples: list[list[bool]] = []
    for threshold in thresholds:
        scores = old.by_metric.get(threshold.metric)
        if scores is None or scores.value is None or not old.is_comparable(new, threshold.metric):
            return None
        if scores.scorers > 1 or _scorers(new, threshold.metric) > 1:
            # Of several scores the worst one decides, and only their mean is stored.
            return None
        whole = whole and threshold.is_met_by(scores.value)
        samples.append([threshold.is_met_by(value) for value in scores.values])
    if not old.is_row and whole and old.value_of(PASS_RATE) != 1:
        # The body of the test may have failed it.
        return None
    if new.must_pass and not whole:
        # Further samples would have settled whether it is broken.
        return None
    return _pass_values(whole, samples)


def _scorers(case: CaseScores, metric: str) -> int:
    values = case.by_metric.get(metric)
    return values.scorers if values else 1


def _pass_values(whole: bool, samples: Sequence[list[bool]]) -> MetricValues:
    """Return whether a case passes, with that of its samples if all are known.

    Args:
        whole: Whether it meets every threshold.
        samples: By threshold, whether each sample meets it.
    """
    if not samples or len(samples[0]) == 1 or len({len(row) for row in samples}) > 1:
        return MetricValues((float(whole),))
    passes = tuple(float(all(row)) for row in zip(*samples, strict=True))
    return MetricValues(passes, reduced=float(whole))
