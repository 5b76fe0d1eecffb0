"""Passed, failed, or error: what could not be judged is never a pass and never a zero."""

from __future__ import annotations

import pytest

from tests.plugin.conftest import Project

EXIT_UNJUDGED = 10


@pytest.fixture(autouse=True)
def one_retry(monkeypatch: pytest.MonkeyPatch) -> None:
    """What fails here fails on every attempt: to wait for more of them shows nothing."""
    monkeypatch.setenv("LLMEVAL_RETRIES", "1")


def golden(project: Project, *prompts: str) -> str:
    rows = [f'row-{number},"{prompt}",yes\n' for number, prompt in enumerate(prompts)]
    project.write("golden/rows.csv", "id,prompt,expected\n" + "".join(rows))
    return "golden/rows.csv"


@pytest.mark.parametrize("workers", [[], ["-n", "2"]], ids=["n0", "n2"])
@pytest.mark.parametrize(
    "fault", ["answer_fault=500", "judge_fault=500", "judge_fault=malformed", "answer_fault=429"]
)
def test_a_call_that_fails_is_an_error_with_its_own_exit_code(
    project: Project, fault: str, workers: list[str]
) -> None:
    path = golden(project, "Fine", f"Broken [[{fault}]]")

    run = project.run(path, "--llm-model", "mock", "--min-score", "4", *workers)

    run.assert_outcomes(passed=1, errors=1, skipped=0)
    assert run.ret == EXIT_UNJUDGED
    assert project.outcomes() == {"row-0": "passed", "row-1": "error"}
    assert project.scores("rubric").get("row-1") is None


def test_a_failure_beside_an_error_exits_with_1(project: Project) -> None:
    path = golden(project, "Bad [[score=1]]", "Broken [[answer_fault=500]]")

    run = project.run(path, "--llm-model", "mock", "--min-score", "4")

    run.assert_outcomes(failed=1, errors=1)
    assert run.ret == pytest.ExitCode.TESTS_FAILED


@pytest.mark.parametrize("workers", [[], ["-n", "2"]], ids=["n0", "n2"])
def test_a_failing_test_without_a_case_is_counted_and_exits_with_1(
    project: Project, workers: list[str]
) -> None:
    path = golden(project, "Broken [[answer_fault=500]]")
    project.write("test_other.py", "def test_other():\n    assert False\n")

    run = project.run(path, "test_other.py", "--llm-model", "mock", *workers)
    assert run.ret == pytest.ExitCode.TESTS_FAILED
    assert project.report()["run"]["failures_without_case"] == 1


def test_an_invalid_judge_reply_is_asked_again_twice_then_unscored(project: Project) -> None:
    path = golden(project, "Broken [[judge_fault=malformed]]")

    run = project.run(path, "--llm-model", "mock", "--min-score", "4")

    assert project.endpoint.count("judge") == 3
    (result,) = project.report()["results"]
    assert result["scores"][0]["value"] is None
    assert result["scores"][0]["raw"]
    run.stdout.fnmatch_lines(["ERROR golden/rows.csv::row-0 - *rubric is unscored*"])


def test_comparing_an_unscored_score_is_an_error_also_under_xfail(project: Project) -> None:
    path = golden(project, "Broken [[judge_fault=malformed]]")
    project.write(
        "test_it.py",
        f"""
        import pytest

        @pytest.mark.xfail
        @pytest.mark.llm_golden({path!r})
        def test_it(llm_completion, llm_judge):
            assert llm_judge(llm_completion) >= 4
        """,
    )
    run = project.run("--llm-model", "mock")

    run.assert_outcomes(errors=1)
    assert run.ret == EXIT_UNJUDGED


def test_a_missed_threshold_under_xfail_is_xfailed(project: Project) -> None:
    path = golden(project, "Bad [[score=1]]")
    project.write(
        "test_it.py",
        f"""
        import pytest

        @pytest.mark.xfail
        @pytest.mark.llm_golden({path!r}, min_score=4)
        def test_it(llm_completion):
            pass
        """,
    )
    project.run("--llm-model", "mock").assert_outcomes(xfailed=1)

    assert project.outcomes() == {"row-0": "xfailed"}


def test_an_error_stops_the_run_under_x(project: Project) -> None:
    path = golden(project, "Broken [[answer_fault=500]]", "Fine")

    run = project.run(path, "--llm-model", "mock", "-x")

    run.assert_outcomes(errors=1)
    assert run.ret == EXIT_UNJUDGED


def test_junit_tells_errors_from_failures_and_carries_properties(project: Project) -> None:
    path = golden(project, "Bad [[score=1]]", "Broken [[answer_fault=500]]")

    project.run(path, "--llm-model", "mock", "--min-score", "4", "--junitxml", "junit.xml")

    xml = (project.path / "junit.xml").read_text()
    assert 'errors="1" failures="1"' in xml
    assert xml.count('name="llm_score.rubric" value="1') == 1


def test_a_threshold_without_an_answer_is_an_error(project: Project) -> None:
    project.write(
        "test_it.py",
        """
        import pytest

        @pytest.mark.llm_golden("golden/faq.csv", min_score=4)
        def test_it(llm_case):
            pass
        """,
    )
    run = project.run("--llm-model", "mock", "--min-score", "4")

    run.assert_outcomes(errors=3)
    run.stdout.fnmatch_lines(["*rubric has a threshold, but the test made no answer to score*"])


def test_an_app_without_a_judge_cannot_pass_a_demanded_score(project: Project) -> None:
    project.write("app.py", "def answer(case):\n    return 'ok'\n")
    project.write("pytest.ini", "[pytest]\npythonpath = .\n")

    run = project.run("golden/faq.csv", "--llm-provider", "python:app:answer", "--min-score", "4")

    run.assert_outcomes(errors=3)
    run.stdout.fnmatch_lines(["*no judge is configured: set --llm-judge-model NAME*"])
    assert run.ret == EXIT_UNJUDGED


def test_a_judge_that_is_the_model_under_test_is_said_aloud(project: Project) -> None:
    run = project.run("golden/faq.csv", "--llm-model", "mock", "--min-score", "1")

    run.stdout.fnmatch_lines(
        ["llm: warning: No judge is set, so the model under test judges itself*"]
    )
    assert any("judges itself" in note["text"] for note in project.report()["run"]["notes"])
    pinned = project.run(
        "golden/faq.csv", "--llm-model", "mock", "--llm-judge-model", "judge", "--min-score", "1"
    )
    assert "judges itself" not in pinned.stdout.str()
    assert {request.body["model"] for request in project.endpoint.requests if request.kind == "judge"} == {
        "mock", "judge",
    }  # fmt: skip


def test_a_broken_tear_down_spoils_a_pass_but_does_not_hide_a_failure(project: Project) -> None:
    path = golden(project, "Fine", "Bad [[score=1]]")
    project.write(
        "conftest.py",
        """
        import pytest

        @pytest.fixture(autouse=True)
        def broken():
            yield
            raise RuntimeError("tear-down is broken")
        """,
    )
    run = project.run(path, "--llm-model", "mock", "--min-score", "4")

    run.assert_outcomes(passed=1, failed=1, errors=2)
    assert run.ret == pytest.ExitCode.TESTS_FAILED
    assert project.outcomes() == {"row-0": "error", "row-1": "failed"}


def test_cases_of_one_id_in_two_files_are_two_results(project: Project) -> None:
    project.write("golden/other.csv", "id,prompt,min_score\nopening,Bad [[score=1]],4\n")
    project.write(
        "test_it.py",
        """
        import pytest

        @pytest.mark.llm_golden("golden/faq.csv", "golden/other.csv", where="id == 'opening'")
        def test_it(llm_completion):
            pass
        """,
    )
    run = project.run("--llm-model", "mock")

    run.assert_outcomes(passed=1, failed=1)
    assert sorted(result["outcome"] for result in project.report()["results"]) == [
        "failed",
        "passed",
    ]


def test_a_case_that_fails_before_it_touches_a_fixture_of_ours_is_a_result(
    project: Project,
) -> None:
    project.write(
        "test_it.py",
        """
        import pytest

        @pytest.mark.llm_golden("golden/faq.csv", where="id == 'opening'")
        def test_it(llm_case):
            raise RuntimeError("my app is broken")
        """,
    )
    project.run("--llm-model", "mock").assert_outcomes(failed=1)

    (result,) = project.report()["results"]
    assert (result["outcome"], result["message"]) == ("failed", "RuntimeError: my app is broken")


def test_a_bound_is_on_the_answer_whatever_else_the_body_scores(project: Project) -> None:
    project.write(
        "test_it.py",
        """
        import pytest

        @pytest.mark.llm_golden("golden/faq.csv", where="id == 'opening'", threshold="exact_match>=1")
        def test_it(llm_case, llm_completion, llm_metric):
            assert llm_metric("exact_match", llm_case.expected) == 1
        """,
    )
    project.run("--llm-model", "mock").assert_outcomes(failed=1)


def test_a_score_is_no_truth_value(project: Project) -> None:
    project.write(
        "test_it.py",
        """
        def test_it(llm_metric):
            assert llm_metric("contains", "no", text="refund")
        """,
    )
    run = project.run()

    run.assert_outcomes(failed=1)
    run.stdout.fnmatch_lines(
        ["*contains: a Score has no truth value; compare it with a number, e.g. score >= 4*"]
    )


def test_a_plugin_that_skips_before_our_set_up_does_no_harm(project: Project) -> None:
    project.write(
        "conftest.py",
        """
        import pytest

        @pytest.hookimpl(tryfirst=True)
        def pytest_runtest_setup(item):
            pytest.skip("not today")
        """,
    )
    project.run("golden/faq.csv", "--llm-model", "mock").assert_outcomes(skipped=3)


def test_a_usage_error_under_xdist_is_said_and_nothing_is_sent(project: Project) -> None:
    run = project.run(
        "golden/faq.csv", "--llm-model", "mock", "--llm-threshold", "toxicty<=0.2", "-n", "2"
    )

    assert run.ret == pytest.ExitCode.USAGE_ERROR
    run.assert_outcomes()
    run.stderr.fnmatch_lines(["ERROR: *found 'toxicty'*Did you mean 'toxicity'?*"])
    assert project.endpoint.count() == 0


def test_a_module_scoped_provider_answers_cases_without_python(project: Project) -> None:
    project.write(
        "conftest.py",
        """
        import pytest

        @pytest.fixture(scope="module")
        def llm_provider():
            return lambda case: "fine"
        """,
    )
    project.run("golden/faq.csv").assert_outcomes(passed=3)


GREEN = """
import pytest

@pytest.hookimpl({place})
def pytest_runtest_makereport(item, call):
    report = yield
    if report.when == "call" and report.failed and item.name != "c9":
        {change}
    return report
"""
CHANGES = (
    "report.outcome, report.longrepr = 'passed', None",
    "report.outcome, report.longrepr = 'skipped', ('x.py', 1, 'Skipped: known')",
    "report.outcome, report.wasxfail = 'passed', 'known'",
)


@pytest.mark.parametrize("workers", [[], ["-n", "2"]], ids=["n0", "n2"])
@pytest.mark.parametrize("change", CHANGES, ids=["passed", "skipped", "xpassed"])
def test_a_missed_threshold_that_a_hook_turns_green_counts_as_missed(
    project: Project, change: str, workers: list[str]
) -> None:
    rows = [f"c{number},Q{number},yes,{'yes' if number % 2 else 'no'}\n" for number in range(4)]
    project.write("golden/rows.csv", "id,prompt,expected,new\n" + "".join(rows))
    project.write(
        "test_body.py",
        """
        import pytest

        @pytest.mark.llm_golden("golden/rows.csv")
        def test_body(llm_completion): assert llm_completion.text == "yes"
        """,
    )
    gate = ("--llm-threshold", "exact_match>=1", "--llm-gate", "pass_rate>=.9")
    for place in ("wrapper=True", "wrapper=True, tryfirst=True"):
        project.write("conftest.py", GREEN.format(place=place, change=change))
        run = project.run("golden/rows.csv", "test_body.py", "--llm-provider", "column:new", *gate, *workers)  # fmt: skip
        run.assert_outcomes(passed=4, failed=4)
        assert run.ret == pytest.ExitCode.TESTS_FAILED
        run.stdout.fnmatch_lines(["MISSED: pass_rate>=.9: pass rate 50*of 8 cases*"])
        assert run.stdout.str().count("A hook of the project has turned this failure green") == 4
        assert "exact_match scored 0; required >= 1" in run.stdout.str()
        assert "assert 'no' == 'yes'" in run.stdout.str()


def test_a_hook_may_turn_a_failure_into_an_expected_one_and_other_tests_green(
    project: Project,
) -> None:
    change = "report.outcome, report.wasxfail = 'skipped', 'known'"
    project.write("conftest.py", GREEN.format(place="wrapper=True", change=change))
    project.write("golden/rows.csv", "id,prompt,expected,new\nc0,Q,yes,no\n")
    args = ("golden/rows.csv", "--llm-provider", "column:new", "--llm-threshold", "exact_match>=1")
    project.run(*args).assert_outcomes(xfailed=1)
    project.write("conftest.py", GREEN.format(place="wrapper=True", change=CHANGES[0]))
    project.write("test_other.py", "def test_other(): assert 0\n")
    project.run("test_other.py").assert_outcomes(passed=1)


@pytest.mark.parametrize("workers", [[], ["-n", "2"]], ids=["n0", "n2"])
def test_a_failure_that_a_hook_of_a_folder_turns_green_shows_no_key(
    project: Project, workers: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    key = "sk-proj-Zq8xW3vB7nM2kL5jH9gF4dS6"
    monkeypatch.setenv("OPENAI_API_KEY", key)
    (project.path / "golden/faq.csv").unlink()
    project.write("golden/rows.csv", "id,prompt,expected,new\nc0,Q,yes,yes\n")
    project.write(
        "conftest.py",
        """
        def pytest_runtest_logreport(report):
            print("ATTRIBUTES", {name: str(value) for name, value in vars(report).items()})
        """,
    )
    project.write("sub/conftest.py", GREEN.format(place="wrapper=True, tryfirst=True", change=CHANGES[0]))  # fmt: skip
    project.write(
        "sub/test_key.py",
        """
        import os
        import pytest

        @pytest.mark.llm_golden("../golden/rows.csv")
        def test_key(llm_completion):
            raise RuntimeError("key is " + os.environ["OPENAI_API_KEY"])
        """,
    )
    args = ("sub", "--llm-provider", "column:new", "--junitxml=junit.xml", "-rA", "-s")
    run = project.run(*args, *workers)
    run.assert_outcomes(failed=1)
    shown = run.stdout.str() + run.stderr.str() + (project.path / "junit.xml").read_text()
    assert "A hook of the project has turned this failure green" in shown
    assert "RuntimeError: key is [hidden]" in shown
    assert "ATTRIBUTES" in shown
    assert key not in shown
