"""The project's words: names are nouns of the field, and what people read is plain English.

The banned words are those that once stood for half a dozen things each. A name that is one of them says nothing,
and a text with one of them has to be read twice.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "pytest_llmeval"

NAMES = {
    "told", "asked", "kept", "sides", "means", "beside", "own", "each", "other", "place", "found", "around",
}  # fmt: skip
"""No name is one of these, or has one of them as a word."""

TEXTS = re.compile(r"\b(?:told|tells|beside|sides|asked|kept)\b", re.IGNORECASE)
"""Not in a text that a person reads: say *required* of a threshold that was asked for, *met* of one that is kept."""

SCRIPT = PACKAGE / "reports" / "html" / "templates"


def sources() -> list[Path]:
    return sorted(PACKAGE.rglob("*.py"))


def names(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Every name that a module gives: to functions, classes, parameters and variables."""
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            yield node.lineno, node.name
        elif isinstance(node, ast.arg):
            yield node.lineno, node.arg
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.lineno, node.id
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            yield node.lineno, node.attr


def docstrings(tree: ast.Module) -> set[int]:
    """The lines on which docstrings and the strings after constants begin."""
    lines = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            lines.add(node.value.lineno)
    return lines


def texts(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Every string of a module that is a text: it has a space, and is no docstring."""
    skipped = docstrings(tree)
    for node in ast.walk(tree):
        if not isinstance(node, ast.Constant) or not isinstance(node.value, str):
            continue
        if node.lineno not in skipped and " " in node.value.strip():
            yield node.lineno, node.value


@pytest.mark.parametrize("path", sources(), ids=lambda path: path.relative_to(PACKAGE).as_posix())
def test_a_module_uses_the_projects_words(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    banned = [
        f"{path.name}:{line}: the name {name!r}"
        for line, name in names(tree)
        if NAMES & set(name.lower().split("_"))
    ]
    banned += [
        f"{path.name}:{line}: the text {text.strip()!r}"
        for line, text in texts(tree)
        if TEXTS.search(text)
    ]
    assert not banned, "\n" + "\n".join(banned)


@pytest.mark.parametrize("path", sorted((ROOT / "docs").glob("*.md")), ids=lambda path: path.name)
def test_a_heading_of_the_documentation_uses_the_projects_words(path: Path) -> None:
    headings = [
        line for line in path.read_text(encoding="utf-8").splitlines() if line.startswith("#")
    ]
    assert not [heading for heading in headings if TEXTS.search(heading)]


def test_a_planted_word_is_seen() -> None:
    tree = ast.parse("def told_of(own):\n    return f'{own} was told of it'")
    assert [name for _, name in names(tree) if NAMES & set(name.split("_"))] == ["told_of", "own"]
    assert [text for _, text in texts(tree) if TEXTS.search(text)] == [" was told of it"]
