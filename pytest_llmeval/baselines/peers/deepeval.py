"""The test runs of deepeval: ``test_run_*.json``, and the latest run below ``.deepeval``.

The members are those of ``TestRun`` and ``MetricData`` (https://deepeval.com/docs/evaluation-test-cases).
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from pytest_llmeval.baselines.columns import Columns
from pytest_llmeval.baselines.peers.document import Node
from pytest_llmeval.baselines.peers.samples import PeerRun, PeerSample, content_id, tags_of
from pytest_llmeval.errors import InputError
from pytest_llmeval.gating.file_facts import Method
from pytest_llmeval.gating.sampling import Sampling

_TOOL = "deepeval"
_EXACT = "Exact Match"
_RUN, _LINK = "testRunData", "testRunLink"
"""What ``.latest_test_run.json`` holds: a run, or only its address."""

_CASES = ("testCases", "conversationalTestCases")
_METRICS = ("metricsData", "metricsMetadata")
"""The list of a test's metrics, and its name in older files."""

_NUMBERED = re.compile(r"(conversational_)?test_case_\w*")
"""The name that a test without a name gets, from its position."""

_LOWER_IS_BETTER = frozenset({"Bias", "Toxicity", "Hallucination", "Misuse"})
"""Metrics whose threshold is the highest score that passes."""


def is_deepeval(document: Any) -> bool:
    """Return whether a JSON document is a test run of deepeval."""
    if not isinstance(document, dict):
        return False
    return any(name in document for name in (*_CASES, _RUN, _LINK))


def read_deepeval(document: Node, columns: Columns) -> PeerRun:
    """Read a test run.

    Raises:
        InputError: It holds no run, or a value that is not allowed.
    """
    run = document
    if _RUN in document.members():
        run = document.member(_RUN)
    elif _LINK in document.members():
        raise InputError(
            f"{document.file}: found only the address of a test run; allowed: a test run with its "
            "results, which .deepeval/.latest_run_full.json and the folder of "
            "DEEPEVAL_RESULTS_FOLDER hold"
        )
    cases = [case for name in _CASES for case in run.member(name).items()]
    samples = [_sample(case) for case in cases]
    lower = _lower_is_better(cases)
    names = {name for sample in samples for name in sample.scores}
    scale = columns.scale
    scales = {
        name: replace(scale, higher_is_better=scale.higher_is_better and name not in lower)
        for name in names
    }
    methods = _methods(cases, names, samples)
    return PeerRun(document.file, _TOOL, samples, scales, methods=methods)


def _methods(
    cases: Iterable[Node], names: Iterable[str], samples: Iterable[PeerSample]
) -> dict[str, Method]:
    """Return how the scores were made: in the strict mode one below the threshold is 0."""
    metrics = [metric for case in cases for metric in _metrics(case)]
    strict = {_name(metric) for metric in metrics if metric.member("strictMode").flag()}
    repeats = max(Counter(sample.id for sample in samples).values(), default=1)
    options = {name: "strict mode" if name in strict else "no strict mode" for name in names}
    return {name: Method(Sampling.of(repeats), text) for name, text in options.items()}


def _sample(case: Node) -> PeerSample:
    metadata = case.member("metadata").members()
    tags = tags_of({"tags": case.member("tags").value}) + tags_of(metadata)
    metrics = list(_metrics(case))
    scores = _scores(metrics)
    # A flaky metric never decides whether a test passes.
    decisive = [metric for metric in metrics if not metric.member("flaky").flag()]
    success = case.member("success").flag() if decisive else None
    failed = [metric for metric in decisive if _score(metric) is None]
    sample = PeerSample(
        _id(case),
        scores,
        success,
        answer=_answer(case),
        tags=tags,
        metadata=metadata,
        reasons={_name(metric): metric.member("reason").text() for metric in metrics},
        question=_question(case),
        reference=case.member("expectedOutput").text() or case.member("expectedOutcome").text(),
        judges={_name(metric): metric.member("evaluationModel").text() for metric in metrics},
        expected=case.member("expectedOutput").text() or None,
        is_exact=any(_name(metric) == _EXACT for metric in metrics),
    )
    if failed and len(failed) == len(metrics):
        return replace(sample, error=f"{_name(failed[0])} failed")
    # With a metric that failed nobody knows whether the test would have passed.
    return replace(sample, is_undecided=bool(failed))


def _metrics(case: Node) -> Iterator[Node]:
    for name in _METRICS:
        yield from case.member(name).items()


def _scores(metrics: Iterable[Node]) -> dict[str, float | None]:
    """Return the score by metric; of several with one name the mean, if all are scored."""
    by_name: dict[str, list[float | None]] = {}
    for metric in metrics:
        by_name.setdefault(_name(metric), []).append(_score(metric))
    return {name: _mean(scores) for name, scores in by_name.items()}


def _mean(scores: Sequence[float | None]) -> float | None:
    known = [score for score in scores if score is not None]
    return math.fsum(known) / len(known) if len(known) == len(scores) else None


def _name(metric: Node) -> str:
    name = metric.member("name").text() or metric.member("metric").text()
    if not name:
        raise metric.refusal("a metric with a name")
    return name


def _score(metric: Node) -> float | None:
    """Return a score; ``None`` if the metric failed."""
    return None if metric.member("error").value else metric.member("score").number()


def _id(case: Node) -> str:
    """Return the name of a test, unless that is its position, and what it asks."""
    name, content = case.member("name").text(), _question(case)
    if _NUMBERED.fullmatch(name) and content:
        name = ""
    if not name and not content:
        raise case.refusal("a test with a name, an input, a scenario or turns")
    return content_id(name, content) if content else name


def _question(case: Node) -> str:
    """Return the input of a test, or what a conversation is about."""
    for name in ("input", "scenario"):
        if text := case.member(name).text():
            return text
    return "\n".join(
        turn.member("content").text()
        for turn in case.member("turns").items()
        if turn.member("role").value == "user"
    )


def _answer(case: Node) -> str | None:
    answer = case.member("actualOutput")
    if answer.value is not None:
        return answer.text()
    said = [
        turn.member("content").text()
        for turn in case.member("turns").items()
        if turn.member("role").value == "assistant"
    ]
    return "\n".join(said) if said else None


def _lower_is_better(cases: Iterable[Node]) -> set[str]:
    """Return the metrics of which a low score is good: by name, or as thresholds show."""
    lower: set[str] = set()
    higher: set[str] = set()
    known: set[str] = set()
    for metric in (metric for case in cases for metric in _metrics(case)):
        name = _name(metric)
        known.add(name)
        score, threshold = _score(metric), metric.member("threshold").number()
        success = metric.member("success").flag()
        if score is None or threshold is None or success is None or score == threshold:
            continue
        (higher if success == (score > threshold) else lower).add(name)
    plain = {name for name in known if name.partition(" ")[0] in _LOWER_IS_BETTER}
    return (lower - higher) | (plain - higher)
