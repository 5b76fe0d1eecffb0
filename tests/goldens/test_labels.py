from __future__ import annotations

from pathlib import Path

import pytest

from pytest_llmeval.errors import GoldenFileError
from pytest_llmeval.goldens.labels import LabelColumns, Labels, read_labels


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def read(
    folder: Path,
    text: str,
    name: str = "labels.csv",
    with_cases: bool | None = None,
    labels: tuple[str, ...] = (),
    **columns: str,
) -> Labels:
    (folder / name).write_text(text, encoding="utf-8")
    return read_labels(Path(name), folder, LabelColumns(labels, **columns), with_cases=with_cases)


def test_a_label_is_a_number_or_a_word(folder: Path) -> None:
    numbers = read(folder, "id,label\na,4.5\nb,\nc,0\n")
    words = read(folder, "id,label\na,Pass\nb,wrong\nc,\n")
    assert [row.label for row in numbers.rows] == [4.5, None, 0.0]
    assert [row.label for row in words.rows] == [1.0, 0.0, None]
    assert (numbers.are_words, numbers.are_binary, words.are_words, words.are_binary) == (
        False,
        False,
        True,
        True,
    )


def test_true_and_false_of_json_are_words_and_one_and_zero_are_pass_and_fail(folder: Path) -> None:
    truths = read(
        folder, '{"id": "a", "label": true}\n{"id": "b", "label": false}\n', "labels.jsonl"
    )
    digits = read(folder, "id,label\na,1\nb,0\n")
    assert [row.label for row in truths.rows] == [1.0, 0.0]
    assert (truths.are_words, digits.are_words, digits.are_binary) == (True, False, True)


def test_a_row_without_id_has_that_of_the_run_where_it_has_a_prompt(folder: Path) -> None:
    made = read(folder, "question,label\nWhy?,5\n")
    assert made.rows[0].id == "why-87bcfe60"
    assert read(folder, "label,score\n5,4\n", score="score").rows[0].id == "1"


def test_the_answer_is_no_expected_answer(folder: Path) -> None:
    text = "id,prompt,answer,score,label\na,Why?,Because.,3,pass\n"
    [row] = read(folder, text, with_cases=True, score="score").rows
    assert row.case is not None
    assert (row.case.expected, row.answer, row.score) == (None, "Because.", 3.0)
    [other] = read(folder, text.replace("answer", "reply"), with_cases=True, answer="reply").rows
    assert other.answer == "Because."


def test_an_apostrophe_that_keeps_a_spreadsheet_from_reading_a_formula_is_no_part_of_the_answer(
    folder: Path,
) -> None:
    labels = read(folder, "id,label,answer\n'-a,pass,'- a list\nb,fail,'quoted'\n")
    assert [(row.id, row.answer) for row in labels.rows] == [("-a", "- a list"), ("b", "'quoted'")]


def test_every_problem_is_told_with_its_place(folder: Path) -> None:
    with pytest.raises(GoldenFileError) as caught:
        read(folder, "id,label,score\na,5,high\nb,maybe,2\nc,pass,3\n", score="score")
    assert [(each.line, each.column, each.value) for each in caught.value.problems] == [
        (2, "score", "'high'"),
        (3, "label", "'maybe'"),
        (4, "label", "'pass'"),
    ]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            "id,labels\na,5\n",
            "found no column 'label'; allowed: a column with the labels, named with --label COLUMN: id, labels",
        ),
        ("id,label\na,\n", "column 'label' found no label in any row"),
    ],
)
def test_a_file_without_labels_is_refused(folder: Path, text: str, told: str) -> None:
    with pytest.raises(GoldenFileError, match=r".*") as caught:
        read(folder, text)
    assert told in str(caught.value)


def test_every_rater_has_a_column(folder: Path) -> None:
    text = "id,human_1,human_2,score,system\na,5,4,5,old\nb,,2,1,new\nc,,,3,new\n"
    found = read(folder, text, system="system")
    assert found.raters == ("human_1", "human_2")
    assert [row.ratings for row in found.rows] == [(5.0, 4.0), (None, 2.0), (None, None)]
    assert [row.label for row in found.rows] == [4.5, 2.0, None]
    assert [row.system for row in found.rows] == ["old", "new", "new"]
    named = read(folder, text, labels=("human_2", "human_2"))
    assert (named.raters, named.rows[1].ratings) == (("human_2",), (2.0,))


def test_the_column_label_goes_before_numbered_ones(folder: Path) -> None:
    found = read(folder, "id,label,human_1\na,pass,fail\nb,fail,\n")
    assert (found.raters, found.are_words) == (("label",), True)


def test_two_of_three_people_that_pass_an_answer_are_pass_and_fail(folder: Path) -> None:
    found = read(folder, "id,rater 1,rater 2,rater 3\na,1,1,0\nb,0,0,0\n")
    assert found.are_binary
    assert found.rows[0].label == pytest.approx(2 / 3)


def test_numbers_of_one_person_and_words_of_another_are_an_error(folder: Path) -> None:
    with pytest.raises(GoldenFileError, match="all numbers or all words"):
        read(folder, "id,human_1,human_2\na,5,pass\n")
