"""What a run says of the columns of its golden files, and how a column is mapped."""

from __future__ import annotations

import html

import pytest

from tests.plugin.conftest import Project


@pytest.fixture
def mapped(project: Project) -> Project:
    project.write("a.csv", "question,truth,said\nA?,a,x\nB?,,y\n")
    project.write("b.csv", "prompt,min_scores,said\nC?,4,z\n")
    return project


@pytest.mark.parametrize("processes", ["0", "2"])
def test_a_run_says_once_what_the_columns_became(mapped: Project, processes: str) -> None:
    result = mapped.run("a.csv", "--llm-provider", "column:said", "-n", processes)

    result.assert_outcomes(passed=2)
    line = "llm: a.csv: 2 cases, 1 without an expected answer; question = prompt, truth = expected"
    assert result.outlines.count(line) == 1


def test_the_header_counts_what_may_be_a_mistake(mapped: Project) -> None:
    mapped.write("c.csv", "question,choices,answer,said\nA?,x|y,B,B\n")
    result = mapped.run("c.csv", "--llm-provider", "column:said")

    line = "with an expected answer; question = prompt, answer = expected; 1 note (llmeval validate c.csv)"
    result.stdout.fnmatch_lines([f"llm: c.csv: 1 case, {line}"])


def test_the_report_reruns_a_case_with_its_columns(mapped: Project) -> None:
    option = ("--llm-columns", "min_scores = metadata", "--llm-threshold", "length<=0")
    mapped.run("b.csv", "--llm-provider", "column:said", *option).assert_outcomes(failed=1)

    page = html.unescape((mapped.path / ".llmeval/report.html").read_text())
    assert "--llm-columns 'min_scores = metadata'" in page


def test_many_files_are_described_in_a_few_lines(pytester: pytest.Pytester) -> None:
    names = [f"f{number}.csv" for number in range(5)]
    for name in names:
        (pytester.path / name).write_text("prompt\nA?\n")
    result = pytester.runpytest(*names, "--collect-only")
    quiet = pytester.runpytest(*names, "--collect-only", "-q")

    result.stdout.fnmatch_lines(
        [
            "llm: f2.csv: 1 case, without an expected answer; prompt",
            "llm: and 2 more golden files: llmeval validate FILE describes one",
        ]
    )
    quiet.stdout.no_fnmatch_line("llm: f2.csv*")


def test_an_unread_setting_stops_the_run_and_each_remedy_works(mapped: Project) -> None:
    pytester = mapped.pytester
    refused = pytester.runpytest("b.csv", "--collect-only")
    assert refused.ret == pytest.ExitCode.INTERRUPTED
    refused.stdout.fnmatch_lines(
        ["*b.csv:2: row 1, column 'min_scores' found '4' in a column that is not read; *"]
    )

    option = ("--llm-columns", "min_scores = metadata")
    assert pytester.runpytest("b.csv", "--collect-only", *option).ret == 0
    pytester.makeini("[pytest]\nllm_columns =\n    min_scores = metadata\n")
    assert pytester.runpytest("b.csv", "--collect-only").ret == 0
    mapped.write(
        "test_said.py",
        """\
        import pytest

        @pytest.mark.llm_golden("b.csv", columns={"said": "expected"})
        def test_said(llm_case):
            assert llm_case.expected == "z"
        """,
    )
    mapped.run("test_said.py").assert_outcomes(passed=1)


def test_a_mapping_on_the_command_line_that_cannot_be_read_names_the_option(
    mapped: Project,
) -> None:
    result = mapped.pytester.runpytest("b.csv", "--llm-columns", "said = expcted")

    assert result.ret == pytest.ExitCode.INTERRUPTED
    result.stdout.fnmatch_lines(["*--llm-columns: found 'said = expcted'; allowed: *"])
