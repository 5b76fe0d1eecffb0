"""The names that users may rely on: a change of this list is a change of the package's promise."""

from __future__ import annotations

import ast
import importlib
import subprocess
import sys
from pathlib import Path

import pytest

import pytest_llmeval

PUBLIC = [
    "BadReply",
    "BaseProvider",
    "BaseScorer",
    "BudgetSpent",
    "CallError",
    "CallRefused",
    "CallTimeout",
    "Case",
    "CaseResult",
    "Completion",
    "CompletionStore",
    "EndpointDown",
    "Evaluation",
    "GoldenFileError",
    "InputError",
    "LLMEvalError",
    "MemoryStore",
    "MissingExtraError",
    "NotConfiguredError",
    "NotRecorded",
    "NotSent",
    "Parameters",
    "Provider",
    "RateLimited",
    "Request",
    "Run",
    "RunLogError",
    "Scale",
    "Score",
    "Scorer",
    "ScriptedProvider",
    "SettingError",
    "Source",
    "Stopped",
    "StoreError",
    "Threshold",
    "TokenLogprob",
    "Unjudged",
    "Usage",
    "__version__",
    "aevaluate",
    "evaluate",
    "read_cases",
]
LATE = {
    "pandas",
    "numpy",
    "openai",
    "httpx",
    "sqlalchemy",
    "torch",
    "pydantic",
    "jinja2",
    "scipy",
    "pytest",
    "click",
}


def typing_imports() -> dict[str, str]:
    """Module by name of what the package imports for type checkers."""
    tree = ast.parse(Path(pytest_llmeval.__file__).read_text(encoding="utf-8"))
    (guard,) = [node for node in tree.body if isinstance(node, ast.If)]
    found = {}
    for node in guard.body:
        assert isinstance(node, ast.ImportFrom)
        (alias,) = node.names
        assert alias.asname == alias.name, "without `as` a strict type checker takes it for private"
        found[alias.name] = str(node.module)
    return found


def test_the_public_names_are_these() -> None:
    assert sorted(pytest_llmeval.__all__) == PUBLIC
    assert dir(pytest_llmeval) == PUBLIC


@pytest.mark.parametrize("name", PUBLIC)
def test_a_public_name_can_be_imported_and_is_the_one_of_its_module(name: str) -> None:
    value = getattr(pytest_llmeval, name)
    if name in typing_imports():
        assert value is getattr(importlib.import_module(typing_imports()[name]), name)


def test_type_checkers_see_what_is_there_at_run_time() -> None:
    assert sorted([*typing_imports(), "__version__"]) == PUBLIC


def test_a_star_import_brings_all_of_them() -> None:
    brought: dict[str, object] = {}
    exec("from pytest_llmeval import *", brought)
    assert set(PUBLIC) <= set(brought)


def test_a_name_that_is_not_public_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="module 'pytest_llmeval' has no attribute 'Grader'"):
        pytest_llmeval.Grader  # noqa: B018


def test_importing_the_package_loads_nothing_but_itself() -> None:
    code = "import sys, pytest_llmeval; print(*sorted(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(done.stdout.split())
    assert not {name.partition(".")[0] for name in loaded} & LATE
    assert [name for name in loaded if name.startswith("pytest_llmeval")] == ["pytest_llmeval"]
