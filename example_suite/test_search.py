"""The search alone. It asks no model, so this is a plain test over the golden file."""

from __future__ import annotations

from pathlib import Path

from support.assistant import PASSAGES_SHOWN
from support.search import PassageSearch

from pytest_llmeval import read_cases

GOLDEN = Path(__file__).parents[1] / "golden"


def test_the_search_finds_the_policy_for_four_questions_of_five() -> None:
    search = PassageSearch.from_file()
    cases = read_cases(GOLDEN / "faq.csv", GOLDEN)
    missed = [
        case.id
        for case in cases
        if case.contexts[0]
        not in {passage.text for passage in search.best(case.prompt, PASSAGES_SHOWN)}
    ]
    assert len(missed) <= len(cases) / 5, f"not found for {', '.join(missed)}"
