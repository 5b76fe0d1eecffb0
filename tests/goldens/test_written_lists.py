"""Lists and objects that a tool has written into a cell: read in a column of several answers, and noted in one of a single text."""

from __future__ import annotations

import csv
import io

import pytest

from pytest_llmeval.errors import GoldenFileError
from pytest_llmeval.goldens.reading import read_golden
from pytest_llmeval.records.case import Case
from tests.goldens.conftest import GoldenFolder

LISTS = [
    "['Paris', 'paris']",
    "['Paris' 'paris']",
    "['Paris'\n 'paris']",
    "('Paris', 'paris')",
    "{'Paris', 'paris'}",
    '["Paris", "paris"]',
    "array(['Paris', 'paris'], dtype=object)",
    "np.array(['Paris', 'paris'])",
    "list(['Paris', 'paris'])",
    "deque(['Paris', 'paris'])",
    "frozenset({'Paris', 'paris'})",
    "dict_keys(['Paris', 'paris'])",
    '{Paris,"paris"}',
    "{Paris,paris}",
    '{"Paris","paris"}::text[]',
    "ARRAY['Paris','paris']",
    "ARRAY['Paris', 'paris']::text[]",
    'c("Paris", "paris")',
]
"""The same two answers as Python, numpy, JSON, SQL and R write them."""


def written(folder: GoldenFolder, column: str, cell: str) -> tuple[Case, tuple[str, ...]]:
    text = io.StringIO(newline="")
    csv.writer(text).writerows([["prompt", column], ["Q?", cell]])
    path = folder.write("a.csv", text.getvalue())
    reading = read_golden(path, folder.path)
    return reading.cases[0], reading.description.notes


@pytest.mark.parametrize("cell", LISTS)
@pytest.mark.parametrize("column", ["answers", "ideal", "accepted_answers"])
def test_a_written_list_is_several_answers_where_they_are_read(
    folder: GoldenFolder, column: str, cell: str
) -> None:
    case, notes = written(folder, column, cell)

    assert case.expected == "Paris"
    assert list(case.metadata["ideal"]) == ["Paris", "paris"]
    assert notes == ()


@pytest.mark.parametrize("cell", [*LISTS, "[Paris, London]", "['Paris']", "{Paris}", "[]", "set()"])
@pytest.mark.parametrize("column", ["expected", "ground_truth", "target"])
def test_a_written_list_in_a_column_of_one_answer_is_noted(
    folder: GoldenFolder, column: str, cell: str
) -> None:
    case, (note,) = written(folder, column, cell)

    assert (case.expected, case.metadata) == (cell, {})
    assert note.startswith("the expected answer is the text of a list (line 2), which is one")


def test_the_texts_of_sql_and_r_have_their_quotes_and_commas(folder: GoldenFolder) -> None:
    for cell in ("ARRAY['it''s, so','b']", '{"it\'s, so",b2b}', 'c("it\'s, so", "b")'):
        case, _ = written(folder, "answers", cell)
        assert case.expected == "it's, so"
    case, _ = written(folder, "contexts", "ARRAY['one, two', NULL, 'three']")
    assert case.contexts == ("one, two", "three")


@pytest.mark.parametrize(
    "cell",
    [
        "(1, 2)", "[0, 1]", "{1, 2}", "[0, 1)", "{x, y}", "{a,b}", "(see above, please)", "[1] Smith",
        "[see below]", "f(x, y)", "c(x)", "set(s) of rules", "array of texts", '{"name": "A"}', "{}",
        '{"city": "Paris", "country": "France"}', "ls | grep x", "a|b = c", "|x|", "| a | b |", "P(A|B)",
        'say "so"', "a {b} c", "{'a' if x}",
    ],
)  # fmt: skip
def test_an_ordinary_answer_with_brackets_is_not_noted(folder: GoldenFolder, cell: str) -> None:
    case, notes = written(folder, "expected", cell)

    assert (case.expected, notes) == (cell, ())


@pytest.mark.parametrize("cell", ["[1 2 3]", "array([1, 2])"])
def test_numbers_as_numpy_writes_them_are_noted(folder: GoldenFolder, cell: str) -> None:
    _, (note,) = written(folder, "expected", cell)

    assert note.startswith("the expected answer is the text of a list")


@pytest.mark.parametrize("cell", ["(1, 2)", "{1, 2}", "[0, 1]"])
def test_numbers_in_brackets_are_several_answers_with_a_note(
    folder: GoldenFolder, cell: str
) -> None:
    case, (note,) = written(folder, "answers", cell)

    assert len(case.metadata["ideal"]) == 2
    assert note.startswith(f"{cell!r} in answers (line 2) is read as 2 accepted answers")


@pytest.mark.parametrize("cell", ["['Paris', 'paris'", "[Paris, London]", "['a', ..., 'z']"])
def test_a_list_of_answers_that_cannot_be_read_is_an_error_whose_remedies_work(
    folder: GoldenFolder, cell: str
) -> None:
    with pytest.raises(GoldenFileError) as caught:
        written(folder, "answers", cell)

    (problem,) = caught.value.problems
    assert (problem.line, problem.column) == (2, "answers")
    assert 'best written as JSON: ["a", "b"]' in problem.allowed
    assert written(folder, "answers", '["[a, b]"]')[0].expected == "[a, b]"


@pytest.mark.parametrize(
    ("cell", "member"),
    [
        ("{'answer': 'Paris'}", "answer"),
        ('{"answer": "Paris"}', "answer"),
        ("{'city': 'Paris'}", "city"),
        ('{"value": "Paris", "aliases": ["paris"]}', "value"),
    ],
)
def test_an_object_with_the_answer_inside_is_noted_with_a_mapping_that_works(
    folder: GoldenFolder, cell: str, member: str
) -> None:
    case, (note,) = written(folder, "expected", cell)

    assert case.expected == cell
    assert note.startswith("the expected answer is the text of an object (line 2), which is one")
    assert f"--llm-columns 'expected.{member} = expected'" in note
    path = folder.path / "a.csv"
    mapped = read_golden(path, folder.path, {f"expected.{member}": "expected"})
    assert (mapped.cases[0].expected, mapped.description.notes) == ("Paris", ())


@pytest.mark.parametrize("cell", ["Paris|paris", "Paris || paris", "one answer|another one"])
def test_answers_between_vertical_bars_are_noted(folder: GoldenFolder, cell: str) -> None:
    notes = written(folder, "expected", cell)[1]

    assert "the expected answer has vertical bars (line 2)" in " ".join(notes)


@pytest.mark.parametrize("cell", ['"Paris"', "'Paris'", "\u201cParis\u201d"])
def test_quotes_around_every_answer_are_noted(folder: GoldenFolder, cell: str) -> None:
    case, (note,) = written(folder, "expected", cell)

    assert case.expected == cell
    assert note.startswith("each expected answer stands in quotes (line 2)")


def test_a_prompt_that_is_a_list_is_noted(folder: GoldenFolder) -> None:
    path = folder.write("a.csv", "prompt,expected\n\"['Who?', 'When?']\",a\n")

    (note,) = read_golden(path, folder.path).description.notes
    assert note.startswith("the prompt is the text of a list (line 2), and sent as it is")
