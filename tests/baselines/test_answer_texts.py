"""What a baseline holds of its answers, for the doubts of a comparison."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from pytest_llmeval.baselines.file import baseline_cases, write_baseline
from pytest_llmeval.records.answer_text import AnswerText, answer_text
from pytest_llmeval.records.call import Completion
from pytest_llmeval.stats.answer_texts import AnswerTally, Echo
from tests.finished_run import make_results

COUNT = 20


@pytest.mark.parametrize("passage", ["As the shop says: {}.", ""])
def test_an_answer_that_quotes_a_retrieved_passage_is_no_echo(tmp_path: Path, passage: str) -> None:
    usual = next(iter(make_results()))
    results = []
    for number in range(COUNT):
        text = f"Refunds take {number} days at most"
        case = replace(usual.case, id=f"c{number:02}", prompt=f"Question {number}", expected=text)
        contexts = (passage.format(text),) if passage else ()
        answer = Completion(text, contexts=contexts)
        results.append(replace(usual, case=case, completion=answer, samples=()))
    path = tmp_path / "main.jsonl"
    with path.open("w", encoding="utf-8") as file:
        write_baseline(file, "main", results)

    stored = [case.text for case in baseline_cases(path)]

    for texts in (stored, list(map(answer_text, results))):
        tally = AnswerTally()
        for record in filter(None, texts):
            tally.add(record)
        assert tally.echo() == (None if passage else Echo(COUNT, COUNT))


def test_a_label_of_another_tool_counts_where_the_expected_answer_is_known() -> None:
    assert AnswerText.of("", "Even?", "yes", None, is_of_tool=True) is None
    assert AnswerText.of("", "Even?", "yes", "no", is_of_tool=True) is not None
    assert AnswerText.of("", "Even?", "It is", None, is_of_tool=True) is not None
    assert AnswerText.of("", "Even?", "yes", None) is not None
    assert AnswerText.of("", "Even?", None, "yes") is None
