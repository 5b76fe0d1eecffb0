"""Several columns for one field: the one with a value in the row counts, and two values are a conflict."""

from __future__ import annotations

import pytest

from pytest_llmeval.errors import GoldenFileError
from tests.goldens.conftest import GoldenFolder


def test_of_several_columns_the_first_with_a_value_in_the_row_counts(folder: GoldenFolder) -> None:
    cases = folder.read_rows(
        {"input": "A?", "expected": "a", "category": "x", "tags": ["ignored"]},
        {"question": "B?", "expected": None, "answer": "b", "category": "", "tags": ["y"]},
        {"prompt": "C?", "ideal": ["c", "d"], "context": None, "retrieval_context": ["got"]},
    )

    assert [case.prompt for case in cases] == ["A?", "B?", "C?"]
    assert [case.expected for case in cases] == ["a", "b", "c"]
    assert [case.tags for case in cases] == [("x",), ("y",), ()]
    assert cases[2].contexts == ("got",)
    assert cases[0].metadata == {"tags": ["ignored"]}


def test_what_was_retrieved_goes_before_the_ideal_contexts(folder: GoldenFolder) -> None:
    both, ideal = folder.read_rows(
        {"input": "A?", "context": ["ideal a"], "retrieval_context": ["got a"]},
        {"input": "B?", "context": ["ideal b"], "retrieval_context": None},
    )

    assert (both.contexts, both.metadata) == (("got a",), {"context": ["ideal a"]})
    assert ideal.contexts == ("ideal b",)


@pytest.mark.parametrize(
    ("head", "row", "field"),
    [
        ("prompt,question", "A?,B?", "prompt"),
        ("prompt,expected,ground_truth", "A?,a,b", "expected"),
        ("prompt,target,Expected Output", "A?,a,b", "expected"),
    ],
)
def test_two_values_of_one_field_in_a_row_are_a_conflict(
    folder: GoldenFolder, head: str, row: str, field: str
) -> None:
    with pytest.raises(GoldenFileError) as caught:
        folder.read("a.csv", f"{head},note\n{row},x\n")

    (problem,) = caught.value.problems
    first, second = head.split(",")[-2:]
    assert (problem.line, problem.row, problem.column) in ((2, 1, second), (2, 1, first))
    assert f"two values of {field}" in problem.value
    assert repr(first) in str(problem)
    assert repr(second) in str(problem)
    assert f"--llm-columns '{problem.column} = {field}'" in problem.allowed


def test_the_remedies_of_a_conflict_work(folder: GoldenFolder) -> None:
    text = "prompt,expected,ground_truth\nA?,a,b\n"

    (mapped,) = folder.read("a.csv", text, {"ground_truth": "expected"})
    (declared,) = folder.read("a.csv", text, {"ground_truth": "metadata"})
    assert (mapped.expected, mapped.metadata) == ("b", {"expected": "a"})
    assert (declared.expected, declared.metadata) == ("a", {"ground_truth": "b"})


def test_the_same_value_twice_is_no_conflict(folder: GoldenFolder) -> None:
    (case,) = folder.read_rows({"prompt": "A?", "input": "A?", "expected": 7, "ground_truth": "7 "})

    assert (case.prompt, case.expected) == ("A?", "7")


def test_a_prompt_next_to_a_chat_is_no_conflict(folder: GoldenFolder) -> None:
    chat = [{"role": "user", "content": "Hi?"}]
    listed, messages = folder.read_rows(
        {"input": chat, "question": "topic"},
        {"messages": [*chat, *chat], "prompt": "a", "question": "b"},
    )

    assert (listed.prompt, listed.metadata) == ("Hi?", {"question": "topic"})
    assert messages.metadata == {"prompt": "a", "question": "b"}


@pytest.mark.parametrize("name", ["ground_truth", "truth", "reference", "expected_output"])
@pytest.mark.parametrize("said", ["It is Paris", "Paris"])
def test_next_to_a_reference_the_answer_is_what_a_model_said(
    folder: GoldenFolder, name: str, said: str
) -> None:
    first, second = folder.read_rows(
        {"question": "A?", "answer": said, name: "Paris"},
        {"question": "B?", "answer": "It is Rome", name: None},
    )

    assert (first.expected, first.metadata) == ("Paris", {"answer": said})
    assert (second.expected, second.metadata) == (None, {"answer": "It is Rome"})


def test_a_column_of_accepted_answers_never_contradicts_the_expected_one(
    folder: GoldenFolder,
) -> None:
    (case,) = folder.read_rows({"prompt": "A?", "expected": "blue", "ideal": ["blue", "azure"]})

    assert (case.expected, case.metadata) == ("blue", {"ideal": ["blue", "azure"]})


def test_an_address_is_no_answer_where_there_is_another(folder: GoldenFolder) -> None:
    (case,) = folder.read_rows({"question": "A?", "answer": "a", "reference": "https://x.org/page"})
    (only,) = folder.read_rows({"question": "Where?", "reference": "https://x.org/page"})

    assert (case.expected, case.metadata) == ("a", {"reference": "https://x.org/page"})
    assert only.expected == "https://x.org/page"


def test_the_number_of_a_choice_is_no_answer_where_there_is_one(folder: GoldenFolder) -> None:
    (choice,) = folder.read_rows({"query": "A?", "choices": ["a", "b"], "answer": "b", "gold": 1})
    (number,) = folder.read_rows({"query": "A?", "answer": "I think 42", "gold": 42})

    assert (choice.expected, number.expected) == ("b", "42")


def test_two_metadata_columns_may_differ_only_in_case(folder: GoldenFolder) -> None:
    (case,) = folder.read("a.csv", "prompt,Note,note,a+,a-\nA?,1,2,3,4\n")

    assert case.metadata == {"Note": "1", "note": "2", "a+": "3", "a-": "4"}


def test_members_of_objects_can_be_mapped(folder: GoldenFolder) -> None:
    mapping = {"input.question": "prompt", "expectedOutput.answer": "expected"}
    (case,) = folder.read(
        "a.json", '[{"input": {"question": "Hi?"}, "expectedOutput": {"answer": "Yo"}}]', mapping
    )
    (cell,) = folder.read(
        "a.csv",
        'input,expectedOutput\n"{""question"": ""Hi?""}","{\'answer\': \'Yo\'}"\n',
        mapping,
    )

    assert (case.prompt, case.expected) == (cell.prompt, cell.expected) == ("Hi?", "Yo")


def test_an_object_that_is_no_text_names_a_member_that_can_be_mapped(folder: GoldenFolder) -> None:
    with pytest.raises(GoldenFileError) as caught:
        folder.read_rows({"input": {"question": "Hi?"}, "expectedOutput": {"answer": "Yo"}})

    assert [problem.allowed.partition("; ")[2] for problem in caught.value.problems] == [
        "a member of the object with --llm-columns 'input.question = prompt' (--columns of llmeval, or this line in llm_columns)",
        "a member of the object with --llm-columns 'expectedOutput.answer = expected' "
        "(--columns of llmeval, or this line in llm_columns)",
    ]
