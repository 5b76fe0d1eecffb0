"""Cases in quarantine: they are run and shown, and do not gate, until a date that somebody has to name."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from pytest_llmeval.errors import GoldenFileError, InputError, Problem
from pytest_llmeval.text import first_of

_FIELDS = ("id", "until", "reason")
_SHOWN = 5


@dataclass(frozen=True)
class Quarantined:
    """One entry.

    Attributes:
        file: The golden file; empty: any.
        id: The case.
        until: The last day on which it does not gate.
        reason: Why.
    """

    file: str
    id: str
    until: date
    reason: str

    @property
    def name(self) -> str:
        """As it is written in the file."""
        return f"{self.file}::{self.id}" if self.file else self.id

    def __str__(self) -> str:
        return f"in quarantine until {self.until}: {self.reason}"


@dataclass(frozen=True)
class Quarantine:
    """A file of such entries.

    Attributes:
        path: Where it lies, as it was named.
        entries: All of them.
        today: The day on which it is read.
    """

    path: str
    entries: tuple[Quarantined, ...]
    today: date

    def find(self, file: str, case: str) -> Quarantined | None:
        """The entry that keeps a case from gating today; ``None`` if it gates."""
        return next(
            (
                each
                for each in self.entries
                if each.until >= self.today and self._is(each, file, case)
            ),
            None,
        )

    def warnings(self, cases: Iterable[tuple[str, str]], is_whole: bool) -> tuple[str, ...]:
        """Which entries are over, and which name no case.

        Args:
            cases: File and id of every case of the run.
            is_whole: Whether the run has all cases there are.
        """
        known = set(cases)
        over = [each for each in self.entries if each.until < self.today]
        strangers = [
            each for each in self.entries if not any(self._is(each, *case) for case in known)
        ]
        told = [
            f"quarantine {self.path}: over since {each.until}, so it gates again: {each.name}"
            for each in over[:_SHOWN]
        ]
        if strangers and is_whole:
            names = first_of([each.name for each in strangers], _SHOWN)
            told.append(f"quarantine {self.path}: no such case: {names}")
        return tuple(told)

    @staticmethod
    def _is(entry: Quarantined, file: str, case: str) -> bool:
        return entry.id == case and entry.file in ("", file)


def read_quarantine(path: Path, name: str, today: date) -> Quarantine:
    """Read a CSV file with the columns id, until and reason, or a JSON list of objects with these fields.

    Args:
        path: The file.
        name: How it is shown.
        today: The day from which on an entry of an earlier one is over.

    Raises:
        InputError: The file cannot be read.
        GoldenFileError: An entry cannot be used; every problem is told.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
        rows: Any = (
            json.loads(text)
            if path.suffix == ".json"
            else list(csv.DictReader(io.StringIO(text, newline="")))
        )
    except (OSError, ValueError) as error:
        raise InputError(f"--llm-quarantine: {name} cannot be read: {error}") from None
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise InputError(
            f"--llm-quarantine: {name}: allowed: a JSON list of objects with {', '.join(_FIELDS)}"
        )
    problems: list[Problem] = []
    entries = [_entry(name, place, row, problems) for place, row in enumerate(rows, start=1)]
    if problems:
        raise GoldenFileError(problems)
    return Quarantine(name, tuple(entries), today)


def _entry(name: str, place: int, row: Mapping[str, Any], problems: list[Problem]) -> Quarantined:
    found = {field: str(row.get(field) or "").strip() for field in _FIELDS}
    until = date.min
    try:
        until = date.fromisoformat(found["until"])
    except ValueError:
        allowed = "the last day on which the case does not gate, as 2030-01-31"
        problems.append(Problem(name, None, place, "until", repr(found["until"]), allowed))
    for field, allowed in (
        ("id", "the case's id, or file::id"),
        ("reason", "why the case may fail until then"),
    ):
        if not found[field]:
            problems.append(Problem(name, None, place, field, "nothing", allowed))
    file, _, case = found["id"].rpartition("::")
    return Quarantined(file, case, until, found["reason"])
