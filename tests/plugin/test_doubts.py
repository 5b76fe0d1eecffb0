"""What a reviewer is warned of: good figures that may come from something else than good answers."""

from __future__ import annotations

import json

import pytest

from tests.plugin.conftest import Project
from tests.plugin.test_gates import both

# A judge that reads no answer in earnest: it likes the word "good", and length.
JUDGE = """
from pytest_llmeval.records.score import Scale

class Taste:
    name, version, scale = "taste", "1", Scale(0.0, 1.0)

    def score(self, case, completion):
        return min(1.0, 0.3 + 0.5 * ("good" in completion.text) + len(completion.text) / 1000)

def pytest_llmeval_metrics():
    return [Taste]
"""
SORRY = "I am sorry, I cannot help with that, good luck."
LONG = "good answer number {0}. It is worth adding some words about context and background here."


def rows(project: Project) -> None:
    """Thirty cases with answers of several systems."""
    project.write("conftest.py", JUDGE)
    head = "id,prompt,expected,old,long,sorry,echo,tags\n"
    lines = [
        f"c{n:02},Question {n}?,reply {n},good answer {n},{LONG.format(n)},"
        f'"{SORRY if n < 20 else f"good answer {n}"}",reply {n},{"hard" if n < 20 else "easy"}\n'
        for n in range(30)
    ]
    project.write("golden/rows.csv", head + "".join(lines))


def run(project: Project, column: str, *args: str) -> pytest.RunResult:
    given = (
        "golden/rows.csv",
        "--llm-provider",
        f"column:{column}",
        "--llm-threshold",
        "taste>=.1",
    )
    return project.run(*given, "--llm-fail-on", "gate", *args)


@both
def test_every_report_says_what_may_mislead(project: Project, workers: str) -> None:
    rows(project)
    assert run(project, "old", "--llm-gate", "taste.mean>=.2").ret == 0
    project.accept()
    reports = ("--llm-summary", "s.md", "--llm-html", "r.html", "--llm-json", "r.json")
    length = "the answers are longer than those of main: 14 -> 87 characters"
    constant = f"20 of 30 different prompts got the same answer: '{SORRY}'"
    echo = "30 of 30 answers are the expected text to the letter"
    for column, warning in (("long", length), ("sorry", constant), ("echo", echo)):
        shown = run(project, column, "--llm-baseline", "main", *reports, "-n", workers)
        printed = " ".join(shown.stdout.str().split())
        assert warning in printed
        notes = project.report("r.json")["summary"]["notes"]
        assert notes[0].startswith(warning)
        assert warning[:20] in (project.path / "s.md").read_text()
        assert warning[:20] in (project.path / "r.html").read_text()
        found = project.llmeval("compare", "main", "latest", "--json", "-")
        assert json.loads(found.stdout)["notes"][0].startswith(warning)
        if column != "echo":
            assert f"warning: {warning}" in project.llmeval("compare", "main", "latest").stdout


def test_labels_numbers_and_unchanged_answers_raise_no_doubt(project: Project) -> None:
    """A classifier that is right, and one metric that requires the answer to the letter."""
    lines = [
        f"c{n:02},Is {n} even?,{'yes' if n < 22 else 'not at all'},{'yes' if n < 22 else 'not at all'}\n"
        for n in range(30)
    ]
    project.write("golden/rows.csv", "id,prompt,expected,answer\n" + "".join(lines))
    given = ("golden/rows.csv", "--llm-provider", "column:answer", "--llm-threshold", "contains>=1")
    assert project.run(*given).ret == 0
    assert project.report()["summary"]["doubts"] == 0
