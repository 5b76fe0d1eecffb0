"""Notes on lists and objects that a tool has written into a cell that holds one text."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from typing import Any

from pytest_llmeval.goldens.arrays import read_words
from pytest_llmeval.goldens.cells import as_text, read_object
from pytest_llmeval.goldens.columns import Columns
from pytest_llmeval.goldens.formats.tables import Table
from pytest_llmeval.goldens.literals import UnreadableList, read_literal, without_brackets
from pytest_llmeval.goldens.names import LISTS, known_names, mapping_remedy, normal
from pytest_llmeval.goldens.noted_cases import cases_with, lines_of
from pytest_llmeval.records.case import Case

_LIST = re.compile(r"""\s*\[\s*(?:"[^"]*"|'[^']*')\s*[,\]]""")
"""The start of a list of texts."""

_OF_TOOLS = re.compile(
    r"""(?:np\.|numpy\.)?array\(\[|\{\s*["']text["']\s*:\s*\[|.*\bdtype[:=]""", re.DOTALL
)
_BARE_ITEM = re.compile(r"\s*[^\W\d_][^\W_][^\[\]{}()=;:\"]*")
_BARS = re.compile(r"\w{2}[\w .'-]*(?:(?:\|| ?\|\| ?)\w{2}[\w .'-]*)+")
_QUOTED = re.compile(r"\"[^\"]+\"|'[^']+'|\u201c[^\u201d]+\u201d|\u201e[^\u201c]+\u201c")
_MEMBERS = frozenset((
    *known_names("expected"), "text", "value", "aliases", "output", "response", "content",
    "answerstart", "normalizedaliases", "normalizedvalue", "type",
))  # fmt: skip
"""Members of an object that holds an answer."""

_LONGEST = 20_000
"""Characters of the longest list of answers; to parse a text of a megabyte takes seconds."""

_ONE_ANSWER = "which is one answer; several accepted answers stand in a column ideal, or in JSON"


def notes_on_lists(table: Table, columns: Columns, cases: Sequence[Case]) -> Iterator[str]:
    """Yield a note on expected answers and prompts that are the text of a list or of an object.

    Args:
        table: The golden file.
        columns: What its columns hold.
        cases: The cases.
    """
    lists = cases_with(cases, lambda case: _is_written_list(case.expected or ""))
    if lists:
        yield f"the expected answer is the text of a list ({lines_of(lists)}), {_ONE_ANSWER}"
    bars = cases_with(cases, lambda case: bool(_BARS.fullmatch((case.expected or "").strip())))
    if bars:
        yield f"the expected answer has vertical bars ({lines_of(bars)}), {_ONE_ANSWER}"
    yield from _on_objects(columns, cases)
    answered = cases_with(cases, lambda case: bool(case.expected))
    if answered and all(_QUOTED.fullmatch((case.expected or "").strip()) for case in answered):
        yield (
            f"each expected answer stands in quotes ({lines_of(answered)}), which are a part of "
            "it; leave them out if an answer has none"
        )
    prompts = cases_with(cases, lambda case: _is_written_list(case.prompt))
    if prompts:
        yield (
            f"the prompt is the text of a list ({lines_of(prompts)}), and sent as it is; a list of "
            "messages with role and content is a chat"
        )
    yield from _on_numbers(table, columns)


def _is_written_list(text: str) -> bool:
    """Return whether a text is a list of texts as a program writes it; not a point or a set."""
    text = text.strip()
    if len(text) > _LONGEST:
        return False
    try:
        document = read_literal(text)
    except UnreadableList:
        document = None
    if isinstance(document, dict):
        return _OF_TOOLS.match(text) is not None
    if document is None:
        return bool(_LIST.match(text) or _OF_TOOLS.match(text)) or _is_bare(text)
    if not document or not _are_numbers(document):
        return True
    # `[0, 1]` may be an interval, and `{1, 2}` a set; numpy separates by blanks.
    return text[:1] not in ("[", "(", "{") or (len(document) > 1 and "," not in text)


def _is_bare(text: str) -> bool:
    """Return whether a text is a list of words without quotes, as Spark and PostgreSQL write it."""
    if read_words(text):
        return True
    inner = without_brackets(text) if text[:1] == "[" else None
    items = inner.split(",") if inner else []
    return len(items) > 1 and all(map(_BARE_ITEM.fullmatch, items))


def _on_objects(columns: Columns, cases: Sequence[Case]) -> Iterator[str]:
    """Yield a note on expected answers that are an object with the answer inside it."""
    objects = cases_with(cases, lambda case: bool(_member(case.expected or "")))
    if not objects:
        return
    member = _member(objects[0].expected or "")
    column = columns.first("expected") or "expected"
    yield (
        f"the expected answer is the text of an object ({lines_of(objects)}), which is one answer; "
        f"{mapping_remedy(f'{column}.{member}', 'expected')} takes a member of it"
    )


def _member(text: str) -> str:
    """Return the member of a written object that seems to be the answer; empty without one."""
    document = read_object(text.strip()) if len(text) <= _LONGEST else text
    if not isinstance(document, dict) or not document or _is_written_list(text):
        return ""
    names = [str(name) for name in document]
    if _is_json(text) and not _MEMBERS.issuperset(map(normal, names)):
        return ""
    return next((name for name in names if normal(name) in _MEMBERS), names[0])


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


def _on_numbers(table: Table, columns: Columns) -> Iterator[str]:
    """Yield a note on brackets with numbers that are read as several answers."""
    for row in table.rows:
        name = columns.of_row(row.cells).get("expected", "")
        value = row.cells.get(name)
        if normal(name) not in LISTS or not isinstance(value, str) or len(value) > _LONGEST:
            continue
        document = read_object(value)
        if isinstance(document, list) and len(document) > 1 and _are_numbers(document):
            yield (
                f"{value.strip()!r} in {name} (line {row.line}) is read as {len(document)} "
                "accepted answers; a point, a set or an interval stands in a column expected"
            )
            return


def _are_numbers(items: list[Any]) -> bool:
    numbers = [as_text(item) for item in items]
    return all(
        isinstance(item, int | float) or str(number).replace(".", "", 1).lstrip("-").isdecimal()
        for item, number in zip(items, numbers, strict=True)
    )
