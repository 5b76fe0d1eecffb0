"""Results count in the order of the cases, whatever the order in which they come."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import pytest

from pytest_llmeval.gating.comparing import Task
from pytest_llmeval.gating.content import Content
from pytest_llmeval.gating.scores import CaseScores, RunScores, Selection
from pytest_llmeval.gating.sequential import (
    Progress,
    RunningComparison,
    RunningOrder,
    compare_in_order,
    matching_cases,
)
from pytest_llmeval.gating.values import MetricValues
from pytest_llmeval.records.result import Key
from pytest_llmeval.records.score import UNIT_SCALE
from pytest_llmeval.stats.gate import GateRules

RULES = GateRules(margin=0.1)
SCALES = {"exact": UNIT_SCALE}


def key(number: int) -> Key:
    return ("faq", "faq.csv", f"c{number:03}")


def scored(
    number: int, value: float | None, version: str = "1", outcome: str = "passed"
) -> CaseScores:
    values = {} if value is None else {"exact": MetricValues((value,), version)}
    return CaseScores(key(number), outcome, values)


def run(name: str, values: Sequence[float | None], version: str = "1") -> RunScores:
    cases = {key(number): scored(number, value, version) for number, value in enumerate(values)}
    return RunScores(name, cases, SCALES, selection=Selection())


def order(count: int, clusters: int = 0) -> RunningOrder:
    named = [str(number % clusters if clusters else number) for number in range(count)]
    return RunningOrder(tuple(key(number) for number in range(count)), tuple(named))


def progress(before: RunScores, counted: RunningOrder, left_out: Sequence[Key] = ()) -> Progress:
    comparison = RunningComparison(
        before,
        lambda _: {"exact": RULES},
        counted.largest,
        matching_cases(before, counted, left_out=left_out),
    )
    return Progress(counted, [comparison])


def test_results_wait_for_those_before_them() -> None:
    made = progress(run("main", [1.0] * 40), order(40))
    for number in range(39, 0, -1):
        assert not made.take(scored(number, 0.0), SCALES)
    assert made.counted == set()
    assert made.take(scored(0, 0.0), SCALES)
    assert made.counted == {key(number) for number in range(len(made.counted))}
    assert len(made.counted) < 10


def test_the_same_results_give_the_same_verdict_in_any_order() -> None:
    values = [float(number % 3 > 0) for number in range(60)]
    found = set()
    for numbers in (range(60), range(59, -1, -1), [*range(1, 60, 2), *range(0, 60, 2)]):
        made = progress(run("main", [1.0] * 60), order(60))
        for number in numbers:
            made.take(scored(number, values[number]), SCALES)
        found.add(len(made.counted))
    assert len(found) == 1


def test_another_judge_or_too_many_missing_scores_leave_it_open() -> None:
    judged = progress(run("main", [1.0] * 30), order(30))
    assert not any(judged.take(scored(number, 0.0, "2"), SCALES) for number in range(30))
    missing = progress(run("main", [1.0] * 30), order(30))
    for number in range(30):
        value = None if number % 3 == 0 else 0.0
        outcome = "error" if value is None else "failed"
        assert not missing.take(scored(number, value, outcome=outcome), SCALES)


def test_a_metric_of_the_baseline_that_has_not_come_keeps_it_from_no_worse() -> None:
    before = run("main", [1.0] * 80)
    both = {"exact": RULES, "rare": RULES}
    matching = matching_cases(before, order(80))
    made = Progress(order(80), [RunningComparison(before, lambda _: both, 1, matching)])
    assert not any(made.take(scored(number, 1.0), SCALES) for number in range(80))
    assert progress_until_certain(before) < 80


def progress_until_certain(before: RunScores) -> int:
    made = progress(before, order(80))
    for number in range(80):
        if made.take(scored(number, 1.0), SCALES):
            return number
    return 80


def test_cases_in_quarantine_do_not_bet() -> None:
    left_out = [key(number) for number in range(20)]
    made = progress(run("main", [1.0] * 40), order(40), left_out)
    assert not any(made.take(scored(number, 0.0), SCALES) for number in range(20))


def test_clusters_count_when_they_are_complete() -> None:
    made = progress(run("main", [1.0] * 40), order(40, clusters=8))
    for number in range(0, 40, 8):
        made.take(scored(number, 0.0), SCALES)
    assert made.counted == {key(number) for number in range(0, 40, 8)}


def compared(before: RunScores, after: RunScores, count: int) -> tuple[str, str, int, int]:
    task = Task(before, after, {"exact": RULES})
    (comparison,) = compare_in_order(order(count), [task])
    (metric,) = comparison.metrics
    return (
        metric.result.verdict,
        metric.result.reason,
        metric.coverage.paired,
        metric.coverage.not_run,
    )


def test_the_end_of_a_run_finds_the_same_moment() -> None:
    verdict, reason, paired, not_run = compared(
        run("main", [1.0] * 40), run("new", [0.0] * 20 + [None] * 20), 40
    )
    assert (verdict, paired + not_run) == ("REGRESSED", 40)
    assert f"covers {paired} of the baseline's 40 cases" in reason


def test_deleted_cases_and_lost_ones_are_seen_at_the_end() -> None:
    verdict, reason, *_ = compared(run("main", [1.0] * 80), run("new", [0.0] * 40), 40)
    assert verdict == "ERROR"
    assert "of the baseline's 80 cases" in reason
    # The two last cases of the order died with their worker.
    verdict, *_ = compared(run("main", [1.0] * 60), run("new", [1.0] * 58), 60)
    assert verdict == "OK"


def content(question: bytes) -> Content:
    return Content(question, b"")


def asking(questions: Mapping[int, bytes], value: float) -> dict[Key, CaseScores]:
    return {
        key(number): replace(scored(number, value), content=content(question))
        for number, question in questions.items()
    }


@pytest.mark.parametrize("is_lost", [False, True])
def test_cases_are_matched_while_it_runs_as_at_its_end(is_lost: bool) -> None:
    """Case 0 was renamed to 40 and 41, which ask the same, so neither is it; 1 became 42."""
    before = RunScores("main", asking({0: b"a", 1: b"b", 2: b"c"}, 1.0), SCALES)
    asked = {40: b"a", 41: b"a", 42: b"b", 2: b"changed"}
    keys = tuple(key(number) for number in asked)
    contents = {key(number): content(question) for number, question in asked.items()}
    counted = RunningOrder(keys, tuple(map(str, asked)), contents)
    assert {new: old.key for new, old in matching_cases(before, counted).items()} == {
        key(42): key(1)
    }
    assert matching_cases(before, counted, left_out=[key(1)]) == {}
    assert matching_cases(before, counted, scope="faq") == matching_cases(before, counted)
    assert matching_cases(before, counted, scope="other") == {}
    run_cases = asking(asked, 0.0)
    if is_lost:
        # A case that died with its worker still says that the other one is no partner.
        del run_cases[key(41)]
    task = Task(before, RunScores("new", run_cases, SCALES), {"exact": RULES})
    (comparison,) = compare_in_order(counted, [task])
    assert comparison.metrics[0].coverage.paired == 1


def test_a_table_is_joined_by_its_ids() -> None:
    cases = {("", "", f"c{number:03}"): CaseScores(("", "", f"c{number:03}"), "", {"exact": MetricValues((1.0,))}) for number in range(40)}  # fmt: skip
    table = RunScores("table.csv", cases, SCALES, is_plain=True)
    verdict, _, paired, not_run = compared(table, run("new", [0.0] * 40), 40)
    assert (verdict, paired + not_run) == ("REGRESSED", 40)
