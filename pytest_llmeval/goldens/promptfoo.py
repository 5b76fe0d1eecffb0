"""The special columns of promptfoo's CSV files.

``__expected…`` holds one assertion. ``__metadata:NAME`` is metadata NAME, and ``NAME[]`` a list.
``__prefix`` and ``__suffix`` extend the prompt. ``__description``, ``__metric`` and
``__providerOutput`` stay metadata under these names. An assertion without a counterpart here is
reported as a problem and never skipped.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from pytest_llmeval.errors import Problem
from pytest_llmeval.goldens.formats.tables import Row, shown
from pytest_llmeval.records.scorer import RUBRIC
from pytest_llmeval.records.threshold import Threshold
from pytest_llmeval.records.wire import parse_json
from pytest_llmeval.text import quoted_items

_RUBRIC_BOUND = 3.0
"""Lowest rubric score that passes an ``llm-rubric``, the first step above the middle of 0-5."""
_RUBRIC_HIGH = 5.0
"""Highest score of the rubric; promptfoo's scores end at 1."""

_ASSERTION = re.compile(r"(not-)?([a-z][a-z-]*)(?:\(([^)]*)\))?(?::(.*))?", re.DOTALL)
_UNSUPPORTED_TYPES = frozenset((
    "agent-rubric", "answer-relevance", "bleu", "classifier", "contains-html", "contains-json",
    "contains-sql", "contains-xml", "context-faithfulness", "context-recall", "context-relevance",
    "conversation-relevance", "cost", "eval", "factuality", "finish-reason", "fn", "g-eval", "gleu",
    "guardrails", "human", "is-html", "is-refusal", "is-sql", "is-valid-function-call",
    "is-valid-openai-function-call", "is-valid-openai-tools-call", "is-xml", "javascript",
    "latency", "levenshtein", "meteor", "model-graded-closedqa", "model-graded-factuality",
    "moderation", "perplexity", "perplexity-score", "pi", "python", "rouge-l", "rouge-n", "rouge-s",
    "ruby", "search-rubric", "select-best", "similar", "webhook", "word-count",
))  # fmt: skip
"""promptfoo's assertion types without a counterpart here.

A prefix that is no type of promptfoo belongs to the expected answer.
"""


@dataclass
class Extra:
    """The content of a row's special columns."""

    metadata: dict[str, Any] = field(default_factory=dict)
    thresholds: list[Threshold] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)


class _Refused(ValueError):
    """An assertion that cannot be used. Its text names what is allowed."""


def read_row(file: str, row: Row, special: Mapping[str, str], fields: dict[str, Any]) -> Extra:
    """Read the special columns of one row, and complete its ``prompt`` and ``expected``.

    Args:
        file: Path as the user wrote it.
        row: The row.
        special: The special cells by column name, without the empty ones.
        fields: Fields of the row, which are changed in place.
    """
    extra = Extra()
    assertions: list[list[Threshold]] = []
    # __threshold comes last, because it applies to all the assertions.
    for name, value in sorted(special.items(), key=lambda cell: cell[0] == "__threshold"):
        try:
            if name.startswith("__expected"):
                assertions.append(_assertion(value.strip(), fields))
            elif name == "__threshold":
                _apply_threshold(value, assertions)
            elif name in ("__prefix", "__suffix"):
                _extend_prompt(name, value, fields)
            elif name.startswith("__config:"):
                raise _Refused("no __config column; set a threshold on a rubric with min_score")
            else:
                _add_metadata(name, value, row, extra.metadata)
        except _Refused as problem:
            extra.problems.append(
                Problem(file, row.line, row.number, name, shown(value), str(problem))
            )
    extra.thresholds.extend(bound for assertion in assertions for bound in assertion)
    return extra


def _extend_prompt(name: str, value: str, fields: dict[str, Any]) -> None:
    if not isinstance(fields.get("prompt"), str):
        raise _Refused(f"{name} only in a row whose prompt is text")
    if name == "__prefix":
        fields["prompt"] = value + fields["prompt"]
    else:
        fields["prompt"] += value


def _add_metadata(name: str, value: str, row: Row, metadata: dict[str, Any]) -> None:
    key = name.removeprefix("__metadata:")
    content: Any = value
    if key.endswith("[]") and key != name:
        key = key[:-2]
        content = [item.strip().replace("\\,", ",") for item in re.split(r"(?<!\\),", value)]
    metadata[name if key in row.cells else key] = content


def _assertion(text: str, fields: dict[str, Any]) -> list[Threshold]:
    match = _ASSERTION.fullmatch(text)
    negated, kind, threshold, value = match.groups() if match else (None, "", None, None)
    kind = {"grade": "llm-rubric"}.get(kind, kind)
    # Without a value, "is-xml" is an assertion but "python" is an answer.
    is_assertion = value is not None or kind.startswith(("is-", "contains-"))
    if text.startswith("file://") or (kind in _UNSUPPORTED_TYPES and is_assertion):
        raise _Refused(
            f"one of equals, {', '.join(_BOUNDS)}, each also with not-, or the expected answer"
        )
    if kind not in ("equals", *_BOUNDS) or (value is None and kind != "is-json"):
        return _equals(text, False, fields)
    if threshold is not None:
        raise _Refused(f"{kind} without a number in parentheses")
    value = (value or "").strip()
    if "{{" in value:
        raise _Refused("an assertion without a template; write out the text")
    if not value and kind != "is-json":
        raise _Refused(f"{kind}: with a value after the colon")
    if kind == "equals":
        return _equals(value, bool(negated), fields)
    return _BOUNDS[kind](value, bool(negated))


def _boolean(metric: str, params: Mapping[str, Any], negated: bool) -> Threshold:
    """Make a threshold for a metric that scores 1 or 0."""
    return Threshold(metric, "<=" if negated else ">=", 0.0 if negated else 1.0, params, "row")


def _equals(text: str, negated: bool, fields: dict[str, Any]) -> list[Threshold]:
    if not negated and fields.setdefault("expected", text) == text:
        return [_boolean("exact_match", {}, False)]
    return [_boolean("regex", {"pattern": rf"\A\s*{re.escape(text)}\s*\Z"}, negated)]


def _contains(value: str, negated: bool) -> list[Threshold]:
    return [_boolean("contains", {"text": value}, negated)]


def _icontains(value: str, negated: bool) -> list[Threshold]:
    return [_boolean("contains", {"text": value, "ignore_case": True}, negated)]


def _listed(flags: str, every: bool) -> Callable[[str, bool], list[Threshold]]:
    """Make the reader of ``contains-any`` or ``contains-all``, whose one pattern can be negated."""

    def read(value: str, negated: bool) -> list[Threshold]:
        try:
            texts = [re.escape(item) for item in quoted_items(value)]
        except ValueError:
            texts = []
        if not texts:
            raise _Refused("texts separated by commas, one with a comma in double quotes")
        pattern = "|".join(texts)
        if every:
            pattern = r"\A" + "".join(f"(?=.*{text})" for text in texts)
        return [_boolean("regex", {"pattern": f"(?{flags}){pattern}"}, negated)]

    return read


def _starts_with(value: str, negated: bool) -> list[Threshold]:
    return [_boolean("starts_with", {"text": value}, negated)]


def _regex(value: str, negated: bool) -> list[Threshold]:
    try:
        re.compile(value)
    except (re.error, RecursionError, OverflowError) as error:
        raise _Refused(f"a Python regular expression ({error})") from None
    return [_boolean("regex", {"pattern": value}, negated)]


def _is_json(value: str, negated: bool) -> list[Threshold]:
    try:
        params = {"schema": parse_json(value)} if value else {}
    except ValueError:
        params = {"schema": None}
    if not isinstance(params.get("schema", True), dict | bool):
        raise _Refused("is-json alone, or with a JSON Schema written in JSON")
    return [_boolean("json_schema", params, negated)]


def _rubric(value: str, negated: bool) -> list[Threshold]:
    comparison = "<" if negated else ">="
    return [Threshold(RUBRIC, comparison, _RUBRIC_BOUND, {"criteria": value}, "row")]


_BOUNDS: dict[str, Callable[[str, bool], list[Threshold]]] = {
    "contains": _contains,
    "icontains": _icontains,
    "contains-any": _listed("s", every=False),
    "contains-all": _listed("s", every=True),
    "icontains-any": _listed("si", every=False),
    "icontains-all": _listed("si", every=True),
    "starts-with": _starts_with,
    "regex": _regex,
    "is-json": _is_json,
    "llm-rubric": _rubric,
}


def is_assertion(text: str) -> bool:
    """Return whether a text is an assertion of promptfoo, and no ordinary text."""
    match = _ASSERTION.fullmatch(text.strip())
    if match is None:
        return False
    kind = match[2]
    return kind == "is-json" or (match[4] is not None and kind in {"equals", *_BOUNDS})


def _apply_threshold(text: str, assertions: list[list[Threshold]]) -> None:
    """Apply ``__threshold``, the lowest mean score that a row's assertions may have.

    A mean over several assertions cannot be expressed as thresholds, unless all of them must pass.
    """
    allowed = "a number above 0 and at most 1; below 1 only in a row with one assertion"
    try:
        lowest = float(text)
    except ValueError:
        raise _Refused(allowed) from None
    if not 0 < lowest <= 1 or (lowest < 1 and len(assertions) > 1):
        raise _Refused(allowed)
    for assertion in assertions:
        for index, bound in enumerate(assertion):
            if bound.metric == RUBRIC and bound.comparison == ">=":
                assertion[index] = replace(bound, bound=lowest * _RUBRIC_HIGH)
