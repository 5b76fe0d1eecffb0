"""One score, and one kind of calls, counted over all cases of a run."""

from __future__ import annotations

import math
from array import array
from dataclasses import dataclass, field, replace

from pytest_llmeval.records.call import Completion
from pytest_llmeval.records.interval import Interval
from pytest_llmeval.records.result import CaseResult
from pytest_llmeval.records.run import Run, SelfTest, Traffic
from pytest_llmeval.records.score import Scale, Score, finite
from pytest_llmeval.stats.intervals import mean_interval
from pytest_llmeval.summary.checks import asked_for, met_count
from pytest_llmeval.summary.costs import Cost, Ledger
from pytest_llmeval.text import instant


@dataclass(frozen=True)
class ScoreSummary:
    """One score over all cases.

    Attributes:
        name: Name of the metric or judge.
        scale: Range and direction.
        mean: Mean of the scored cases with its 95 % interval (Student), cut at the ends of the
            scale.
        minimum: Smallest value; ``None`` if no case is scored.
        maximum: Largest value; ``None`` if no case is scored.
        unscored: Cases that the scorer could not score.
        bounds: Thresholds on this score, over all cases.
        missed: How many of them are not kept; those on unscored cases are neither kept nor missed.
        versions: Versions of the scorer; for a judge its fingerprints. More than one cannot be
            compared.
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
    """The calls of one kind. What came from a store or a recording costs nothing now, and is only counted.

    Attributes:
        cached: Completions that came from a store or a recording instead of a call of this run.
        prompt_tokens: Tokens sent, as far as the endpoints say.
        completion_tokens: Tokens received, as far as the endpoints say.
    """

    cached: int
    prompt_tokens: int
    completion_tokens: int


@dataclass(frozen=True)
class SampleSummary:
    """How reliable the answers are: the samples of all cases that have several, held to their bounds one by one.

    Attributes:
        cases: Cases with several samples that were judged.
        samples: Samples that were judged.
        kept: How many of them keep every bound; as a share that is pass@1.
        steady: Cases whose every sample keeps them; as a share of the cases that is pass^n.
    """

    cases: int = 0
    samples: int = 0
    kept: int = 0
    steady: int = 0

    def after(self, result: CaseResult) -> SampleSummary:
        """The same with one more case."""
        many, (kept, known) = len(asked_for(result.samples)), met_count(result.samples)
        if many < 2 or not known:
            return self
        return SampleSummary(
            self.cases + 1, self.samples + known, self.kept + kept, self.steady + (kept == many)
        )


@dataclass
class ScoreTally:
    """The values of one score so far."""

    scale: Scale
    values: array[float] = field(default_factory=lambda: array("d"))
    unscored: int = 0
    bounds: int = 0
    missed: int = 0
    versions: set[str] = field(default_factory=set)

    def add(self, score: Score) -> None:
        """Count one score."""
        value = finite(score).value
        if value is None:
            self.unscored += 1
        else:
            self.values.append(value)
        if score.version:
            self.versions.add(score.version)

    def summary(self, name: str) -> ScoreSummary:
        """What was counted."""
        low, high = (min(self.values), max(self.values)) if self.values else (None, None)
        mean, versions = (
            _within(mean_interval(self.values), self.scale),
            tuple(sorted(self.versions)),
        )
        return ScoreSummary(
            name, self.scale, mean, low, high, self.unscored, self.bounds, self.missed, versions
        )


def _within(interval: Interval, scale: Scale) -> Interval:
    """The interval without the values that no mean on this scale can have."""
    low, high = interval.low, interval.high
    low = low if low is None or scale.low is None else max(low, scale.low)
    high = high if high is None or scale.high is None else min(high, scale.high)
    return replace(interval, low=low, high=high)


@dataclass
class SpendingTally:
    """The calls of one kind so far. Tallies that share a ledger count each call once among them."""

    ledger: Ledger = field(default_factory=Ledger)
    made: int = 0
    cached: int = 0
    known_usd: float = 0.0
    unknown: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0

    def add(self, call: Completion) -> None:
        """Count one completion, and its calls unless they were counted before."""
        self.cached += call.cached
        new = self.ledger.takes(call)
        if not new:
            return
        self.made += new
        self.known_usd += call.cost_usd or 0.0
        self.unknown += new if call.cost_usd is None else 0
        self.prompt_tokens += call.usage.prompt_tokens if call.usage else 0
        self.completion_tokens += call.usage.completion_tokens if call.usage else 0

    def summary(self) -> Spending:
        """What was counted."""
        usd, tokens = (
            None if self.unknown else self.known_usd,
            (self.prompt_tokens, self.completion_tokens),
        )
        return Spending(self.made, usd, self.known_usd, self.unknown, self.cached, *tokens)


def selftest_cost(run: Run) -> Cost:
    """The calls that a run made to test its judges."""
    tests = [
        facts.selftest for facts in run.judges if facts.selftest and _is_of(facts.selftest, run)
    ]
    known_usd = math.fsum(test.usd for test in tests if test.usd is not None)
    unknown = sum(test.calls for test in tests if test.usd is None)
    return Cost(
        sum(test.calls for test in tests), None if unknown else known_usd, known_usd, unknown
    )


def unused_calls(traffic: Traffic, ledger: Ledger, selftests: Cost) -> Cost:
    """What the run has sent beyond the calls of its results and of its judges' self-tests."""
    calls = max(traffic.calls - ledger.calls - selftests.calls, 0)
    unknown = min(max(traffic.unpriced - ledger.unknown - selftests.unknown, 0), calls)
    rest = round(
        traffic.usd - ledger.known_usd - selftests.known_usd, 12
    )  # without the dust of sums in any order
    known_usd = max(rest, 0.0) if calls else 0.0
    return Cost(calls, None if unknown else known_usd, known_usd, unknown)


def _is_of(test: SelfTest, run: Run) -> bool:
    """Whether a self-test was made in this run, and not in an earlier one."""
    made, started = instant(test.made_at), instant(run.started_at)
    return made is not None and started is not None and made >= started
