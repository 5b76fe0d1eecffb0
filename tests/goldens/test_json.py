"""JSON and JSONL: shapes, lines, and numbers that keep their text."""

from __future__ import annotations

import json

import pandas as pd
import pytest

from pytest_llmeval.errors import GoldenFileError
from tests.goldens.conftest import GoldenFolder

LINES = '{"prompt": "A?", "expected": "a"}\n\n{"prompt": "B?", "expected": null}\r\n'


def test_jsonl_has_one_case_a_line_and_skips_blank_ones(folder: GoldenFolder) -> None:
    for name in ("faq.jsonl", "faq.ndjson"):
        cases = folder.read(name, LINES)
        assert [(case.prompt, case.expected, case.source.line) for case in cases] == [
            ("A?", "a", 1),
            ("B?", None, 3),
        ]


def test_a_line_separator_of_unicode_does_not_end_a_line(folder: GoldenFolder) -> None:
    (case,) = folder.read("faq.jsonl", '{"prompt": "A\u2028B\x0c?"}'.replace("\x0c", "\\f"))

    assert case.prompt == "A\u2028B\f?"


def test_rows_of_an_indented_array_stand_at_the_line_where_they_open(folder: GoldenFolder) -> None:
    rows = [{"prompt": "A?", "tags": ["x", "y"]}, {"prompt": "B, {or} [not]?"}]
    text = json.dumps(rows, indent=2)
    cases = folder.read("faq.json", text)

    lines = text.split("\n")
    assert [lines[case.source.line - 1].strip() for case in cases] == ["{", "{"]
    assert [case.source.line for case in cases] == [2, 9]


@pytest.mark.parametrize("key", ["cases", "goldens", "examples", "data", "tests", "rows"])
def test_rows_under_a_usual_key(folder: GoldenFolder, key: str) -> None:
    text = json.dumps(
        {"about": {"rows": 1}, key: [{"prompt": "A?"}, {"prompt": "B?"}], "n": [1]}, indent=1
    )
    cases = folder.read("faq.json", text)

    assert [case.prompt for case in cases] == ["A?", "B?"]
    assert [text.split("\n")[case.source.line - 1].strip() for case in cases] == ["{", "{"]


def test_columns_as_a_data_frame_writes_them(folder: GoldenFolder) -> None:
    frame = pd.DataFrame({"prompt": ["A?", "B?"], "expected": ["a", None], "level": [1, 2]})
    for text in (frame.to_json(), json.dumps(frame.to_dict("list"))):
        first, second = folder.read("faq.json", str(text))
        assert (first.prompt, first.expected, first.metadata) == ("A?", "a", {"level": 1})
        assert (second.expected, second.metadata) == (None, {"level": 2})


def test_columns_keep_numbers_as_written_and_leave_cells_out(folder: GoldenFolder) -> None:
    text = '{"prompt": {"0": 1.50, "2": 7}, "expected": {"0": "a", "2": NaN}, "id": {}}'
    cases = folder.read("faq.json", text)

    assert [(case.prompt, case.expected) for case in cases] == [("1.50", "a"), ("7", None)]


def test_a_number_for_a_text_field_keeps_what_was_written(folder: GoldenFolder) -> None:
    text = '{"id": 12345678901234567890123, "prompt": 1.50, "expected": 1e5, "contexts": [1.0, "x"], "tags": 7}'
    (case,) = folder.read("faq.jsonl", text)

    assert (case.id, case.prompt, case.expected) == ("12345678901234567890123", "1.50", "1e5")
    assert (case.contexts, case.tags) == (("1.0", "x"), ("7",))


def test_metadata_keeps_its_json_types(folder: GoldenFolder) -> None:
    row = {
        "prompt": "A?",
        "n": 3,
        "x": 0.5,
        "yes": True,
        "list": [1, {"a": None}],
        "none": None,
        "empty": "",
    }
    (case,) = folder.read_rows(row)

    assert case.metadata == {"n": 3, "x": 0.5, "yes": True, "list": [1, {"a": None}]}
    assert {type(value) for value in case.metadata.values()} == {int, float, bool, list}


def test_not_a_number_is_an_absent_value(folder: GoldenFolder) -> None:
    (case,) = folder.read(
        "faq.jsonl", '{"prompt": "A?", "expected": NaN, "level": NaN, "big": 1e999}'
    )

    assert case.expected is None
    assert case.metadata == {"big": "1e999"}


def test_true_and_false_are_answers(folder: GoldenFolder) -> None:
    first, second = folder.read_rows(
        {"prompt": "A?", "expected": True}, {"prompt": "B?", "expected": False}
    )

    assert (first.expected, second.expected) == ("true", "false")


def test_all_broken_lines_are_reported_at_once(folder: GoldenFolder) -> None:
    with pytest.raises(GoldenFileError) as caught:
        folder.read("faq.jsonl", '{"prompt": "A?"}\n{"prompt": \n{"prompt": "B?"}\nnothing\n')

    assert [problem.line for problem in caught.value.problems] == [2, 4]


@pytest.mark.parametrize(
    "text",
    [
        '{"prompt": "A?", "min_score": NaN}',
        '{"prompt": "A?", "Must_Pass": NaN}',
        '{"prompt": "A?", "minScore": NaN}',
        '{"prompt": "A?", "Min Score": NaN}',
        '{"prompt": "A?", "must-pass": NaN}',
        '{"prompt": "A?", "__expected": NaN}',
        '{"prompt": "A?", "__threshold": NaN}',
        '{"prompt": "A?", "threshold": NaN}',
        '{"prompt": "A?", "thresholds": ["exact_match>=1", NaN]}',
    ],
)
def test_not_a_number_is_no_bound(folder: GoldenFolder, text: str) -> None:
    with pytest.raises(GoldenFileError, match="found 'NaN'"):
        folder.read("faq.jsonl", text)


def test_not_a_number_in_columns_is_no_bound(folder: GoldenFolder) -> None:
    text = '{"prompt": {"0": "A?", "1": "B?"}, "min_score": {"0": 4, "1": NaN}}'
    with pytest.raises(GoldenFileError, match="row 2, column 'min_score' found 'NaN'"):
        folder.read("faq.json", text)


def test_nan_is_refused_in_a_column_that_is_mapped_to_a_bound(folder: GoldenFolder) -> None:
    text = '{"prompt": "A?", "Rating": NaN}'
    with pytest.raises(GoldenFileError, match="column 'Rating' found 'NaN'"):
        folder.read("a.jsonl", text, {"Rating": "min_score"})

    assert folder.read("a.jsonl", text)[0].metadata == {}


def test_nan_within_a_value_is_null(folder: GoldenFolder) -> None:
    (case,) = folder.read(
        "a.jsonl",
        '{"prompt": "A?", "contexts": ["c", NaN], "more": {"x": [1, NaN]}, "ideal": [NaN, "a"]}',
    )

    assert (case.contexts, case.expected) == (("c",), "a")
    assert case.metadata == {"more": {"x": [1, None]}}
