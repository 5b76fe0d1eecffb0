"""Modules are exempt from the collection of garbage, and what tests leave behind is not."""

from __future__ import annotations

import pytest

from tests.plugin.conftest import Project

FROZEN = """
import gc

def pytest_unconfigure():
    print(gc.get_freeze_count())
"""
TESTS = """
import pytest

class Left:
    def __init__(self):
        self.itself = self

    def __del__(self):
        raise ValueError("left behind")

@pytest.mark.llm_golden("golden/faq.csv")
def test_answer(llm_completion):
    {first}

def test_later():
    {later}
"""


@pytest.mark.parametrize("workers", ["0", "2"])
@pytest.mark.parametrize("left", ["first", "later"])
def test_what_a_test_leaves_behind_is_found(project: Project, left: str, workers: str) -> None:
    bodies = {"first": "pass", "later": "pass", left: "Left()"}
    project.write("test_left.py", TESTS.format(**bodies))

    run = project.run("test_left.py", "--llm-model", "gpt-4", "-n", workers)

    assert "ValueError: left behind" in run.stdout.str() + run.stderr.str()


def test_the_modules_of_an_evaluation_are_frozen_and_without_one_nothing_is(
    project: Project,
) -> None:
    project.write("test_plain.py", "def test_plain(): pass")
    project.write("conftest.py", FROZEN)

    plain = project.run_fresh("test_plain.py")
    evaluated = project.run_fresh("golden/faq.csv", "--llm-model", "gpt-4")

    assert int(plain.outlines[-1]) == 0
    assert int(evaluated.outlines[-1]) > 10_000
