"""The golden files that we ship are licensed, consistent and readable."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

ROOT = Path(__file__).parents[1]
GOLDEN = ROOT / "golden"
TRUTHFULQA = ROOT.parent / "shared" / "data" / "truthfulqa_v1_817.csv"
DATA_FILES = sorted(
    path.name for path in GOLDEN.iterdir() if path.is_file() and path.suffix != ".md"
)

Row = dict[str, Any]


def read_rows(path: Path) -> list[Row]:
    """The rows of a file with nothing but the standard library: an independent witness of what our reader reads."""
    if path.suffix == ".csv":
        with path.open(encoding="utf-8", newline="") as file:
            return list(csv.DictReader(file))
    text = path.read_text(encoding="utf-8")
    rows: list[Row] = (
        json.loads(text)
        if path.suffix == ".json"
        else [json.loads(line) for line in text.splitlines()]
    )
    return rows


def described() -> dict[str, dict[str, str]]:
    """The table of golden/README.md, by file name."""
    lines = (GOLDEN / "README.md").read_text(encoding="utf-8").splitlines()
    cells = [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in lines
        if line.startswith("|")
    ]
    start = next(number for number, row in enumerate(cells) if row[0] == "file")
    rows = [row for row in cells[start + 2 :] if len(row) == len(cells[start])]
    return {row[0].strip("`"): dict(zip(cells[start], row, strict=True)) for row in rows}


def passages() -> set[str]:
    rows = read_rows(ROOT / "example_suite" / "support" / "passages.json")
    return {row["text"] for row in rows}


def test_every_golden_file_is_described_with_source_and_licence() -> None:
    assert sorted(described()) == DATA_FILES
    for row in described().values():
        assert row["source"]
        assert row["for"]
        assert row["licence"] in {"MIT", "Apache-2.0"}


@pytest.mark.parametrize("name", DATA_FILES)
def test_the_readme_states_rows_and_columns(name: str) -> None:
    rows = read_rows(GOLDEN / name)
    assert len(rows) == int(described()[name]["rows"])
    columns = described()[name]["columns"].strip("`").split(", ")
    assert all(list(row) == columns for row in rows)


@pytest.mark.parametrize("name", DATA_FILES)
def test_ids_are_unique_slugs(name: str) -> None:
    ids = [row["id"] for row in read_rows(GOLDEN / name)]
    assert len(set(ids)) == len(ids)
    assert all(set(slug) <= set("abcdefghijklmnopqrstuvwxyz0123456789-") for slug in ids)


@pytest.mark.parametrize("name", DATA_FILES)
def test_no_file_starts_with_a_byte_order_mark_or_holds_carriage_returns(name: str) -> None:
    data = (GOLDEN / name).read_bytes()
    assert not data.startswith(b"\xef\xbb\xbf")
    assert b"\r" not in data


def test_every_faq_context_is_a_passage_and_every_passage_is_asked_for() -> None:
    assert {row["context"] for row in read_rows(GOLDEN / "faq.csv")} == passages()


def test_every_chat_rests_on_a_passage_and_ends_with_a_question() -> None:
    for row in read_rows(GOLDEN / "chat.jsonl"):
        assert [message["role"] for message in row["messages"]] == [
            "system",
            "user",
            "assistant",
            "user",
        ]
        assert row["messages"][0]["content"].partition("\n\n")[2] in passages()


def test_numbers_that_must_stay_text_are_in_the_faq() -> None:
    expected = {row["id"]: row["expected"] for row in read_rows(GOLDEN / "faq.csv")}
    assert expected["locker-number"] == "007"
    assert expected["printed-invoice-fee"] == "1.50"


@pytest.mark.parametrize("row", read_rows(GOLDEN / "extract.jsonl"), ids=lambda row: row["id"])
def test_the_expected_json_meets_its_schema(row: Row) -> None:
    jsonschema.Draft202012Validator.check_schema(row["json_schema"])
    jsonschema.validate(
        json.loads(row["expected"]), row["json_schema"], jsonschema.Draft202012Validator
    )


def test_truthfulqa_rows_are_as_published() -> None:
    if not TRUTHFULQA.exists():
        pytest.skip(
            "the published TruthfulQA file is not here: ../shared/data/truthfulqa_v1_817.csv"
        )
    published = read_rows(TRUTHFULQA)
    for row in read_rows(GOLDEN / "truthfulqa.csv"):
        number = int(row["id"].rpartition("-")[2])
        assert row == {
            "id": row["id"],
            "question": published[number - 1]["Question"],
            "target": published[number - 1]["Best Answer"],
            "correct_answers": published[number - 1]["Correct Answers"],
            "incorrect_answers": published[number - 1]["Incorrect Answers"],
            "category": published[number - 1]["Category"],
            "type": published[number - 1]["Type"],
            "source": published[number - 1]["Source"],
        }


@pytest.mark.parametrize("name", DATA_FILES)
def test_our_reader_reads_every_file_without_configuration(name: str) -> None:
    from pytest_llmeval.goldens.reading import read_cases

    cases = read_cases(GOLDEN / name, ROOT)
    rows = read_rows(GOLDEN / name)
    assert [case.id for case in cases] == [row["id"] for row in rows]
    assert [case.expected for case in cases] == [
        row.get("expected", row.get("target")) for row in rows
    ]
    assert all(case.prompt and case.tags for case in cases)


def test_our_reader_finds_contexts_chats_bounds_and_schemas() -> None:
    from pytest_llmeval.goldens.reading import read_cases

    faq = read_cases(GOLDEN / "faq.csv", ROOT)
    assert all(len(case.contexts) == 1 for case in faq)
    bounds = {
        case.id: [str(threshold) for threshold in case.thresholds]
        for case in faq
        if case.thresholds
    }
    assert bounds == {
        "refund-policy": ["rubric >= 4"],
        "frame-warranty": ["rubric >= 4"],
        "damaged-battery": ["rubric >= 4.5"],
    }
    assert all(len(case.messages) == 4 for case in read_cases(GOLDEN / "chat.jsonl", ROOT))
    assert all(
        case.metadata["json_schema"]["type"] == "object"
        for case in read_cases(GOLDEN / "extract.jsonl", ROOT)
    )
