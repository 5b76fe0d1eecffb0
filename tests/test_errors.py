from __future__ import annotations

import importlib
import pkgutil
import re
from collections.abc import Iterator

import pytest

import pytest_llmeval
from pytest_llmeval import errors
from pytest_llmeval.errors import GoldenFileError, LLMEvalError, Problem, SettingError, nearest

DRAWING = (errors.__doc__ or "").split("```")[1].strip().splitlines()


def drawn(error: type[Exception], indent: str = "") -> Iterator[str]:
    """The lines below an error class, as the docstring of `errors` draws them."""
    children = [child for child in error.__subclasses__() if child.__module__ == errors.__name__]
    for child in children:
        last = child is children[-1]
        yield f"{indent}{'└── ' if last else '├── '}{child.__name__}"
        yield from drawn(child, indent + ("    " if last else "│   "))


def test_the_tree_in_the_docstring_is_the_real_tree() -> None:
    names = [re.match(r"[│├└─ ]*\w+", line).group() for line in DRAWING]  # type: ignore[union-attr]
    assert names == ["LLMEvalError", *drawn(LLMEvalError)]


def test_every_error_of_the_tree_is_explained_beside_it() -> None:
    assert [line for line in DRAWING[1:] if not re.search(r"\w  +\w", line)] == []


def test_every_error_that_the_package_raises_is_in_the_tree() -> None:
    for module in pkgutil.walk_packages(pytest_llmeval.__path__, "pytest_llmeval."):
        importlib.import_module(module.name)
    unseen, seen = [LLMEvalError], []
    while unseen:
        children = unseen.pop().__subclasses__()
        unseen += children
        seen += [child for child in children if child.__module__.startswith("pytest_llmeval")]
    assert [child for child in seen if child.__module__ != errors.__name__] == []


@pytest.mark.parametrize(
    ("problem", "text"),
    [
        (
            Problem("faq.csv", 12, 3, "prompt", "nothing", "text"),
            "faq.csv:12: row 3, column 'prompt' found nothing",
        ),
        (
            Problem("faq.csv", 12, 3, "", "4 cells", "3"),
            "faq.csv:12: row 3 found 4 cells; allowed: 3",
        ),
        (
            Problem("faq.csv", None, None, "id", "nothing", "text"),
            "faq.csv: column 'id' found nothing; allowed: text",
        ),
        (
            Problem("faq.csv", None, None, "", "no rows", "one"),
            "faq.csv: found no rows; allowed: one",
        ),
    ],
)
def test_a_problem_names_place_found_and_allowed(problem: Problem, text: str) -> None:
    assert text in str(problem)


def test_a_golden_file_error_lists_every_problem_once() -> None:
    problems = [Problem("faq.csv", line, line - 1, "prompt", "nothing", "text") for line in (2, 3)]
    assert str(GoldenFileError(problems)).splitlines() == [
        "2 problems in faq.csv",
        *(f"  {each}" for each in problems),
    ]
    assert str(GoldenFileError(problems[:1])).startswith("1 problem in faq.csv\n")


def test_a_setting_error_ends_with_its_remedy() -> None:
    assert (
        str(SettingError("--llm-seed", "x", "a whole number"))
        == "--llm-seed: found 'x'; allowed: a whole number."
    )
    assert str(SettingError("--llm-seed", "x", "a whole number", "Leave it out.")).endswith(
        ". Leave it out."
    )


def test_the_nearest_word_is_offered_only_if_it_is_near() -> None:
    assert nearest("temprature", ["temperature", "top_p"]) == "Did you mean 'temperature'?"
    assert nearest("xyz", ["temperature", "top_p"]) == ""
