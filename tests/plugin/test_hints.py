"""An error names what was meant, and the header names who answers."""

from __future__ import annotations

import pytest

from pytest_llmeval import evaluate
from pytest_llmeval.errors import SettingError
from tests.plugin.conftest import Project

COLUMN = ("--llm-provider", "column:old")
OLD = (*COLUMN, "--llm-threshold", "exact_match>=1")


@pytest.fixture
def made(project: Project) -> Project:
    """A project with two cases that pass."""
    (project.path / "golden/faq.csv").unlink()
    project.write("pytest.ini", "[pytest]\nllm_golden = golden\npythonpath = .\n")
    rows = "return-policy,Why?,yes,yes\nshipping,How?,yes,yes\n"
    project.write("golden/a.csv", "id,prompt,expected,old\n" + rows)
    project.write("bot.py", "def reply(case):\n    return 'yes'\n")
    return project


def test_the_header_names_no_endpoint_that_does_not_answer(made: Project) -> None:
    run = made.run(*OLD)
    run.stdout.fnmatch_lines(["llm: answers: column:old"])
    assert "no live answers" in run.stdout.str()
    app = ("--llm-provider", "python:bot:reply")
    made.run(*app).stdout.fnmatch_lines(["llm: answers: python:bot:reply"])
    run = made.run(*app, "--llm-model", "gpt-4", "--llm-threshold", "exact_match>=1")
    run.stdout.fnmatch_lines(["llm: answers: python:bot:reply (model gpt-4), judges: gpt-4 at *"])
    run = made.run("--llm-model", "gpt-4", "--llm-threshold", "length>=1", "--collect-only")
    run.stdout.fnmatch_lines(["llm: answers: gpt-4 at http://*"])


def test_a_misspelt_baseline_names_the_nearest(made: Project) -> None:
    made.run(*OLD)
    assert made.llmeval("baseline", "accept").returncode == 0
    for command in (("baseline", "show", "mian"), ("compare", "mian", "latest")):
        found = made.llmeval(*command)
        assert found.returncode == 2
        assert "the name of a baseline (main)" in found.stderr
        assert "Did you mean 'main'?" in found.stderr
    found = made.llmeval("compare", "main", "lastest")
    assert "Did you mean 'latest'?" in found.stderr
    found = made.llmeval("merge", ".llmeval")
    assert ".llmeval: found a folder; allowed: run logs or JSON reports" in found.stderr
    found = made.llmeval("plan", "--detect", ".05")
    assert "It is in points of 100: 5 is a drop of 0.05" in found.stderr


@pytest.mark.parametrize(
    ("args", "text"),
    [
        (("--llm-margin", "2"), "allowed: a number from 0.0001 to 1. Did you mean 0.02? A point is 0.01."),
        (("--llm-where", "id = 'shipping'"), "Compare with == instead of =."),
        (("--llm-stop-early",), "--llm-stop-early: found 'no baseline'; allowed: a run with a baseline"),
        (("--llm-provider", "python:shop/bot.py:answer"), "A module is written with dots: python:shop.bot:NAME."),
        (("--llm-provider", "column:odl"), "--llm-provider: found 'column:odl'; allowed: a column that the rows have: old, expected, prompt"),
        (("--llm-provider", "column:odl"), "Did you mean 'old'?"),
        (("--llm-quarantine", "none.csv"), "--llm-quarantine: none.csv: there is no such file"),
        (("--llm-quarantine", "untill.csv"), "found the column 'untill'; allowed: id, until, reason. Did you mean 'until'?"),
    ],
)  # fmt: skip
def test_an_error_says_what_was_meant(made: Project, args: tuple[str, ...], text: str) -> None:
    made.write("untill.csv", "id,untill,reason\nshipping,2099-01-01,later\n")
    run = made.run(*(() if "--llm-provider" in args else OLD), *args)
    assert run.ret == 4
    assert text in run.stderr.str()


def test_a_column_that_no_row_has_is_refused_before_anything_is_asked(made: Project) -> None:
    against = ("--llm-threshold", "pairwise>=0.5", "--llm-judge-against", "column:odl")
    judge = ("--llm-judge-provider", "python:bot:reply", "--llm-no-selftest")
    run = made.run(*OLD, *against, *judge)
    assert run.ret == 4
    assert "--llm-judge-against: found 'column:odl'; allowed: a column that the rows have: old" in (
        run.stderr.str()
    )
    # A column that some rows have is one, and each of the others says what it lacks.
    made.write("golden/b.csv", "id,prompt,expected\nother,Why?,yes\n")
    run = made.run(*OLD)
    run.assert_outcomes(passed=2, errors=1)
    assert run.ret == 10
    with pytest.raises(SettingError, match="provider=: found 'column:odl'"):
        evaluate(str(made.path / "golden/a.csv"), provider="column:odl", threshold="exact_match>=1")


def test_an_unknown_case_in_quarantine_names_the_nearest(made: Project) -> None:
    made.write("q.csv", "id,until,reason\nreturn-polcy,2099-01-01,later\n")
    run = made.run(*OLD, "--llm-quarantine", "q.csv", "--llm-gate", "pass_rate>=.5")
    text = " ".join(run.stdout.str().split())
    assert "no such case: return-polcy. Did you mean 'return-policy'?" in text
