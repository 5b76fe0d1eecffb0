"""The project's words: names are nouns of the field, and what people read is plain English.

The banned words are those that once stood for half a dozen things each. A name that is one of them says nothing,
and a text with one of them has to be read twice. This holds for the modules, for the page that is the HTML report,
and for the formats that other programs read.
"""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from pytest_llmeval.reports.csv_report import COLUMNS
from tests.page_source import (
    script_names,
    script_texts,
    sources_of_page,
    style_names,
    style_texts,
    template_names,
    template_texts,
)

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "pytest_llmeval"

NAMES = {
    "told", "asked", "kept", "sides", "means", "beside", "own", "each", "other", "place", "found", "around",
}  # fmt: skip
"""No name is one of these, or has one of them as a word."""

TEXTS = re.compile(r"\b(?:told|tells|beside|sides|asked|kept)\b", re.IGNORECASE)
"""Not in a text that a person reads: say *required* of a threshold that was asked for, *met* of one that is kept."""

WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")
"""A word of a name in camelCase, snake_case or kebab-case."""

OF_LANGUAGES = {"forEach"}
"""Names of the browser, which are not ours to choose."""

Read = Callable[[str], Iterator[tuple[int, str]]]
PAGE: dict[str, tuple[Read, Read]] = {
    "js": (script_names, script_texts),
    "css": (style_names, style_texts),
    "jinja": (template_names, template_texts),
}
"""By suffix of a source of the page: what finds its names, and what finds its texts."""


def is_banned(name: str) -> bool:
    return name not in OF_LANGUAGES and bool(NAMES & {word.lower() for word in WORD.findall(name)})


def newest_schema() -> dict[str, Any]:
    files = (PACKAGE / "reports" / "schemas").glob("report-*.schema.json")
    newest = max(files, key=lambda file: int(file.name.split("-")[1].split(".")[0]))
    schema: dict[str, Any] = json.loads(newest.read_text(encoding="utf-8"))
    return schema


def schema_names(schema: Any) -> Iterator[str]:
    """The keys of the objects that a schema describes, and its names for these objects."""
    if isinstance(schema, list):
        for part in schema:
            yield from schema_names(part)
    if isinstance(schema, dict):
        for key, part in schema.items():
            if key in ("properties", "$defs"):
                yield from part
            yield from schema_names(part)


def json_texts(value: Any) -> Iterator[str]:
    """Every string with a space."""
    if isinstance(value, str) and " " in value:
        yield value
    elif isinstance(value, (dict, list)):
        for part in value.values() if isinstance(value, dict) else value:
            yield from json_texts(part)


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
        f"{path.name}:{line}: the name {name!r}" for line, name in names(tree) if is_banned(name)
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


def banned_in_page(source: str, kind: str) -> list[str]:
    find_names, find_texts = PAGE[kind]
    found = [f"{line}: the name {name!r}" for line, name in find_names(source) if is_banned(name)]
    texts = [(line, text.strip()) for line, text in find_texts(source) if TEXTS.search(text)]
    return found + [f"{line}: the text {text!r}" for line, text in texts]


@pytest.mark.parametrize("path", sources_of_page(*PAGE), ids=lambda path: path.name)
def test_a_source_of_the_page_uses_the_projects_words(path: Path) -> None:
    kind = path.suffix.removeprefix(".")
    assert banned_in_page(path.read_text(encoding="utf-8"), kind) == []


def test_the_newest_schema_uses_the_projects_words() -> None:
    schema = newest_schema()
    assert [name for name in schema_names(schema) if is_banned(name)] == []
    assert [text for text in json_texts(schema) if TEXTS.search(text)] == []


def test_the_columns_of_the_csv_report_are_the_projects_words() -> None:
    assert [name for name in COLUMNS if is_banned(name)] == []


@pytest.mark.parametrize("name", ["metrics/formulas.json", "goldens/schema/golden.schema.json"])
def test_a_data_file_uses_the_projects_words(name: str) -> None:
    data = json.loads((PACKAGE / name).read_text(encoding="utf-8"))
    assert [text for text in json_texts(data) if TEXTS.search(text)] == []


def test_a_planted_word_is_seen() -> None:
    tree = ast.parse("def told_of(own):\n    return f'{own} was told of it'")
    assert [name for _, name in names(tree) if is_banned(name)] == ["told_of", "own"]
    assert [text for _, text in texts(tree) if TEXTS.search(text)] == [" was told of it"]


@pytest.mark.parametrize(
    ("kind", "source", "expected"),
    [
        (
            "js",
            "rows.forEach((each) => mark(`row-${each}-told`));\nmark({ isOwn: rows }); // as it was told",
            [
                "1: the name 'each'",
                "1: the name 'each'",
                "1: the name '-told'",
                "2: the name 'isOwn'",
                "2: the text '// as it was told'",
            ],
        ),
        (
            "js",
            'mark("the other side");\nmark("is kept here");',
            ["2: the text '\"is kept here\"'"],
        ),
        (
            "css",
            "/* kept\nhere */\n.sides { color: var(--found-soft); place-items: center; }\n#row-told { }",
            [
                "3: the name 'sides'",
                "3: the name 'found-soft'",
                "4: the name 'row-told'",
                "1: the text '/* kept\\nhere */'",
            ],
        ),
        (
            "jinja",
            '{% set kept = rows %}\n<p class="none told">A bound is kept.</p>\n{{ tile("It was asked") }}',
            [
                "1: the name 'kept'",
                "2: the name 'none told'",
                "1: the text 'A bound is kept.'",
                "3: the text 'It was asked'",
            ],
        ),
    ],
    ids=["script", "string", "style", "template"],
)
def test_a_word_planted_in_the_page_is_seen(kind: str, source: str, expected: list[str]) -> None:
    assert banned_in_page(source, kind) == expected


def test_a_word_planted_in_a_format_is_seen() -> None:
    schema = {"$defs": {"ownScore": {"properties": {"samples_kept": {"description": "As told."}}}}}
    assert [name for name in schema_names(schema) if is_banned(name)] == [
        "ownScore",
        "samples_kept",
    ]
    assert [text for text in json_texts(schema) if TEXTS.search(text)] == ["As told."]
    assert is_banned("samples_kept")
    assert not is_banned("samples_met")
