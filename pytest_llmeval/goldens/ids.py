"""Ids of cases: part of the test's node id, and what results of two runs are joined by."""

from __future__ import annotations

import hashlib
import json
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

from pytest_llmeval.errors import Problem
from pytest_llmeval.records.case import Case, Message

SLUG_LENGTH = 40
"""Characters of the prompt in a made id: enough to recognise it in a list of tests."""
HASH_LENGTH = 8
"""Hexadecimal digits that tell prompts of the same slug apart; a clash would be reported as a duplicate."""


def made_id(prompt: str, messages: Sequence[Message]) -> str:
    """The id of a row without one: the start of the prompt and a hash of all that is asked.

    Args:
        prompt: Text of the prompt.
        messages: The chat, where there is one.
    """
    asked = json.dumps([prompt, [dict(message) for message in messages]], sort_keys=True)
    digest = hashlib.sha256(asked.encode("ascii")).hexdigest()[:HASH_LENGTH]
    return f"{_slug(prompt) or 'case'}-{digest}"


def _slug(text: str) -> str:
    """Letters, marks and digits of any script, the rest as single hyphens."""
    start = unicodedata.normalize("NFC", text[: 4 * SLUG_LENGTH].lower())
    kept = (char if unicodedata.category(char)[0] in "LMN" else " " for char in start)
    return "-".join("".join(kept).split())[:SLUG_LENGTH].strip("-")


def duplicates(file: str, found: Iterable[tuple[int, Case, str]]) -> Iterator[Problem]:
    """A problem for each row whose id another row has.

    Args:
        file: Path as the user wrote it.
        found: Row number, case, and the column that holds its id; empty if the id was made here.
    """
    by_id = sorted(found, key=lambda item: item[1].id)
    for name, group in groupby(by_id, key=lambda item: item[1].id):
        first, *others = sorted(group, key=lambda item: item[0])
        for number, case, column in others:
            if column:
                what, allowed = (
                    f"the id {name!r} of line {first[1].source.line} again",
                    "each id once in a file",
                )
            else:
                what = f"the prompt of line {first[1].source.line} again"
                allowed = "each prompt once in a file, or a column id that tells the rows apart"
            yield Problem(file, case.source.line, number, column, what, allowed)
