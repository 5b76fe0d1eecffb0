"""Options, ini keys and environment variables, as pytest sees them."""

from __future__ import annotations

import re

import pytest

from pytest_llmeval.settings.table import EVERYDAY
from tests.plugin.conftest import Project


def test_command_line_beats_environment_beats_ini(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    project.write("pytest.ini", "[pytest]\nllm_model = from-ini\n")

    def model(*arguments: str) -> str:
        project.endpoint.requests.clear()
        project.run("golden/faq.csv::opening", "--llm-no-cache", *arguments).assert_outcomes(
            passed=1
        )
        return str(project.endpoint.requests[0].body["model"])

    assert model() == "from-ini"
    monkeypatch.setenv("LLMEVAL_MODEL", "from-environment")
    assert model() == "from-environment"
    assert model("--llm-model", "from-command-line") == "from-command-line"
    assert model("--llm-model", "from-command-line", "-n", "2") == "from-command-line"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (
            ["--llm-temperature", "hot"],
            "--llm-temperature: found 'hot'; allowed: a number from 0 to 2.",
        ),
        (["--min-score", "6"], "--min-score: found '6'; allowed: a number from 0 to 5."),
        (["--llm-limit", "0"], "--llm-limit: found '0'; allowed: a whole number, at least 1."),
        (
            ["--llm-judge-format", "jsonschema"],
            "--llm-judge-format: found 'jsonschema'*Did you mean 'json_schema'?",
        ),
        (
            ["--llm-answer-pattern", "("],
            "--llm-answer-pattern: found '('; allowed: a regular expression.",
        ),
        (["-o", "llm_seed=x"], "-o llm_seed: found 'x'; allowed: a whole number."),
    ],
)
def test_a_bad_value_is_a_usage_error_that_names_the_place(
    project: Project, arguments: list[str], said: str
) -> None:
    run = project.run("golden/faq.csv", *arguments)

    assert run.ret == pytest.ExitCode.USAGE_ERROR
    run.stderr.fnmatch_lines([f"ERROR: {said}"])


def test_a_bad_environment_variable_is_named(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LLMEVAL_TOP_P", "1.5")

    run = project.run("golden/faq.csv")

    run.stderr.fnmatch_lines(["ERROR: LLMEVAL_TOP_P: found '1.5'; allowed: a number from 0 to 1."])


@pytest.mark.parametrize("workers", [[], ["-n", "2"]], ids=["n0", "n2"])
def test_an_option_that_another_plugin_owns_is_shared(
    project: Project, monkeypatch: pytest.MonkeyPatch, workers: list[str]
) -> None:
    project.write(
        "other_plugin.py",
        """
        def pytest_addoption(parser):
            parser.addoption("--llm-model", default=None, help="owned by another plugin")
        """,
    )
    monkeypatch.setenv("PYTHONPATH", str(project.path))

    run = project.run(
        "-p", "other_plugin", "golden/faq.csv::opening", "--llm-model", "shared", *workers
    )

    run.assert_outcomes(passed=1)
    assert project.endpoint.requests[0].body["model"] == "shared"


def test_the_help_shows_the_everyday_options_and_where_the_rest_is(project: Project) -> None:
    help_text = project.run("--help").stdout.str()

    options = set(re.findall(r"^  (--llm-[a-z-]+|--min-score)", help_text, re.MULTILINE))
    assert {"--min-score", "--llm-model", "--llm-baseline"} <= options
    assert len(options) == len(EVERYDAY)
    assert "`llmeval options` lists all options" in help_text
    assert re.search(r"llm_rpm \(string\):\s+see --llm-rpm", help_text)


def test_markers_are_registered(project: Project) -> None:
    project.run("--markers").stdout.fnmatch_lines(
        [
            "@pytest.mark.llm_golden*",
            "@pytest.mark.llm_generate*",
            "@pytest.mark.llm_judge*",
            "@pytest.mark.llm_metric*",
        ]
    )


@pytest.mark.parametrize("flag", ["--collect-only", "--fixtures", "--setup-plan"])
def test_pytest_s_own_views_send_nothing(project: Project, flag: str) -> None:
    run = project.run("golden/faq.csv", "--llm-model", "mock", flag)

    assert run.ret == 0
    assert project.endpoint.count() == 0
