"""The error of a file without a prompt column, with the column that may be the prompt."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

from pytest_llmeval.errors import Problem, nearest
from pytest_llmeval.goldens.cells import read_object
from pytest_llmeval.goldens.formats.tables import Table
from pytest_llmeval.goldens.names import ALIASES, known_names, mapping_remedy, normal
from pytest_llmeval.goldens.rivals import has_value

_PROMPT_NAMES = (*ALIASES["prompt"], *ALIASES["messages"])
_MISSPELT = 0.8
"""Least similarity of a misspelt name: `Tags` is not `messages`, and `promtp` is `prompt`."""

_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[^\W\d_A-Z]+")
_OF_PROMPTS = frozenset((
    "prompts", "inputs", "questions", "queries", "instructions", "problem", "goal", "behavior",
    "behaviour", "task", "request", "utterance", "message", "ctx", "text", "sentence", "premise",
    "claim", "story", "content", "body", "frage", "aufgabe", "eingabe", "anfrage", "pregunta",
    "domanda", "pergunta", "vraag", "pytanie", "вопрос", "запрос", "问题", "提问", "質問", "質問文",
    "질문", "سؤال", "प्रश्न",
))  # fmt: skip
"""Words of columns that hold the prompt in other files."""

_OF_OTHERS = frozenset((
    "id", "ids", "type", "types", "tokens", "length", "category", "lang", "language", "model",
    "output", "response", "answer", "expected", "hash", "date", "time", "created", "author",
))  # fmt: skip
"""Words of a name that say that it is about a prompt."""


def no_prompt(table: Table) -> Problem:
    """Return the problem of a file without any column that holds a prompt.

    Args:
        table: The golden file.
    """
    allowed = f"a column {', '.join(_PROMPT_NAMES)}, or one mapped to prompt with llm_columns."
    if hint := _hint(table):
        allowed += f" {hint}"
    if any(name.startswith("__") for name in table.columns):
        allowed += " In a promptfoo file, a single variable is the prompt"
    names = ", ".join(repr(name) for name in table.columns)
    written = f"no prompt column among {names}"
    return Problem(table.file, 1, None, "", written, allowed.rstrip("."))


def _hint(table: Table) -> str:
    free = [name for name in table.columns if not _is_known(name)]
    inside = next((path for path in _candidates(table, free) if path not in free), "")
    if inside:
        return f"For example {mapping_remedy(inside, 'prompt')}"
    for name in free:
        if _words(name) & _OF_OTHERS:
            continue
        if hint := nearest(name, _PROMPT_NAMES, _MISSPELT):
            return f"{hint} (column {name!r})"
    candidate = next(_candidates(table, free), "")
    return f"For example {mapping_remedy(candidate, 'prompt')}" if candidate else ""


def _candidates(table: Table, free: Iterable[str]) -> Iterator[str]:
    """Yield the columns, and members of objects in them, that may hold the prompt."""
    for name in free:
        value = next((row.cells[name] for row in table.rows if has_value(row, name)), None)
        document = read_object(value)
        if isinstance(document, dict):
            yield from (f"{name}.{member}" for member in document if _may_be_prompt(str(member)))
        elif _may_be_prompt(name) and _is_one(document):
            yield name


def _may_be_prompt(name: str) -> bool:
    words = _words(name)
    return bool(words & _OF_PROMPTS.union(ALIASES["prompt"])) and not words & _OF_OTHERS


def _words(name: str) -> set[str]:
    return {word.casefold() for word in _WORD.findall(name)}


def _is_known(name: str) -> bool:
    return any(normal(name) in known_names(field) for field in ALIASES)


def _is_one(value: Any) -> bool:
    return isinstance(value, str) and not value.strip().isdecimal()
