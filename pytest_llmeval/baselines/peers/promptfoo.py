"""The results of promptfoo: ``promptfoo eval -o results.json`` or ``.jsonl``, and exports.

The members are those of ``EvaluateSummary`` and ``EvaluateResult``, and in older files of
``EvaluateTable`` (https://www.promptfoo.dev/docs/configuration/reference/). Of an assertion that
failed, ``error`` holds the reason; only ``failureReason`` tells it from an error.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pytest_llmeval.baselines.columns import Columns
from pytest_llmeval.baselines.peers.document import Node, parse_document
from pytest_llmeval.baselines.peers.samples import PeerRun, PeerSample, content_id, tags_of, text_of
from pytest_llmeval.errors import InputError, nearest
from pytest_llmeval.records.wire import parse_json
from pytest_llmeval.text import one_line

_TOOL = "promptfoo"
_SCORE = "score"
_EQUALS = "equals"
_COMPARING = (_EQUALS, "similar", "factuality", "rouge-n", "bleu", "gleu", "meteor", "levenshtein")
"""Assertions whose value is a whole expected answer."""

_VARIABLE = re.compile(r"\{\{\s*(\w+)\s*\}\}")
_GRADED = frozenset(
    (
        "answer-relevance",
        "classifier",
        "context-faithfulness",
        "context-recall",
        "context-relevance",
        "conversation-relevance",
        "factuality",
        "g-eval",
        "llm-rubric",
        "model-graded-closedqa",
        "model-graded-factuality",
        "moderation",
        "search-rubric",
        "select-best",
        "similar",
    )
)
"""Assertions that a model grades."""

_ASSERTION_REJECTED, _ERROR = 1, 2
"""Values of ``failureReason``; 0 says nothing."""


@dataclass(frozen=True)
class _Row:
    """One test with one prompt and provider.

    Attributes:
        result: The result.
        test: The test, with its variables and assertions.
        variables: The variables, where the test does not hold them.
        provider: Label or id of the provider.
        prompt: Label of the prompt, or the prompt.
        number: Position of the test, from 1.
        position: Position of the column; ``None`` if it is unknown.
        success: Whether it passed.
        answer: The answer.
    """

    result: Node
    test: Node
    variables: Mapping[str, Any]
    provider: str
    prompt: str
    number: int
    position: float | None
    success: Node
    answer: Any


def is_promptfoo(document: Any) -> bool:
    """Return whether a JSON document holds results of promptfoo."""
    if not isinstance(document, dict):
        return False
    results = document.get("results")
    if isinstance(results, dict):
        return "results" in results or "table" in results
    return isinstance(results, list) and "stats" in document


def is_promptfoo_lines(path: Path) -> bool:
    """Return whether a file has a result of promptfoo in its first line."""
    try:
        with path.open(encoding="utf-8-sig") as file:
            row = parse_json(file.readline())
    except (OSError, ValueError):
        return False
    return isinstance(row, dict) and {"promptIdx", "testIdx", "success"} <= row.keys()


def read_promptfoo(document: Node, columns: Columns) -> PeerRun:
    """Read the results of one column, which must be named if there are several.

    Raises:
        InputError: A value is not allowed, or the column is unknown or ambiguous.
    """
    summary = document.member("results")
    if not isinstance(summary.value, dict):
        summary = document
    results = summary.member("results").items()
    rows = list(_listed(results) if results else _tabled(summary.member("table")))
    return _run(document.file, rows, columns)


def read_promptfoo_lines(path: Path, columns: Columns) -> PeerRun:
    """Read a file with a result in every line, with the errors of `read_promptfoo`."""
    try:
        lines = path.read_bytes().split(b"\n")
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error}") from None
    results = [
        parse_document(f"{path}:{number}", line)
        for number, line in enumerate(lines, start=1)
        if line.strip()
    ]
    return _run(str(path), list(_listed(results)), columns)


def _listed(results: Iterable[Node]) -> Iterator[_Row]:
    """Yield the rows of a list of results."""
    for number, result in enumerate(results, start=1):
        index = result.member("testIdx").number()
        prompt = result.member("prompt")
        response = result.member("response").value
        yield _Row(
            result,
            result.member("testCase"),
            result.member("vars").members(),
            _provider(result.member("provider")),
            _label(prompt),
            number if index is None else int(index) + 1,
            result.member("promptIdx").number(),
            result.member("success"),
            response.get("output") if isinstance(response, dict) else response,
        )


def _tabled(table: Node) -> Iterator[_Row]:
    """Yield the rows of a table, the form of older files."""
    head = table.member("head")
    prompts = head.member("prompts").items()
    names = [name.text() for name in head.member("vars").items()]
    for number, row in enumerate(table.member("body").items(), start=1):
        values = [value.value for value in row.member("vars").items()]
        variables = dict(zip(names, values, strict=False))
        outputs = row.member("outputs").items()
        if len(outputs) > len(prompts):
            raise row.member("outputs").refusal(f"one output for each of {len(prompts)} prompts")
        for position, (output, prompt) in enumerate(zip(outputs, prompts, strict=False)):
            test = row.member("test")
            if test.value is None:
                test = output.member("testCase")
            yield _Row(
                output,
                test,
                variables,
                _provider(prompt.member("provider")),
                _label(prompt),
                number,
                float(position),
                output.member("pass"),
                output.member("text").value,
            )


def _provider(node: Node) -> str:
    if isinstance(node.value, dict):
        return node.member("label").text() or node.member("id").text()
    return node.text()


def _label(prompt: Node) -> str:
    if not isinstance(prompt.value, dict):
        return prompt.text()
    for name in ("label", "display", "raw"):
        if text := prompt.member(name).text():
            return text
    return ""


def _run(file: str, rows: Sequence[_Row], columns: Columns) -> PeerRun:
    by_column = _by_column(rows)
    chosen = by_column[_column(file, by_column, columns.column)] if rows else []
    named = {name for row in chosen for name in (_SCORE, *_named_scores(row.result).members())}
    unnamed = {name for row in chosen for name in _assertions(row.result)}
    samples = [_sample(row) for row in chosen]
    return PeerRun(file, _TOOL, samples, on_request=frozenset(unnamed - named))


def _by_column(rows: Sequence[_Row]) -> dict[str, list[_Row]]:
    """Return the rows of each column, which is named as in promptfoo's CSV file.

    Two columns of one name are told apart by their positions.
    """
    positions: dict[str, set[float | None]] = {}
    for row in rows:
        positions.setdefault(_column_name(row), set()).add(row.position)
    by_column: dict[str, list[_Row]] = {}
    for row in rows:
        name = _column_name(row)
        if len(positions[name]) > 1 and row.position is not None:
            name = f"{name} #{row.position:g}"
        by_column.setdefault(name, []).append(row)
    return by_column


def _column_name(row: _Row) -> str:
    return f"[{row.provider}] {row.prompt}"


def _column(file: str, by_column: Mapping[str, Sequence[_Row]], name: str) -> str:
    """Return the column that the user named, or the only one."""
    matching = [
        column
        for column, rows in by_column.items()
        if not name or name in (column, rows[0].provider, rows[0].prompt)
    ]
    if len(matching) == 1:
        return matching[0]
    shown = ", ".join(one_line(column, 80) for column in by_column)
    if not name:
        raise InputError(
            f"{file}: found {len(by_column)} columns of prompts and providers; allowed: --column "
            f"NAME, one of {shown}, or its provider or prompt alone"
        )
    number = f"{len(matching)} columns" if matching else "no column"
    hint = nearest(name, by_column)
    raise InputError(
        f"{file}: found {number} {name!r} (--column); allowed: one of {shown}. {hint}".rstrip()
    )


def _sample(row: _Row) -> PeerSample:
    result, test = row.result, row.test
    metadata = test.member("metadata").members()
    name, tags = _id(row), tags_of(metadata)
    reference = _reference(test)
    sample = PeerSample(
        name,
        tags=tags,
        metadata=metadata,
        question=_variables(row),
        reference=reference,
        expected=_expected(row),
        is_exact=any(kind == _EQUALS for kind, _ in _compared(row)),
        prompt=_sent(row),
    )
    if error := _error(result):
        return replace(sample, error=error)
    grading = result.member("gradingResult")
    components = grading.member("componentResults").items()
    named = _named_scores(result)
    if grading.value is not None and not (
        components or named.members() or test.member("assert").items()
    ):
        # Without an assertion promptfoo passes every answer with the score 1, which says nothing.
        return sample
    scores = {**_assertions(result), **{key: value.number() for key, value in named.named()}}
    if result.member(_SCORE).value is not None:
        scores[_SCORE] = result.member(_SCORE).number()
    reason = grading.member("reason").text()
    return replace(
        sample,
        scores=scores,
        is_passed=row.success.flag(),
        answer=text_of(row.answer),
        reasons={_SCORE: reason} if reason else {},
        judges=_judges(row),
    )


def _reference(test: Node) -> str:
    """Return the assertions of a test, and the score that it needs, where that is not usual."""
    assertions = text_of(test.member("assert").value) or ""
    threshold = test.member("threshold").number()
    return assertions if threshold is None else f"{assertions} threshold {threshold:g}"


def _compared(row: _Row) -> Iterator[tuple[str, str]]:
    """Yield the assertions that compare the answer with a whole text, with this text."""
    variables = row.test.member("vars").members() or row.variables
    for assertion in row.test.member("assert").items():
        if not isinstance(assertion.value, dict):
            continue
        kind, value = assertion.value.get("type"), assertion.value.get("value")
        if not (kind in _COMPARING and isinstance(value, str)):
            continue
        variable = _VARIABLE.fullmatch(value)
        if variable is not None:
            value = variables.get(variable[1])
        if isinstance(value, str) and "{{" not in value:
            yield kind, value


def _expected(row: _Row) -> str | None:
    """Return the expected answer of a test; ``None`` if no assertion has a whole text."""
    return next((text for _, text in _compared(row)), None)


def _sent(row: _Row) -> str:
    """Return the prompt with the values of its variables; empty if the file does not hold it."""
    prompt = row.result.member("prompt")
    if isinstance(prompt.value, dict):
        prompt = prompt.member("raw")
    return prompt.value if isinstance(prompt.value, str) else ""


def _id(row: _Row) -> str:
    """Return the description and the variables of a test, or else its number."""
    test = row.test
    description = test.member("description").text() or row.result.member("description").text()
    variables = _variables(row)
    if not variables:
        return description or f"test {row.number}"
    return content_id(description, variables)


def _variables(row: _Row) -> str:
    """Return the variables of a test; those with an underscore hold what was said before."""
    variables = row.test.member("vars").members() or row.variables
    return ", ".join(
        f"{name}={text_of(value)}"
        for name, value in sorted(variables.items())
        if not name.startswith("_")
    )


def _error(result: Node) -> str:
    """Return why a result is no judgement of the answer; empty if it is one."""
    grading = result.member("gradingResult")
    reason = result.member("failureReason").number()
    if reason == _ERROR:
        return "it ended with an error"
    for part in (grading, *grading.member("componentResults").items()):
        if part.value is not None and part.member("metadata").member("graderError").value:
            return "the grader failed"
    if reason != _ASSERTION_REJECTED and grading.value is None and result.member("error").value:
        return "it ended with an error"
    return ""


def _named_scores(result: Node) -> Node:
    """Return the scores that the user has named."""
    named = result.member("namedScores")
    return named if named.members() else result.member("gradingResult").member("namedScores")


def _judges(row: _Row) -> dict[str, str]:
    """Return the grader by score, where assertions that need one name it, or the test does."""
    usual = row.test.member("options").member("provider")
    graders: dict[str, set[str]] = {}
    for part in row.result.member("gradingResult").member("componentResults").items():
        assertion = part.member("assertion")
        kind = assertion.member("type").text()
        if kind.removeprefix("not-") not in _GRADED:
            continue
        provider = assertion.member("provider")
        grader = _grader(usual if provider.value is None else provider)
        if grader:
            for name in (_SCORE, assertion.member("metric").text() or kind):
                graders.setdefault(name, set()).add(grader)
    return {name: ", ".join(sorted(named)) for name, named in graders.items()}


def _grader(node: Node) -> str:
    """Return the id of a provider that grades, or of several by their kind, as one text."""
    if isinstance(node.value, dict) and "id" in node.value:
        return node.member("id").text()
    return text_of(node.value) or ""


def _assertions(result: Node) -> dict[str, float | None]:
    """Return the mean score by type of the assertions that have no name."""
    scores: dict[str, list[float]] = {}
    for part in result.member("gradingResult").member("componentResults").items():
        assertion = part.member("assertion")
        kind = assertion.member("type").text()
        score = part.member(_SCORE).number()
        if kind and score is not None and not assertion.member("metric").value:
            scores.setdefault(kind, []).append(score)
    return {kind: math.fsum(values) / len(values) for kind, values in scores.items()}
