"""An error in the user's application, metric or fixture is shown where it was raised."""

from __future__ import annotations

import pytest

from tests.plugin.conftest import Project

APP = """
def table(prompt):
    return {}[prompt]

def answer(case):
    return table(case.prompt)

async def aanswer(case):
    return table(case.prompt)
"""
CONFTEST = """
import pytest

class Ratio:
    name, version = "ratio", "1"

    def score(self, case, completion):
        return 1 / len(case.tags)

def pytest_llmeval_metrics():
    return [Ratio]

@pytest.fixture
def database():
    raise RuntimeError("the database is down")
"""
TEST = """
import pytest

@pytest.mark.llm_golden("golden/g.csv")
def test_it(llm_case, llm_completion, database):
    pass

@pytest.mark.llm_golden("golden/g.csv", threshold="ratio>=1")
def test_ratio(llm_completion):
    pass
"""
both = pytest.mark.parametrize("workers", ["0", "2"])


@pytest.fixture
def users(project: Project) -> Project:
    project.write("app.py", APP)
    project.write("conftest.py", CONFTEST)
    project.write("test_it.py", TEST)
    project.write("golden/g.csv", "id,prompt,expected\na1,What?,2\n")
    return project


@both
@pytest.mark.parametrize("name", ["answer", "aanswer"])
def test_an_application_is_shown_from_its_first_frame_to_the_line_that_raised(
    users: Project, workers: str, name: str
) -> None:
    run = users.run("golden/g.csv", "--llm-provider", f"python:app:{name}", "-n", workers)

    run.stdout.fnmatch_lines(
        [
            f"*def {name}(case):",
            ">       return table(case.prompt)",
            ">       return {}[prompt]",
            "E       KeyError: 'What?'",
            "app.py:3: KeyError",
            f"ERROR golden/g.csv::a1 - app:{name} raised KeyError: 'What?'",
        ]
    )
    assert "pytest_llmeval" not in run.stdout.str().partition("= ERRORS =")[2]


@both
def test_a_metric_names_its_line_and_the_phase_is_that_of_the_body(
    users: Project, workers: str
) -> None:
    run = users.run("test_it.py::test_ratio", "--llm-provider", "column:expected", "-n", workers)

    run.stdout.fnmatch_lines(
        [
            "*ERROR at call of test_ratio[[]a1]*",
            "ratio is unscored: ZeroDivisionError: division by zero (conftest.py:8 in score)",
            "ERROR test_it.py::test_ratio[[]a1] - ratio is unscored*",
        ]
    )


def test_a_fixture_is_shown_without_our_frames(users: Project) -> None:
    run = users.run("test_it.py::test_it", "--llm-provider", "column:expected")

    run.stdout.fnmatch_lines(
        ["*ERROR at setup of test_it[[]a1]*", "E*RuntimeError: the database is down"]
    )
    assert "hooks.py" not in run.stdout.str()


@pytest.mark.parametrize("workers", ["0", "2"])
def test_an_id_that_the_system_cannot_encode_is_escaped(
    project: Project, monkeypatch: pytest.MonkeyPatch, workers: str
) -> None:
    project.write("golden/rows.csv", "id,prompt,expected,old\ngr\u00f6\u00dfe,A?,yes,yes\n")
    for name, value in {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}.items():
        monkeypatch.setenv(name, value)

    run = project.run_fresh(
        "golden/rows.csv", "--llm-provider", "column:old", "--llm-threshold", "exact_match>=1",
        "-v", "-n", workers,
    )  # fmt: skip

    assert run.ret == 0
    assert "rows.csv::gr\\xf6\\xdfe" in run.stdout.str()
    assert project.outcomes() == {"gr\u00f6\u00dfe": "passed"}
