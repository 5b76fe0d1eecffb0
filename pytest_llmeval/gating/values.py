"""The values of the scores of one case, and short hashes of what they rest on."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from pytest_llmeval.gating.content import text_hash
from pytest_llmeval.records.result import CaseResult, Sample
from pytest_llmeval.records.score import Score
from pytest_llmeval.records.verdicts import PASS_VALUES


class MetricValues(NamedTuple):
    """The values of a metric for a case.

    Attributes:
        values: A value per sample, in the metric's unit; empty if unscored.
        version: Version of the scorer, or fingerprint of the judge; empty if unknown.
        reduced: The value that the reducer made of several samples; ``None`` if unknown.
        scorers: Number of scores of the metric that each value is the mean of.
    """

    values: tuple[float, ...]
    version: str = ""
    reduced: float | None = None
    scorers: int = 1

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


def pass_values(result: CaseResult) -> tuple[float, ...] | None:
    """Return 1 or 0 per sample or for the case; empty if not judged, ``None`` if not tried.

    A row without a threshold always passes, so it says nothing, and would only dilute the rate.
    """
    if result.outcome == "skipped":
        return None
    if result.outcome == "passed" and result.is_row and not result.is_bounded:
        return None
    met = [sample.met for sample in result.samples if not sample.is_draw]
    if len(met) > 1 and None not in met:
        return tuple(float(bool(is_met)) for is_met in met)
    value = PASS_VALUES.get(result.outcome)
    return () if value is None else (value,)


def by_name(scores: Iterable[Score]) -> dict[str, list[Score]]:
    """Return the scores by their name, in the order of the first score of each."""
    named: dict[str, list[Score]] = {}
    for score in scores:
        named.setdefault(score.name, []).append(score)
    return named


def metric_values(scores: list[Score], samples: tuple[Sample, ...] = ()) -> MetricValues:
    """Return the values of a metric by sample, or the mean of several scores with its name."""
    version = " ".join(sorted({score.version for score in scores}))
    if len(scores) == 1 and len(samples) > 1:
        values = tuple(_sample_values(scores[0].name, samples))
        value = scores[0].value
        reduced = value if len(values) > 1 else None
        return MetricValues(values if value is not None else (), version, reduced)
    known = [score.value for score in scores if score.value is not None]
    # If one of several scores is missing, the mean of the rest would be another quantity.
    if not known or len(known) < len(scores):
        return MetricValues((), version, scorers=len(scores))
    mean = math.fsum(known) / len(known)
    return MetricValues((mean,), version, scorers=len(scores))


def _sample_values(name: str, samples: tuple[Sample, ...]) -> Iterator[float]:
    for sample in samples:
        if not sample.is_draw:
            yield from (
                score.value
                for score in sample.scores
                if score.name == name and score.value is not None
            )
