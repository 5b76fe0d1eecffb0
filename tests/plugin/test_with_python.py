"""Tests of the user's own: the marker, the fixtures, thresholds after the body."""

from __future__ import annotations

import pytest

from tests.plugin.conftest import Project

HEAD = "import pytest\n"


def test_a_marked_test_runs_once_per_case_with_every_fixture(project: Project) -> None:
    project.write(
        "test_faq.py",
        """
        import pytest

        @pytest.mark.llm_golden("golden/faq.csv", where="id != 'shipping'")
        def test_faq(llm_case, llm_completion, llm_judge, llm_readability, llm_metric):
            assert llm_case.prompt and llm_case.source.file == "golden/faq.csv"
            assert str(llm_completion).startswith("Answer")
            assert llm_judge(llm_completion) >= 4
            assert llm_readability(llm_completion).lexicon_count == 2
            assert llm_metric("starts_with", llm_completion, text="Answer") == 1
        """,
    )
    run = project.run("--llm-model", "mock", "-v")

    run.assert_outcomes(passed=2)
    run.stdout.fnmatch_lines(["test_faq.py::test_faq[[]refund-policy] PASSED*"])
    assert project.scores("lexicon_count") == {"refund-policy": 2, "opening": 2}


def test_a_failing_comparison_is_explained(project: Project) -> None:
    project.write(
        "test_faq.py",
        """
        import pytest

        @pytest.mark.llm_golden("golden/faq.csv", where="id == 'shipping'")
        def test_faq(llm_completion, llm_judge):
            assert llm_judge(llm_completion) >= 4
        """,
    )
    run = project.run("--llm-model", "mock")

    run.stdout.fnmatch_lines(
        [
            "E*assert rubric 2 >= 4*",
            "E*reason*Wrong price.",
            "E*prompt*What does shipping cost*",
            "E*answer*Answer*",
        ]
    )
    run.stdout.fnmatch_lines(["FAILED test_faq.py::test_faq[[]shipping] - *rubric 2 >= 4*"])
    assert project.report()["results"][0]["outcome"] == "failed"


@pytest.mark.parametrize("where", ["marker", "ini", "command line"])
def test_thresholds_are_enforced_although_the_body_asserts_nothing(
    project: Project, where: str
) -> None:
    keyword = ", min_score=4" if where == "marker" else ""
    project.write("pytest.ini", "[pytest]\n" + ("llm_min_score = 4\n" if where == "ini" else ""))
    project.write(
        "test_faq.py",
        f"""
        import pytest

        @pytest.mark.llm_golden("golden/faq.csv"{keyword})
        def test_faq(llm_completion):
            pass
        """,
    )
    arguments = ("--min-score", "4") if where == "command line" else ()

    project.run("--llm-model", "mock", *arguments).assert_outcomes(passed=2, failed=1)

    assert project.outcomes()["shipping"] == "failed"


def test_a_marker_bound_beats_the_command_line(project: Project) -> None:
    project.write(
        "test_faq.py",
        """
        import pytest

        @pytest.mark.llm_golden("golden/faq.csv", min_score=2)
        def test_faq(llm_completion):
            pass
        """,
    )
    project.run("--llm-model", "mock", "--min-score", "4").assert_outcomes(passed=3)


def test_a_score_is_paid_once_for_body_and_threshold(project: Project) -> None:
    project.write(
        "test_faq.py",
        """
        import pytest

        @pytest.mark.llm_golden("golden/faq.csv", min_score=1)
        def test_faq(llm_completion, llm_judge):
            assert llm_judge(llm_completion) == llm_judge(llm_completion)
        """,
    )
    project.run("--llm-model", "mock").assert_outcomes(passed=3)

    assert (project.endpoint.count("generation"), project.endpoint.count("judge")) == (3, 3)


@pytest.mark.parametrize(
    ("marker", "said"),
    [
        ("llm_golden('golden/faq.csv', minscore=4)", "*minscore*Did you mean 'min_score'?*"),
        ("llm_golden('golden/nothing.csv')", "*golden/nothing.csv*"),
        (
            "llm_golden('golden/faq.csv'), pytest.mark.llm_generate(temprature=1)",
            "*Did you mean 'temperature'?*",
        ),
        (
            "llm_golden('golden/faq.csv'), pytest.mark.llm_generate(temperature='hot')",
            "*'hot'*a number from 0 to 2*",
        ),
        (
            "llm_golden('golden/faq.csv'), pytest.mark.llm_judge(criterion='x')",
            "*Did you mean 'criteria'?*",
        ),
        (
            "llm_golden('golden/faq.csv'), pytest.mark.llm_judge(format='xml!')",
            "*@pytest.mark.llm_judge format: found 'xml!'*json_schema*",
        ),
        ("llm_golden('golden/faq.csv', min_score=7)", "*found 7*from 0 to 5*"),
        (
            "llm_golden('golden/faq.csv'), pytest.mark.llm_metric('toxicty', max=1)",
            "*Did you mean 'toxicity'?*",
        ),
    ],
)
def test_a_wrong_marker_is_a_clear_error_and_nothing_is_sent(
    project: Project, marker: str, said: str
) -> None:
    marks = "\n".join(
        f"@pytest.mark.{mark.removeprefix('pytest.mark.')}"
        for mark in marker.split(", pytest.mark.")
    )
    project.write(
        "test_faq.py", f"import pytest\n\n{marks}\ndef test_faq(llm_completion):\n    pass\n"
    )

    run = project.run("--llm-model", "mock")

    assert run.ret in (pytest.ExitCode.INTERRUPTED, pytest.ExitCode.USAGE_ERROR)
    text = run.stdout.str() + run.stderr.str()
    run_lines = pytest.LineMatcher(text.splitlines())
    run_lines.fnmatch_lines([said])
    assert "Traceback" not in text
    assert project.endpoint.count() == 0


def test_a_marked_test_that_asks_for_no_case_is_a_usage_error(project: Project) -> None:
    project.write(
        "test_faq.py", HEAD + "@pytest.mark.llm_golden('golden/faq.csv')\ndef test_faq(): pass\n"
    )

    run = project.run("--llm-model", "mock")

    assert run.ret == pytest.ExitCode.INTERRUPTED
    run.stdout.fnmatch_lines(["*requests neither llm_case nor llm_completion*"])


def test_a_fixture_without_a_case_says_what_to_do(project: Project) -> None:
    project.write("test_faq.py", "def test_faq(llm_completion): pass\n")

    run = project.run("--llm-model", "mock")

    run.assert_outcomes(errors=1)
    run.stdout.fnmatch_lines(["*mark it @pytest.mark.llm_golden('golden/FILE.csv')*"])


def test_an_answer_of_the_tests_own_can_be_judged_without_a_golden_file(project: Project) -> None:
    project.write(
        "test_own.py",
        """
        def test_own(llm_judge):
            assert llm_judge("Paris", prompt="Capital of France?", expected="Paris") >= 4
        """,
    )
    project.run("--llm-judge-model", "mock").assert_outcomes(passed=1)

    (judged,) = project.endpoint.requests
    assert "Capital of France?" in judged.text
    case = project.report()["results"][0]["case"]
    assert (case["prompt"], case["expected"], case["source"]["file"]) == (
        "Capital of France?",
        "Paris",
        "test_own.py",
    )


def test_any_prompt_can_be_generated(project: Project) -> None:
    project.write(
        "test_own.py",
        """
        def test_own(llm_generate, llm_metric):
            answer = llm_generate("Say [[answer=hello there]]")
            assert llm_metric("contains", answer, text="hello") == 1
        """,
    )
    project.run("--llm-model", "mock").assert_outcomes(passed=1)


def test_markers_set_how_to_generate_and_the_command_line_beats_them(project: Project) -> None:
    project.write(
        "test_faq.py",
        """
        import pytest

        @pytest.mark.llm_golden("golden/faq.csv", where="id == 'opening'")
        @pytest.mark.llm_generate(temperature=0.25, seed=7, stop=["END"], system_prompt="Be brief.", max_tokens=9)
        def test_faq(llm_completion):
            pass
        """,
    )
    project.run("--llm-model", "mock", "--llm-max-tokens", "5").assert_outcomes(passed=1)

    body = project.endpoint.requests[0].body
    assert {name: body[name] for name in ("temperature", "seed", "stop", "max_tokens")} == {
        "temperature": 0.25, "seed": 7, "stop": ["END"], "max_tokens": 5,
    }  # fmt: skip
    assert body["messages"][0] == {"role": "system", "content": "Be brief."}


def test_metrics_of_a_marker_are_taken_and_bounded(project: Project) -> None:
    project.write(
        "test_faq.py",
        """
        import pytest

        @pytest.mark.llm_golden("golden/faq.csv", where="id == 'opening'")
        @pytest.mark.llm_metric("contains", text="Answer", min=1)
        @pytest.mark.llm_metric("lexicon_count")
        def test_faq(llm_completion):
            pass
        """,
    )
    project.run("--llm-model", "mock").assert_outcomes(passed=1)

    assert project.scores("contains") == {"opening": 1}
    assert project.scores("lexicon_count") == {"opening": 2}


def test_another_criterion_is_another_question_to_the_judge(project: Project) -> None:
    project.write(
        "test_faq.py",
        """
        import pytest

        @pytest.mark.llm_golden("golden/faq.csv", where="id == 'opening'")
        @pytest.mark.llm_judge(criteria="The answer is polite.")
        def test_faq(llm_completion, llm_judge):
            assert llm_judge(llm_completion) >= 4
            assert llm_judge(llm_completion, criteria="The answer is short.") >= 4
        """,
    )
    project.run("--llm-model", "mock").assert_outcomes(passed=1)

    polite, short = (
        request.text for request in project.endpoint.requests if request.kind == "judge"
    )
    assert "polite" in polite
    assert "short" in short


def test_the_same_golden_file_in_two_tests_gives_two_results(project: Project) -> None:
    project.write(
        "test_faq.py",
        """
        import pytest

        @pytest.mark.llm_golden("golden/faq.csv", where="id == 'opening'")
        @pytest.mark.parametrize("tone", ["kind", "curt"])
        def test_faq(llm_completion, tone):
            pass

        @pytest.mark.llm_golden("golden/*.csv", where="id == 'opening'")
        def test_again(llm_completion):
            pass
        """,
    )
    project.run("--llm-model", "mock").assert_outcomes(passed=3)

    suites = {result["suite"] for result in project.report()["results"]}
    assert suites == {
        "test_faq.py::test_faq[kind]",
        "test_faq.py::test_faq[curt]",
        "test_faq.py::test_again",
    }


def test_a_metric_of_the_users_own_through_a_hook(project: Project) -> None:
    project.write(
        "conftest.py",
        """
        class Shouting:
            name, version = "shouting", "1"

            def score(self, case, completion):
                return sum(c.isupper() for c in completion.text) / len(completion.text)

        def pytest_llmeval_metrics():
            return [Shouting()]
        """,
    )
    run = project.run("golden/faq.csv", "--llm-model", "mock", "--llm-threshold", "shouting<=0.01")

    run.assert_outcomes(failed=3)
    run.stdout.fnmatch_lines(
        ["shouting scored 0.0*; required <= 0.01 (--llm-threshold), golden/faq.csv:2"]
    )


def test_a_test_of_its_own_is_held_to_the_bounds_on_scores_that_it_takes(project: Project) -> None:
    project.write(
        "test_own.py",
        """
        def test_judged(llm_judge):
            llm_judge("Rome", prompt="Capital of France? [[score=1]]", expected="Paris")

        def test_measured(llm_metric):
            assert llm_metric("lexicon_count", "one two") == 2
        """,
    )
    run = project.run("--llm-judge-model", "mock", "--min-score", "4")

    run.assert_outcomes(passed=1, failed=1)
    run.stdout.fnmatch_lines(
        ["FAILED test_own.py::test_judged - *rubric scored 1; required >= 4*test_own.py:2*"]
    )
    assert project.endpoint.count() == 1


def test_the_first_answer_is_the_one_that_is_reported(project: Project) -> None:
    project.write(
        "test_faq.py",
        """
        import pytest

        @pytest.mark.llm_golden("golden/faq.csv", where="id == 'opening'")
        @pytest.mark.llm_metric("contains", text="Answer", min=1)
        def test_faq(llm_completion, llm_generate):
            assert llm_generate("Something else [[answer=else]]").text == "else"
        """,
    )
    project.run("--llm-model", "mock").assert_outcomes(passed=1)

    assert project.report()["results"][0]["completion"]["text"].startswith("Answer")


def test_bounds_of_every_place_hold_and_the_strongest_place_wins_for_each_score(
    project: Project,
) -> None:
    project.write("pytest.ini", "[pytest]\nllm_threshold =\n    rubric>=5\n    lexicon_count<=1\n")

    run = project.run("golden/faq.csv::shipping", "--llm-model", "mock", "--min-score", "2")

    run.assert_outcomes(failed=1)
    run.stdout.fnmatch_lines(
        ["lexicon_count scored 2; required <= 1 (ini llm_threshold), golden/faq.csv:3"]
    )
    run.stdout.no_fnmatch_line("rubric is*")


def test_the_marker_of_a_function_beats_that_of_its_class(project: Project) -> None:
    project.write(
        "test_faq.py",
        """
        import pytest

        @pytest.mark.llm_golden("golden/faq.csv", where="id == 'shipping'")
        @pytest.mark.llm_judge(min_score=4)
        class TestFaq:
            def test_strict(self, llm_completion):
                pass

            @pytest.mark.llm_judge(min_score=1)
            def test_lenient(self, llm_completion):
                pass
        """,
    )
    run = project.run("--llm-model", "mock")

    run.assert_outcomes(passed=1, failed=1)
    run.stdout.fnmatch_lines(["FAILED test_faq.py::TestFaq::test_strict*"])


def test_a_test_without_an_answer_is_not_held_to_the_bounds_of_the_run(project: Project) -> None:
    project.write(
        "test_faq.py",
        """
        import pytest

        @pytest.mark.llm_golden("golden/faq.csv")
        def test_data(llm_case):
            assert llm_case.expected
        """,
    )
    project.run("--llm-model", "mock", "--min-score", "4").assert_outcomes(passed=3)


def test_a_hook_may_offer_two_metrics_of_one_class(project: Project) -> None:
    project.write(
        "conftest.py",
        """
        class Count:
            version = "1"

            def __init__(self, letter):
                self.name, self.letter = f"count_{letter}", letter

            def score(self, case, completion):
                return completion.text.count(self.letter)

        def pytest_llmeval_metrics():
            return [Count("a"), Count("n")]
        """,
    )
    project.run(
        "golden/faq.csv::opening",
        "--llm-model",
        "mock",
        "--llm-threshold",
        "count_a>=0",
        "--llm-threshold",
        "count_n>=1",
    ).assert_outcomes(passed=1)


def test_a_case_is_the_same_argument_wherever_its_row_stands(project: Project) -> None:
    """Allure keeps the history of a test by the text of its arguments."""
    project.write(
        "test_it.py",
        """
        import pytest

        @pytest.mark.llm_golden("golden/g.csv")
        def test_it(llm_case):
            print(f"argument {llm_case!r}")
        """,
    )
    project.write("golden/g.csv", "id,prompt,expected\na1,What is 1+1?,2\n")
    before = project.run("test_it.py", "-s").stdout.str()
    project.write("golden/g.csv", "id,prompt,expected,level\na0,New?,0,1\na1,What's 1+1?,Two,2\n")
    after = project.run("test_it.py", "-s").stdout.str()

    argument = "argument <Case golden/g.csv::a1>"
    assert argument in before
    assert argument in after
