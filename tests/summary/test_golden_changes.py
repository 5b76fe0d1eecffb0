"""What became of the golden cases and their settings, in sentences."""

from __future__ import annotations

import pytest

from pytest_llmeval.records.comparison import MAY_FAIL, MUST_PASS, CaseEdit, Comparison
from pytest_llmeval.summary.golden_changes import edit_text, golden_changes

FREED, BOUND = (MUST_PASS, MAY_FAIL), (MAY_FAIL, MUST_PASS)


def sentences(*edits: CaseEdit) -> list[str]:
    return list(golden_changes(Comparison("main", "run", (), edited=edits)))


@pytest.mark.parametrize(
    ("edit", "sentence"),
    [
        (
            CaseEdit("a", "samples", "3 samples, min", "3 samples, max", is_rescored=True),
            "the samples or the reducer of 1 case changed since main (3 samples, min -> 3 samples, "
            "max), and its scores were reduced again as those of this run: a",
        ),
        (
            CaseEdit("a", "samples", "3 samples, mean", "5 samples, mean", is_as_mean=True),
            "the samples or the reducer of 1 case changed since main (3 samples, mean -> 5 "
            "samples, mean), so the scores are compared as means, and the pass rate is not: a",
        ),
        (
            CaseEdit("a", "samples", "3 samples, min", "5 samples, min"),
            "the samples or the reducer of 1 case changed since main (3 samples, min -> 5 samples, "
            "min), so their scores are not compared: a",
        ),
        (
            CaseEdit("a", "answer_pattern", "", "b"),
            "the answer pattern of 1 case changed since main (none -> b); the answers of main were "
            "not taken out of its replies again, so their scores are not compared: a",
        ),
        (
            CaseEdit("a", "must_pass", *BOUND, is_rescored=True),
            "1 case must pass now, and did not have to in main: a",
        ),
        (
            CaseEdit("a", "must_pass", *BOUND),
            "1 case must pass now, and did not have to in main, so its pass rate is not compared: a",
        ),
    ],
)
def test_a_change_of_the_settings_says_what_is_compared(edit: CaseEdit, sentence: str) -> None:
    assert sentences(edit) == [sentence]


def test_cases_that_may_fail_now_and_are_left_out_are_counted() -> None:
    edits = [
        CaseEdit(name, "must_pass", *FREED, is_rescored=name == "a", is_failure=name == "a")
        for name in "abc"
    ]
    (sentence,) = sentences(*edits)
    assert sentence == (
        "3 cases had to pass in main and may fail now (1 of them fail now), so the pass rate of 2 "
        "of them is not compared: a, b, c"
    )


def test_a_case_with_two_fitted_edits_is_one_case() -> None:
    expected = CaseEdit("a", "expected", "x", "y", is_rescored=True, is_answer=True)
    column = CaseEdit("a", "columns", "keyword", "keyword", is_answer=True)
    fitted = "now holds or expects exactly what this run answered"
    assert f"1 edited case {fitted}" in sentences(expected, column)
    other = CaseEdit("b", "columns", "keyword", "keyword", is_answer=True)
    assert f"2 edited cases {fitted.replace('holds or expects', 'hold or expect')}" in sentences(
        expected, column, other
    )


def test_an_edit_of_the_settings_is_one_line() -> None:
    edit = CaseEdit("a", "samples", "3 samples, mean", "5 samples, mean")
    assert edit_text(edit) == "samples 3 samples, mean -> 5 samples, mean"
