"""The completion store, seen from pytest: what was answered once is not asked again."""

from __future__ import annotations

import json
import signal
from collections import Counter
from pathlib import Path

import pytest
from click.testing import CliRunner

from pytest_llmeval.cli import main
from pytest_llmeval.store.maintenance import info
from tests.plugin.conftest import FAQ, PATIENCE_S, Project

JUDGED = ("--llm-model", "mock", "--llm-judge-model", "judge", "--min-score", "1")
STORE = ".llmeval/completions.sqlite"
both = pytest.mark.parametrize("workers", ["0", "2"])


def sent(project: Project) -> tuple[int, int]:
    """How many generations and judge calls came since this was last asked."""
    counts = (project.endpoint.count("generation"), project.endpoint.count("judge"))
    project.endpoint.requests.clear()
    return counts


def repeated(project: Project) -> list[str]:
    """Requests that came more than once."""
    bodies = Counter(
        json.dumps(request.body, sort_keys=True) for request in project.endpoint.requests
    )
    return [body for body, times in bodies.items() if times > 1]


@both
def test_a_second_run_sends_nothing_and_says_so(project: Project, workers: str) -> None:
    arguments = ("golden/faq.csv", *JUDGED, "-n", workers)
    project.run(*arguments).assert_outcomes(passed=3)
    assert sent(project) == (3, 3)
    first = project.scores("rubric")

    run = project.run(*arguments)

    run.assert_outcomes(passed=3)
    assert sent(project) == (0, 0)
    assert project.scores("rubric") == first
    run.stdout.fnmatch_lines(["calls * 0 made, 6 answered from the cache (oldest *"])
    results = project.report()["results"]
    assert all(result["completion"]["cached"] for result in results)
    assert {result["cost_usd"]["generation"] for result in results} == {0}


def replaced(options: tuple[str, ...], change: tuple[str, ...]) -> list[str]:
    """The options with the values of a change, since an option is typed once."""
    pairs = dict(zip(options[::2], options[1::2], strict=True))
    pairs.update(zip(change[::2], change[1::2], strict=True))
    return [word for pair in pairs.items() for word in pair]


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (("--llm-model", "other"), (3, 0)),
        (("--llm-temperature", "0.5"), (3, 0)),
        (("--llm-seed", "7"), (3, 0)),
        (("--llm-extra-body", '{"top_k": 3}'), (3, 0)),
        (("--llm-system-prompt", "Be brief."), (3, 0)),
        (("--llm-template", "{{ prompt }} Please."), (3, 3)),
        (("--llm-judge-model", "stricter"), (0, 3)),
        (("--llm-judge-criteria", "The answer is polite."), (0, 3)),
        (("--llm-judge-max-tokens", "99"), (0, 3)),
        (("--min-score", "2"), (0, 0)),
        (("--llm-timeout", "60", "--llm-concurrency", "3", "--llm-name", "again"), (0, 0)),
    ],
)
def test_a_change_sends_again_what_it_changes_and_nothing_else(
    project: Project, change: tuple[str, ...], expected: tuple[int, int]
) -> None:
    project.run("golden/faq.csv", *JUDGED).assert_outcomes(passed=3)
    assert sent(project) == (3, 3)

    project.run("golden/faq.csv", *replaced(JUDGED, change)).assert_outcomes(passed=3)

    assert sent(project) == expected


def test_a_changed_prompt_or_expected_answer_is_asked_again_alone(project: Project) -> None:
    project.run("golden/faq.csv", *JUDGED).assert_outcomes(passed=3)
    sent(project)

    project.write("golden/faq.csv", FAQ.replace("return a bike", "return a boat"))
    project.run("golden/faq.csv", *JUDGED).assert_outcomes(passed=3)
    assert sent(project) == (1, 1)
    project.write(
        "golden/faq.csv",
        FAQ.replace("return a bike", "return a boat").replace("30 days", "40 days"),
    )
    project.run("golden/faq.csv", *JUDGED).assert_outcomes(passed=3)
    assert sent(project) == (0, 1)


@both
def test_without_a_cache_everything_is_asked_again_and_no_store_is_left(
    project: Project, workers: str
) -> None:
    for _ in range(2):
        project.run("golden/faq.csv", *JUDGED, "--llm-no-cache", "-n", workers).assert_outcomes(
            passed=3
        )
        assert sent(project) == (3, 3)

    if workers == "0":
        assert not (project.path / STORE).exists()
    else:  # what the workers shared is empty again
        assert info(project.path / STORE).completions == 0
    project.run("golden/faq.csv", *JUDGED).assert_outcomes(passed=3)
    assert sent(project) == (3, 3)


@both
def test_completions_that_are_too_old_are_made_again_once_each(
    project: Project, workers: str
) -> None:
    project.rows(12)
    arguments = ("golden/rows.csv", *JUDGED, "--llm-max-age", "0", "-n", workers)
    project.run("golden/rows.csv", *JUDGED).assert_outcomes(passed=12)
    sent(project)

    project.run(*arguments).assert_outcomes(passed=12)

    assert repeated(project) == []
    assert sent(project) == (12, 12)


def test_a_store_elsewhere_is_used_from_there(project: Project) -> None:
    for _ in range(2):
        project.run(
            "golden/faq.csv", *JUDGED, "--llm-store", "elsewhere/store.sqlite"
        ).assert_outcomes(passed=3)

    assert sent(project) == (3, 3)
    assert (project.path / "elsewhere/store.sqlite").is_file()
    assert not (project.path / STORE).exists()


@both
def test_each_key_is_asked_once_however_many_ask(project: Project, workers: str) -> None:
    rows = "".join(f"row-{number:02},Question {number % 8},Answer\n" for number in range(24))
    project.write("golden/rows.csv", f"id,prompt,expected\n{rows}")

    project.run("golden/rows.csv", *JUDGED, "-n", workers).assert_outcomes(passed=24)

    assert repeated(project) == []
    assert sent(project) == (8, 8)


@both
@pytest.mark.parametrize(
    ("where", "fingerprint"), [("fixture", None), ("option", None), ("option", "v1")]
)
def test_a_function_is_called_once_for_a_case_in_a_run_and_in_the_next_unless_it_has_a_fingerprint(
    project: Project, workers: str, fingerprint: str | None, where: str
) -> None:
    project.write("pytest.ini", "[pytest]\npythonpath = .\n")
    declared = f"answer.fingerprint = {fingerprint!r}\n" if fingerprint else ""
    project.write(
        "app.py",
        "def answer(case):\n"
        "    with open('calls.txt', 'a') as file:\n"
        "        file.write(case.id + '\\n')\n"
        "    return 'fine'\n" + declared,
    )
    if where == "fixture":
        project.write(
            "conftest.py",
            "import app, pytest\n\n@pytest.fixture(scope='session')\ndef llm_provider():\n    return app.answer\n",
        )
    project.write(
        "test_app.py",
        """
        import pytest

        @pytest.mark.llm_golden("golden/rows.csv")
        def test_one(llm_completion): pass

        @pytest.mark.llm_golden("golden/rows.csv")
        def test_two(llm_completion): pass
        """,
    )
    project.rows(8)
    arguments = (
        "test_app.py",
        *(("--llm-provider", "python:app:answer") if where == "option" else ()),
        "-n",
        workers,
    )

    calls = []
    for _ in range(2):
        project.run(*arguments).assert_outcomes(passed=16)
        calls.append(Counter((project.path / "calls.txt").read_text().split()))

    assert calls[0] == {f"row-{number:02}": 1 for number in range(8)}
    assert set(calls[1].values()) == ({1} if fingerprint else {2})


@both
def test_after_a_kill_what_was_answered_is_not_asked_again(project: Project, workers: str) -> None:
    project.rows(6, {5: "[[answer_fault=hang:1]]"})
    arguments = ("golden/rows.csv", *JUDGED, "-v", "-n", workers)
    run = project.start(*arguments)
    run.read_until("PASSED", 5)
    assert project.endpoint.hanging.wait(PATIENCE_S)
    run.send(signal.SIGKILL)
    run.end()
    assert sent(project) == (6, 5)

    project.run(*arguments).assert_outcomes(passed=6)

    assert sent(project) == (1, 1)


@both
def test_two_runs_over_one_store_share_the_work(project: Project, workers: str) -> None:
    project.rows(12)
    project.write(
        "conftest.py",
        """
        import json, os, urllib.request

        def pytest_sessionstart(session):
            if not hasattr(session.config, "workerinput"):  # begin when the other one does
                body = {"model": "start", "messages": [{"role": "user", "content": "[[after=2]]"}]}
                url = os.environ["OPENAI_BASE_URL"] + "/chat/completions"
                request = urllib.request.Request(url, json.dumps(body).encode())
                urllib.request.urlopen(request).read()
        """,
    )
    runs = [
        project.start("golden/rows.csv", *JUDGED, "--llm-json", f"{name}.json", "-n", workers)
        for name in ("one", "two")
    ]

    assert [run.end() for run in runs] == [0, 0], [run.text for run in runs]

    project.endpoint.requests = [
        each for each in project.endpoint.requests if each.body["model"] != "start"
    ]
    assert repeated(project) == []
    assert sent(project) == (12, 12)
    for name in ("one", "two"):
        assert project.report(f"{name}.json")["summary"]["passed"] == 12
    assert project.query("SELECT count(*) FROM runs") == [(2,)]


@both
def test_the_command_shows_and_clears_what_a_run_has_left(
    project: Project, monkeypatch: pytest.MonkeyPatch, workers: str
) -> None:
    project.run("golden/faq.csv", *JUDGED, "-n", workers).assert_outcomes(passed=3)
    sent(project)
    monkeypatch.chdir(project.path)

    told = CliRunner().invoke(main, ["cache", "info"]).output
    assert "6 completions" in told
    assert "judge: 3" in told
    assert "calls in flight: 0; abandoned: 0" in told
    assert list(Path(f"{STORE}.owners").glob("*.lock")) == []
    assert CliRunner().invoke(main, ["cache", "clear"]).exit_code == 0

    project.run("golden/faq.csv", *JUDGED, "-n", workers).assert_outcomes(passed=3)
    assert sent(project) == (3, 3)
