"""The values of the scores of one case, and short hashes of what they rest on."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from pytest_llmeval.gating.content import text_hash
from pytest_llmeval.gating.lost_samples import (
    is_vote_open,
    is_voted,
    lost_of,
    settled,
)
from pytest_llmeval.gating.sampling import Sampling
from pytest_llmeval.records.result import CaseResult, Sample, requested_samples
from pytest_llmeval.records.score import Score
from pytest_llmeval.records.verdicts import PASS_VALUES


class MetricValues(NamedTuple):
    """The values of a metric for a case.

    Attributes:
        values: A value per sample, in the metric's unit; empty if unscored, or if the value of the
            case depends on a sample without a score.
        version: Version of the scorer, or fingerprint of the judge; empty if unknown.
        reduced: The value that the reducer made of several samples; ``None`` if unknown.
        scorers: Number of scores of the metric that each value is the mean of.
        lost: Number of samples without a score of the metric.
    """

    values: tuple[float, ...]
    version: str = ""
    reduced: float | None = None
    scorers: int = 1
    lost: int = 0

    @property
    def value(self) -> float | None:
        """The value of the case, reduced or else the mean; ``None`` if unscored."""
        if not self.values:
            return None
        if self.reduced is not None:
            return self.reduced
        return math.fsum(self.values) / len(self.values)

    def may_be_like(self, values: MetricValues) -> bool:
        """Return whether the same scorer may have given both; an unknown version matches any."""
        return not self.version or not values.version or self.version == values.version


def contexts_hash(contexts: Sequence[Sequence[str]]) -> bytes:
    """Return a hash of the passages of several answers; empty if none has any."""
    return text_hash(json.dumps([*map(list, contexts)])) if any(contexts) else b""


def request_hash(request_key: str, basis: Mapping[str, str]) -> bytes:
    """Return a short hash of a request and what decides on its answer; empty if unknown."""
    if not request_key or not basis or not all(basis.values()):
        return b""
    return text_hash("\0".join((request_key, *(basis[name] for name in sorted(basis)))))


def deciding_thresholds(result: CaseResult) -> tuple[str, ...] | None:
    """Return the thresholds of a result that nothing else may have decided.

    Of a case that must pass, further samples settle a missed one.
    """
    if result.outcome not in PASS_VALUES:
        return None
    if not result.is_row and result.outcome != "passed" and result.cause != "threshold":
        return None
    return tuple(sorted({str(check.threshold) for check in result.checks}))


def pass_values(
    result: CaseResult, by_metric: Mapping[str, MetricValues]
) -> tuple[float, ...] | None:
    """Return 1 or 0 per sample or for the case; empty if not judged, ``None`` if not tried.

    A row without a threshold always passes, so it says nothing, and would only dilute the rate.

    Args:
        result: The result of the case.
        by_metric: Its values by metric.
    """
    if result.outcome == "skipped":
        return None
    if result.outcome == "passed" and result.is_row and not result.is_bounded:
        return None
    if _rests_on_lost(result, by_metric):
        return ()
    met = [sample.met for sample in requested_samples(result.samples)]
    if len(met) > 1 and None not in met:
        return tuple(float(bool(is_met)) for is_met in met)
    value = PASS_VALUES.get(result.outcome)
    return () if value is None else (value,)


def _rests_on_lost(result: CaseResult, by_metric: Mapping[str, MetricValues]) -> bool:
    """Return whether samples without a score could have made a case pass or fail."""
    lacking = {name for name, values in by_metric.items() if values.lost and not values.values}
    if not result.is_row and result.cause != "threshold":
        # The body of the test may have read any of the answers and scores.
        return bool(lacking) or any(sample.error for sample in requested_samples(result.samples))
    checked = [check for check in result.checks if check.threshold.metric in by_metric]
    if any(check.met is False and check.threshold.metric not in lacking for check in checked):
        return False
    return any(check.threshold.metric in lacking for check in checked)


def by_name(scores: Iterable[Score]) -> dict[str, list[Score]]:
    """Return the scores by their name, in the order of the first score of each."""
    named: dict[str, list[Score]] = {}
    for score in scores:
        named.setdefault(score.name, []).append(score)
    return named


def metric_values(
    scores: list[Score],
    samples: tuple[Sample, ...] = (),
    sampling: Sampling | None = None,
) -> MetricValues:
    """Return the values of a metric by sample, or the mean of several scores with its name.

    Args:
        scores: Its scores of the case.
        samples: The samples of the case, if there are several.
        sampling: How their scores were reduced; ``None`` if unknown.
    """
    version = " ".join(sorted({score.version for score in scores}))
    if len(scores) == 1 and len(samples) > 1:
        return _of_samples(scores[0], samples, sampling, version)
    known = [score.value for score in scores if score.value is not None]
    lost = max(lost_of(score.name, samples) for score in scores)
    # If one of several scores is missing, the mean of the rest would be another quantity.
    if not known or len(known) < len(scores) or lost:
        return MetricValues((), version, scorers=len(scores), lost=lost)
    mean = math.fsum(known) / len(known)
    return MetricValues((mean,), version, scorers=len(scores))


def _of_samples(
    score: Score, samples: tuple[Sample, ...], sampling: Sampling | None, version: str
) -> MetricValues:
    taken = [one for sample in requested_samples(samples) for one in sample.scores]
    known = tuple(one.value for one in taken if one.name == score.name and one.value is not None)
    lost, value = lost_of(score.name, samples), score.value
    if is_voted(score):
        lost = sum(bool(sample.error) for sample in requested_samples(samples))
        value = None if is_vote_open(score, samples) else value
    elif lost and value is not None:
        value = settled(known, lost, sampling, score.scale)
    if value is None:
        return MetricValues((), version, lost=lost)
    return MetricValues(known, version, value if len(known) > 1 or lost else None, lost=lost)
