"""Exports of other tools and public data sets: each with its expected answers, and nothing taken for one."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.goldens.conftest import GoldenFolder


def test_deepeval_csv_has_contexts_with_bars_between_them(folder: GoldenFolder) -> None:
    head = "input,actual_output,expected_output,retrieval_context,context,expected_tools,name,comments,source_file\n"
    first, second = folder.read(
        "goldens.csv", head + "A?,It is a,a,got 1|got 2,ideal,[],n,c,\nB?,,b,,ideal 1|ideal 2,,,,\n"
    )

    assert (first.prompt, first.expected) == ("A?", "a")
    assert (first.contexts, second.contexts) == (("got 1", "got 2"), ("ideal 1", "ideal 2"))
    assert first.metadata["actual_output"] == "It is a"
    assert first.metadata["context"] == "ideal"


def test_a_bar_is_no_separator_in_another_file(folder: GoldenFolder) -> None:
    (case,) = folder.read("a.csv", "question,answer,context\nA?,a,| x | y |\n")

    assert case.contexts == ("| x | y |",)


def test_confident_and_langfuse_in_camel_case(folder: GoldenFolder) -> None:
    golden = {
        "input": "A?", "actualOutput": "It is a", "expectedOutput": "a", "retrievalContext": ["one"],
        "context": ["ideal"], "additionalMetadata": None,
    }  # fmt: skip
    item = {
        "id": "c1", "datasetId": "d", "status": "ACTIVE", "input": "B?", "expectedOutput": "b",
        "metadata": {"level": "easy"}, "sourceTraceId": None, "htmlSourcePath": "",
    }  # fmt: skip
    (confident,) = folder.read("goldens.json", json.dumps([golden]))
    (langfuse,) = folder.read("items.json", json.dumps([item]))
    (cells,) = folder.read(
        "items.csv",
        'id,input,expectedOutput,metadata,createdAt\nc1,B?,b,"{""level"":""easy""}",2024\n',
    )

    assert (confident.expected, confident.contexts) == ("a", ("one",))
    assert (langfuse.id, langfuse.expected, langfuse.metadata["level"]) == ("c1", "b", "easy")
    assert (cells.id, cells.expected, cells.metadata["level"]) == ("c1", "b", "easy")


@pytest.mark.parametrize("name", ["truth", "ground_truth"])
def test_azure_rows_have_a_truth_and_what_the_model_said(folder: GoldenFolder, name: str) -> None:
    (case,) = folder.read_rows(
        {"query": "A?", "response": "It is a", "answer": "It is a", "context": "c", name: "a"}
    )
    (without,) = folder.read_rows({"query": "A?", "response": "It is a", "context": "c"})

    assert (case.expected, case.contexts) == ("a", ("c",))
    assert case.metadata == {"response": "It is a", "answer": "It is a"}
    assert (without.expected, without.metadata) == (None, {"response": "It is a"})


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ("question,answer,contexts,ground_truths\nA?,It is a,['x' 'y'],['a']\n", "a"),
        ("question,answer,contexts,ground_truth\nA?,It is a,\"['x', 'y']\",a\n", "a"),
        ("user_input,retrieved_contexts,response,reference\nA?,\"['x', 'y']\",It is a,a\n", "a"),
        ("user_input,reference_contexts,reference,synthesizer_name\nA?,\"['x', 'y']\",a,s\n", "a"),
    ],
)
def test_every_version_of_ragas(folder: GoldenFolder, rows: str, expected: str) -> None:
    (case,) = folder.read("testset.csv", rows)

    assert (case.prompt, case.expected, case.contexts) == ("A?", expected, ("x", "y"))


SQUAD = {
    "version": "v2.0",
    "data": [
        {
            "title": "T",
            "paragraphs": [
                {
                    "context": "Paris is big.",
                    "qas": [
                        {
                            "id": "q1",
                            "question": "What is big?",
                            "answers": [{"text": "Paris", "answer_start": 0}] * 2,
                        },
                        {
                            "id": "q2",
                            "question": "What is small?",
                            "answers": [],
                            "is_impossible": True,
                        },
                    ],
                },
                {
                    "context": "Rome.",
                    "qas": [
                        {
                            "id": "q3",
                            "question": "Where?",
                            "answers": [
                                {"text": "Rome", "answer_start": 0},
                                {"text": "in Rome", "answer_start": 0},
                            ],
                        }
                    ],
                },
            ],
        }
    ],
}


def test_squads_own_file_has_a_case_for_each_question(folder: GoldenFolder) -> None:
    text = json.dumps(SQUAD, indent=1)
    first, second, third = folder.read("dev.json", text)

    assert [case.id for case in (first, second, third)] == ["q1", "q2", "q3"]
    assert (first.expected, first.contexts) == ("Paris", ("Paris is big.",))
    assert second.expected is None
    assert (third.expected, third.metadata["ideal"]) == ("Rome", ["Rome", "in Rome"])
    line = text.split("\n")[third.source.line :]
    assert line[0].strip() == '"id": "q3",'


@pytest.mark.parametrize(
    ("answers", "expected", "ideal"),
    [
        ({"text": ["a", "b", "a"], "answer_start": [0, 1, 2]}, "a", ["a", "b"]),
        ({"text": ["a"], "answer_start": [0]}, "a", None),
        ({"text": [], "answer_start": []}, None, None),
        ([{"text": "a", "answer_start": 0}], "a", None),
        (["a", "b"], "a", ["a", "b"]),
        (
            "{'text': array(['a', 'b'], dtype=object), 'answer_start': array([0, 1])}",
            "a",
            ["a", "b"],
        ),
        ("['a', 'b']", "a", ["a", "b"]),
    ],
)
def test_answers_of_squad_and_its_likes(
    folder: GoldenFolder, answers: Any, expected: str | None, ideal: list[str] | None
) -> None:
    (case,) = folder.read_rows({"id": "5", "question": "A?", "context": "c", "answers": answers})

    assert case.expected == expected
    assert case.metadata.get("ideal") == ideal
    assert case.contexts == ("c",)


def test_truthfulqa_accepts_the_best_answer_and_the_correct_ones(folder: GoldenFolder) -> None:
    (row,) = folder.read(
        "truthful.csv",
        "Type,Category,Question,Best Answer,Correct Answers,Incorrect Answers,Source\n"
        "Adversarial,Myths,A?,So,So; So it is; Because,No; Never,https://x.org\n",
    )
    (generation,) = folder.read_rows(
        {"question": "A?", "best_answer": "So", "correct_answers": ["So", "Because"]}
    )
    (mapped,) = folder.read(
        "truthful.csv",
        "Question,Best Answer,Correct Answers\nA?,So,So; Because\n",
        {"Best Answer": "expected"},
    )

    assert (row.expected, row.tags) == ("So", ("Myths",))
    assert row.metadata["ideal"] == ["So", "So it is", "Because"]
    assert row.metadata["Incorrect Answers"] == "No; Never"
    assert generation.metadata["ideal"] == ["So", "Because"]
    assert (mapped.expected, mapped.metadata) == ("So", {"Correct Answers": "So; Because"})


def test_alpaca_has_an_instruction_with_an_input(folder: GoldenFolder) -> None:
    rows = [
        {"instruction": "Name a fruit.", "input": "", "output": "Apple"},
        {"instruction": "Translate.", "input": "Guten Tag", "output": "Good day", "text": "Below"},
    ]
    for cases in (folder.read("a.json", json.dumps(rows)), folder.read_rows(*rows)):
        assert [case.prompt for case in cases] == ["Name a fruit.", "Translate.\n\nGuten Tag"]
        assert [case.expected for case in cases] == ["Apple", "Good day"]
        assert cases[1].metadata == {"text": "Below"}


def test_dolly_has_a_response_and_perhaps_a_context(folder: GoldenFolder) -> None:
    first, second = folder.read_rows(
        {"instruction": "When?", "context": "In 2000.", "response": "2000", "category": "qa"},
        {"instruction": "Name a fish", "context": "", "response": "Tope", "category": "list"},
    )

    assert (first.prompt, first.expected, first.contexts) == ("When?", "2000", ("In 2000.",))
    assert (second.expected, second.contexts, second.tags) == ("Tope", (), ("list",))


def test_an_instruction_next_to_a_prompt_is_metadata(folder: GoldenFolder) -> None:
    (case,) = folder.read(
        "a.csv", "instruction,question,output\nBe brief.,A?,o\n", {"output": "metadata"}
    )
    (alone,) = folder.read_rows({"instruction": "Name a fruit."})

    assert (case.prompt, case.expected) == ("A?", None)
    assert case.metadata == {"instruction": "Be brief.", "output": "o"}
    assert alone.prompt == "Name a fruit."


@pytest.mark.parametrize(
    ("row", "prompt", "expected"),
    [
        ({"question": "1+1?", "subject": "m", "choices": ["1", "2"], "answer": 1}, "1+1?", "1"),
        ({"question": "How many?", "answer": "3+4=7\n#### 7"}, "How many?", "3+4=7\n#### 7"),
        (
            {"task_id": "HumanEval/0", "prompt": "def f():", "canonical_solution": "  return 1",
             "test": "assert f()", "entry_point": "f"},
            "def f():", "  return 1",
        ),
        ({"input": [{"role": "user", "content": "A?"}], "ideal": "a"}, "A?", "a"),
        ({"input": "A?", "target": "B", "choices": ["3", "4"], "label": "x"}, "A?", "B"),
        ({"id": "1", "question": "A?", "choices": {"text": []}, "answerKey": "A"}, "A?", "A"),
        ({"knowledge": "k", "question": "A?", "right_answer": "a", "hallucinated_answer": "b"}, "A?", "a"),
        ({"input": "A?", "context": "c", "answers": ["a"], "all_classes": None, "_id": "7"}, "A?", "a"),
        ({"prompt": "A?", "completion": " a"}, "A?", " a"),
        ({"question": "A?", "statement": "s", "answer_matching_behavior": " Yes"}, "A?", None),
    ],
    ids=["MMLU", "GSM8K", "HumanEval", "openai/evals", "inspect", "ARC", "HaluEval", "LongBench", "legacy", "behaviour"],
)  # fmt: skip
def test_rows_of_public_data_sets(
    folder: GoldenFolder, row: dict[str, Any], prompt: str, expected: str | None
) -> None:
    (case,) = folder.read_rows(row)

    assert (case.prompt, case.expected) == (prompt, expected)


@pytest.mark.parametrize(
    ("single", "several"),
    [
        ("target", "correct_answers"),
        ("expected", "accepted_answers"),
        ("reference", "ground_truths"),
        ("Best Answer", "Accepted Answers"),
        ("target", "ideal"),
    ],
)
def test_a_list_of_answers_adds_to_the_single_one(
    folder: GoldenFolder, single: str, several: str
) -> None:
    """It was taken for metadata, so a right answer failed."""
    (case,) = folder.read_rows(
        {"question": "Why?", single: "Because", several: ["Because", "Since"]}
    )
    assert (case.expected, case.metadata["ideal"]) == ("Because", ["Because", "Since"])
