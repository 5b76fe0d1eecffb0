"""Every metric that compares a text with a reference, on pairs of six scripts and more.

The files in `pairs/` say of each pair what is right by the definition of the metric, and not what
the code gives. A graded metric states the bound that parts the same from the different.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Iterator
from pathlib import Path
from typing import Any

import pytest

from pytest_llmeval.errors import InputError
from pytest_llmeval.metrics.registry import MetricRegistry
from pytest_llmeval.protocols import BaseScorer
from pytest_llmeval.records.call import Completion
from pytest_llmeval.records.case import Case, Source
from pytest_llmeval.records.score import Score

FOLDER = Path(__file__).with_name("pairs")
TABLES = sorted(file.stem for file in FOLDER.glob("*.json"))
KINDS = ("same", "different")
ENOUGH, SCRIPTS = 20, 6


def table(name: str) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((FOLDER / f"{name}.json").read_text("utf-8"))
    return content


def pairs(name: str, kind: str) -> Iterator[tuple[str, str]]:
    for rows in table(name).get(kind, {}).values():
        yield from ((answer, expected) for answer, expected in rows)


def score(metric: BaseScorer, answer: str, expected: str) -> Score:
    case = Case("c", "What?", Source("g.csv", 2), expected=expected)

    async def wait(result: Awaitable[Score]) -> Score:
        return await result

    try:
        result: Any = metric.score(case, Completion(answer))
        if isinstance(result, Awaitable):
            result = asyncio.run(wait(result))
    except InputError as error:
        return metric.make_score(None, error=str(error))
    assert isinstance(result, Score)
    return result


@pytest.fixture(scope="module")
def registry() -> MetricRegistry:
    return MetricRegistry()


def test_every_metric_with_a_reference_has_a_table() -> None:
    assert set(TABLES) >= {"exact_match", "contains", "starts_with", "regex", "numeric", "math"}
    assert set(TABLES) >= {"bleu", "chrf", "rouge", "rouge.1", "edit_distance", "similarity"}


@pytest.mark.parametrize("name", TABLES)
@pytest.mark.parametrize("kind", KINDS)
def test_a_table_has_enough_pairs_of_enough_scripts(name: str, kind: str) -> None:
    rows = table(name)[kind]
    assert sum(map(len, rows.values())) >= ENOUGH
    assert len(rows) >= SCRIPTS


@pytest.mark.parametrize("name", TABLES)
@pytest.mark.parametrize("kind", [*KINDS, "unscored"])
def test_each_pair_is_what_the_definition_says(
    name: str, kind: str, registry: MetricRegistry
) -> None:
    metric = registry.create(name, {})
    facts = table(name)
    bounds = facts.get("bounds", {"same": 1.0, "different": 0.0})
    wrong = []
    for answer, expected in pairs(name, kind):
        result = score(metric, answer, expected)
        is_unscored = result.value is None and bool(result.error)
        if is_unscored and kind == "different" and facts.get("may_be_unscored"):
            continue
        if not is_right(result, kind, bounds):
            wrong.append((answer, expected, result.value, result.error or result.reason))
    assert wrong == []


def is_right(result: Score, kind: str, bounds: dict[str, float]) -> bool:
    """Whether a score is on its side of the bound; an unscored one is never the same."""
    if kind == "unscored":
        return result.value is None and bool(result.error)
    if result.value is None:
        return False
    is_high = result.scale.higher_is_better
    if (kind == "same") == is_high:
        return result.value >= bounds[kind]
    return result.value <= bounds[kind]
