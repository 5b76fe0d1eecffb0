"""Cases in quarantine: until a given date they run and are shown, but do not gate."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from pytest_llmeval.errors import (
    MISSPELT,
    GoldenFileError,
    InputError,
    Problem,
    nearest,
    nearest_name,
)
from pytest_llmeval.records.wire import parse_json
from pytest_llmeval.text import first_of

_FIELDS = ("id", "until", "reason")
_SHOWN = 5
_LIKE = 0.6
"""Similarity from which a column counts as a required one misspelt."""


@dataclass(frozen=True)
class Quarantined:
    """A case in quarantine.

    Attributes:
        file: The golden file; empty for any.
        id: Id of the case.
        until: Last day of the quarantine.
        reason: Why the case may fail.
    """

    file: str
    id: str
    until: date
    reason: str

    @property
    def name(self) -> str:
        """The case as it is written in the file."""
        return f"{self.file}::{self.id}" if self.file else self.id

    def __str__(self) -> str:
        return f"in quarantine until {self.until}: {self.reason}"


@dataclass(frozen=True)
class Quarantine:
    """The cases of a quarantine file.

    Attributes:
        path: Path of the file as the user wrote it.
        entries: All its cases.
        today: The current day.
    """

    path: str
    entries: tuple[Quarantined, ...]
    today: date

    def find(self, file: str, case: str) -> Quarantined | None:
        """Return the entry that exempts a case from gating today, or ``None`` if it gates."""
        for entry in self.entries:
            if entry.until >= self.today and self._is(entry, file, case):
                return entry
        return None

    def warnings(self, cases: Iterable[tuple[str, str]], is_whole: bool) -> tuple[str, ...]:
        """Return warnings about expired entries and about entries that match no case.

        Args:
            cases: File and id of every case of the run.
            is_whole: Whether the run has all collected cases.
        """
        known = set(cases)
        expired = [entry for entry in self.entries if entry.until < self.today]
        warnings = [
            f"quarantine {self.path}: {entry.name} expired on {entry.until}; the case counts again"
            for entry in expired[:_SHOWN]
        ]
        unmatched = [
            entry for entry in self.entries if not any(self._is(entry, *case) for case in known)
        ]
        if unmatched and is_whole:
            names = [entry.name for entry in unmatched]
            warning = f"quarantine {self.path}: no such case: {first_of(names, _SHOWN)}"
            ids = [f"{file}::{case}" if "::" in names[0] else case for file, case in sorted(known)]
            hint = nearest(names[0], ids, MISSPELT)
            warnings.append(f"{warning}. {hint}" if hint else warning)
        return tuple(warnings)

    @staticmethod
    def _is(entry: Quarantined, file: str, case: str) -> bool:
        return entry.id == case and entry.file in ("", file)


def read_quarantine(path: Path, name: str, today: date) -> Quarantine:
    """Read a CSV or JSON file with the fields id, until and reason.

    Args:
        path: The file.
        name: Its path as the user wrote it.
        today: The current day; earlier entries have expired.

    Raises:
        InputError: The file cannot be read.
        GoldenFileError: An entry cannot be used; it lists every problem.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
        rows = _rows(text, is_json=path.suffix == ".json")
    except FileNotFoundError:
        raise InputError(
            f"--llm-quarantine: {name}: there is no such file; allowed: a CSV or JSON file with "
            f"{', '.join(_FIELDS)}"
        ) from None
    except (OSError, ValueError) as error:
        raise InputError(f"--llm-quarantine: {name} cannot be read: {error}") from None
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise InputError(
            f"--llm-quarantine: {name}: allowed: a JSON list of objects with {', '.join(_FIELDS)}"
        )
    problems = list(_unread(name, rows))
    if problems:
        raise GoldenFileError(problems)
    entries = [_entry(name, number, row, problems) for number, row in enumerate(rows, start=1)]
    if problems:
        raise GoldenFileError(problems)
    return Quarantine(name, tuple(entries), today)


def _unread(name: str, rows: Sequence[Mapping[str, Any]]) -> Iterator[Problem]:
    """Yield a problem for each required field that no row has, but almost has by its name."""
    present = list(dict.fromkeys(str(key) for row in rows for key in row))
    for field in _FIELDS:
        if field not in present:
            others = [key for key in present if key not in _FIELDS]
            written = nearest_name(field, others, _LIKE)
            if written:
                allowed = f"{', '.join(_FIELDS)}. Did you mean {field!r}?"
                yield Problem(name, None, None, "", f"the column {written!r}", allowed)


def _rows(text: str, is_json: bool) -> Any:
    if is_json:
        return parse_json(text)
    return list(csv.DictReader(io.StringIO(text, newline="")))


def _entry(name: str, number: int, row: Mapping[str, Any], problems: list[Problem]) -> Quarantined:
    texts = {field: str(row.get(field) or "").strip() for field in _FIELDS}
    until = date.min
    try:
        until = date.fromisoformat(texts["until"])
    except ValueError:
        allowed = "the last day of the quarantine, such as 2030-01-31"
        problems.append(Problem(name, None, number, "until", repr(texts["until"]), allowed))
    for field, allowed in (
        ("id", "the case's id, or file::id"),
        ("reason", "why the case may fail until then"),
    ):
        if not texts[field]:
            problems.append(Problem(name, None, number, field, "nothing", allowed))
    file, _, case = texts["id"].rpartition("::")
    return Quarantined(file, case, until, texts["reason"])
