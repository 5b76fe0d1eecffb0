"""References beside the expected answer that nobody reads: an error for the same name with a number, else a note."""

from __future__ import annotations

import pytest

from pytest_llmeval.errors import GoldenFileError
from pytest_llmeval.goldens.reading import read_golden
from tests.goldens.conftest import GoldenFolder


def notes(folder: GoldenFolder, content: str, columns: dict[str, str] | None = None) -> str:
    path = folder.write("a.csv", content)
    return " ".join(read_golden(path, folder.path, columns).description.notes)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("expected", "expected_1"),
        ("expected", "expected.1"),
        ("expected", "expected 3"),
        ("expected", "Expected (2)"),
        ("expected", "expected_02"),
        ("reference", "Reference 2"),
        ("ground_truth", "groundTruth2"),
        ("prompt", "prompt.1"),
        ("answer", "answer.1"),
        ("min_score", "min_score.1"),
    ],
)
def test_a_column_that_repeats_one_with_a_number_is_an_error_whose_remedies_work(
    folder: GoldenFolder, first: str, second: str
) -> None:
    head = first if first == "prompt" else f"prompt,{first}"
    cells = "3" if first == "prompt" else "Q?,3"
    text = f"{head},{second}\n{cells},4\n"
    with pytest.raises(GoldenFileError) as caught:
        folder.read("a.csv", text)

    (problem,) = caught.value.problems
    assert (problem.line, problem.column) == (2, second)
    assert "'4' in a column that is not read" in problem.value
    assert f"'{second} = metadata'" in problem.allowed
    (declared,) = folder.read("a.csv", text, {second: "metadata"})
    assert declared.metadata == {second: "4"}


def test_all_accepted_answers_as_a_list_are_the_remedy(folder: GoldenFolder) -> None:
    with pytest.raises(GoldenFileError, match="as a list in a column accepted_answers"):
        folder.read("a.csv", "prompt,expected,expected_2\nQ?,Paris,City of Light\n")

    (case,) = folder.read(
        "a.csv", 'prompt,expected,accepted_answers\nQ?,Paris,"[""City of Light""]"\n'
    )
    assert case.metadata["ideal"] == ["Paris", "City of Light"]


def test_the_same_value_with_a_number_is_no_problem(folder: GoldenFolder) -> None:
    (case,) = folder.read("a.csv", "prompt,expected,expected_1\nQ?,Paris,Paris\n")

    assert case.expected == "Paris"


def test_of_a_mapped_column_the_next_one_is_an_error_too(folder: GoldenFolder) -> None:
    mapping = {"Frage": "prompt", "Antwort": "expected"}
    with pytest.raises(GoldenFileError, match="column 'Antwort 2' found 'b'"):
        folder.read("a.csv", "Frage,Antwort,Antwort 2\nQ?,a,b\n", mapping)


@pytest.mark.parametrize(
    "name",
    [
        "expected_fr", "alt_answer", "altAnswer", "also accepted", "aliases", "answer_aliases",
        "possible_answers", "correct_result", "other answers", "alternative_expected", "valid answer",
        "accepted alternatives", "acceptable_outputs", "additional_references", "reference_1",
        "target 2", "weitere Antworten", "Alternativantwort", "respuesta alternativa", "autres réponses",
        "备选答案", "別解", "gold_label", "references",
    ],
)  # fmt: skip
def test_a_further_reference_is_noted_where_another_one_is_read(
    folder: GoldenFolder, name: str
) -> None:
    text = f"prompt,expected,{name}\nQ?,Paris,\nR?,Rome,Roma\n"
    note = notes(folder, text)

    assert note.startswith(f"{name} (line 3) is not read where a row has an expected answer")
    assert f"--llm-columns '{name} = metadata'" in note
    assert notes(folder, text, {name: "metadata"}) == ""
    assert folder.read("a.csv", text)[1].metadata == {name: "Roma"}


@pytest.mark.parametrize(
    ("name", "cell"),
    [
        ("wrong answer", "x"), ("incorrect_answers", "x"), ("not_expected", "x"), ("second_answer", "x"),
        ("answer_2", "x"), ("valid_values", "x"), ("other_category", "x"), ("expected_fr", "Paris"),
        ("correct_result", "yes"), ("reference_2", "https://x.org"), ("target_audience", "x"),
        ("num_valid_answers", "3"), ("is_accepted", "true"), ("model_answer", "x"), ("answer", "x"),
        ("answers", "x"), ("alternate_title", "x"), ("extra_output", "x"), ("possible_reply_time", "x"),
    ],
)  # fmt: skip
def test_what_is_no_further_reference_is_not_noted(
    folder: GoldenFolder, name: str, cell: str
) -> None:
    assert notes(folder, f"prompt,expected,{name}\nQ?,Paris,{cell}\n") == ""


def test_several_of_them_are_one_note(folder: GoldenFolder) -> None:
    text = "prompt,answer,answer_2,alt_answer\nQ?,a,b,c\n"

    assert notes(folder, text).startswith("answer_2, alt_answer (line 2) are not read")


def test_answers_with_the_expected_one_among_them_are_noted(folder: GoldenFolder) -> None:
    text = "prompt,expected,answers\nQ?,Paris,\"['Paris', 'City of Light']\"\n"

    assert notes(folder, text).startswith("answers (line 2) is not read")


@pytest.mark.parametrize(
    ("head", "cell", "note"),
    [
        ("question_2", "And Rome?", "question_2 (line 2) is not sent; a template can use it"),
        ("contexts.0", "a text", "contexts.0 (line 2) is none of the contexts; a column contexts"),
        ("context_2", "a text", "context_2 (line 2) is none of the contexts"),
        ("tags.0", "x", "tags.0 (line 2) is none of the tags; a column tags has them all"),
        ("", "a remark", "Unnamed: 2 (line 2) has values and no name in the header"),
    ],
)
def test_a_further_part_of_another_field_is_noted(
    folder: GoldenFolder, head: str, cell: str, note: str
) -> None:
    assert notes(folder, f"prompt,expected,{head}\nQ?,a,{cell}\n").startswith(note)


def test_the_numbers_of_rows_in_front_are_not_noted(folder: GoldenFolder) -> None:
    assert notes(folder, ",prompt,expected\n0,Q?,a\n1,R?,b\n") == ""
