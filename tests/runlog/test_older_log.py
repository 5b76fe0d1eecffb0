"""A log of version 4, as commit 57d4f0f wrote it: what its reports said of it is what its records hold now.

``older/version-4.sql`` is six runs of it, with long texts cut: `params` (scores of one name with
several arguments, assertions), `samples` (a case that must pass), `by-gate` (failures that only
gates count), `kinds` (judges with several criteria), `merged` and `cut`.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from pytest_llmeval.records.result import CaseResult
from pytest_llmeval.records.run import Run
from pytest_llmeval.runlog.log import RunLog

DUMP = Path(__file__).parent / "older" / "version-4.sql"


@pytest.fixture
def log(tmp_path: Path) -> Iterator[RunLog]:
    path = tmp_path / "old.sqlite"
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(DUMP.read_text(encoding="utf-8"))
    with closing(RunLog(str(path))) as opened:
        yield opened


def run_named(log: RunLog, name: str) -> Run:
    return next(run for run in log.runs() if run.name == name)


def results_of(log: RunLog, name: str) -> list[CaseResult]:
    return list(log.results(run_named(log, name).id))


def checks_of(result: CaseResult) -> list[tuple[str, object, int | None, bool | None]]:
    return [
        (str(check.threshold), dict(check.threshold.params), check.score, check.met)
        for check in result.checks
    ]


def test_each_of_several_scores_of_a_name_has_its_own_arguments_and_thresholds(log: RunLog) -> None:
    [result] = [
        result
        for result in results_of(log, "params")
        if result.case.id == "both" and len(result.checks) == 3
    ]
    free, bike = {"word": "free"}, {"word": "bike"}
    assert [(score.name, score.params) for score in result.scores] == [
        ("mentions", free),
        ("mentions", bike),
    ]
    assert checks_of(result) == [
        ("mentions >= 0", free, 0, True),
        ("mentions <= 0", free, 0, False),
        ("mentions >= 1", bike, 1, True),
    ]


def test_an_assertion_that_fails_is_no_missed_threshold(log: RunLog) -> None:
    failed = [result for result in results_of(log, "params") if result.outcome == "failed"]
    assert sorted(result.cause for result in failed) == ["assertion"] * 2 + ["threshold"] * 2
    by_assertion = [result for result in failed if result.cause == "assertion"]
    assert all(result.message.startswith("AssertionError") for result in by_assertion)
    assert all(result.checks[-1].met is False for result in by_assertion)  # a miss stands beside it


def test_every_outcome_has_its_cause(log: RunLog) -> None:
    results = results_of(log, "params")
    assert {result.outcome: result.cause for result in results if result.outcome != "failed"} == {
        "passed": "",
        "skipped": "skip",
        "error": "unscored",
        "xfailed": "threshold",
    }


def test_a_judge_is_told_from_a_metric(log: RunLog) -> None:
    [result] = results_of(log, "kinds")
    assert {score.judge for score in result.scores} == {"judge"}
    criteria = [dict(score.params) for score in result.scores if score.name == "closed_qa"]
    assert criteria == [{"criteria": "It is friendly."}, {"criteria": "It names a number."}]
    fine = next(result for result in results_of(log, "by-gate") if result.case.id == "fine")
    assert {score.name: score.judge for score in fine.scores} == {
        "lexicon_count": "",
        "rubric": "judge",
    }
    assert fine.judge_model == "judge"


def test_what_samples_met_is_read(log: RunLog) -> None:
    flickers = next(result for result in results_of(log, "samples") if result.case.id == "flickers")
    assert [sample.met for sample in flickers.samples] == [False] + [True] * 8
    assert (flickers.outcome, flickers.cause, flickers.checks[0].met) == ("passed", "", False)


def test_a_failure_that_only_gates_count_keeps_its_cause(log: RunLog) -> None:
    loose = next(result for result in results_of(log, "by-gate") if result.case.id == "loose")
    assert (loose.outcome, loose.cause) == ("xfailed", "threshold")


def test_a_merged_run_has_its_parts(log: RunLog) -> None:
    merged = run_named(log, "merged")
    assert merged.parts == ("20261130T100253-3cf5b6", "20261130T100258-82a39d")
    assert "merged" not in merged.settings
    assert run_named(log, "params").parts == ()


def test_a_gate_that_was_kept_is_met(log: RunLog) -> None:
    assert {gate.state for run in log.runs() for gate in run.gates} == {"met"}


def test_a_run_that_was_cut_off_is_known_by_a_fact(log: RunLog) -> None:
    cut = run_named(log, "cut")
    assert cut.is_cut_off
    assert [note.kind for note in cut.notes] == ["cut_off"]
    assert [run.name for run in log.runs() if run.is_cut_off] == ["cut"]
