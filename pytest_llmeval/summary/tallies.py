"""Tallies of one score, and of one kind of calls, over all cases of a run."""

from __future__ import annotations

import math
from array import array
from dataclasses import dataclass, field

from pytest_llmeval.records.call import Completion
from pytest_llmeval.records.interval import Interval
from pytest_llmeval.records.result import CaseResult, requested_samples
from pytest_llmeval.records.run import Run, Traffic
from pytest_llmeval.records.score import POSITION_BIAS, Scale, Score
from pytest_llmeval.stats.intervals import bounded_interval
from pytest_llmeval.stats.paired import ROUNDING
from pytest_llmeval.summary.costs import Cost, Ledger
from pytest_llmeval.summary.samples import is_voted, met_count


@dataclass(frozen=True)
class ScoreSummary:
    """One score over all cases.

    Attributes:
        name: Name of the metric or judge.
        scale: Range and direction.
        mean: Mean of the scored cases with its 95% interval (Student), cut at the ends of the
            scale.
        minimum: Smallest value; ``None`` if no case is scored.
        maximum: Largest value; ``None`` if no case is scored.
        unscored: Cases that the scorer could not score.
        bounds: Thresholds on this score, over all cases.
        missed: Missed ones among them. An unscored case neither meets nor misses a threshold.
        versions: Versions of the scorer, which are fingerprints for a judge. Scores of different
            versions cannot be compared.
    """

    name: str
    scale: Scale
    mean: Interval
    minimum: float | None
    maximum: float | None
    unscored: int
    bounds: int
    missed: int
    versions: tuple[str, ...]


@dataclass(frozen=True)
class Spending(Cost):
    """The calls of one kind. Completions from a store or a recording are only counted.

    Attributes:
        cached: Completions from a store or a recording.
        prompt_tokens: Sent tokens, as far as the endpoints report them.
        completion_tokens: Received tokens, as far as the endpoints report them.
    """

    cached: int
    prompt_tokens: int
    completion_tokens: int


@dataclass(frozen=True)
class SampleSummary:
    """The reliability of answers: the samples of all cases with several, checked one by one.

    Attributes:
        cases: Cases with several samples that thresholds are on.
        samples: Their requested samples.
        met: Samples that meet every threshold. Their share is pass@1.
        steady: Cases whose every sample meets them. Their share is pass^n.
        unscored: Samples without an answer, or without one of the scores.
    """

    cases: int = 0
    samples: int = 0
    met: int = 0
    steady: int = 0
    unscored: int = 0

    def after(self, result: CaseResult) -> SampleSummary:
        """Add one case."""
        samples = requested_samples(result.samples)
        met, known = met_count(samples)
        unscored = sum(sample.is_lost for sample in samples)
        is_checked = known > 0 or (unscored == len(samples) and bool(result.checks))
        if len(samples) < 2 or not is_checked or is_voted(samples):
            return self
        return SampleSummary(
            self.cases + 1,
            self.samples + len(samples),
            self.met + met,
            self.steady + (met == len(samples)),
            self.unscored + unscored,
        )


@dataclass(frozen=True)
class LostSamples:
    """The samples of cases with several that have no score.

    Attributes:
        samples: Requested samples of all cases with several.
        lost: Of these, the ones without an answer, or without one of the scores.
        cases: Number of cases that lack at least one.
    """

    samples: int = 0
    lost: int = 0
    cases: int = 0

    def after(self, result: CaseResult) -> LostSamples:
        """Add one case."""
        samples = requested_samples(result.samples)
        if len(samples) < 2:
            return self
        lost = sum(sample.is_lost for sample in samples)
        return LostSamples(self.samples + len(samples), self.lost + lost, self.cases + (lost > 0))


@dataclass
class ScoreTally:
    """The values of one score so far."""

    scale: Scale
    values: array[float] = field(default_factory=lambda: array("d"))
    unscored: int = 0
    bounds: int = 0
    missed: int = 0
    versions: set[str] = field(default_factory=set)
    position_biases: array[float] = field(default_factory=lambda: array("d"))

    def add(self, score: Score) -> None:
        """Count one score."""
        if score.value is None:
            self.unscored += 1
        else:
            self.values.append(score.value)
        if POSITION_BIAS in score.parts:
            self.position_biases.append(score.parts[POSITION_BIAS])
        if score.version:
            self.versions.add(score.version)

    @property
    def outside(self) -> int:
        """How many values are not on the scale."""
        low = -math.inf if self.scale.low is None else self.scale.low
        high = math.inf if self.scale.high is None else self.scale.high
        return sum(not low - ROUNDING <= value <= high + ROUNDING for value in self.values)

    def summary(self, name: str) -> ScoreSummary:
        """Return the counts."""
        low = min(self.values, default=None)
        high = max(self.values, default=None)
        mean = bounded_interval(self.values, self.scale.low, self.scale.high)
        versions = tuple(sorted(self.versions))
        return ScoreSummary(
            name, self.scale, mean, low, high, self.unscored, self.bounds, self.missed, versions
        )


@dataclass
class SpendingTally:
    """The calls of one kind so far. Tallies with a common ledger count each call once."""

    ledger: Ledger = field(default_factory=Ledger)
    made: int = 0
    cached: int = 0
    known_usd: float = 0.0
    unknown: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0

    def add(self, call: Completion) -> None:
        """Count one completion, and its calls unless they are counted already."""
        self.cached += call.cached
        new = self.ledger.count_new(call)
        if not new:
            return
        self.made += new
        self.known_usd += call.cost_usd or 0.0
        self.unknown += new if call.cost_usd is None else 0
        self.prompt_tokens += call.usage.prompt_tokens if call.usage else 0
        self.completion_tokens += call.usage.completion_tokens if call.usage else 0

    def summary(self) -> Spending:
        """Return the counts."""
        return Spending(
            calls=self.made,
            usd=None if self.unknown else self.known_usd,
            known_usd=self.known_usd,
            unknown=self.unknown,
            cached=self.cached,
            prompt_tokens=self.prompt_tokens,
            completion_tokens=self.completion_tokens,
        )


def selftest_cost(run: Run) -> Cost:
    """Return the cost of the self-tests in a run."""
    tests = [facts.selftest for facts in run.judges if facts.selftest and facts.is_tested_here]
    known_usd = math.fsum(test.usd for test in tests if test.usd is not None)
    unknown = sum(test.calls for test in tests if test.usd is None)
    return Cost(
        sum(test.calls for test in tests), None if unknown else known_usd, known_usd, unknown
    )


def unused_calls(traffic: Traffic, ledger: Ledger, selftests: Cost) -> Cost:
    """Return the calls of a run that belong neither to its results nor to self-tests."""
    calls = max(traffic.calls - ledger.calls - selftests.calls, 0)
    unknown = min(max(traffic.unpriced - ledger.unknown - selftests.unknown, 0), calls)
    # Sums in a different order differ by rounding errors.
    rest = round(traffic.usd - ledger.known_usd - selftests.known_usd, 12)
    known_usd = max(rest, 0.0) if calls else 0.0
    return Cost(calls, None if unknown else known_usd, known_usd, unknown)
