"""The special columns of promptfoo's CSV files.

``__expected…`` holds one assertion each; ``__metadata:NAME`` is metadata NAME (``NAME[]``: a list);
``__prefix`` and
``__suffix`` are put around the prompt. ``__description``, ``__metric`` and ``__providerOutput``
stay metadata under their own names. An assertion that has no counterpart here is a problem, never
left out in silence.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pytest_llmeval.errors import Problem
from pytest_llmeval.goldens.formats.tables import Row, shown
from pytest_llmeval.records.threshold import Threshold

RUBRIC_BOUND = 3.0
"""Lowest rubric score that passes an ``llm-rubric``: the first step of the scale 0-5 above its middle."""
RUBRIC_HIGH = 5.0
"""promptfoo's scores end at 1, those of the rubric at 5."""

ASSERTION = re.compile(r"(not-)?([a-z][a-z-]*)(?:\(([^)]*)\))?(?::(.*))?", re.DOTALL)
OTHER_TYPES = frozenset((
    "agent-rubric", "answer-relevance", "bleu", "classifier", "contains-html", "contains-json", "contains-sql",
    "contains-xml", "context-faithfulness", "context-recall", "context-relevance", "conversation-relevance",
    "cost", "eval", "factuality", "finish-reason", "fn", "g-eval", "gleu", "guardrails", "human", "is-html",
    "is-refusal", "is-sql", "is-valid-function-call", "is-valid-openai-function-call",
    "is-valid-openai-tools-call", "is-xml", "javascript", "latency", "levenshtein", "meteor",
    "model-graded-closedqa", "model-graded-factuality", "moderation", "perplexity", "perplexity-score", "pi",
    "python", "rouge-l", "rouge-n", "rouge-s", "ruby", "search-rubric", "select-best", "similar", "webhook",
    "word-count",
))  # fmt: skip
"""promptfoo's other assertion types. A prefix that is no type at all belongs to the expected answer."""


@dataclass
class Extra:
    """What a row's special columns say."""

    metadata: dict[str, Any] = field(default_factory=dict)
    thresholds: list[Threshold] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)


class _Refused(ValueError):
    """An assertion that cannot be used; its text says what is allowed."""


def read_row(file: str, row: Row, special: Mapping[str, str], fields: dict[str, Any]) -> Extra:
    """Read the special columns of one row.

    Args:
        file: Path as the user wrote it.
        row: The row.
        special: Their cells by column name, empty ones left out.
        fields: Fields of the row; ``prompt`` and ``expected`` are completed.
    """
    extra = Extra()
    assertions: list[list[Threshold]] = []
    for name, value in sorted(
        special.items(), key=lambda cell: cell[0] == "__threshold"
    ):  # it bounds all the others
        try:
            if name.startswith("__expected"):
                assertions.append(_assertion(value.strip(), fields))
            elif name == "__threshold":
                _weigh(value, assertions)
            elif name in ("__prefix", "__suffix"):
                _attach(name, value, fields)
            elif name.startswith("__config:"):
                raise _Refused(
                    "nothing: __config columns are not supported; bound a rubric with min_score"
                )
            else:
                _keep(name, value, row, extra.metadata)
        except _Refused as problem:
            extra.problems.append(
                Problem(file, row.line, row.number, name, shown(value), str(problem))
            )
    extra.thresholds.extend(bound for assertion in assertions for bound in assertion)
    return extra


def _attach(name: str, value: str, fields: dict[str, Any]) -> None:
    if not isinstance(fields.get("prompt"), str):
        raise _Refused(f"{name} only beside a prompt in text")
    fields["prompt"] = value + fields["prompt"] if name == "__prefix" else fields["prompt"] + value


def _keep(name: str, value: str, row: Row, metadata: dict[str, Any]) -> None:
    key = name.removeprefix("__metadata:")
    content: Any = value
    if key.endswith("[]") and key != name:
        key = key[:-2]
        content = [item.strip().replace("\\,", ",") for item in re.split(r"(?<!\\),", value)]
    metadata[name if key in row.cells else key] = content


def _assertion(text: str, fields: dict[str, Any]) -> list[Threshold]:
    match = ASSERTION.fullmatch(text)
    negated, kind, threshold, value = match.groups() if match else (None, "", None, None)
    kind = {"grade": "llm-rubric"}.get(kind, kind)
    needs_no_value = kind.startswith(
        ("is-", "contains-")
    )  # "python" alone is an answer, "is-json" an assertion
    if text.startswith("file://") or (
        kind in OTHER_TYPES and (value is not None or needs_no_value)
    ):
        raise _Refused(
            f"one of equals, {', '.join(BOUNDS)}, each also with not-, or the answer itself"
        )
    if kind not in ("equals", *BOUNDS) or (value is None and kind != "is-json"):
        return _equals(text, False, fields)
    if threshold is not None:
        raise _Refused(f"{kind} without a number in parentheses")
    value = (value or "").strip()
    if "{{" in value:
        raise _Refused("an assertion without a template; write the text out")
    if not value and kind != "is-json":
        raise _Refused(f"{kind}: and a value")
    if kind == "equals":
        return _equals(value, bool(negated), fields)
    return BOUNDS[kind](value, bool(negated))


def _boolean(metric: str, params: Mapping[str, Any], negated: bool) -> Threshold:
    """A bound on a metric that scores 1 or 0."""
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
    """``contains-any`` and ``contains-all``: as one pattern, so that both can be negated."""

    def read(value: str, negated: bool) -> list[Threshold]:
        texts = [re.escape(item.strip()) for item in value.split(",") if item.strip()]
        if not texts:
            raise _Refused("texts with commas between them")
        pattern = r"\A" + "".join(f"(?=.*{text})" for text in texts) if every else "|".join(texts)
        return [_boolean("regex", {"pattern": f"(?{flags}){pattern}"}, negated)]

    return read


def _starts_with(value: str, negated: bool) -> list[Threshold]:
    return [_boolean("starts_with", {"text": value}, negated)]


def _regex(value: str, negated: bool) -> list[Threshold]:
    try:
        re.compile(value)
    except re.error as error:
        raise _Refused(f"a regular expression of Python ({error})") from None
    return [_boolean("regex", {"pattern": value}, negated)]


def _is_json(value: str, negated: bool) -> list[Threshold]:
    try:
        params = {"schema": json.loads(value)} if value else {}
    except ValueError:
        params = {"schema": None}
    if not isinstance(params.get("schema", True), dict | bool):
        raise _Refused("is-json alone, or with a JSON Schema written in JSON")
    return [_boolean("json_schema", params, negated)]


def _rubric(value: str, negated: bool) -> list[Threshold]:
    return [Threshold("rubric", "<" if negated else ">=", RUBRIC_BOUND, {"criteria": value}, "row")]


BOUNDS: dict[str, Callable[[str, bool], list[Threshold]]] = {
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


def _weigh(text: str, assertions: list[list[Threshold]]) -> None:
    """Apply ``__threshold``, the least mean score of a row's assertions, where all or one of them are meant."""
    allowed = "a number above 0 up to 1; below 1 only with one assertion in the row (a mean over several is no bound)"
    try:
        least = float(text)
    except ValueError:
        raise _Refused(allowed) from None
    if not 0 < least <= 1 or (least < 1 and len(assertions) > 1):
        raise _Refused(allowed)
    for assertion in assertions:
        for place, bound in enumerate(assertion):
            if bound.metric == "rubric" and bound.comparison == ">=":
                assertion[place] = Threshold(
                    "rubric", ">=", least * RUBRIC_HIGH, bound.params, "row"
                )
