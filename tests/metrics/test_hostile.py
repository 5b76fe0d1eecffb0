"""Hostile texts: every metric gives a score or a reason, and works in proportion to the text.

``python -m benchmarks hostile`` takes the times, on a megabyte.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable
from types import FrameType
from typing import Any

import pytest

from benchmarks.hostile_texts import hostile_texts
from pytest_llmeval.errors import InputError, OutOfTime
from pytest_llmeval.metrics import bounded, overlap, sentiment
from pytest_llmeval.metrics.overlap import Bleu, Chrf, EditDistance, Rouge
from pytest_llmeval.metrics.registry import MetricRegistry
from pytest_llmeval.metrics.scripts import normal_form
from pytest_llmeval.metrics.sentiment import Sentiment
from pytest_llmeval.protocols import BaseScorer
from pytest_llmeval.records.call import Completion
from pytest_llmeval.records.case import Case, Source
from pytest_llmeval.records.score import Score

METRICS = (
    "exact_match", "contains", "contains_none", "starts_with", "regex", "json_schema", "numeric", "math", "bleu", "chrf",
    "rouge", "edit_distance", "sentiment", "refusal", "length", "length.sentences", "language", "text_quality",
)  # fmt: skip
PARAMETERS: dict[str, dict[str, Any]] = {"regex": {"pattern": "(a|b)+$"}}
SHORT, TIMES = 1000, 4
COUNTED_AS_SQUARE = 8
"""Steps for a text four times as long: 4 in proportion, 16 if they grow with the square."""
FIXED = 3000
"""Steps that any text takes, however short."""

registry = MetricRegistry()


def score(metric: BaseScorer, text: str, expected: str = "It is 42 metres.") -> Score | None:
    """Score a text; ``None`` if the metric gives up with a reason."""
    schema = {"type": "array", "items": {"type": "array"}}
    case = Case(
        "c",
        "Where is it?",
        Source("g.csv", 2),
        expected=expected,
        metadata={"json_schema": schema, "contains_none": ["a"]},
    )

    async def wait(result: Awaitable[Score]) -> Score:
        return await result

    try:
        result: Any = metric.score(case, Completion(text))
        if isinstance(result, Awaitable):
            result = asyncio.run(wait(result))
    except InputError:
        return None
    assert isinstance(result, Score)
    return result


def steps(metric: BaseScorer, text: str) -> int:
    """Count the calls of functions, of Python and of C, that scoring a text takes."""
    count = 0

    def counted(frame: FrameType, event: str, argument: object) -> None:
        nonlocal count
        count += 1

    sys.setprofile(counted)
    try:
        score(metric, text)
    finally:
        sys.setprofile(None)
    return count


@pytest.mark.parametrize("name", METRICS)
def test_a_metric_takes_steps_in_proportion_to_the_text(name: str) -> None:
    metric = registry.create(name, PARAMETERS.get(name, {}))
    score(metric, "It is 42.")
    short, long = hostile_texts(SHORT), hostile_texts(SHORT * TIMES)
    wrong = {}
    for title in short:
        few, many = steps(metric, short[title]), steps(metric, long[title])
        if many > FIXED + COUNTED_AS_SQUARE * few:
            wrong[title] = (few, many)
    assert wrong == {}


@pytest.mark.parametrize("name", [*METRICS, "similarity", "relevance", "bias", "lexicon_count"])
def test_a_hostile_text_gets_a_score_or_a_reason(name: str) -> None:
    metric = registry.create(name, PARAMETERS.get(name, {}))
    for title, text in hostile_texts(5_000).items():
        result = score(metric, text)
        assert result is None or (result.value is None) == bool(result.error), title


def test_marks_on_one_letter_are_put_in_order_in_linear_time() -> None:
    """Unicode's own algorithm takes the square of their number, within one call into C."""
    text = "a" + "\u0301\u0323" * 200_000
    plain = normal_form(text)
    assert normal_form(plain) == plain
    assert len(plain) < 1.05 * len(text)
    assert normal_form("a\u0301\u0323" * 3) == "\u1ea1\u0301" * 3


@pytest.mark.parametrize(
    ("metric", "module", "limit"),
    [
        (Bleu(), overlap, "_SHORT"),
        (Chrf(), overlap, "_SHORT"),
        (Rouge(), overlap, "_QUICK"),
        (EditDistance(), overlap, "_QUICK"),
        (Sentiment(), sentiment, "_QUICK"),
    ],
)
def test_a_long_text_is_scored_elsewhere_as_here_and_for_a_bounded_time(
    metric: BaseScorer, module: Any, limit: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    text, expected = "It was a good day, but the sea was not calm. " * 20, "It is a bad day. " * 20
    here = score(metric, text, expected)
    monkeypatch.setattr(module, limit, 0)
    elsewhere = score(metric, text, expected)
    assert here is not None
    assert elsewhere is not None
    assert (elsewhere.value, elsewhere.parts) == (here.value, here.parts)
    monkeypatch.setattr(bounded, "PATIENCE_S", 0.001)
    with pytest.raises(OutOfTime, match=rf"{metric.name} gave up after 0\.001 seconds"):
        metric.score(
            Case("c", "?", Source("g.csv", 2), expected="bad day " * 100_000),
            Completion("good day " * 100_000),
        )
