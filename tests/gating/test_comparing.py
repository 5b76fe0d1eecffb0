from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from pytest_llmeval.errors import InputError
from pytest_llmeval.gating.comparing import Task, compare_runs
from pytest_llmeval.gating.scores import CaseScores, RunScores, Selection
from pytest_llmeval.gating.values import MetricValues
from pytest_llmeval.records.comparison import Comparison
from pytest_llmeval.records.result import Key
from pytest_llmeval.records.score import Scale
from pytest_llmeval.stats.gate import USUAL, GateRules

FIVE = Scale(0.0, 5.0)
GATED = {"rubric": USUAL}


def side(
    name: str,
    scores: Sequence[float | None],
    answer: str = "",
    file: str = "faq.csv",
    **more: object,
) -> RunScores:
    """A run whose n-th case got the n-th score; its answers are the given text, or its own where there is none."""
    entries = [
        CaseScores(
            ("test_faq.py::test", file, f"case-{place}"),
            "error" if score is None else "passed",
            {"rubric": MetricValues(() if score is None else (score,), "judge-1")},
            (answer or f"{name} {place}").encode(),
        )
        for place, score in enumerate(scores)
    ]
    return RunScores(name, {entry.key: entry for entry in entries}, {"rubric": FIVE}, **more)  # type: ignore[arg-type]


def compared(before: RunScores, after: RunScores, left_out: Sequence[Key] = ()) -> Comparison:
    return compare_runs([Task(before, after, GATED, left_out=left_out)])[0]


def verdict(before: RunScores, after: RunScores, left_out: Sequence[Key] = ()) -> tuple[str, str]:
    result = compared(before, after, left_out).metrics[0].result
    return result.verdict, result.reason


OLD = side("old", [4.0, 4.5] * 10)


def test_the_same_answers_are_no_worse_whatever_the_judge_says_now() -> None:
    told = verdict(
        side("old", [4.0] * 20, "same"),
        side("new", [2.0] * 20, "same", judged=frozenset({"rubric"})),
    )
    assert told == ("OK", "identical: every answer is the baseline's")


def test_other_scores_of_the_same_text_are_a_change_unless_a_judge_gave_them() -> None:
    answer, _ = verdict(side("old", [4.0] * 20, "same"), side("new", [2.0] * 20, "same"))
    assert answer == "REGRESSED"


def test_cases_that_died_with_a_worker_count_as_unscored() -> None:
    new = replace(side("new", [4.5] * 20), lost=2)
    assert verdict(OLD, new) == ("ERROR", "2 of 22 scores are missing; at most 5% are allowed")


def test_cases_that_the_run_did_not_select_do_not_count() -> None:
    found = compared(OLD, side("new", [4.5] * 15))
    assert found.metrics[0].coverage.selected == 15
    assert found.metrics[0].result.reason.endswith("; covers 15 of the baseline's 20 cases")
    assert len(found.removed) == 5
    assert found.metrics[0].result.verdict == "INCONCLUSIVE"


WHOLE = Selection()


def test_cases_that_a_whole_run_lacks_count() -> None:
    told = verdict(OLD, side("new", [4.5] * 15, selection=WHOLE))
    assert told[0] == "ERROR"
    assert "only 15 of the baseline's 20 cases have a score in both runs" in told[1]
    told = verdict(OLD, side("new", [4.5] * 19, selection=WHOLE))
    assert told[0] == "INCONCLUSIVE"
    assert told[1].endswith("; covers 19 of the baseline's 20 cases")


def test_renamed_cases_are_missing_ones() -> None:
    new = side("new", [4.5] * 20, selection=WHOLE)
    renamed = {
        (suite, file, f"new {case}"): replace(scores, key=(suite, file, f"new {case}"))
        for (suite, file, case), scores in list(new.cases.items())[:10]
    }
    kept = dict(list(new.cases.items())[10:])
    assert verdict(OLD, replace(new, cases={**renamed, **kept}))[0] == "ERROR"


def test_a_whole_run_of_one_file_lacks_only_cases_of_that_file() -> None:
    new = side("new", [4.5] * 15, selection=Selection(roots=("test_other.py",)))
    assert verdict(OLD, new)[0] == "INCONCLUSIVE"
    new = side("new", [4.5] * 15, selection=Selection(roots=("test_faq.py",)))
    assert verdict(OLD, new)[0] == "ERROR"


def test_a_case_that_died_with_a_worker_is_missed_once() -> None:
    new = replace(side("new", [4.5] * 19, selection=WHOLE), lost=1)
    coverage = compared(OLD, new).metrics[0].coverage
    assert (coverage.selected, coverage.paired, coverage.before) == (20, 19, 20)
    assert (coverage.expected, coverage.unscored) == (20, 1)


def test_cases_without_a_score_make_it_no_better() -> None:
    told = verdict(OLD, side("new", [4.5] * 18 + [None] * 2))
    assert told == ("ERROR", "2 of 20 scores are missing; at most 5% are allowed")


def test_cases_in_quarantine_are_left_out_on_both_sides() -> None:
    broken = side("new", [4.5] * 18 + [0.0, 0.0])
    keys = [key for key in broken.cases if key[2] in ("case-18", "case-19")]
    found = compared(OLD, broken, keys)
    assert (found.metrics[0].result.change or 0.0) > 0
    assert found.quarantined == (
        "test_faq.py::test::faq.csv::case-18",
        "test_faq.py::test::faq.csv::case-19",
    )
    assert (found.removed, found.metrics[0].coverage.selected) == ((), 18)


def test_another_scale_or_judge_is_not_compared() -> None:
    other = replace(OLD, scales={"rubric": Scale(1.0, 5.0)})
    assert verdict(other, side("new", [4.5] * 20)) == (
        "ERROR",
        "rubric has a different scale in the baseline",
    )
    unbounded = replace(OLD, scales={"rubric": Scale()})
    assert (
        verdict(unbounded, unbounded)[1]
        == "rubric has no fixed range, so a change cannot be measured as a share of it"
    )
    entries = {
        key: replace(
            entry, by_metric={"rubric": MetricValues(entry.by_metric["rubric"].values, "judge-2")}
        )
        for key, entry in side("new", [4.5] * 20).cases.items()
    }
    told = verdict(OLD, replace(OLD, cases=entries))
    assert told[0] == "ERROR"
    assert told[1].endswith("make a new baseline: llmeval baseline accept")


def test_a_metric_that_nobody_has_taken_is_an_error_with_the_nearest_name() -> None:
    found = compare_runs([Task(OLD, OLD, {"rubrik": USUAL})])[0].metrics[0].result
    assert found.verdict == "ERROR"
    assert found.reason == "no case has a score 'rubrik'; there are rubric. Did you mean 'rubric'?"


def test_a_metric_that_is_new_has_no_baseline_yet() -> None:
    new = side("new", [4.5] * 20)
    marks = {
        key: replace(entry, by_metric={"tone": MetricValues((1.0,))})
        for key, entry in new.cases.items()
    }
    toned = RunScores("new", marks, {"tone": FIVE})
    assert (
        compare_runs([Task(OLD, toned, {"tone": USUAL})])[0].metrics[0].result.verdict
        == "NO BASELINE"
    )


def test_several_baselines_are_tested_together() -> None:
    new = side("new", [3.9, 4.4] * 10)
    pinned, latest = compare_runs(
        [Task(OLD, new, GATED), Task(side("latest", [3.9, 4.5] * 10), new, GATED)]
    )
    assert [each.metrics[0].result.metrics for each in (pinned, latest)] == [2, 2]
    alone = compared(OLD, new).metrics[0].result
    assert pinned.metrics[0].result.adjusted_p == pytest.approx(2 * (alone.p or 0))


def test_each_metric_has_its_own_margin() -> None:
    new = side("new", [2.9, 3.4] * 10)
    wide = compare_runs([Task(OLD, new, {"rubric": GateRules(margin=0.25)})])[0].metrics[0].result
    assert (compared(OLD, new).metrics[0].result.verdict, wide.verdict) == ("REGRESSED", "WARN")


def test_a_table_is_joined_by_id_and_an_id_of_several_cases_is_refused() -> None:
    table = RunScores(
        "t.csv",
        {("", "", key[2]): entry for key, entry in OLD.cases.items()},
        {"rubric": FIVE},
        True,
    )
    assert compared(table, OLD).metrics[0].coverage.paired == 20
    both = {**OLD.cases, **side("new", [4.0], file="other.csv").cases}
    with pytest.raises(InputError, match="found several cases with the id 'case-0'"):
        compared(table, replace(OLD, cases=both))
