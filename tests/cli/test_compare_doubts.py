"""`llmeval compare` warns of what a reviewer should know about answers of any source."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Command
from tests.peer_files import (
    deepeval_case,
    deepeval_file,
    inspect_sample,
    promptfoo_file,
    promptfoo_result,
    rows,
    write_eval,
    write_json,
)

COUNT = 20
REFUSAL = "I cannot help with that."
CONSTANT = f"20 of 20 different prompts got the same answer: '{REFUSAL}'"
ECHO = "20 of 20 answers are the expected text to the letter"
EXPECTED = [f"The answer to that is number {n}" for n in range(COUNT)]

Write = Callable[[str, Sequence[str]], Path]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def notes(llmeval: Command, write: Write, old: Sequence[str], new: Sequence[str]) -> str:
    a, b = write("a", old), write("b", new)
    result = llmeval.run("compare", str(a), str(b), "--json", "-")
    return "\n".join(json.loads(result.stdout)["notes"])


def promptfoo(name: str, answers: Sequence[str]) -> Path:
    results = []
    for index, (row, answer) in enumerate(zip(rows(COUNT), answers, strict=True)):
        result = promptfoo_result(row, index)
        result["response"]["output"] = answer
        result["testCase"]["vars"]["gold"] = EXPECTED[index]
        result["testCase"]["assert"].append({"type": "similar", "value": "{{gold}}"})
        results.append(result)
    return write_json(Path(f"{name}.json"), promptfoo_file(results))


def inspect(name: str, answers: Sequence[str]) -> Path:
    samples = []
    for index, (row, answer) in enumerate(zip(rows(COUNT), answers, strict=True)):
        sample = inspect_sample(row)
        sample["target"] = EXPECTED[index]
        sample["output"]["choices"][0]["message"]["content"] = answer
        sample["scores"] = {"model_graded_qa": sample["scores"]["match"]}
        samples.append(sample)
    return write_eval(Path(f"{name}.eval"), samples)


def deepeval(name: str, answers: Sequence[str]) -> Path:
    cases = []
    for index, (row, answer) in enumerate(zip(rows(COUNT), answers, strict=True)):
        case = deepeval_case(row, index)
        cases.append(case | {"actualOutput": answer, "expectedOutput": EXPECTED[index]})
    return write_json(Path(f"{name}.json"), deepeval_file(cases))


def table(name: str, answers: Sequence[str], **columns: Sequence[Any]) -> Path:
    columns = columns or {"expected": EXPECTED}
    path = Path(f"{name}.csv")
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["id", "score", "answer", *columns])
        for index, answer in enumerate(answers):
            further = [values[index] for values in columns.values()]
            writer.writerow([f"c{index}", 0.8, answer, *further])
    return path


@pytest.mark.parametrize("write", [promptfoo, inspect, deepeval, table])
def test_one_answer_to_all_and_the_expected_text_are_said_of_any_file(
    llmeval: Command, write: Write
) -> None:
    various = [f"It is {n}, as far as I know" for n in range(COUNT)]
    assert CONSTANT in notes(llmeval, write, various, [REFUSAL] * COUNT)
    assert ECHO in notes(llmeval, write, various, EXPECTED)
    text = notes(llmeval, write, [REFUSAL] * COUNT, various)
    assert "same answer" not in text
    assert "to the letter" not in text


def test_a_short_expected_text_counts_where_the_other_run_gave_others(llmeval: Command) -> None:
    names = [f"Person {chr(65 + n)}" for n in range(COUNT)]

    def write(name: str, answers: Sequence[str]) -> Path:
        return table(name, answers, expected=names)

    various = [f"It is {n}, as far as I know" for n in range(COUNT)]
    assert ECHO in notes(llmeval, write, various, names)
    assert "to the letter" not in notes(llmeval, write, names, names)


def test_a_label_is_no_constant_answer_where_nobody_knows_what_is_expected(
    llmeval: Command,
) -> None:
    def write(name: str, answers: Sequence[str]) -> Path:
        return table(name, answers, question=[f"Review {n}" for n in range(COUNT)])

    labels = ["positive", "negative"] * (COUNT // 2)
    assert "same answer" not in notes(llmeval, write, labels, ["positive"] * COUNT)
    assert "same answer" in notes(llmeval, write, labels, ["No answer"] * COUNT)
