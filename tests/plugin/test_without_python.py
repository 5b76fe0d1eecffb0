"""A golden file is a test file: no Python at all."""

from __future__ import annotations

import pytest

from tests.plugin.conftest import Project


@pytest.mark.parametrize("workers", [[], ["-n", "2"]], ids=["n0", "n2"])
def test_cases_below_min_score_fail_and_reports_are_written(
    project: Project, workers: list[str]
) -> None:
    run = project.run("golden/faq.csv", "--llm-model", "mock", "--min-score", "4", *workers)

    assert run.ret == pytest.ExitCode.TESTS_FAILED
    run.assert_outcomes(passed=2, failed=1)
    assert project.outcomes() == {
        "refund-policy": "passed",
        "shipping": "failed",
        "opening": "passed",
    }
    assert project.scores("rubric") == {"refund-policy": 5, "shipping": 2, "opening": 5}
    assert (project.path / ".llmeval/report.html").read_text().startswith("<!doctype html>")
    assert project.query("SELECT count(*) FROM cases") == [(3,)]


def test_a_failure_points_at_the_row_and_says_why(project: Project) -> None:
    run = project.run("golden/faq.csv", "--llm-model", "mock", "--min-score", "4")

    run.stdout.fnmatch_lines(
        [
            "rubric scored 2; required >= 4 (--min-score), golden/faq.csv:3",
            "*reason*Wrong price.*",
            "*prompt*What does shipping cost?*",
            "*expected*It is free from 50 euros.",
            "*answer*Answer *",
        ]
    )
    run.stdout.fnmatch_lines(
        ["FAILED golden/faq.csv::shipping - *rubric scored 2; required >= 4*golden/faq.csv:3*"]
    )


def test_items_are_named_after_their_cases_and_located_at_their_rows(project: Project) -> None:
    run = project.run("golden/faq.csv", "--collect-only", "-q")

    run.stdout.fnmatch_lines(
        ["golden/faq.csv::refund-policy", "golden/faq.csv::shipping", "golden/faq.csv::opening"],
        consecutive=True,
    )
    assert project.endpoint.count() == 0


def test_one_case_can_be_named(project: Project) -> None:
    run = project.run("golden/faq.csv::opening", "--llm-model", "mock")

    run.assert_outcomes(passed=1)
    assert project.outcomes() == {"opening": "passed"}


def test_k_selects_cases(project: Project) -> None:
    project.run("golden/faq.csv", "--llm-model", "mock", "-k", "ship or open").assert_outcomes(
        passed=2, deselected=1
    )


def test_x_stops_at_the_first_bad_case(project: Project) -> None:
    run = project.run("golden/faq.csv", "--llm-model", "mock", "--min-score", "4", "-x")

    run.assert_outcomes(passed=1, failed=1)
    assert project.outcomes() == {"refund-policy": "passed", "shipping": "failed"}


def test_lf_reruns_the_bad_cases_alone(project: Project) -> None:
    arguments = ("golden/faq.csv", "--llm-model", "mock", "--min-score", "4", "--llm-no-cache")
    project.pytester.runpytest_subprocess(*arguments)
    project.endpoint.requests.clear()

    project.pytester.runpytest_subprocess(*arguments, "--lf").assert_outcomes(failed=1)

    assert project.endpoint.count() == 2  # one answer, one judgement


def test_limit_draws_the_same_cases_with_the_same_seed(project: Project) -> None:
    def drawn(*arguments: str) -> set[str]:
        project.run(
            "golden/faq.csv", "--llm-model", "mock", "--llm-limit", "2", *arguments
        ).assert_outcomes(passed=2)
        return set(project.outcomes())

    assert drawn() == drawn() == drawn("-n", "2")
    assert len({frozenset(drawn("--llm-limit-seed", str(seed))) for seed in range(4)}) > 1


def test_where_filters_by_an_expression_over_the_case(project: Project) -> None:
    run = project.run("golden/faq.csv", "--llm-model", "mock", "--llm-where", "'Sundays' in prompt")

    run.assert_outcomes(passed=1, deselected=2)
    assert set(project.outcomes()) == {"opening"}


def test_where_with_an_unknown_name_is_a_usage_error(project: Project) -> None:
    run = project.run("golden/faq.csv", "--llm-model", "mock", "--llm-where", "promt == 'x'")

    assert run.ret == pytest.ExitCode.USAGE_ERROR
    run.stderr.fnmatch_lines(["ERROR: --llm-where*promt*"])
    assert project.endpoint.count() == 0


def test_folders_named_in_ini_are_collected(project: Project) -> None:
    project.write("pytest.ini", "[pytest]\nllm_golden = golden\n")
    project.write("golden/notes.txt", "not a golden file")
    project.write("other/data.csv", "prompt\nHello?\n")

    run = project.run("--llm-model", "mock")

    run.assert_outcomes(passed=3)


def test_other_data_files_are_left_alone(project: Project) -> None:
    assert project.run("--llm-model", "mock").ret == pytest.ExitCode.NO_TESTS_COLLECTED


def test_without_a_model_cases_are_skipped_with_the_option_that_runs_them(project: Project) -> None:
    run = project.run("golden/faq.csv", "-rs")

    run.assert_outcomes(skipped=3)
    run.stdout.fnmatch_lines(["SKIPPED*no model is configured: set --llm-model NAME*"])
    assert not (project.path / ".llmeval").exists()


@pytest.mark.parametrize("demand", [("--llm-strict",), ("--min-score", "4")])
def test_a_demanded_result_is_an_error_without_a_model(
    project: Project, demand: tuple[str, ...]
) -> None:
    run = project.run("golden/faq.csv", *demand)

    run.assert_outcomes(errors=3)
    assert run.ret != 0
    run.stdout.fnmatch_lines(["ERROR golden/faq.csv::shipping*no model is configured*"])


def test_thresholds_of_a_row_beat_the_command_line(project: Project) -> None:
    project.write(
        "golden/own.csv", "id,prompt,min_score\nlenient,Hi [[score=3]],2\nstrict,Ho [[score=3]],\n"
    )

    project.run("golden/own.csv", "--llm-model", "mock", "--min-score", "4").assert_outcomes(
        passed=1, failed=1
    )

    assert project.outcomes() == {"lenient": "passed", "strict": "failed"}


def test_metrics_need_no_judge(project: Project) -> None:
    project.write(
        "golden/own.csv",
        "id,prompt,threshold\n"
        "long,Say it [[answer=The cat sat. It is fine.]],flesch_reading_ease>=50; lexicon_count<=3\n",
    )

    run = project.run("golden/own.csv", "--llm-model", "mock")

    run.stdout.fnmatch_lines(["lexicon_count scored 6; required <= 3 (row), golden/own.csv:2"])
    assert project.endpoint.count("judge") == 0


@pytest.mark.parametrize("bound", ["toxicty<=0.2", "toxicity=<1", "toxicity<=much"])
def test_a_misspelt_threshold_is_a_usage_error_before_anything_is_sent(
    project: Project, bound: str
) -> None:
    run = project.run("golden/faq.csv", "--llm-model", "mock", "--llm-threshold", bound)

    assert run.ret == pytest.ExitCode.USAGE_ERROR
    assert "toxicity" in run.stderr.str()
    assert "Traceback" not in run.stdout.str() + run.stderr.str()
    assert project.endpoint.count() == 0


def test_a_bad_golden_file_is_one_clear_error(project: Project) -> None:
    project.write("golden/bad.jsonl", '{"prompt": "Hi"}\n{"prompt": }\n')

    run = project.run("golden/bad.jsonl", "golden/faq.csv", "--llm-model", "mock")

    assert run.ret == pytest.ExitCode.INTERRUPTED
    run.stdout.fnmatch_lines(["*golden/bad.jsonl:2*"])
    assert "Traceback" not in run.stdout.str()
    assert project.endpoint.count() == 0


def test_columns_of_your_own_are_mapped_in_ini(project: Project) -> None:
    project.write(
        "pytest.ini",
        "[pytest]\nllm_golden = golden\nllm_columns =\n    유저 = prompt\n    정답 = expected\n",
    )
    project.write("golden/faq.csv", "유저,정답\n안녕하세요? [[answer=네]],네\n")

    project.run("--llm-model", "mock", "--llm-threshold", "exact_match>=1").assert_outcomes(
        passed=1
    )
