"""Baseline files, which can be committed: the scores and answers of a run, one case per line.

The first line is a header with the number of cases. The others are sorted by file, suite and id.
They hold no times, costs or ids of calls, so that the same answers and scores always give the same
file.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from sys import intern
from typing import Any, TextIO

from pytest_llmeval.errors import InputError, SettingError
from pytest_llmeval.gating.content import UNKNOWN, Content, text_hash
from pytest_llmeval.gating.sampling import sampling_of
from pytest_llmeval.gating.scores import (
    BaselineCase,
    CaseScores,
    RunScores,
    case_scores,
    replies_of,
)
from pytest_llmeval.gating.values import MetricValues, contexts_hash, request_hash
from pytest_llmeval.records.answer_text import EXACT_MATCH, AnswerText, answers_of
from pytest_llmeval.records.call import resolved_model
from pytest_llmeval.records.result import PASS_RATE, CaseResult, Outcome
from pytest_llmeval.records.score import UNIT_SCALE, Scale
from pytest_llmeval.records.threshold import Threshold
from pytest_llmeval.records.wire import from_wire, parse_json
from pytest_llmeval.text import count

_FORMAT = "llmeval-baseline-1"
_LONGEST_HEAD = 1_000_000
"""Characters of a header that are read: a line of another file may have no end."""

_COUNT = "cases"
"""Member of the header with the number of cases; older files lack it."""

FOLDER = "golden/baselines"
_BROKEN = (
    KeyError,
    TypeError,
    ValueError,
    AttributeError,
    RecursionError,
    OverflowError,
    SettingError,
)


@dataclass(frozen=True)
class _ScoreLine:
    """The scores of a case by one metric."""

    values: tuple[float, ...]
    version: str = ""
    reason: str = ""
    reduced: float | None = None
    scorers: int = 1


@dataclass(frozen=True)
class _ContentLine:
    """The content of a case, as hashes in hex."""

    question: str
    reference: str
    columns: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class _Line:
    """A line of a baseline."""

    suite: str
    file: str
    id: str
    outcome: Outcome
    tags: tuple[str, ...]
    scores: dict[str, _ScoreLine]
    answers: tuple[str, ...]
    prompt: str = ""
    expected: str | None = None
    content: _ContentLine | None = None
    contexts: tuple[tuple[str, ...], ...] = ()
    request: str = ""
    basis: dict[str, str] = field(default_factory=dict)
    model: str = ""
    system_fingerprint: str = ""
    thresholds: tuple[str, ...] | None = None
    must_pass: bool | None = None
    replies: tuple[str, ...] = ()
    samples: int = 0


def is_baseline(path: Path) -> bool:
    """Return whether a file starts like a baseline."""
    return str(_head(path).get("format", "")).startswith("llmeval-baseline-")


def write_baseline(file: TextIO, name: str, results: Iterable[CaseResult]) -> int:
    """Write a baseline, and return the number of its cases.

    Args:
        file: A file that is open for UTF-8 text.
        name: Name of the baseline.
        results: Results of the run in any order.
    """
    scales: dict[str, Scale] = {}
    lines: dict[tuple[str, str, str], str] = {}
    for result in results:
        if result.outcome != "skipped":
            scores = case_scores(result)
            suite, path, case = scores.key
            lines[path, suite, case] = _text(_line(result, scores))
            scales.update({score.name: score.scale for score in result.scores})
    head = {
        "format": _FORMAT,
        "name": name,
        _COUNT: len(lines),
        "scales": {metric: vars(scales[metric]) for metric in sorted(scales)},
    }
    file.write(_text(head) + "\n")
    file.writelines(f"{lines[key]}\n" for key in sorted(lines))
    return len(lines)


def read_baseline(path: Path, name: str = "") -> RunScores:
    """Return the scores of a baseline.

    Args:
        path: The file.
        name: Name for people (default: the path).

    Raises:
        InputError: The file cannot be read, is broken, or has another version.
    """
    head, lines = _read_lines(path)
    try:
        scales = from_wire(dict[str, Scale], _text(head["scales"]))
        cases = {case.key: case.scores for case in map(_case, lines)}
    except _BROKEN as error:
        raise _broken(path, error) from None
    _check_count(path, head, len(cases))
    if any(PASS_RATE in case.by_metric for case in cases.values()):
        scales[PASS_RATE] = UNIT_SCALE
    return RunScores(name or str(path), cases, scales)


def baseline_cases(path: Path) -> Iterator[BaselineCase]:
    """Yield the cases of a baseline.

    Raises:
        InputError: The file cannot be read, is broken, or has another version.
    """
    for line in _read_lines(path)[1]:
        try:
            yield _case(line)
        except _BROKEN as error:
            raise _broken(path, error) from None


def has_count(path: Path) -> bool:
    """Return whether a baseline says how many cases it holds, so that none is lost unseen."""
    return _COUNT in _head(path)


def stated_count(path: Path) -> tuple[int, int | None]:
    """Return how many cases a baseline holds, and how many its header states, if it does.

    Raises:
        InputError: The file cannot be read, is broken, or has another version.
    """
    head, lines = _read_lines(path)
    return sum(1 for _ in lines), head.get(_COUNT)


def _head(path: Path) -> Mapping[str, Any]:
    """Return the first line of a file as an object; empty if it is none."""
    try:
        with path.open(encoding="utf-8") as file:
            head = parse_json(file.readline(_LONGEST_HEAD))
    except (OSError, ValueError):
        return {}
    return head if isinstance(head, dict) else {}


def _check_count(path: Path, head: Mapping[str, Any], held: int) -> None:
    """Refuse a baseline that was cut off, or in which a case was added, removed or doubled."""
    stated = head.get(_COUNT, held)
    if stated != held:
        raise InputError(
            f"{path}: found {count(held, 'case')}; allowed: {stated}, as its first line says. "
            f"It was cut off or edited. Restore it, or make it again: {_remedy(path)}"
        )


def _read_lines(path: Path) -> tuple[Mapping[str, Any], Iterator[Mapping[str, Any]]]:
    """Return the header and the other lines of a baseline."""
    try:
        first, *rest = path.read_text(encoding="utf-8").split("\n")
        head = parse_json(first)
        lines = [parse_json(line) for line in rest if line.strip()]
    except (OSError, ValueError) as error:
        raise InputError(
            f"{path}: cannot be read as a baseline: {error}. Make it again: {_remedy(path)}"
        ) from None
    if not isinstance(head, dict) or head.get("format") != _FORMAT:
        actual = head.get("format") if isinstance(head, dict) else head
        raise InputError(
            f"{path}: found format {actual!r}; allowed: {_FORMAT}. Make it again: {_remedy(path)}"
        )
    return head, iter(lines)


def _remedy(path: Path) -> str:
    """Return the command that makes a baseline file."""
    return f"llmeval baseline accept --to {path}"


def _line(result: CaseResult, scores: CaseScores) -> dict[str, Any]:
    suite, file, case = scores.key
    reasons = {score.name: score.reason for score in result.scores if score.reason}
    answers = answers_of(result)
    contexts = [list(answer.contexts) for answer in answers]
    replies = list(replies_of(result))
    return {
        "file": file,
        "suite": suite,
        "id": case,
        "outcome": result.outcome,
        "tags": list(result.case.tags),
        "prompt": result.case.prompt,
        "expected": result.case.expected,
        "content": _content_line(scores.content),
        "thresholds": scores.thresholds,
        "must_pass": scores.must_pass,
        "scores": {
            name: _score(values, reasons.get(name, ""))
            for name, values in sorted(scores.by_metric.items())
        },
        "answers": [answer.text for answer in answers],
        **({"replies": replies} if replies else {}),
        **({"samples": scores.samples} if scores.samples > max(len(answers), 1) else {}),
        **({"contexts": contexts} if any(contexts) else {}),
        "request": result.request_key,
        "basis": dict(result.basis),
        "model": answers[0].model if answers else "",
        "system_fingerprint": answers[0].system_fingerprint if answers else "",
    }


def _content_line(content: Content) -> dict[str, Any]:
    line: dict[str, Any] = {
        "question": content.question.hex(),
        "reference": content.reference.hex(),
    }
    if content.columns:
        line["columns"] = {name: value.hex() for name, value in content.columns}
    return line


def _content_of_line(line: _ContentLine | None) -> Content:
    if line is None:
        return UNKNOWN
    columns = [(name, bytes.fromhex(value)) for name, value in line.columns.items()]
    return Content(
        bytes.fromhex(line.question), bytes.fromhex(line.reference), tuple(sorted(columns))
    )


def _score(values: MetricValues, reason: str) -> dict[str, Any]:
    score: dict[str, Any] = {"values": list(values.values)}
    if values.version:
        score["version"] = values.version
    if reason:
        score["reason"] = reason
    if len(values.values) > 1 and values.reduced is not None:
        score["reduced"] = values.reduced
    if values.scorers > 1:
        score["scorers"] = values.scorers
    return score


def _case(line: Mapping[str, Any]) -> BaselineCase:
    case = from_wire(_Line, _text(line))
    values = [value for score in case.scores.values() for value in score.values]
    values += [score.reduced for score in case.scores.values() if score.reduced is not None]
    if not all(map(math.isfinite, values)):
        raise ValueError("a score is no finite number")
    scores = CaseScores(
        (case.suite, case.file, case.id),
        case.outcome,
        {
            name: MetricValues(score.values, score.version, score.reduced, score.scorers)
            for name, score in case.scores.items()
        },
        text_hash("\0".join(case.answers)) if case.answers else b"",
        sum(map(len, case.answers)) // len(case.answers) if case.answers else None,
        tags=case.tags,
        content=_content_of_line(case.content),
        contexts=contexts_hash(case.contexts),
        request=request_hash(case.request, case.basis),
        model=intern(resolved_model(case.model, case.system_fingerprint)),
        thresholds=case.thresholds,
        must_pass=case.must_pass,
        sampling=sampling_of(case.basis),
        samples=max(case.samples, len(case.answers), 1),
    )
    for threshold in case.thresholds or ():
        Threshold.parse(threshold, "baseline")
    reasons = {name: score.reason for name, score in case.scores.items()}
    contexts: tuple[tuple[str, ...], ...] | None = case.contexts
    if not case.contexts:
        # A file that says nothing of the content is of a version that wrote no passages either.
        contexts = tuple(() for _ in case.answers) if case.content else None
    text = AnswerText.of(
        case.suite,
        case.prompt,
        case.answers[0] if case.answers else None,
        case.expected,
        (case.prompt, *chain.from_iterable(case.contexts[:1])),
        is_exact=EXACT_MATCH in case.scores,
    )
    return BaselineCase(
        scores,
        case.answers,
        reasons,
        case.prompt,
        case.expected,
        contexts,
        case.request,
        case.basis,
        text,
        case.replies,
    )


def _broken(path: Path, error: Exception) -> InputError:
    problem = repr(error).partition("\\n")[0]
    return InputError(
        f"{path}: the baseline has a broken line ({problem}). Make it again: {_remedy(path)}"
    )


def _text(value: Mapping[str, Any]) -> str:
    try:
        text = json.dumps(value, ensure_ascii=False)
        text.encode()
    except UnicodeEncodeError:
        # A model can produce a lone surrogate, which UTF-8 does not allow.
        return json.dumps(value)
    return text.replace("\u2028", "\\u2028").replace("\u2029", "\\u2029").replace("\x85", "\\u0085")
