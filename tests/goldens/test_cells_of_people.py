"""What people and spreadsheets write into cells, with the same meaning in every column."""

from __future__ import annotations

import pytest

from pytest_llmeval.errors import GoldenFileError
from pytest_llmeval.goldens.reading import read_golden
from pytest_llmeval.metrics.match import Contains, ContainsAll, ContainsNone, StartsWith
from pytest_llmeval.records.call import Completion
from tests.goldens.conftest import GoldenFolder


def notes(folder: GoldenFolder, content: str) -> tuple[str, ...]:
    path = folder.write("a.csv", content)
    return read_golden(path, folder.path).description.notes


@pytest.mark.parametrize(
    "name", ["correct_answers", "accepted_answers", "ground_truths", "answers"]
)
def test_semicolons_separate_answers_where_the_name_says_that_there_are_several(
    folder: GoldenFolder, name: str
) -> None:
    (case,) = folder.read("a.csv", f"prompt,{name}\nA?,a; b\n")

    assert (case.expected, case.metadata) == ("a", {"ideal": ["a", "b"]})


def test_a_text_in_ideal_is_one_answer_and_a_note_says_so(folder: GoldenFolder) -> None:
    (case,) = folder.read("a.csv", "prompt,ideal\nA?,a; b\n")
    (note,) = notes(folder, "prompt,ideal\nA?,a; b\n")

    assert case.expected == "a; b"
    assert note.startswith("the text in ideal has semicolons (line 2), and is one answer")


@pytest.mark.parametrize("cell", ["x; y", "x;y", "x, y", '"[""x"", ""y""]"'])
def test_lists_of_texts_are_separated_as_tags_are(folder: GoldenFolder, cell: str) -> None:
    cell = cell if cell.startswith('"') else f'"{cell}"'
    (case,) = folder.read(
        "a.csv", f"prompt,tags,contains_all,contains_none\nA?,{cell},{cell},{cell}\n"
    )

    assert case.tags == ("x", "y")
    assert ContainsAll().score(case, Completion("y and x")) == 1
    assert ContainsNone().score(case, Completion("only y")) == 0


@pytest.mark.parametrize(
    ("cell", "note"),
    [
        ("#REF!", "the expected answer is the word '#REF!'"),
        ("#DIV/0!", "the expected answer is the word '#DIV/0!'"),
        ("#NAME?", "the expected answer is the word '#NAME?'"),
        ("NaT", "the expected answer is the word 'NaT'"),
        ('"=""007"""', "the expected answer is the formula of a spreadsheet"),
        ("=B2", "the expected answer is the formula of a spreadsheet"),
        ("\"array(['A', 'B'], dtype=object)\"", "the expected answer is the text of a list"),
        ('"{""text"": [""A""]}"', "the expected answer is the text of a list"),
    ],
)
def test_a_cell_that_a_tool_filled_gets_a_note(folder: GoldenFolder, cell: str, note: str) -> None:
    (written,) = notes(folder, f"prompt,expected\nA?,{cell}\n")

    assert written.startswith(f"{note} (line 2)")


@pytest.mark.parametrize("cell", ["= x + 1", "=)", "C# is fine", '"{""name"": ""A""}"'])
def test_an_ordinary_answer_gets_none(folder: GoldenFolder, cell: str) -> None:
    assert notes(folder, f"prompt,expected\nA?,{cell}\n") == ()


@pytest.mark.parametrize("cell", ["\u200b", " \u2060", "\u3164", "   "])
def test_a_cell_that_shows_nothing_is_no_reference(folder: GoldenFolder, cell: str) -> None:
    path = folder.write("a.csv", f"prompt,expected\nA?,{cell}\n")
    reading = read_golden(path, folder.path)

    assert reading.description.summary == "1 case, without an expected answer"
    assert "no expected text" in str(Contains().score(reading.cases[0], Completion("a")).error)
    with pytest.raises(GoldenFileError, match=r"'targets' found 'a' in a column that is not read"):
        folder.read("a.csv", f"prompt,expected,targets\nA?,{cell},a\n")
    with pytest.raises(GoldenFileError, match=r"column 'prompt' .* text that is not blank"):
        folder.read("a.csv", f"prompt,expected\n{cell},a\n")


def test_blanks_at_the_ends_of_a_cell_are_not_looked_for(folder: GoldenFolder) -> None:
    (case,) = folder.read("a.csv", "prompt,expected\nA?, A1 \n")

    for metric in (Contains(), StartsWith()):
        assert metric.score(case, Completion("A1")) == 1
    assert Contains(" A1 ").score(case, Completion("A1")) == 0
