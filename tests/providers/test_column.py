from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest

from pytest_llmeval.errors import CallError, NoAnswer
from pytest_llmeval.providers.column import ColumnProvider
from pytest_llmeval.records.call import Request
from pytest_llmeval.records.case import Case, Source


def cell(name: str, metadata: Mapping[str, Any], expected: str | None = "Paris") -> str:
    case = Case("1", "Capital?", Source("golden/faq.csv", 7), expected=expected, metadata=metadata)
    return asyncio.run(ColumnProvider(name).complete(Request((), case=case))).text


@pytest.mark.parametrize(
    "name", ["actual_output", "Actual Output", "actualOutput", "ACTUAL-OUTPUT"]
)
def test_the_answer_is_the_cell_of_the_column_however_it_is_spelt(name: str) -> None:
    assert cell(name, {"Actual Output": "Lyon"}) == "Lyon"


def test_of_two_columns_the_one_that_is_spelt_so_answers() -> None:
    assert cell("note", {"Note": "x", "note": "y"}) == "y"
    assert cell("Note", {"Note": "x", "note": "y"}) == "x"


def test_a_column_name_of_any_script_is_found() -> None:
    assert cell("답변", {"답변": "파리"}) == "파리"


@pytest.mark.parametrize(("name", "text"), [("expected", "Paris"), ("prompt", "Capital?")])
def test_fields_of_the_case_can_be_read(name: str, text: str) -> None:
    assert cell(name, {}) == text


@pytest.mark.parametrize(
    ("value", "text"), [(3, "3"), ({"città": ["Roma"]}, '{"città": ["Roma"]}')]
)
def test_a_cell_that_is_no_text_comes_as_json(value: object, text: str) -> None:
    assert cell("answer", {"answer": value}) == text


@pytest.mark.parametrize("text", ["", " \n", "\u200b", "\u3164"])
def test_a_cell_that_shows_nothing_is_no_answer(text: str) -> None:
    with pytest.raises(
        NoAnswer, match=r"golden/faq\.csv:7: column 'answer' holds .* no answer\. Fill"
    ):
        cell("answer", {"answer": text})


def test_an_absent_cell_names_the_row_and_what_it_has() -> None:
    with pytest.raises(CallError) as caught:
        cell("actual_ouput", {"actual_output": "x", "note": "y"}, expected=None)
    assert str(caught.value) == (
        "golden/faq.csv:7: found no cell in column 'actual_ouput'; this row has: actual_output, note, prompt. "
        "Did you mean 'actual_output'?"
    )


def test_a_request_without_a_case_is_an_error() -> None:
    with pytest.raises(CallError, match="column:x answers cases of a golden file"):
        asyncio.run(ColumnProvider("x").complete(Request(())))


def test_a_cell_costs_nothing() -> None:
    assert ColumnProvider("actual_output").call_usd == 0.0
