"""A random part of the cases, corrected by the baseline's scores of all of them."""

from __future__ import annotations

import json
import random

import pytest

from tests.plugin.conftest import Project

CASES = 210


@pytest.fixture
def shop(project: Project) -> Project:
    """Two systems that pass half of the cases, each by chance, and an accepted run of the first."""
    luck = random.Random(5)
    answers = [(luck.choice(["yes", "no"]), luck.choice(["yes", "no"])) for _ in range(CASES)]
    rows = "".join(
        f"c{case},Question {case},yes,{old},{new},{case % 2}\n"
        for case, (old, new) in enumerate(answers)
    )
    project.write("golden/faq.csv", f"id,prompt,expected,old,new,odd\n{rows}")
    run(project, "old")
    project.accept()
    return project


def run(project: Project, column: str, *more: str) -> pytest.RunResult:
    usual = ("--llm-provider", f"column:{column}", "--llm-fail-on", "gate", "-q")
    return project.run("golden/faq.csv", *usual, "--llm-threshold", "exact_match>=1", *more)


def gate_of(project: Project, *more: str) -> tuple[str, float | None]:
    """The reason of the gate, and by how much it says that it is narrower."""
    run(project, "new", "--llm-baseline", "main", "--llm-json", "report.json", *more)
    content = json.loads((project.path / "report.json").read_text())["run"]
    metric = next(each for each in content["comparisons"][0]["metrics"] if each["is_gated"])
    return content["gates"][0]["reason"], metric["result"]["narrowed"]


def test_a_random_part_and_no_other_is_corrected(shop: Project) -> None:
    reason, narrowed = gate_of(shop, "--llm-limit", "110")
    assert narrowed is not None
    assert 0.05 < narrowed < 0.5
    assert (
        f"; corrected by the baseline's scores of all its cases (standard error {100 * narrowed:.0f}% smaller)"
        in reason
    )
    compared = shop.llmeval("compare", "main", "latest")
    assert reason.partition(": ")[2].partition("; covers")[0] in " ".join(compared.stdout.split())

    # Neither of these is a part that the limit alone draws from the baseline's cases.
    for more in (("-k", "c1"), ("--llm-where", "metadata.odd == '1'")):
        reason, narrowed = gate_of(shop, "--llm-limit", "105", *more)
        assert narrowed is None
        assert "corrected" not in reason
