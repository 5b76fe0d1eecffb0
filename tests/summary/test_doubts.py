"""The doubts about a comparison, which every report shows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import pytest

from pytest_llmeval.gating.comparing import Task, compare_runs
from pytest_llmeval.gating.scores import CaseScores, RunScores
from pytest_llmeval.gating.values import MetricValues
from pytest_llmeval.records.score import UNIT_SCALE
from pytest_llmeval.stats.answer_texts import AnswerTally
from pytest_llmeval.stats.gate import USUAL
from pytest_llmeval.summary.doubts import doubts

Scores = Mapping[str, Sequence[float]]


def run(name: str, scores: Scores, lengths: Sequence[int] = (), answer: str = "") -> RunScores:
    count = len(next(iter(scores.values())))
    cases = [
        CaseScores(
            ("", "", f"c{n}"),
            by_metric={metric: MetricValues((values[n],)) for metric, values in scores.items()},
            answer=(answer or f"{name} {n}").encode(),
            length=lengths[n] if lengths else None,
        )
        for n in range(count)
    ]
    scales = dict.fromkeys(scores, UNIT_SCALE)
    return RunScores(name, {case.key: case for case in cases}, scales, is_plain=True)


def found(before: RunScores, after: RunScores, *gated: str) -> list[str]:
    shown = [metric for metric in before.scales if metric not in gated]
    comparisons = compare_runs([Task(before, after, dict.fromkeys(gated, USUAL), shown)])
    return list(doubts(comparisons, AnswerTally()))


def rubric(old: Scores, new: Scores, *, same: bool = False) -> list[str]:
    answer = "same" if same else ""
    after = replace(run("new", new, answer=answer), judged=frozenset({"rubric"}))
    return found(run("old", old, answer=answer), after, "rubric")


def test_a_pass_rate_that_falls_while_the_score_rises_is_said() -> None:
    old = {"rubric": [0.5] * 40, "pass_rate": [1.0] * 34 + [0.0] * 6}
    new = {"rubric": [0.6] * 40, "pass_rate": [1.0] * 31 + [0.0] * 9}
    assert rubric(old, new) == [
        "pass_rate dropped 7.5 points (85.0% -> 77.5%) against old, while rubric rose 10.0 points: the "
        "two disagree about the change"
    ]
    assert rubric(old, {**new, "pass_rate": [1.0] * 33 + [0.0] * 7}) == []
    assert rubric(old, {**new, "rubric": [0.4] * 40}) == []


def test_so_is_one_that_falls_while_the_score_stays() -> None:
    old = {"rubric": [0.5] * 300, "pass_rate": [1.0] * 300}
    (text,) = rubric(old, {"rubric": [0.5] * 300, "pass_rate": [0.0] * 300})
    assert text.startswith(
        "pass_rate dropped 100.0 points (100% -> 0.0%) against old, while rubric"
    )
    assert "rubric did not change" in text
    (text,) = rubric(old, {"rubric": [0.499] * 300, "pass_rate": [0.0] * 300})
    assert "while rubric dropped 0.1 points" in text


def test_a_metric_at_the_floor_can_show_no_drop() -> None:
    old = {"rubric": [0.0] * 98 + [0.6, 0.8]}
    (text,) = rubric(old, {"rubric": [0.0] * 97 + [0.1, 0.6, 0.8]})
    assert text == (
        "rubric: 97 of 100 cases have the worst score in both runs, so it can show no drop; check "
        "its reference, and the pattern of the answer"
    )
    assert rubric({"rubric": [0.0] * 100}, {"rubric": [0.5] * 100}) == []
    assert rubric({"rubric": [0.0] * 19}, {"rubric": [0.0] * 19}) == []


def test_so_is_another_score_that_surely_falls() -> None:
    old = {"rubric": [0.5] * 40, "tone": [0.8] * 40}
    (text,) = rubric(old, {"rubric": [0.6] * 40, "tone": [0.4] * 40})
    assert text.startswith("tone dropped 40.0 points against old, while rubric rose 10.0 points")


def test_a_metric_at_the_top_can_show_no_improvement() -> None:
    old = {"rubric": [1.0] * 98 + [0.6, 0.8]}
    new = {"rubric": [1.0] * 97 + [0.4, 0.6, 0.8]}
    (text,) = rubric(old, new)
    assert text.startswith(
        "rubric: 97 of 100 cases have the best score in both runs, so it can show"
    )
    assert "no improvement beyond 0.6 points; it can show a drop of " in text
    assert rubric(old, new, same=True) == []
    assert rubric({"rubric": [1.0] * 10}, {"rubric": [1.0] * 9 + [0.9]}) == []
    assert rubric({"rubric": [0.9] * 100}, new) == []


@pytest.mark.parametrize(
    ("before", "after", "is_said"),
    [
        ([100] * 30, [125] * 30, True),
        ([125] * 30, [100] * 30, True),
        ([100] * 30, [120] * 30, False),
        ([3] * 30, [9] * 30, False),
        ([200] * 30, [200 + 2 * n for n in range(30)], True),
        ([200] * 30, [200 + 40 * (n % 2) for n in range(30)], False),
        ([0] * 30, [40] * 30, True),
    ],
)
def test_a_change_of_length_is_said_where_it_may_explain_the_score(
    before: list[int], after: list[int], is_said: bool
) -> None:
    old = {"rubric": [0.5] * 30}
    new = {"rubric": [0.5 + 0.01 * n for n in range(30)]}
    texts = found(run("old", old, before), run("new", new, after), "rubric")
    assert [text.startswith("the answers are ") for text in texts] == [True] * is_said
