"""The draw of the stored answers that a judge scores again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from types import SimpleNamespace
from typing import cast

import pytest

from pytest_llmeval.assembly.session import Session
from pytest_llmeval.baselines.anchors import AnchorScorers, check_anchors
from pytest_llmeval.gating.scores import BaselineCase, CaseScores, RunScores
from pytest_llmeval.gating.values import MetricValues
from pytest_llmeval.goldens.selection import random_subset
from pytest_llmeval.records.comparison import AnchorCheck
from pytest_llmeval.records.result import CaseResult, Key
from pytest_llmeval.records.score import UNIT_SCALE
from tests.finished_run import make_results

COUNT, ANCHORS = 200, 10
OBSTACLE = "it cannot be made"


class Draw:
    """A baseline and a run of the same cases, and what a check of the anchors looks at.

    Args:
        unable: Ids of the cases whose judges cannot be made.
    """

    def __init__(self, unable: set[str]) -> None:
        usual = next(iter(make_results()))
        cases = [replace(usual.case, id=f"c{number:03}") for number in range(COUNT)]
        self.results = [replace(usual, case=case) for case in cases]
        self.unable, self.calls, self.reads = unable, Counter[str](), 0

    def scorers_of(self, result: CaseResult, _: str) -> AnchorScorers:
        self.calls[result.case.id] += 1
        return AnchorScorers(obstacle=OBSTACLE if result.case.id in self.unable else "")

    def read_cases(self) -> Iterator[BaselineCase]:
        self.reads += 1
        for result in self.results:
            scores = CaseScores(result.key, by_metric={"m": MetricValues((1.0,))})
            yield BaselineCase(scores, ("answer",), {})

    def check(self) -> AnchorCheck:
        before = RunScores("main", {}, {"m": UNIT_SCALE}, read_cases=self.read_cases)
        live = {"m": {result.key: result.key for result in self.results}}
        session = cast(Session, SimpleNamespace(settings=SimpleNamespace(anchors=ANCHORS)))
        (check,) = check_anchors(session, before, live, self.results, self.scorers_of)
        return check

    def drawn(self) -> set[str]:
        """Return the ids of the anchors that the hashes draw among the able cases."""
        keys: dict[str, Key] = {"\0".join(result.key): result.key for result in self.results}
        able = [name for name, key in keys.items() if key[2] not in self.unable]
        return {keys[name][2] for name in random_subset(able, ANCHORS, 0)}


def test_no_more_judges_are_made_than_answers_are_drawn() -> None:
    draw = Draw(set())
    assert f"0 of {ANCHORS} stored answers" in draw.check().error
    assert draw.calls == Counter(draw.drawn())
    assert draw.reads == 1


@pytest.mark.parametrize("share", [2, 10])
def test_the_next_of_the_draw_take_the_place_of_those_with_an_obstacle(share: int) -> None:
    draw = Draw({f"c{number:03}" for number in range(COUNT) if number % share})
    assert f"0 of {ANCHORS} stored answers" in draw.check().error
    assert draw.drawn() <= set(draw.calls)
    assert set(draw.calls.values()) == {1}


def test_a_baseline_without_an_anchor_is_not_read() -> None:
    draw = Draw({f"c{number:03}" for number in range(COUNT)})
    assert draw.check() == AnchorCheck("m", 0, error=OBSTACLE)
    assert draw.reads == 0
    assert len(draw.calls) == COUNT
