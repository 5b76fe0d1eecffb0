"""A lower threshold passes for no better answer: the baseline's answers are decided by it, too."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from tests.plugin.conftest import Project
from tests.plugin.test_golden_edits import Row, both, comparison_of, write_rows

GATE = ("--llm-fail-on", "gate", "--llm-gate", "regression(pass_rate)")
WORDS = "one two three four five six seven eight nine ten"
RIGHT, CLOSE, WRONG = WORDS, WORDS.replace("ten", "zero"), "no idea"


OLD = [RIGHT] * 18 + [CLOSE] * 2
NEW = [RIGHT] * 9 + [CLOSE] * 9 + [WRONG] * 2


def rows(answers: Sequence[str], threshold: str = "") -> list[Row]:
    """Cases whose threshold stands in the row, if one is given."""
    return [
        {
            "id": f"c{number:02}",
            "prompt": f"Question {number}",
            "expected": RIGHT,
            "answer": answer,
            **({"threshold": threshold} if threshold else {}),
        }
        for number, answer in enumerate(answers)
    ]


@pytest.fixture
def started(project: Project) -> Project:
    (project.path / "golden/faq.csv").unlink()
    project.write("pytest.ini", "[pytest]\nllm_golden = golden\nllm_provider = column:answer\n")
    return project


def accept(project: Project, *options: str) -> None:
    """Accept a run of the golden file."""
    project.run("--llm-fail-on", "gate", "--llm-gate", "pass_rate>=.1", *options)
    project.accept()


def pass_rate(project: Project) -> Mapping[str, Any]:
    (metric,) = [one for one in comparison_of(project)["metrics"] if one["name"] == "pass_rate"]
    assert isinstance(metric, dict)
    return metric


@both
def test_a_lower_threshold_of_the_rows_passes_for_no_better_answer(
    started: Project, workers: tuple[str, ...]
) -> None:
    write_rows(started, rows(OLD, "rouge>=.95"))
    accept(started)
    write_rows(started, rows(NEW, "rouge>=.5"))

    run = started.run(*GATE, *workers, "--llm-baseline", "main", "--llm-summary", "summary.md")

    text = run.stdout.str()
    assert "pass_rate: dropped 10.0 points: 2 of 20 passed before and fail now" in text
    last = next(line for line in reversed(run.outlines) if line.startswith("llm: "))
    assert "the thresholds of 20 cases have changed since main" in last.lower()
    assert "(rouge >= 0.95 -> rouge >= 0.5), by which its answers were decided again" in last
    assert comparison_of(started)["edited"][0] == {
        "name": "golden/faq.jsonl::c00",
        "field": "threshold",
        "before": "rouge >= 0.95",
        "after": "rouge >= 0.5",
        "is_rescored": True,
        "is_answer": False,
        "is_failure": False,
        "is_as_mean": False,
    }
    summary = (started.path / "summary.md").read_text("utf-8")
    assert "20 golden cases edited since main" in summary
    assert "thresholds rouge" in summary
    compared = started.llmeval("compare", "golden/baselines/main.jsonl", "latest")
    assert "pass_rate (not gated): 1 -> 0.9" in compared.stdout
    assert "the thresholds of 20 cases have changed" in compared.stdout


def test_a_threshold_of_the_command_line_is_one_of_every_case(started: Project) -> None:
    write_rows(started, rows(OLD))
    accept(started, "--llm-threshold", "rouge>=.95")
    write_rows(started, rows(OLD))

    run = started.run(*GATE, "--llm-baseline", "main", "--llm-threshold", "rouge>=.5")

    run.stdout.fnmatch_lines(["OK: regression(pass_rate) against main: pass_rate: identical*"])
    assert "have changed since main (rouge >= 0.95 -> rouge >= 0.5)" in run.stdout.str()
    assert pass_rate(started)["result"]["before"]["estimate"] == 1.0
    # A higher one is no regression.
    run = started.run(*GATE, "--llm-baseline", "main", "--llm-threshold", "rouge>=.97")
    assert "pass_rate: identical" in run.stdout.str()
    assert pass_rate(started)["result"]["before"]["estimate"] == 0.9


def test_a_row_that_had_no_threshold_is_decided_by_the_new_one(started: Project) -> None:
    before = rows(OLD, "rouge>=.95")
    for row in before[:5]:
        del row["threshold"]
    write_rows(started, [*before])
    accept(started, "--llm-threshold", "rouge>=0")
    write_rows(started, rows(NEW, "rouge>=.95"))

    run = started.run(*GATE, "--llm-baseline", "main")

    assert run.ret == 1
    assert pass_rate(started)["coverage"]["paired"] == 20
    assert "9 of 20 passed before and fail now, 0 failed before and pass now" in run.stdout.str()
    assert "5 cases have changed since main (rouge >= 0 -> rouge >= 0.95)" in run.stdout.str()


def test_without_the_score_a_pass_of_then_is_not_compared(started: Project) -> None:
    write_rows(started, rows(OLD, "exact_match>=1"))
    accept(started)
    write_rows(started, rows(NEW, "rouge>=.5"))

    run = started.run(*GATE, "--llm-baseline", "main")

    assert run.ret == 10
    text = run.stdout.str()
    assert "(exact_match >= 1 -> rouge >= 0.5), so their pass rate is not compared" in text


def test_samples_are_decided_one_by_one(started: Project) -> None:
    started.write("shop/__init__.py", "")
    started.write(
        "shop/bot.py",
        """
def answer(case):
    answer.calls = getattr(answer, "calls", 0) + 1
    return "one two three four" if answer.calls % 2 else "one two three zero"
""",
    )
    cases = [
        {"id": f"c{number}", "prompt": f"Question {number}", "expected": "one two three four"}
        for number in range(4)
    ]
    write_rows(started, cases)
    options = ("--llm-provider", "python:shop.bot:answer", "--llm-samples", "2")
    accept(started, *options, "--llm-threshold", "rouge>=.95")

    started.run(*options, *GATE, "--llm-baseline", "main", "--llm-threshold", "rouge>=.5")

    assert pass_rate(started)["result"]["before"]["estimate"] == 1.0


def test_a_test_whose_body_may_have_failed_is_not_decided_again(started: Project) -> None:
    write_rows(started, rows(OLD), "cases")
    started.write("pytest.ini", "[pytest]\nllm_provider = column:answer\n")
    body = """
import pytest

@pytest.mark.llm_golden("golden/cases.jsonl", threshold="rouge>={bound}")
def test_case(llm_completion):
    pass
"""
    started.write("test_case.py", body.format(bound=0.95))
    accept(started)
    started.write("test_case.py", body.format(bound=0.5))

    run = started.run(*GATE, "--llm-baseline", "main")

    text = run.stdout.str()
    # 18 of 20 passed then, and pass by the lower threshold, too; the two others are left out.
    assert run.ret == 10
    assert "only 18 of the baseline's 20 cases have a score in both runs (2 edited since)" in text
    assert "The thresholds of 2 cases have changed since main" in text


@both
@pytest.mark.parametrize("duty", ["true", ""], ids=["must", "freed"])
def test_thresholds_of_cases_that_must_pass_are_as_those_of_others(
    started: Project, duty: str, workers: tuple[str, ...]
) -> None:
    before = rows([RIGHT] * 20, "rouge>=.95")
    write_rows(started, [{**row, "must_pass": "true"} for row in before])
    accept(started)
    after = rows([RIGHT] * 10 + [CLOSE] * 10, "rouge>=.5")
    write_rows(started, [{**row, "must_pass": duty} for row in after])

    run = started.run(*GATE, *workers, "--llm-baseline", "main", "--llm-summary", "summary.md")

    assert run.ret == 0
    last = next(line for line in reversed(run.outlines) if line.startswith("llm: "))
    assert (
        "The thresholds of 20 cases have changed since main (rouge >= 0.95 -> rouge >= 0.5)" in last
    )
    assert ("20 cases had to pass in main and may fail now: " in last) == (not duty)
    fields = [edit["field"] for edit in comparison_of(started)["edited"]]
    assert fields.count("must_pass") == (0 if duty else 20)
    summary = (started.path / "summary.md").read_text("utf-8")
    assert ("may fail" in summary) == (not duty)
    compared = started.llmeval("compare", "main", "latest")
    assert "the thresholds of 20 cases have changed since main" in compared.stdout
    assert ("20 cases had to pass in main and may fail now" in compared.stdout) == (not duty)


def test_a_case_that_must_pass_is_not_decided_without_further_samples(started: Project) -> None:
    before = rows([RIGHT] * 19 + [CLOSE], "rouge>=.5")
    write_rows(started, [{**row, "must_pass": "true"} for row in before])
    accept(started)
    after = rows([RIGHT] * 20, "rouge>=.95")
    write_rows(started, [{**row, "must_pass": "true"} for row in after])

    started.run(*GATE, "--llm-baseline", "main")

    assert pass_rate(started)["coverage"]["paired"] == 19
    decided = [edit["is_rescored"] for edit in comparison_of(started)["edited"]]
    assert decided == [True] * 19 + [False]


def test_what_other_thresholds_have_changed_is_no_flip(started: Project) -> None:
    write_rows(started, rows(OLD, "rouge>=.95"))
    accept(started)
    write_rows(started, rows([RIGHT] * 10 + [WRONG] * 10, "length>=1"))
    started.run(*GATE, "--llm-baseline", "main")

    compared = started.llmeval("compare", "main", "latest")

    assert "so their pass rate is not compared" in compared.stdout
    assert "failed before, pass now" not in compared.stdout
    assert "passed before and fail now" not in compared.stdout
