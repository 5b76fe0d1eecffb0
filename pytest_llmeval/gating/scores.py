"""What one run says of its cases in numbers, small enough for every case of a large run."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from hashlib import blake2b
from typing import NamedTuple

from pytest_llmeval.records.call import Completion
from pytest_llmeval.records.result import (
    PASS_RATE,
    Before,
    BeforeScore,
    CaseResult,
    Key,
    Outcome,
    Sample,
)
from pytest_llmeval.records.score import UNIT_SCALE, Scale, Score
from pytest_llmeval.records.verdicts import PASS_VALUES


class MetricValues(NamedTuple):
    """One metric of one case.

    Attributes:
        values: One a sample, in the metric's own unit; none: unscored.
        version: Of the scorer; for a judge its fingerprint. Empty if unknown.
    """

    values: tuple[float, ...]
    version: str = ""

    @property
    def mean(self) -> float | None:
        """The mean over the samples; ``None``: unscored."""
        return math.fsum(self.values) / len(self.values) if self.values else None


@dataclass(frozen=True, slots=True)
class CaseScores:
    """One case in one run.

    Attributes:
        key: What two runs are joined by.
        outcome: How it ended; empty if unknown.
        marks: By metric.
        answer: A short hash of the answer, or of all its samples; empty if there is none.
        length: Characters of the answer, on average of its samples; ``None`` if there is none.
        line: Where it stands in the golden file; 0 if unknown.
        tags: Of the case.
        cluster: What it hangs together with; ``None``: with nothing.
        latencies: Seconds of each answer that was waited for.
    """

    key: Key
    outcome: Outcome | str = ""
    marks: Mapping[str, MetricValues] = field(default_factory=dict)
    answer: bytes = b""
    length: int | None = None
    line: int = 0
    tags: tuple[str, ...] = ()
    cluster: str | None = None
    latencies: tuple[float, ...] = ()


@dataclass(frozen=True)
class RunScores:
    """One run.

    Attributes:
        name: How it is shown.
        entries: By key.
        scales: By metric.
        is_plain: Whether it is a table of another tool, which knows ids alone.
        lost: Cases without any result, because their worker died.
        judged: Metrics that a model has judged.
    """

    name: str
    entries: Mapping[Key, CaseScores]
    scales: Mapping[str, Scale] = field(default_factory=dict)
    is_plain: bool = False
    lost: int = 0
    judged: frozenset[str] = frozenset()

    def within(self, suites: Collection[str]) -> RunScores:
        """The same with the cases of some suites alone."""
        return replace(
            self, entries={key: entry for key, entry in self.entries.items() if key[0] in suites}
        )

    def without(self, left_out: Collection[Key]) -> RunScores:
        """The same without some cases."""
        return replace(
            self, entries={key: entry for key, entry in self.entries.items() if key not in left_out}
        )


def run_scores(
    name: str, results: Iterable[CaseResult], cluster: str = "", lost: int = 0
) -> RunScores:
    """Return the scores of a run. Its results are read once, and none of their texts is held.

    Args:
        name: How the run is shown.
        results: In any order.
        cluster: Metadata that names what hangs together; empty: every case stands for itself.
        lost: Cases that left no result.
    """
    entries: dict[Key, CaseScores] = {}
    scales: dict[str, Scale] = {}
    judged: set[str] = set()
    for result in results:
        entry = case_scores(result, cluster)
        entries[entry.key] = entry
        for score in result.scores:
            scales.setdefault(score.name, score.scale)
        every = (*result.scores, *(score for sample in result.samples for score in sample.scores))
        judged |= {score.name for score in every if score.judge}
    if any(PASS_RATE in entry.marks for entry in entries.values()):
        scales[PASS_RATE] = UNIT_SCALE
    return RunScores(name, entries, scales, lost=lost, judged=frozenset(judged))


def case_scores(result: CaseResult, cluster: str = "") -> CaseScores:
    """What a comparison needs of one result."""
    case, answers = result.case, answers_of(result)
    texts = [answer.text for answer in answers]
    marks = {name: _mark(own, result.samples) for name, own in _by_name(result.scores).items()}
    kept = _passed_values(result)
    if kept is not None:
        marks[PASS_RATE] = MetricValues(kept)
    member = case.metadata.get(cluster) if cluster else None
    return CaseScores(
        result.key,
        result.outcome,
        marks,
        text_hash("\0".join(texts)) if texts else b"",
        sum(map(len, texts)) // len(texts) if texts else None,
        case.source.line,
        case.tags,
        None if member is None else str(member),
        tuple(answer.latency_s for answer in answers if not answer.cached and answer.latency_s > 0),
    )


def _passed_values(result: CaseResult) -> tuple[float, ...] | None:
    """Which of its samples pass, or the case as a whole: 1 or 0; empty: not judged; ``None``: not tried."""
    if result.outcome == "skipped":
        return None
    asked = [sample.met for sample in result.samples if not sample.is_draw]
    if len(asked) > 1 and all(kept is not None for kept in asked):
        return tuple(float(bool(kept)) for kept in asked)
    value = PASS_VALUES.get(result.outcome)
    return () if value is None else (value,)


def answers_of(result: CaseResult) -> list[Completion]:
    """The answer of each of its samples, or its one answer; without those drawn to settle a case that must pass."""
    found = [sample.completion for sample in result.samples if not sample.is_draw] or [
        result.completion
    ]
    return [completion for completion in found if completion is not None]


def text_hash(text: str) -> bytes:
    """Eight bytes that stand for a text."""
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest()


def _by_name(scores: Iterable[Score]) -> dict[str, list[Score]]:
    found: dict[str, list[Score]] = {}
    for score in scores:
        found.setdefault(score.name, []).append(score)
    return found


def _mark(own: list[Score], samples: tuple[Sample, ...]) -> MetricValues:
    """One metric of a case: of each of its samples, where it has several that were scored.

    A test may take several scores of one name. They are one value, their mean, and none if one of
    them is unscored.
    """
    version = own[0].version
    if len(own) == 1 and len(samples) > 1:
        values = tuple(_sample_values(own[0].name, samples))
        return MetricValues(values if own[0].value is not None else (), version)
    numbers = [score.value for score in own]
    known = [value for value in numbers if value is not None and math.isfinite(value)]
    return MetricValues(
        (math.fsum(known) / len(known),) if known and len(known) == len(numbers) else (), version
    )


def _sample_values(name: str, samples: tuple[Sample, ...]) -> Iterator[float]:
    for sample in samples:
        if not sample.is_draw:
            yield from (
                score.value
                for score in sample.scores
                if score.name == name and score.value is not None and math.isfinite(score.value)
            )


class BaselineCase(NamedTuple):
    """One case of a baseline with its texts, which are read again when they are needed.

    Attributes:
        scores: What a comparison needs of it.
        answers: Of each of its samples, the case's own first; none if there is none.
        reasons: Of its scores, by metric, where they are known.
    """

    scores: CaseScores
    answers: tuple[str, ...]
    reasons: Mapping[str, str]

    @property
    def key(self) -> Key:
        """What two runs are joined by."""
        return self.scores.key

    def before(
        self,
        baseline: str,
        again: Mapping[str, BeforeScore] | None = None,
        unlike: Collection[str] = (),
    ) -> Before:
        """Return the record for a report.

        Args:
            baseline: The baseline, as it was named.
            again: Scores that were made again.
            unlike: Metrics that another judge has scored: they are left out, because nothing can be
                compared with them.
        """
        scores = {
            name: BeforeScore(values.mean, self.reasons.get(name, ""))
            for name, values in self.scores.marks.items()
            if name != PASS_RATE and name not in unlike
        }
        answer = self.answers[0] if self.answers else None
        return Before(baseline, self.scores.outcome, answer, {**scores, **(again or {})})


def baseline_case(result: CaseResult, cluster: str = "") -> BaselineCase:
    """Return what the result of an earlier run holds."""
    reasons = {score.name: score.reason for score in result.scores if score.reason}
    answers = tuple(answer.text for answer in answers_of(result))
    return BaselineCase(case_scores(result, cluster), answers, reasons)
