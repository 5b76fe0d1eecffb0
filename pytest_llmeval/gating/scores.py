"""The scores of a run in numbers, small enough for every case of a large run."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from sys import intern
from types import MappingProxyType
from typing import NamedTuple

from pytest_llmeval.errors import nearest
from pytest_llmeval.gating.content import UNKNOWN, Content, column_of, content_of, text_hash
from pytest_llmeval.gating.file_facts import FileFacts
from pytest_llmeval.gating.sampling import Sampling, sampling_of
from pytest_llmeval.gating.values import (
    MetricValues,
    by_name,
    contexts_hash,
    deciding_thresholds,
    metric_values,
    pass_values,
    request_hash,
)
from pytest_llmeval.records.answer_text import AnswerText, answer_text, answers_of
from pytest_llmeval.records.changed import UnchangedCase
from pytest_llmeval.records.comparison import Comparison
from pytest_llmeval.records.result import (
    PASS_RATE,
    Before,
    BeforeScore,
    CaseResult,
    Key,
    Outcome,
    requested_samples,
)
from pytest_llmeval.records.score import UNIT_SCALE, Scale
from pytest_llmeval.records.verdicts import PASS_VALUES


@dataclass(frozen=True, slots=True)
class CaseScores:
    """The scores of a case in a run.

    Attributes:
        key: Suite, file and id, by which two runs are joined.
        outcome: Its outcome; empty if unknown.
        by_metric: Values by metric.
        answer: Short hash of the answers of all samples; empty without an answer.
        length: Mean number of characters of the answers; ``None`` without an answer.
        line: Line in the golden file; 0 if unknown.
        tags: Tags of the case.
        cluster: Name of its group of dependent cases; ``None`` if it depends on no other.
        latencies: Seconds of every live call.
        is_unconfigured: Whether it was skipped because no model or judge is configured. Then it was
            selected like the others, and not judged.
        content: What it asks and accepts.
        rescored: Metrics that were scored again with the reference of the run it is compared with.
        drifted: Metrics whose judge has changed since, behind the same fingerprint.
        contexts: Short hash of the passages of all answers; empty without any.
        request: Short hash of its request, of who answers it and of what decides on it; empty if
            unknown.
        model: Model and configuration that answered, as the endpoint names them; empty if unknown.
        is_live: Whether it was answered anew in this run.
        thresholds: The thresholds that it was held against, in order; ``None`` if they are unknown,
            or did not decide alone.
        must_pass: Whether it must pass, so that further samples settle a missed threshold; ``None``
            if unknown.
        sampling: How its answers were taken and put together; ``None`` if unknown.
        apart: Metrics, and the pass rate, that cannot be compared with the run it is compared with,
            because its thresholds or its sampling are others, and they cannot be made again.
        samples: Number of requested samples.
        lost: Of these, the ones without an answer, or without one of the scores.
    """

    key: Key
    outcome: Outcome | str = ""
    by_metric: Mapping[str, MetricValues] = field(default_factory=dict)
    answer: bytes = b""
    length: int | None = None
    line: int = 0
    tags: tuple[str, ...] = ()
    cluster: str | None = None
    latencies: tuple[float, ...] = ()
    is_unconfigured: bool = False
    content: Content = UNKNOWN
    rescored: frozenset[str] = frozenset()
    drifted: frozenset[str] = frozenset()
    contexts: bytes = b""
    request: bytes = b""
    model: str = ""
    is_live: bool = False
    thresholds: tuple[str, ...] | None = None
    must_pass: bool | None = None
    sampling: Sampling | None = None
    apart: frozenset[str] = frozenset()
    samples: int = 1
    lost: int = 0

    @property
    def is_row(self) -> bool:
        """Whether it is a row of a golden file, which no test function can fail."""
        return self.key[0] == self.key[1] != ""

    @property
    def is_unjudged(self) -> bool:
        """Whether it should have been judged, and was not."""
        return self.outcome == "error" or self.is_unconfigured

    def is_comparable(self, after: CaseScores, metric: str) -> bool:
        """Return whether a later score is made as that of this baseline case, of one reference."""
        if metric in self.apart:
            return False
        return metric in self.rescored or self.content.may_accept_like(after.content)

    def with_answers(self, answers: Sequence[str]) -> CaseScores:
        """Return the case with other answers of its samples."""
        length = sum(map(len, answers)) // len(answers)
        return replace(self, answer=_answers_hash(answers), length=length)

    def is_answered_like(self, after: CaseScores) -> bool:
        """Return whether a later case has the same answers, from the same passages."""
        is_same_text = bool(self.answer) and self.answer == after.answer
        return is_same_text and self.contexts == after.contexts

    def is_of_judge(self, after: CaseScores, metric: str) -> bool:
        """Return whether a later score is of the same judge or metric as that of this case."""
        is_like = self.by_metric[metric].may_be_like(after.by_metric[metric])
        return is_like and metric not in self.drifted

    @property
    def may_have_failed(self) -> bool:
        """Whether a score that it lacks may be lacking because of its answer.

        An assertion before the score has failed, or the test has skipped what it did not like.
        """
        has_skipped = self.outcome == "skipped" and bool(self.answer)
        return self.is_unjudged or has_skipped or self.outcome in ("failed", "xfailed")

    def value_of(self, metric: str) -> float | None:
        """Return the value of a metric for the case; ``None`` without a value."""
        values = self.by_metric.get(metric)
        return values.value if values else None


@dataclass(frozen=True)
class Selection:
    """The cases that a run was meant to have.

    Attributes:
        is_whole: Whether it was meant to have every case below its roots; not so with ``-k``,
            ``--llm-where`` or ``--llm-limit``.
        roots: Node ids of the selected folders, files and tests; empty for everything.
        unchanged: Cases that were not run, and count with their scores of the baseline.
        by_outcome: The option that chose cases by how they ended last time; empty if none did.
    """

    is_whole: bool = True
    roots: tuple[str, ...] = ()
    unchanged: tuple[UnchangedCase, ...] = ()
    by_outcome: str = ""

    def includes(self, suite: str) -> bool:
        """Return whether the run was meant to have every case of a golden file or test."""
        if not self.is_whole:
            return False
        return not self.roots or any(is_below(suite, root) for root in self.roots)


def is_below(nodeid: str, scope: str) -> bool:
    """Return whether a test belongs to a test, class, module or folder."""
    return nodeid == scope or nodeid.startswith((f"{scope}[", f"{scope}::", f"{scope}/"))


def no_such_score(metric: str, scales: Mapping[str, Scale]) -> str:
    """Return the reason of a gate on a score that no case has."""
    if metric == PASS_RATE:
        return (
            "no case can pass or fail, because none was held against a threshold or judged by the "
            "body of a test"
        )
    names = ", ".join(scales) or "none"
    hint = nearest(metric, scales)
    return f"no case has a score {metric!r}; there are {names}. {hint}".rstrip()


@dataclass(frozen=True)
class RandomDraw:
    """The random part of the cases that ``--llm-limit`` draws.

    Attributes:
        limit: Number of cases.
        seed: Seed of the draw.
    """

    limit: int
    seed: int


@dataclass(frozen=True)
class RunScores:
    """The scores of a run.

    Attributes:
        name: Name for people.
        cases: Cases by key.
        scales: Scales by metric.
        is_plain: Whether it is a file of another tool, with ids but no suites and files.
        tool: The tool whose result file it is; empty for a table, which any tool may have written,
            and for a run.
        lost: Number of cases without a result, because their worker died.
        judged: Metrics with scores of a judge.
        selection: The cases that it was meant to have.
        read_cases: Reads the cases with their texts one by one; ``None`` if they are not needed.
        renewed: Metrics with scores that were made again for a part of the cases.
        draw: How its cases were drawn; ``None`` unless at random.
        comparisons: Its comparisons with baselines, as its record holds them.
        fields: Columns of metadata that its cases have.
        file: What it says about its scores if it is a file of another tool.
    """

    name: str
    cases: Mapping[Key, CaseScores]
    scales: Mapping[str, Scale] = field(default_factory=dict)
    is_plain: bool = False
    lost: int = 0
    judged: frozenset[str] = frozenset()
    selection: Selection = Selection(is_whole=False)
    read_cases: Callable[[], Iterator[BaselineCase]] | None = field(default=None, compare=False)
    renewed: frozenset[str] = frozenset()
    tool: str = ""
    draw: RandomDraw | None = None
    comparisons: tuple[Comparison, ...] = field(default=(), compare=False)
    fields: frozenset[str] = frozenset()
    file: FileFacts = field(default_factory=FileFacts)

    def as_for(self, tool: str) -> RunScores:
        """Return the scores for a comparison with a run of a tool.

        The hashes of two tools say nothing about whether their cases ask the same.
        """
        if self.tool == tool:
            return self
        cases = {key: replace(case, content=UNKNOWN) for key, case in self.cases.items()}
        return replace(self, cases=cases)

    def digest(self) -> str:
        """Return a short hash of all scores, whatever the order of the cases."""
        rows = sorted(
            (key, name, list(values.values), values.version)
            for key, case in self.cases.items()
            for name, values in case.by_metric.items()
        )
        return text_hash(json.dumps(rows)).hex()

    def with_unchanged(self, before: RunScores, unchanged: Iterable[UnchangedCase]) -> RunScores:
        """Return the scores with those of a baseline for the cases that need not run."""
        cases, scales = dict(self.cases), dict(self.scales)
        for case in unchanged:
            old = before.cases.get(case.key)
            if old is None or case.key in cases:
                continue
            cases[case.key] = replace(
                old, line=case.line, cluster=case.cluster, latencies=(), is_live=False
            )
            for metric in old.by_metric:
                scales.setdefault(metric, before.scales[metric])
        return replace(self, cases=cases, scales=scales)

    def within(self, suites: Collection[str]) -> RunScores:
        """Return the scores of the cases in some suites."""
        return replace(
            self, cases={key: case for key, case in self.cases.items() if key[0] in suites}
        )

    def without(self, left_out: Collection[Key]) -> RunScores:
        """Return the scores without some cases."""
        return replace(
            self, cases={key: case for key, case in self.cases.items() if key not in left_out}
        )


def run_scores(
    name: str, results: Iterable[CaseResult], cluster: str = "", lost: int = 0
) -> RunScores:
    """Return the scores of a run; its results are read once, and their texts are not stored.

    Args:
        name: Name of the run for people.
        results: Results in any order.
        cluster: Metadata field that groups dependent cases; empty for none.
        lost: Number of cases without a result.
    """
    cases: dict[Key, CaseScores] = {}
    scales: dict[str, Scale] = {}
    judged: set[str] = set()
    fields: set[str] = set()
    for result in results:
        case = case_scores(result, cluster)
        cases[case.key] = case
        fields.update(result.case.metadata)
        for metric, scale in scales_of(result, case).items():
            scales.setdefault(metric, scale)
        judged |= {score.name for _, score in result.all_scores() if score.judge}
    if PASS_RATE in scales:
        scales[PASS_RATE] = scales.pop(PASS_RATE)  # the last one, as in every report
    return RunScores(
        name, cases, scales, lost=lost, judged=frozenset(judged), fields=frozenset(fields)
    )


def replies_of(result: CaseResult) -> tuple[str, ...]:
    """Return the replies that a pattern has taken the answers from; empty without a pattern."""
    sampling = sampling_of(result.basis)
    if sampling is None or not sampling.pattern:
        return ()
    return tuple(answer.raw_text or answer.text for answer in answers_of(result))


def scales_of(result: CaseResult, case: CaseScores) -> dict[str, Scale]:
    """Return the scales of the scores of a result, and of its pass rate if it has one."""
    scales: dict[str, Scale] = {}
    for score in result.scores:
        scales.setdefault(score.name, score.scale)
    if PASS_RATE in case.by_metric:
        scales[PASS_RATE] = UNIT_SCALE
    return scales


def _answers_hash(answers: Sequence[str]) -> bytes:
    """Return a short hash of the answers of a case; empty without one."""
    return text_hash("\0".join(answers)) if answers else b""


def case_scores(result: CaseResult, cluster: str = "") -> CaseScores:
    """Return the scores of a result for comparisons."""
    case = result.case
    answers = answers_of(result)
    texts = [answer.text for answer in answers]
    sampling = sampling_of(result.basis)
    by_metric = {
        name: metric_values(scores, result.samples, sampling)
        for name, scores in by_name(result.scores).items()
    }
    passes = pass_values(result, by_metric)
    samples = requested_samples(result.samples)
    taken = sampling.samples if sampling is not None and result.outcome == "error" else 1
    if passes is not None:
        reduced = PASS_VALUES.get(result.outcome) if len(passes) > 1 else None
        by_metric[PASS_RATE] = MetricValues(passes, reduced=reduced)
    member = case.metadata.get(cluster) if cluster else None
    return CaseScores(
        result.key,
        result.outcome,
        by_metric,
        _answers_hash(texts),
        sum(map(len, texts)) // len(texts) if texts else None,
        case.source.line,
        case.tags,
        None if member is None else str(member),
        tuple(answer.latency_s for answer in answers if not answer.cached and answer.latency_s > 0),
        result.outcome == "skipped" and result.cause == "no_model",
        content_of(case, column_of(answers)),
        contexts=contexts_hash([answer.contexts for answer in answers]),
        request=request_hash(result.request_key, result.basis),
        model=intern(answers[0].resolved_model) if answers else "",
        is_live=bool(answers) and not any(answer.cached for answer in answers),
        thresholds=deciding_thresholds(result),
        must_pass=bool(case.must_pass),
        sampling=sampling,
        samples=len(samples) or taken,
        lost=sum(sample.is_lost for sample in samples),
    )


class BaselineCase(NamedTuple):
    """A case of a baseline with its texts, which are read only when they are needed.

    Attributes:
        scores: Its scores for comparisons.
        answers: Answers of its samples, first that of the case.
        reasons: Known reasons of its scores by metric.
        prompt: Its prompt; empty if unknown.
        expected: Its accepted answer; ``None`` if there is none, or it is unknown.
        contexts: The passages of each answer; ``None`` if unknown.
        request_key: Key of its request in every run; empty if unknown.
        basis: What its outcome rests on besides the answer; empty if unknown.
        text: Its answer and what it was an answer to; ``None`` without an answer.
        replies: The whole replies that its answers were taken from; empty if they are the same.
    """

    scores: CaseScores
    answers: tuple[str, ...]
    reasons: Mapping[str, str]
    prompt: str = ""
    expected: str | None = None
    contexts: tuple[tuple[str, ...], ...] | None = None
    request_key: str = ""
    basis: Mapping[str, str] = MappingProxyType({})
    text: AnswerText | None = None
    replies: tuple[str, ...] = ()

    @property
    def key(self) -> Key:
        """Suite, file and id, by which two runs are joined."""
        return self.scores.key

    def before(
        self,
        baseline: str,
        again: Mapping[str, BeforeScore] | None = None,
        unlike: Collection[str] = (),
    ) -> Before:
        """Return the record for a report.

        Args:
            baseline: Name of the baseline as the user wrote it.
            again: Scores that were made again.
            unlike: Metrics with scores of a different judge, which cannot be compared.
        """
        scores = {
            name: BeforeScore(values.value, self.reasons.get(name, ""))
            for name, values in self.scores.by_metric.items()
            if name != PASS_RATE and name not in unlike
        }
        answer = self.answers[0] if self.answers else None
        return Before(baseline, self.scores.outcome, answer, {**scores, **(again or {})})


def baseline_case(result: CaseResult) -> BaselineCase:
    """Return the baseline case of an earlier result."""
    reasons = {score.name: score.reason for score in result.scores if score.reason}
    answers = answers_of(result)
    case = result.case
    return BaselineCase(
        case_scores(result),
        tuple(answer.text for answer in answers),
        reasons,
        case.prompt,
        case.expected,
        tuple(answer.contexts for answer in answers),
        result.request_key,
        result.basis,
        answer_text(result),
        replies_of(result),
    )
