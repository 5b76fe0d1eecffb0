"""The ids of cases, which stand in node ids and join the results of two runs."""

from __future__ import annotations

import hashlib
import json
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import groupby

from pytest_llmeval.errors import Problem
from pytest_llmeval.records.case import Case, Message

SLUG_LENGTH = 40
"""Characters of the prompt in a made id, enough to recognise it in a list of tests."""
HASH_LENGTH = 8
"""Hexadecimal digits that distinguish prompts with the same slug.

A clash would be reported as a duplicate.
"""


def made_id(prompt: str, messages: Sequence[Message]) -> str:
    """Make an id from the start of the prompt and a hash of the prompt and the messages."""
    request = json.dumps([prompt, [dict(message) for message in messages]], sort_keys=True)
    digest = hashlib.sha256(request.encode("ascii")).hexdigest()[:HASH_LENGTH]
    return f"{_slug(prompt) or 'case'}-{digest}"


def _slug(text: str) -> str:
    """Join the letters, marks and digits of any script, with a hyphen for everything between."""
    start = unicodedata.normalize("NFC", text[: 4 * SLUG_LENGTH].lower())
    letters = (char if unicodedata.category(char)[0] in "LMN" else " " for char in start)
    return "-".join("".join(letters).split())[:SLUG_LENGTH].strip("-")


def numbered(cases: Sequence[Case], made: Sequence[bool]) -> Iterator[Case]:
    """Give every case whose made id exists already the same id with the next number.

    Args:
        cases: The cases.
        made: Whether the id of each was made.
    """
    taken = {case.id for case, is_made in zip(cases, made, strict=True) if not is_made}
    for case, is_made in zip(cases, made, strict=True):
        name = case.id
        if is_made:
            names = (name, *(f"{name}-{number}" for number in range(2, len(cases) + 2)))
            name = next(free for free in names if free not in taken)
            taken.add(name)
        yield replace(case, id=name)


def alike(cases: Iterable[Case]) -> Iterator[tuple[Case, Case]]:
    """Yield pairs of cases whose ids differ only in case and blanks."""
    first: dict[str, Case] = {}
    for case in cases:
        earlier = first.setdefault("".join(case.id.casefold().split()), case)
        if earlier is not case:
            yield earlier, case


def duplicates(
    file: str, cases: Iterable[tuple[int, Case, str]], can_hold_ids: bool = True
) -> Iterator[Problem]:
    """Yield a problem for each row whose id an earlier row has.

    Args:
        file: Path as the user wrote it.
        cases: Row number, case, and the column of its id, which is empty if the id was made.
        can_hold_ids: Whether ids can be written into the file.
    """
    by_id = sorted(cases, key=lambda item: item[1].id)
    for name, group in groupby(by_id, key=lambda item: item[1].id):
        first, *others = sorted(group, key=lambda item: item[0])
        line = first[1].source.line
        for number, case, column in others:
            if column:
                written = f"the id {name!r}, already used in line {line}"
                allowed = "each id once in a file"
            else:
                written = f"the same prompt as in line {line}"
                allowed = "each prompt once in a file, or a column id that distinguishes the rows"
                if can_hold_ids:
                    allowed += f", which llmeval ids --write {file} adds"
            yield Problem(file, case.source.line, number, column, written, allowed)
