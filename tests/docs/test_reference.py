"""The reference is what the source says, and the pages speak of nothing that does not exist."""

from __future__ import annotations

import re

import pytest

import pytest_llmeval
from docs.make_reference import KEYWORDS, VARIABLES, every_command, reference
from pytest_llmeval.cli import main
from pytest_llmeval.metrics.registry import MetricRegistry
from pytest_llmeval.plugin import fixtures, hookspecs
from pytest_llmeval.settings.option import Option
from pytest_llmeval.settings.table import OPTIONS
from tests.docs.pages import GENERATED, PAGES, ROOT

WRITTEN = "\n".join(page.read_text(encoding="utf-8") for page in PAGES if page != GENERATED)
EVERYTHING = WRITTEN + GENERATED.read_text(encoding="utf-8")

FIXTURES = [name for name in vars(fixtures) if name.startswith("llm_")]
HOOKS = [name for name in vars(hookspecs) if name.startswith("pytest_")]
COMMANDS = [name for name, _ in every_command()]
MARKERS = list(KEYWORDS)
METRICS = [info.name for info in MetricRegistry().describe()]
PROPERTIES = [
    "llm_case",
    "llm_golden",
    "llm_model",
    "llm_judge_model",
    "llm_score",
    "llm_reason",
    "llm_cost_usd",
]


def test_the_reference_is_what_make_docs_writes() -> None:
    assert GENERATED.read_text(encoding="utf-8") == reference(), "run: make docs"


@pytest.mark.parametrize("option", OPTIONS, ids=lambda option: option.name)
def test_an_option_is_documented_with_its_ini_key_and_environment(option: Option) -> None:
    for name in (*([] if option.ini_only else [option.flag]), option.dest, *option.env):
        assert re.search(rf"`{name}[` ]", EVERYTHING), name


@pytest.mark.parametrize(
    "name", [*FIXTURES, *HOOKS, *COMMANDS, *MARKERS, *METRICS, *pytest_llmeval.__all__]
)
def test_a_name_is_documented(name: str) -> None:
    assert f"`{name}`" in EVERYTHING


@pytest.mark.parametrize("name", [*FIXTURES, *HOOKS, *COMMANDS, *MARKERS])
def test_a_name_is_shown_in_use(name: str) -> None:
    assert name in WRITTEN


def test_every_marker_that_is_registered_has_its_keywords_in_the_reference(
    pytestconfig: pytest.Config,
) -> None:
    registered = {
        line.partition("(")[0] for line in pytestconfig.getini("markers") if line.startswith("llm_")
    }
    assert registered == set(MARKERS)


def test_no_page_speaks_of_an_option_that_does_not_exist() -> None:
    flags = {option.flag for option in OPTIONS if not option.ini_only}
    assert set(re.findall(r"--llm-[a-z][a-z-]*[a-z]", EVERYTHING)) <= flags


def test_no_page_speaks_of_a_name_that_does_not_exist() -> None:
    known = {*FIXTURES, *MARKERS, *PROPERTIES, *(option.dest for option in OPTIONS)}
    assert set(re.findall(r"\bllm_[a-z_]*[a-z]", EVERYTHING)) <= known


def test_no_page_speaks_of_a_variable_that_does_not_exist() -> None:
    known = {*VARIABLES, *(name for option in OPTIONS for name in option.env)}
    assert set(re.findall(r"\b(?:LLMEVAL|OPENAI|AZURE)_[A-Z_]*[A-Z]", EVERYTHING)) <= known


def test_no_page_speaks_of_a_command_that_does_not_exist() -> None:
    called = set(re.findall(r"(?:`|\$ )llmeval ([a-z]+)", EVERYTHING))
    assert called <= set(main.commands)


def test_no_page_speaks_of_a_task_that_the_makefile_lacks() -> None:
    tasks = re.findall(
        r"^([a-z-]+):.*## ", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE
    )
    assert set(re.findall(r"(?:`|\$ )make ([a-z-]+)", EVERYTHING)) <= set(tasks)


def test_every_variable_that_is_documented_is_read_somewhere() -> None:
    source = "\n".join(
        file.read_text(encoding="utf-8") for file in (ROOT / "pytest_llmeval").rglob("*.py")
    )
    read = [
        name.removesuffix("_2") for name in VARIABLES
    ]  # the number in a failover list is put behind it
    assert [name for name in read if f'"{name}"' not in source] == []
