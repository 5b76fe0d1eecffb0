"""In parallel: the same results, one log, one report, and a dead worker loses no finished case."""

from __future__ import annotations

from typing import Any

import pytest

from tests.plugin.conftest import Project

ROWS = "id,prompt,expected\n" + "".join(
    f'row-{number:02},"Question {number} [[score={number % 6}]]",Answer {number}\n'
    for number in range(24)
)


def by_id(project: Project) -> dict[str, Any]:
    """What must not depend on the number of workers."""
    return {
        result["case"]["id"]: (
            result["outcome"],
            result["completion"]["text"],
            [
                (score["name"], score["value"], score["reason"], score["version"])
                for score in result["scores"]
            ],
            result["message"],
        )
        for result in project.report()["results"]
    }


def test_results_do_not_depend_on_the_number_of_workers(project: Project) -> None:
    project.write("golden/rows.csv", ROWS)
    seen = []
    for workers in ("0", "2", "8"):
        project.endpoint.requests.clear()
        run = project.run(
            "golden/rows.csv",
            "--llm-model",
            "mock",
            "--min-score",
            "4",
            "--llm-no-cache",
            "-n",
            workers,
        )
        assert run.ret == pytest.ExitCode.TESTS_FAILED
        run.assert_outcomes(passed=8, failed=16)
        assert (project.endpoint.count("generation"), project.endpoint.count("judge")) == (24, 24)
        seen.append(by_id(project))

    assert seen[0] == seen[1] == seen[2]
    assert [result["case"]["id"] for result in project.report()["results"]] == sorted(seen[0])
    assert project.query("SELECT count(*) FROM runs") == [(3,)]
    assert project.query("SELECT count(*) FROM cases") == [(72,)]


def test_a_worker_that_dies_loses_no_finished_case(project: Project) -> None:
    project.write(
        "app.py",
        """
        import os

        def answer(case):
            if case.id == "row-05":
                os._exit(1)
            return "fine"
        """,
    )
    project.write("pytest.ini", "[pytest]\npythonpath = .\n")
    project.write("golden/rows.csv", ROWS)

    run = project.run(
        "golden/rows.csv", "--llm-provider", "python:app:answer", "-n", "2", "--llm-lookahead", "0"
    )

    assert run.ret == pytest.ExitCode.TESTS_FAILED
    run.assert_outcomes(passed=23, failed=1)
    assert set(project.outcomes()) == {f"row-{number:02}" for number in range(24)} - {"row-05"}
    assert project.report()["run"]["lost"] == ["golden/rows.csv::row-05"]
    run.stdout.fnmatch_lines(["*golden/rows.csv::row-05*"])


def test_an_application_that_kills_its_process_ahead_of_its_test_leaves_no_case_unreported(
    project: Project,
) -> None:
    project.write(
        "app.py",
        "import os\n\ndef answer(case):\n    return 'fine' if case.id != 'row-05' else os.abort()\n",
    )
    project.write("pytest.ini", "[pytest]\npythonpath = .\n")
    project.write("golden/rows.csv", ROWS)

    run = project.run("golden/rows.csv", "--llm-provider", "python:app:answer", "-n", "2")

    assert run.ret == pytest.ExitCode.TESTS_FAILED
    lost = {nodeid.partition("::")[2] for nodeid in project.report()["run"]["lost"]}
    assert "row-05" in lost
    assert set(project.outcomes()) | lost == {f"row-{number:02}" for number in range(24)}


def test_texts_that_execnet_refuses_reach_the_report(project: Project) -> None:
    project.write(
        "app.py", "def answer(case):\n    return 'lone \\ud800 surrogate, \\x00 and \\U0001f600'\n"
    )
    project.write("pytest.ini", "[pytest]\npythonpath = .\n")

    run = project.run("golden/faq.csv", "--llm-provider", "python:app:answer", "-n", "2")

    run.assert_outcomes(passed=3)
    text = project.report()["results"][0]["completion"]["text"]
    assert text.startswith("lone")
    assert text.endswith("\U0001f600")
