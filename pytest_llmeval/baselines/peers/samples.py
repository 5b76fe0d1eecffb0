"""The results of another tool: samples of its tests, joined to cases with scores."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from hashlib import blake2b
from itertools import chain
from typing import Any

from pytest_llmeval.baselines.columns import Columns
from pytest_llmeval.errors import InputError, nearest
from pytest_llmeval.gating.content import Content, text_hash
from pytest_llmeval.gating.file_facts import FileFacts, Method
from pytest_llmeval.gating.sampling import Sampling
from pytest_llmeval.gating.scores import BaselineCase, CaseScores, RunScores
from pytest_llmeval.gating.values import MetricValues
from pytest_llmeval.goldens.cells import tag_texts
from pytest_llmeval.records.answer_text import AnswerText
from pytest_llmeval.records.result import PASS_RATE
from pytest_llmeval.records.score import UNIT_SCALE, Scale, is_failed_judge
from pytest_llmeval.stats.paired import ROUNDING
from pytest_llmeval.text import one_line, shows_something

_MOST_VALUES = 20
"""A field of metadata with more values than this is no category."""
_ID_WIDTH = 80


@dataclass(frozen=True)
class PeerSample:
    """One run of one test in another tool.

    Attributes:
        id: What joins it with the same test of another run.
        scores: Score by metric; ``None`` if it is unscored.
        is_passed: Whether the tool says that it passed; ``None`` if it says nothing.
        error: Why the test could not be judged; empty if it was.
        is_skipped: Whether it was left out on purpose.
        is_undecided: Whether it might have passed or failed if nothing had gone wrong.
        answer: The answer; ``None`` if it is unknown.
        tags: Tags of the test.
        metadata: Further fields of the test.
        reasons: Known reasons of the scores by metric.
        question: What the test asks; empty if it is unknown.
        reference: What it compares the answer with; empty if it is unknown.
        judges: The judge of a score by metric, where the tool names one.
        expected: The expected answer; ``None`` if there is none, or it is unknown.
        is_exact: Whether it requires the expected answer to the letter.
        prompt: What was sent to the model; empty if it is unknown.
    """

    id: str
    scores: Mapping[str, float | None] = field(default_factory=dict)
    is_passed: bool | None = None
    error: str = ""
    is_skipped: bool = False
    is_undecided: bool = False
    answer: str | None = None
    tags: tuple[str, ...] = ()
    metadata: Mapping[str, Any] = field(default_factory=dict)
    reasons: Mapping[str, str] = field(default_factory=dict)
    question: str = ""
    reference: str = ""
    judges: Mapping[str, str] = field(default_factory=dict)
    expected: str | None = None
    is_exact: bool = False
    prompt: str = ""

    @property
    def is_judged(self) -> bool:
        """Whether its scores count."""
        return not self.error and not self.is_skipped


@dataclass(frozen=True)
class PeerRun:
    """A result file of another tool.

    Attributes:
        file: The file, as an error names it.
        tool: Name of the tool.
        samples: The samples, those of one test in the order in which they were taken.
        scales: Scales that the tool states, by metric.
        on_request: Metrics that are read only if the user names them.
        is_mixed: Whether its numbers need not be scores. Then one that leaves the scale has no
            range, and is shown without a verdict.
        measures: Numbers that are no scores by their names, and are shown likewise.
        reduced: Values that the tool made of several samples, by id and metric.
        methods: How the tool made the scores, by metric; by default their mean over the samples.
        texts: Properties that are no scores because of their texts, with their number of numbers.
        notes: Values that are no scores, in words.
    """

    file: str
    tool: str
    samples: Sequence[PeerSample]
    scales: Mapping[str, Scale] = field(default_factory=dict)
    on_request: frozenset[str] = frozenset()
    is_mixed: bool = False
    measures: frozenset[str] = frozenset()
    reduced: Mapping[tuple[str, str], float] = field(default_factory=dict)
    methods: Mapping[str, Method] = field(default_factory=dict)
    texts: Mapping[str, int] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def peer_scores(run: PeerRun, columns: Columns, name: str = "") -> RunScores:
    """Return the scores of a result file.

    Raises:
        InputError: It has no scores, or one that is not allowed.
    """
    scales = _scales(run, columns)
    cases = {case.key: case.scores for case in _cases(run, columns, scales)}
    if any(PASS_RATE in case.by_metric for case in cases.values()):
        scales[PASS_RATE] = UNIT_SCALE
    if not scales:
        raise InputError(
            f"{run.file}: found no score and no outcome in {run.tool}'s "
            f"{len(run.samples)} results; allowed: a file with at least one"
        )
    repeats = Counter(sample.id for sample in run.samples if not sample.is_skipped)
    facts = FileFacts(_methods(run, scales, repeats), run.texts, run.notes, repeats)
    return RunScores(name or run.file, cases, scales, is_plain=True, tool=run.tool, file=facts)


def _methods(run: PeerRun, scales: Iterable[str], repeats: Mapping[str, int]) -> dict[str, Method]:
    """Return how the scores were made: by most tools as the mean of all samples that there are."""
    usual = Method(Sampling.of(max(repeats.values(), default=1)))
    return {name: run.methods.get(name, usual) for name in scales}


def peer_cases(run: PeerRun, columns: Columns) -> Iterator[BaselineCase]:
    """Yield the cases of a result file.

    Raises:
        InputError: It has a score that is not allowed.
    """
    return _cases(run, columns, _scales(run, columns))


def content_id(name: str, content: str) -> str:
    """Return an id for a test by its name and content, which does not move with its position."""
    text = " ".join(content.split())
    if not name and text == content and shows_something(text) and len(text) <= _ID_WIDTH:
        return text
    digest = blake2b(content.encode("utf-8", "surrogatepass"), digest_size=4).hexdigest()
    return f"{name or one_line(text, _ID_WIDTH - 20)} #{digest}"


def text_of(value: Any) -> str | None:
    """Return a value as text, the same for the same value; ``None`` if there is none."""
    if value is None or isinstance(value, str):
        return value
    return json.dumps(value, sort_keys=True)


def tags_of(metadata: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the tags among the metadata of a test, written as in a golden file."""
    return tag_texts(metadata.get("tags") or metadata.get("tag"))


def _scales(run: PeerRun, columns: Columns) -> dict[str, Scale]:
    """Return the scales of the metrics to read."""
    judged = [sample for sample in run.samples if sample.is_judged]
    known = list(dict.fromkeys(name for sample in judged for name in sample.scores))
    for name in columns.score:
        if name not in known and name != PASS_RATE:
            allowed = ", ".join((*known, PASS_RATE))
            hint = nearest(name, known)
            message = f"{run.file}: found no score {name!r} (--score); allowed: {allowed}. {hint}"
            raise InputError(message.rstrip())
    chosen = [name for name in known if name not in run.on_request]
    if columns.score:
        chosen = [name for name in columns.score if name != PASS_RATE]
    return {name: _scale(run, judged, name, columns) for name in chosen}


def _scale(run: PeerRun, judged: Iterable[PeerSample], name: str, columns: Columns) -> Scale:
    """Return the scale of a metric, which all its values are on."""
    scale = run.scales.get(name, columns.scale)
    if name in run.measures and name not in columns.score:
        return replace(scale, low=None, high=None)
    for sample in judged:
        value = sample.scores.get(name)
        if value is None or _on_scale(value, scale) is not None or _is_missing(value, scale):
            continue
        if run.is_mixed and name not in columns.score:
            return replace(scale, low=None, high=None)
        raise InputError(
            f"{run.file}: found {value:.15g} as {name} of {one_line(sample.id, _ID_WIDTH)}; "
            f"allowed: {scale.range}; another range: --scale LOW HIGH"
        )
    return scale


def _on_scale(value: float, scale: Scale) -> float | None:
    """Return a value without its rounding errors, or ``None`` if it is outside the scale."""
    low = -math.inf if scale.low is None else scale.low
    high = math.inf if scale.high is None else scale.high
    if low - ROUNDING <= value <= high + ROUNDING:
        return min(high, max(low, value))
    return None


def _is_missing(value: float, scale: Scale) -> bool:
    return scale.low is not None and is_failed_judge(value, scale.low)


def _cases(run: PeerRun, columns: Columns, scales: Mapping[str, Scale]) -> Iterator[BaselineCase]:
    fields = {name for sample in run.samples for name in sample.metadata}
    if columns.cluster and columns.cluster not in fields:
        allowed = ", ".join(sorted(fields)) or "none, because no test has metadata"
        raise InputError(
            f"{run.file}: found no field {columns.cluster!r} of metadata (--cluster); "
            f"allowed: {allowed}. {nearest(columns.cluster, fields)}".rstrip()
        )
    by_id: dict[str, list[PeerSample]] = {}
    for sample in run.samples:
        by_id.setdefault(sample.id, []).append(sample)
    categories = _categories(by_id.values(), columns.cluster)
    for samples in by_id.values():
        yield _case(run, samples, scales, columns.cluster, categories)


def _categories(cases: Collection[Sequence[PeerSample]], cluster: str) -> frozenset[str]:
    """Return the fields of metadata that sort the cases into a few groups."""
    values: dict[str, set[str]] = {}
    for samples in cases:
        for name, value in samples[0].metadata.items():
            if isinstance(value, str) and not name.startswith("_"):
                values.setdefault(name, set()).add(value)
    most = min(_MOST_VALUES, len(cases) // 2)
    return frozenset(
        name for name, seen in values.items() if name != cluster and 2 <= len(seen) <= most
    )


def _case(
    run: PeerRun,
    samples: Sequence[PeerSample],
    scales: Mapping[str, Scale],
    cluster: str,
    categories: frozenset[str],
) -> BaselineCase:
    first = samples[0]
    judged = [sample for sample in samples if sample.is_judged]
    by_metric = {
        name: MetricValues(
            () if _lacks_sample(samples, name) else _values(judged, name, scale),
            _judges(judged, name),
            run.reduced.get((first.id, name)),
        )
        for name, scale in scales.items()
        if any(name in sample.scores for sample in judged)
    }
    passes = _passes(samples)
    if passes is not None:
        # Each of the judges may have decided.
        named = sorted({name for sample in judged for name in sample.judges})
        judges = dict.fromkeys(_judges(judged, name) for name in named)
        by_metric[PASS_RATE] = MetricValues(passes, ", ".join(filter(None, judges)))
    answers = tuple(sample.answer for sample in judged if sample.answer is not None)
    group = first.metadata.get(cluster) if cluster else None
    tags = [tag for sample in samples for tag in sample.tags]
    tags += [f"{name}={first.metadata[name]}" for name in categories & first.metadata.keys()]
    scores = CaseScores(
        ("", "", first.id),
        _outcome(samples),
        by_metric,
        answer=_identity(answers, by_metric) if answers else b"",
        length=sum(map(len, answers)) // len(answers) if answers else None,
        tags=tuple(sorted(set(tags))),
        cluster=None if group in (None, "") else str(group),
        content=Content(_hash(first.question), _hash(first.reference)),
    )
    reasons = chain.from_iterable(sample.reasons.items() for sample in reversed(judged))
    expected = first.reference or None
    text = _answer_text(run.tool, judged)
    return BaselineCase(scores, answers, dict(reasons), first.question, expected, text=text)


def _answer_text(tool: str, judged: Sequence[PeerSample]) -> AnswerText | None:
    """Return the answer with what it was an answer to."""
    first = next((sample for sample in judged if sample.answer is not None), None)
    if first is None:
        return None
    return AnswerText.of(
        tool,
        first.question or first.id,
        first.answer,
        first.expected,
        (first.prompt or first.question,),
        is_exact=first.is_exact,
        is_of_tool=True,
    )


def _judges(judged: Iterable[PeerSample], name: str) -> str:
    """Return the judges of a case's samples, as the version of their score; empty if unknown."""
    return ", ".join(sorted({judge for sample in judged if (judge := sample.judges.get(name))}))


def _hash(text: str) -> bytes:
    return text_hash(text) if text else b""


def _identity(answers: Iterable[str], by_metric: Mapping[str, MetricValues]) -> bytes:
    """Return a hash of the answers and their scores.

    Equal texts alone would not do: a grader may have looked at more than the text.
    """
    values = [
        f"{name} {values.values} {values.reduced}" for name, values in sorted(by_metric.items())
    ]
    return text_hash("\0".join((*answers, *values)))


def _lacks_sample(samples: Iterable[PeerSample], name: str) -> bool:
    """Return whether a sample of a case should have a score, and has none.

    The scores of the other samples may be so good because the worst are missing.
    """
    tried = [sample for sample in samples if not sample.is_skipped]
    # Two tests of one id may take different scores: what they compare with tells them apart.
    references = {sample.reference for sample in tried if sample.is_judged}
    taken = {sample.reference for sample in tried if sample.is_judged and name in sample.scores}
    for sample in tried:
        may_take = sample.reference in taken or sample.reference not in references
        if may_take and (sample.error or sample.scores.get(name) is None):
            return True
    return False


def _values(judged: Iterable[PeerSample], name: str, scale: Scale) -> tuple[float, ...]:
    """Return the scores of the samples that take it; none if the judge of one has failed."""
    known = [value for sample in judged if (value := sample.scores.get(name)) is not None]
    if any(_is_missing(value, scale) for value in known):
        return ()
    on_scale = [(value, _on_scale(value, scale)) for value in known]
    return tuple(value if inside is None else inside for value, inside in on_scale)


def _passes(samples: Sequence[PeerSample]) -> tuple[float, ...] | None:
    """Return 1 or 0 per sample; empty if one could not be judged, ``None`` without an outcome."""
    tried = [sample for sample in samples if not sample.is_skipped]
    if any(sample.error or sample.is_undecided for sample in tried):
        return () if any(sample.is_passed is not None for sample in tried) else None
    passes = [float(sample.is_passed) for sample in tried if sample.is_passed is not None]
    return tuple(passes) if passes else None


def _outcome(samples: Sequence[PeerSample]) -> str:
    """Return the outcome of a case; a case of which a sample could not be judged is an error."""
    tried = [sample for sample in samples if not sample.is_skipped]
    if not tried:
        return "skipped"
    judged = [sample for sample in tried if not sample.error]
    if len(judged) < len(tried) or any(sample.is_undecided for sample in judged):
        return "error"
    if any(sample.is_passed is None for sample in judged):
        return ""
    return "passed" if all(sample.is_passed for sample in judged) else "failed"
