"""The CSV of results, read back as a spreadsheet or data frame would."""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path

import pytest

from pytest_llmeval.records.call import Completion
from pytest_llmeval.records.result import CaseResult
from pytest_llmeval.records.run import Run
from pytest_llmeval.records.score import Score
from pytest_llmeval.reports.csv_report import write_csv

COLUMNS = (
    "timestamp,prompt,ground_truth,generated_response,temperature,max_tokens,top_p,frequency_penalty,"
    "presence_penalty,score,classification,model,dataset_size,judge_model,scoring_reason,experiment_id,"
    "id,suite,outcome,generation_cost_usd,judge_cost_usd,samples,samples_met,"
    "system_fingerprint,contains,flesch_reading_ease,toxicity"
)


def rows(path: Path, run: Run, results: list[CaseResult]) -> list[dict[str, str]]:
    write_csv(path, run, results)
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_the_columns_are_the_promised_ones_in_their_order(
    tmp_path: Path, run: Run, results: list[CaseResult]
) -> None:
    write_csv(tmp_path / "results.csv", run, results)
    assert (tmp_path / "results.csv").read_text(encoding="utf-8").splitlines()[0] == COLUMNS


def test_a_row_tells_a_case(tmp_path: Path, run: Run, results: list[CaseResult]) -> None:
    row = rows(tmp_path / "results.csv", run, results)[0]
    assert row == {
        "timestamp": "2025-06-12T10:15:02+00:00",
        "prompt": "How long do refunds take?",
        "ground_truth": "Five working days after we receive the parcel.",
        "generated_response": "Refunds arrive within five working days of the parcel reaching us.",
        "temperature": "0.2",
        "max_tokens": "256",
        "top_p": "1.0",
        "frequency_penalty": "",
        "presence_penalty": "",
        "score": "4.8",
        "classification": "refunds; billing",
        "model": "gpt-4-0613",
        "dataset_size": "6",
        "judge_model": "judge-large-2025-06",
        "scoring_reason": "Same period, same starting point.",
        "experiment_id": run.id,
        "id": "how-long-do-refunds",
        "suite": "golden/faq.csv",
        "outcome": "passed",
        "generation_cost_usd": "0.00094",
        "judge_cost_usd": "0.00021",
        "samples": "1",
        "samples_met": "",
        "system_fingerprint": "",
        "contains": "",
        "flesch_reading_ease": "63.4",
        "toxicity": "0.0007",
    }


def test_an_unscored_case_has_an_empty_score_and_says_why(
    tmp_path: Path, run: Run, results: list[CaseResult]
) -> None:
    row = rows(tmp_path / "results.csv", run, results)[2]
    assert row["score"] == ""
    assert row["scoring_reason"] == "no valid reply in 3 attempts; the last one is not JSON"


def test_a_cached_answer_costs_nothing_and_an_unknown_price_is_an_empty_cell(
    tmp_path: Path, run: Run, results: list[CaseResult]
) -> None:
    row = rows(tmp_path / "results.csv", run, results)[2]
    assert (row["generation_cost_usd"], row["judge_cost_usd"]) == ("0.0", "")


def test_line_breaks_and_every_script_survive(
    tmp_path: Path, run: Run, results: list[CaseResult]
) -> None:
    table = rows(tmp_path / "results.csv", run, results)
    assert "\n\nYou may ask" in table[1]["generated_response"]
    assert table[4]["prompt"] == "안녕하세요, 환불은 언제 되나요?"


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
def test_a_formula_is_only_text(
    start: str, tmp_path: Path, run: Run, results: list[CaseResult]
) -> None:
    text = f'{start}HYPERLINK("http://evil.example","x")'
    case = replace(results[0].case, prompt=text, tags=(text,))
    hostile = replace(results[0], case=case, completion=Completion(text, model=text), suite=text)
    (row,) = rows(tmp_path / "results.csv", run, [hostile])
    for column in ("prompt", "classification", "generated_response", "model", "suite"):
        assert row[column] == f"'{text}"


def test_our_own_negative_numbers_stay_numbers(
    tmp_path: Path, run: Run, results: list[CaseResult]
) -> None:
    sad = replace(results[0], scores=(Score("sentiment", -0.5), Score("=name", 1.0)))
    (row,) = rows(tmp_path / "results.csv", run, [sad])
    assert (row["sentiment"], row["'=name"]) == ("-0.5", "1.0")


def test_a_score_named_like_a_column_gets_a_column_of_its_own(
    tmp_path: Path, run: Run, results: list[CaseResult]
) -> None:
    (row,) = rows(
        tmp_path / "results.csv", run, [replace(results[0], scores=(Score("model", 0.5),))]
    )
    assert (row["model"], row["score_model"]) == ("gpt-4-0613", "0.5")


def test_text_that_utf8_cannot_hold_is_shown(
    tmp_path: Path, run: Run, results: list[CaseResult]
) -> None:
    (row,) = rows(
        tmp_path / "results.csv", run, [replace(results[0], completion=Completion("a\ud83db\0c"))]
    )
    assert row["generated_response"] == r"a\ud83db\0c"
