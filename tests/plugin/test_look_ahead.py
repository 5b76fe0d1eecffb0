"""Looking ahead: calls of different tests overlap, and only what a test has declared is asked for."""

from __future__ import annotations

import signal
import threading

import pytest

from tests.plugin.conftest import PATIENCE_S, Project

MODEL = ("--llm-model", "mock")
ROWS = ("golden/rows.csv", *MODEL)
both = pytest.mark.parametrize("workers", ["0", "2"])


def write_app(project: Project, text: str) -> None:
    project.write("app.py", text)
    project.write("pytest.ini", "[pytest]\npythonpath = .\n")


def asked(project: Project, kind: str = "generation") -> list[str]:
    """The rows that were asked for, by their number."""
    texts = [request.text for request in project.endpoint.requests if request.kind == kind]
    return sorted(text.partition("Question ")[2].split()[0] for text in texts)


@both
def test_calls_of_different_tests_are_in_flight_together(project: Project, workers: str) -> None:
    project.rows(4)
    project.endpoint.gathering = threading.Barrier(4, timeout=PATIENCE_S)

    project.run(*ROWS, "--llm-retries", "0", "-n", workers).assert_outcomes(passed=4)

    assert project.endpoint.highest_in_flight == 4


@both
def test_a_case_is_judged_while_an_earlier_one_is_still_being_answered(
    project: Project, workers: str
) -> None:
    project.rows(2, {0: "[[after=3]]"})  # two answers, and the judge of the second

    project.run(*ROWS, "--min-score", "4", "-n", workers).assert_outcomes(passed=2)

    first = [request.kind for request in project.endpoint.requests[:3]]
    assert sorted(first) == ["generation", "generation", "judge"]


def test_a_test_waits_for_its_own_case_alone(project: Project) -> None:
    write_app(
        project,
        """
        import threading

        started, released = threading.Event(), threading.Event()

        def answer(case):
            if case.id == "row-01":
                started.set()
                assert released.wait(60), "nobody was reported before this one was answered"
            return "fine"
        """,
    )
    project.rows(2)
    project.write(
        "test_app.py",
        """
        import app, pytest

        @pytest.mark.llm_golden("golden/rows.csv")
        def test_app(llm_case, llm_completion):
            if llm_case.id == "row-00":
                assert app.started.wait(60), "the next case was not asked for"
                app.released.set()
        """,
    )
    project.run("test_app.py", "--llm-provider", "python:app:answer").assert_outcomes(passed=2)


@both
def test_nothing_is_asked_for_tests_that_do_not_run_or_want_no_answer(
    project: Project, workers: str
) -> None:
    project.write(
        "test_faq.py",
        """
        import pytest

        faq = pytest.mark.llm_golden("golden/faq.csv")

        @faq
        def test_without_answer(llm_case):
            assert llm_case.prompt

        @faq
        @pytest.mark.skip
        def test_skipped(llm_completion): pass

        @faq
        @pytest.mark.skipif(True, reason="not here")
        def test_skipped_if(llm_completion): pass

        @faq
        @pytest.mark.skipif("True", reason="not here")
        def test_skipped_if_text(llm_completion): pass

        @faq
        @pytest.mark.xfail(run=False)
        def test_not_run(llm_completion): pass

        @faq
        def test_deselected(llm_completion): pass

        class TestOwn:
            @pytest.fixture
            def llm_completion(self, llm_case):
                return "an answer of my own"

            @faq
            def test_own(self, llm_completion):
                assert llm_completion == "an answer of my own"
        """,
    )
    run = project.run(
        "test_faq.py", *MODEL, "--min-score", "4", "-k", "not deselected", "-n", workers
    )

    run.assert_outcomes(
        passed=6, skipped=9, xfailed=3, **({"deselected": 3} if workers == "0" else {})
    )
    assert project.endpoint.count() == 0


def test_no_judge_is_asked_for_what_no_test_declares(project: Project) -> None:
    project.run("golden/faq.csv", *MODEL, "--llm-threshold", "lexicon_count>=1").assert_outcomes(
        passed=3
    )

    assert (project.endpoint.count("generation"), project.endpoint.count("judge")) == (3, 0)


def test_a_look_ahead_of_none_asks_one_by_one(project: Project) -> None:
    project.rows(6)

    project.run(*ROWS, "--min-score", "4", "--llm-lookahead", "0").assert_outcomes(passed=6)

    assert project.endpoint.highest_in_flight == 1
    assert asked(project) == [str(number) for number in range(6)]


def test_a_look_ahead_of_two_has_two_cases_on_their_way(project: Project) -> None:
    project.rows(6)
    project.endpoint.gathering = threading.Barrier(2, timeout=PATIENCE_S)

    project.run(*ROWS, "--llm-lookahead", "2", "--llm-retries", "0").assert_outcomes(passed=6)

    assert project.endpoint.highest_in_flight == 2


@pytest.mark.parametrize("kind", ["sync", "async"])
def test_calls_of_a_function_overlap(project: Project, kind: str) -> None:
    write_app(
        project,
        """
        import asyncio, threading

        barrier, arrived, everybody = threading.Barrier(4, timeout=60), [], asyncio.Event()

        def answer_sync(case):
            barrier.wait()
            return "fine"

        async def answer_async(case):
            arrived.append(case)
            if len(arrived) == 4:
                everybody.set()
            await asyncio.wait_for(everybody.wait(), 60)
            return "fine"
        """,
    )
    project.rows(4)

    run = project.run("golden/rows.csv", "--llm-provider", f"python:app:answer_{kind}")

    run.assert_outcomes(passed=4)


APP = """
import pytest, threading

barrier = threading.Barrier(3, timeout=60)

def answer(case):
    if case.id != "row-00":
        barrier.wait()
    return f"fine {case.id}"

@pytest.fixture(scope="session")
def llm_provider():
    return answer
"""
TEST = """
import pytest

@pytest.mark.llm_golden("golden/rows.csv")
def test_app(llm_case, llm_completion):
    assert llm_completion.text == f"fine {llm_case.id}"
"""


def test_calls_of_an_application_in_a_session_fixture_overlap_after_the_first_test(
    project: Project,
) -> None:
    project.write("conftest.py", APP)
    project.write("test_app.py", TEST)
    project.rows(4)

    project.run("test_app.py").assert_outcomes(passed=4)


@both
def test_an_application_made_for_each_test_answers_its_own_test(
    project: Project, workers: str
) -> None:
    project.write(
        "conftest.py",
        """
        import pytest

        @pytest.fixture
        def llm_provider(llm_case):
            return lambda case: f"fine {llm_case.id}"
        """,
    )
    project.write("test_app.py", TEST)
    project.rows(6)

    project.run("test_app.py", "-n", workers).assert_outcomes(passed=6)


def test_what_the_body_asks_the_judge_is_learned_from_the_first_case_and_nothing_else_is_asked(
    project: Project,
) -> None:
    project.write(
        "test_app.py",
        """
        import pytest

        @pytest.mark.llm_golden("golden/rows.csv")
        def test_app(llm_completion, llm_judge):
            assert llm_judge(llm_completion, criteria="The answer is short.") >= 4
        """,
    )
    project.rows(
        4, dict.fromkeys((1, 2, 3), "[[judge_after=8]]")
    )  # until all of them are judged at once

    project.run("test_app.py", *MODEL).assert_outcomes(passed=4)

    assert (project.endpoint.count("generation"), project.endpoint.count("judge")) == (4, 4)


@both
@pytest.mark.parametrize("flag", ["-x", "--maxfail=1"])
def test_after_the_failing_test_nothing_more_is_sent_and_what_came_is_kept(
    project: Project, flag: str, workers: str
) -> None:
    project.rows(60, {2: "[[score=0]]"})

    run = project.run(*ROWS, "--min-score", "4", "--llm-lookahead", "5", flag, "-n", workers)

    assert run.ret == (
        pytest.ExitCode.TESTS_FAILED if workers == "0" else pytest.ExitCode.INTERRUPTED
    )
    first = project.endpoint.count("generation")
    assert first <= (8 if workers == "0" else 30)
    assert project.query("SELECT count(*) FROM cases WHERE outcome = 'failed'") == [(1,)]
    project.run(*ROWS, "--min-score", "4").assert_outcomes(passed=59, failed=1)
    assert len(asked(project)) == len(set(asked(project))) == 60
    assert project.endpoint.count("judge") == 60


@both
def test_an_interrupt_ends_the_run_and_keeps_what_is_finished(
    project: Project, workers: str
) -> None:
    project.rows(6, {5: "[[answer_fault=hang:1]]"})
    project.write(
        "conftest.py",
        """
        import pytest, sys

        class Taken:
            @pytest.hookimpl(trylast=True)
            def pytest_runtest_logreport(self, report):
                if report.when == "call":
                    print("taken", file=sys.stderr)

        def pytest_configure(config):
            if not hasattr(config, "workerinput"):
                config.pluginmanager.register(Taken())
        """,
    )
    run = project.start(*ROWS, "--min-score", "4", "-n", workers)
    run.read_until("taken", 5)
    assert project.endpoint.hanging.wait(PATIENCE_S)

    run.send(signal.SIGINT)

    assert run.end() == pytest.ExitCode.INTERRUPTED, run.text
    assert project.query("SELECT outcome, count(*) FROM cases GROUP BY outcome") == [("passed", 5)]
    project.endpoint.requests.clear()
    project.run(*ROWS, "--min-score", "4").assert_outcomes(passed=6)
    asked = [project.endpoint.count(kind) for kind in ("generation", "judge")]
    # A worker that waited for the other's call may have made it in the moment before it was
    # interrupted, too.
    assert asked == [1, 1] if workers == "0" else max(asked) <= 1


@both
def test_a_function_that_hangs_does_not_hold_up_the_end(project: Project, workers: str) -> None:
    write_app(
        project,
        """
        import threading

        def answer(case):
            return "fine" if case.id != "row-01" else threading.Event().wait()
        """,
    )
    project.rows(3)

    arguments = (
        "--llm-provider",
        "python:app:answer",
        "--llm-timeout",
        "1",
        "--llm-retries",
        "0",
        "-n",
        workers,
    )
    run = project.run("golden/rows.csv", *arguments)

    run.assert_outcomes(passed=2, errors=1)
    assert run.ret == 10
    run.stdout.fnmatch_lines(["*no answer within 1 s*"])


def test_what_background_calls_log_does_not_reach_another_test(project: Project) -> None:
    project.rows(3)
    project.write(
        "test_mixed.py",
        """
        import json, logging, os, pytest, urllib.request

        def test_quiet(caplog):
            caplog.set_level(logging.DEBUG)
            body = {"model": "mine", "messages": [{"role": "user", "content": "[[after=4]]"}]}
            url = os.environ["OPENAI_BASE_URL"] + "/chat/completions"
            urllib.request.urlopen(url, json.dumps(body).encode()).read()
            logging.getLogger("mine").debug("my own")
            assert [record.name for record in caplog.records] == ["mine"]

        @pytest.mark.llm_golden("golden/rows.csv")
        def test_faq(llm_completion): pass
        """,
    )
    project.run("test_mixed.py", *MODEL).assert_outcomes(passed=4)


@both
def test_a_cassette_records_the_calls_of_its_test_alone(project: Project, workers: str) -> None:
    project.rows(4)
    project.write("pytest.ini", "[pytest]\nmarkers = vcr: recorded by VCR\n")
    project.write(
        "test_it.py",
        """
        import pytest

        @pytest.mark.vcr
        @pytest.mark.llm_golden("golden/rows.csv")
        def test_it(llm_completion):
            pass
        """,
    )
    run = project.run("test_it.py", *MODEL, "-n", workers)

    run.assert_outcomes(passed=4)
    assert project.endpoint.highest_in_flight <= max(1, int(workers))
    if workers == "0":
        run.stdout.fnmatch_lines(
            ["llm: look-ahead is off, because VCR records*", "*--llm-no-cache*"]
        )
