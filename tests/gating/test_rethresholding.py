"""Answers of a baseline are decided by the thresholds of a later run, as that run decides."""

from __future__ import annotations

from pathlib import Path

import pytest

from pytest_llmeval.baselines.file import read_baseline, write_baseline
from pytest_llmeval.gating.rethresholding import decided_like, threshold_edits
from pytest_llmeval.gating.scores import CaseScores, case_scores
from pytest_llmeval.records.case import Case, Source
from pytest_llmeval.records.result import PASS_RATE, CaseResult, Outcome, check_scores
from pytest_llmeval.records.score import Score
from pytest_llmeval.records.threshold import Threshold

FILE = "faq.csv"


def result(values: tuple[float, ...], bound: float) -> CaseResult:
    """A row whose threshold holds for each of its scores, such as those of several criteria."""
    scores = tuple(
        Score("tone", value, params={"criterion": str(n)}) for n, value in enumerate(values)
    )
    check = check_scores(Threshold("tone", ">=", bound), enumerate(scores))
    outcome: Outcome = "passed" if check.met else "failed"
    case = Case("c1", "Why?", source=Source(FILE, 2))
    return CaseResult(FILE, case, "", outcome, scores=scores, checks=(check,), cause="threshold")


def stored(folder: Path, made: CaseResult) -> CaseScores:
    path = folder / "main.jsonl"
    with path.open("w", encoding="utf-8") as file:
        write_baseline(file, "main", [made])
    return read_baseline(path).cases[made.key]


@pytest.mark.parametrize(
    ("before", "after", "is_decided"),
    [
        ((0.6,), (0.6,), True),
        # The worst of 0.2 and 1 misses what their mean meets.
        ((0.2, 1.0), (0.2, 1.0), False),
        ((0.6,), (0.2, 1.0), False),
        ((0.2, 1.0), (0.6,), False),
    ],
)
def test_what_the_worst_of_several_scores_decides_their_mean_does_not(
    tmp_path: Path, before: tuple[float, ...], after: tuple[float, ...], is_decided: bool
) -> None:
    new = case_scores(result(after, 0.5))
    for old in (case_scores(result(before, 0.1)), stored(tmp_path, result(before, 0.1))):
        made = decided_like(old, new)
        assert (PASS_RATE not in made.apart) == is_decided
        if is_decided:
            assert made.value_of(PASS_RATE) == 1
        (edit,) = threshold_edits([(made, new)])
        assert (edit.field, edit.is_rescored) == ("threshold", is_decided)
