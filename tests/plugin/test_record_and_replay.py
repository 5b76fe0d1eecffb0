"""Recordings: answers beside the golden files, which later runs replay without a network."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.plugin.conftest import FAQ, Project

JUDGED = ("--llm-model", "mock", "--llm-judge-model", "judge", "--min-score", "1")
FILE = "golden/recordings/faq.csv.jsonl"
both = pytest.mark.parametrize("workers", ["0", "2"])


def record(project: Project, *args: str, mode: str = "once", passed: int = 3) -> None:
    """Record without a completion store, and forget what was sent."""
    project.run(
        *(args or ("golden/faq.csv", *JUDGED)), "--llm-no-cache", "--llm-record", mode
    ).assert_outcomes(passed=passed)
    project.endpoint.requests.clear()


def entries(project: Project, path: str = FILE) -> list[dict[str, Any]]:
    return [
        json.loads(line) for line in (project.path / path).read_text(encoding="utf-8").splitlines()
    ]


def counts(project: Project) -> tuple[int, int]:
    return project.endpoint.count("generation"), project.endpoint.count("judge")


@both
def test_answers_and_verdicts_are_recorded_beside_the_golden_file(
    project: Project, workers: str
) -> None:
    run = project.run("golden/faq.csv", *JUDGED, "--llm-record", "once", "-n", workers)

    run.assert_outcomes(passed=3)
    run.stdout.fnmatch_lines([f"recorded *{FILE}"])
    found = [(entry["case"], entry["purpose"]) for entry in entries(project)]
    assert found == sorted(found)
    assert found == [
        (case, purpose)
        for case in ("opening", "refund-policy", "shipping")
        for purpose in ("answer", "rubric")
    ]


@both
def test_a_replay_needs_no_endpoint_and_leaves_the_file_as_it_is(
    project: Project, workers: str
) -> None:
    record(project)
    before, scores = (project.path / FILE).read_bytes(), project.scores("rubric")

    for mode in ("none", "once", "new_episodes"):
        arguments = ("--llm-no-cache", "--llm-record", mode, "-n", workers)
        project.run("golden/faq.csv", *JUDGED, *arguments).assert_outcomes(passed=3)

    assert project.endpoint.count() == 0
    assert (project.path / FILE).read_bytes() == before
    assert project.scores("rubric") == scores


def test_recording_again_with_other_workers_gives_the_same_file(project: Project) -> None:
    record(project)
    before = (project.path / FILE).read_bytes()

    project.run(
        "golden/faq.csv", *JUDGED, "--llm-no-cache", "--llm-record", "all", "-n", "2"
    ).assert_outcomes(passed=3)

    assert project.endpoint.count() == 6
    assert (project.path / FILE).read_bytes() == before


@both
def test_what_is_not_recorded_is_an_error_that_tells_what_differs_and_what_to_do(
    project: Project, workers: str
) -> None:
    record(project)
    project.write("golden/faq.csv", FAQ.replace("return a bike", "return a boat"))
    key = next(entry["key"] for entry in entries(project) if entry["case"] == "refund-policy")

    run = project.run("golden/faq.csv", *JUDGED, "--llm-record", "none", "-n", workers)

    run.assert_outcomes(passed=2, errors=1)
    assert run.ret == 10
    assert project.outcomes()["refund-policy"] == "error"
    run.stdout.fnmatch_lines(
        [
            f"*{FILE} has no answer for case refund-policy (answer), key *",
            f"*Nearest is key {key[:12]}, case refund-policy (answer), which differs in",
            '*recorded  "How long can I return a bike?"',
            '*requested "How long can I return a boat?"',
            "*--llm-record new_episodes*",
        ]
    )
    assert project.endpoint.count() == 0


def test_without_a_recording_a_replay_says_how_to_record(project: Project) -> None:
    run = project.run("golden/faq.csv::opening", *JUDGED, "--llm-record", "none")

    run.assert_outcomes(errors=1)
    run.stdout.fnmatch_lines([f"*{FILE} does not exist.", "*Record it with --llm-record once.*"])
    assert project.endpoint.count() == 0


def test_a_file_that_was_recorded_once_is_not_added_to(project: Project) -> None:
    record(project)
    project.write("golden/faq.csv", FAQ + "new,Do you repair bikes?,Yes.\n")

    project.run("golden/faq.csv", *JUDGED, "--llm-record", "once").assert_outcomes(
        passed=3, errors=1
    )

    assert project.endpoint.count() == 0


@both
def test_new_episodes_adds_what_is_new_and_nothing_else(project: Project, workers: str) -> None:
    record(project)
    before = entries(project)
    project.write("golden/faq.csv", FAQ + "new,Do you repair bikes?,Yes.\n")

    project.run(
        "golden/faq.csv", *JUDGED, "--llm-record", "new_episodes", "-n", workers
    ).assert_outcomes(passed=4)

    assert counts(project) == (1, 1)
    assert [entry for entry in entries(project) if entry["case"] != "new"] == before
    assert len(entries(project)) == 8


@both
def test_all_records_everything_anew_and_a_whole_run_drops_what_is_stale(
    project: Project, workers: str
) -> None:
    project.write("pytest.ini", "[pytest]\ntestpaths = golden\nllm_golden = golden\n")
    record(project)
    project.write("golden/faq.csv", "\n".join(FAQ.splitlines()[:3]))  # without the last case

    project.run(*JUDGED, "--llm-record", "all", "-n", workers).assert_outcomes(passed=2)

    assert counts(project) == (2, 2)
    assert {entry["case"] for entry in entries(project)} == {"refund-policy", "shipping"}


@both
def test_unused_recordings_are_named_after_a_whole_run_alone(
    project: Project, workers: str
) -> None:
    record(project)
    project.write("golden/faq.csv", "\n".join(FAQ.splitlines()[:3]))
    arguments = ("golden/faq.csv", *JUDGED, "--llm-record", "none", "-n", workers)

    run = project.run(*arguments)
    run.assert_outcomes(passed=2)
    run.stdout.fnmatch_lines(
        ["warning *: 2 recorded answers not used (case opening); --llm-record*"]
    )
    assert any(FILE in note["text"] for note in project.report()["run"]["notes"])

    for part in (("-k", "shipping"), ("--llm-where", "id == 'shipping'"), ("--llm-limit", "1")):
        run = project.run(*arguments, *part)
        run.assert_outcomes(passed=1, deselected=1 if workers == "0" else 0)
        run.stdout.no_fnmatch_line("*not used*")


@both
def test_all_replaces_the_answers_of_its_model_and_loses_none_of_another(
    project: Project, workers: str
) -> None:
    project.write("pytest.ini", "[pytest]\ntestpaths = golden\nllm_golden = golden\n")
    judge = JUDGED[2:]
    record(project, "--llm-model", "mock", *judge)
    record(project, "--llm-model", "other", *judge, mode="new_episodes")
    run = project.run("--llm-model", "mock", *judge, "--llm-record", "none", "-n", workers)
    run.assert_outcomes(passed=3)
    run.stdout.no_fnmatch_line("*not used*")

    record(project, "--llm-model", "mock", *judge, "-n", workers, mode="all")
    for model in ("mock", "other"):
        replay = project.run("--llm-model", model, *judge, "--llm-record", "none", "-n", workers)
        replay.assert_outcomes(passed=3)
    assert project.endpoint.count() == 0


@both
def test_recordings_are_no_golden_files(project: Project, workers: str) -> None:
    project.write("pytest.ini", "[pytest]\nllm_golden = golden\n")
    record(project)

    project.run("golden", *JUDGED, "--llm-record", "none", "-n", workers).assert_outcomes(passed=3)


def test_recordings_may_lie_in_a_folder_of_their_own(project: Project) -> None:
    arguments = ("golden/faq.csv", *JUDGED, "--llm-recordings", "kept")
    record(project, *arguments)

    project.run(*arguments, "--llm-record", "none").assert_outcomes(passed=3)

    assert project.endpoint.count() == 0
    assert len(entries(project, "kept/golden/faq.csv.jsonl")) == 6
    assert not (project.path / "golden/recordings").exists()


def test_a_recording_is_answered_before_the_store_and_the_store_before_the_network(
    project: Project,
) -> None:
    project.run("golden/faq.csv", *JUDGED).assert_outcomes(passed=3)
    project.endpoint.requests.clear()

    project.run("golden/faq.csv", *JUDGED, "--llm-record", "once").assert_outcomes(passed=3)

    assert project.endpoint.count() == 0
    assert len(entries(project)) == 6


WRAPPING = """
import pytest
from dataclasses import replace
from pytest_llmeval.records.call import Request

class App:
    fingerprint, sees_case = None, True

    def __init__(self, model):
        self.model = model

    async def complete(self, request):
        answer = await self.model.complete(replace(request, case=None))
        return replace(answer, text=f"ENDING: {answer.text}")

@pytest.fixture(scope="session")
def llm_provider(llm_provider):
    return App(llm_provider)
"""
ASKING = """
import pytest

@pytest.mark.llm_golden("golden/faq.csv", where="id != 'opening'")
def test_app(llm_completion):
    pass
"""


@both
def test_an_application_is_recorded_by_its_model_calls_and_its_code_runs_on_replay(
    project: Project, workers: str
) -> None:
    project.write("conftest.py", WRAPPING.replace("ENDING", "old"))
    project.write("test_app.py", ASKING)
    record(project, "test_app.py", *JUDGED[:2], passed=2)
    kept = [entry.get("through", False) for entry in entries(project)]
    assert sorted(kept) == [False, False, True, True]

    project.write("conftest.py", WRAPPING.replace("ENDING", "new"))
    arguments = ("--llm-no-cache", "--llm-record", "none", "-n", workers)
    project.run("test_app.py", *JUDGED[:2], *arguments).assert_outcomes(passed=2)

    assert project.endpoint.count() == 0
    answers = [result["completion"]["text"] for result in project.report()["results"]]
    assert all(answer.startswith("new: Answer") for answer in answers)


@both
def test_a_function_is_replayed_without_being_called(project: Project, workers: str) -> None:
    project.write("pytest.ini", "[pytest]\npythonpath = .\n")
    project.write("app.py", "def answer(case):\n    return f'fine {case.id}'\n")
    arguments = ("golden/faq.csv", "--llm-provider", "python:app:answer")
    record(project, *arguments)

    project.write("app.py", "def answer(case):\n    raise SystemExit('it was called')\n")
    project.run(*arguments, "--llm-record", "none", "-n", workers).assert_outcomes(passed=3)

    assert {result["completion"]["text"] for result in project.report()["results"]} == {
        "fine opening", "fine refund-policy", "fine shipping",
    }  # fmt: skip


@both
def test_a_test_without_a_golden_case_is_recorded_beside_its_own_file(
    project: Project, workers: str
) -> None:
    project.write(
        "tests/test_own.py",
        """
        def test_own(llm_generate, llm_judge):
            assert llm_judge(llm_generate("Say hello"), prompt="Say hello") >= 4
        """,
    )
    record(project, "tests/test_own.py", *JUDGED[:4], passed=1)
    assert [entry["case"] for entry in entries(project, "tests/recordings/test_own.py.jsonl")] == [
        "test_own"
    ] * 2

    arguments = ("--llm-record", "none", "-n", workers)
    project.run("tests/test_own.py", *JUDGED[:4], *arguments).assert_outcomes(passed=1)

    assert project.endpoint.count() == 0
