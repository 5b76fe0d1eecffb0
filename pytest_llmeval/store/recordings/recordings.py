"""Recordings: answers kept beside the golden files, under version control.

They are files that a person reviews; the completion store, which is a cache, is not. A recording
belongs to a *home*, the file that a call belongs to: the golden file of a case, or the test file of
a test without one.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from pytest_llmeval.errors import NotRecorded, StoreError
from pytest_llmeval.records.call import Completion, Request
from pytest_llmeval.store.recordings.entries import (
    Entry,
    completion_content,
    completion_from,
    request_content,
)
from pytest_llmeval.store.recordings.files import read_recording, recording_name, write_recording
from pytest_llmeval.store.recordings.miss import explain_miss


@dataclass(frozen=True)
class Place:
    """Where a call belongs.

    Attributes:
        home: Golden file of the case, or test file, relative to the root directory, with forward
            slashes.
        case: Id of the case.
        purpose: ``answer``, or the name of the judge or metric that asks.
    """

    home: str
    case: str
    purpose: str = "answer"


@dataclass(frozen=True)
class Through:
    """The recorded fact that the user's own code answered: let it run, and replay the calls that it makes."""


@dataclass
class _File:
    """What a recording held when it was first looked at, and which of it was asked for."""

    exists: bool
    entries: dict[str, Entry]
    error: str = ""


class Recordings:
    """The recordings of a run, read when a home is first asked for, written at the end. For one thread.

    Args:
        mode: ``none`` (only recordings answer), ``once`` (a home without a recording is recorded),
            ``new_episodes`` (what is missing is recorded) or ``all`` (everything is recorded anew).
        root: The root directory.
        folder: Folder of all recordings, relative to ``root``; ``None`` for a folder beside each
            home.
    """

    def __init__(self, mode: str, root: Path, folder: str | None) -> None:
        self._mode = mode
        self._root = root
        self._folder = folder
        self._files: dict[str, _File] = {}
        self._used: dict[str, set[str]] = {}
        self._noted: dict[str, dict[str, Entry]] = {}

    def find(self, place: Place, key: str) -> Completion | Through | None:
        """What the home's recording held at the start for a call; always ``None`` in mode ``all``.

        Raises:
            StoreError: The recording cannot be read.
        """
        if self._mode == "all":
            return None
        entry = self._file(place.home).entries.get(key)
        if entry is None:
            return None
        self._used[place.home].add(key)
        return Through() if entry.completion is None else completion_from(entry.completion)

    def may_send(self, place: Place) -> bool:
        """Whether a call that is not recorded may be made.

        Raises:
            StoreError: The recording cannot be read.
        """
        if self._mode == "once":
            return not self._file(place.home).exists
        return self._mode != "none"

    def miss(self, place: Place, key: str, provider: str, request: Request) -> NotRecorded:
        """The error for a call that is not recorded and may not be made. It tells the nearest entry and what differs.

        Args:
            place: Where the call belongs.
            key: Key of the call.
            provider: Who would answer, as given to `note`.
            request: What is asked.
        """
        asked = Entry(place.case, place.purpose, key, provider, request_content(request), None)
        file = self._file(place.home)
        return NotRecorded(
            explain_miss(self._name(place.home), file.exists, file.entries.values(), asked)
        )

    def note(
        self, place: Place, key: str, provider: str, request: Request, completion: Completion | None
    ) -> None:
        """Remember an answer for the recording, where the mode records and the recording does not hold it yet.

        Args:
            place: Where the call belongs.
            key: Key of the call.
            provider: Who answered: fingerprint or name.
            request: What was asked.
            completion: The answer; ``None`` if the user's own code gave it, through calls that are
                noted themselves.
        """
        if not self.may_send(place) or (
            self._mode != "all" and key in self._file(place.home).entries
        ):
            return
        answer = None if completion is None else completion_content(completion)
        self._keep(
            place.home,
            Entry(place.case, place.purpose, key, provider, request_content(request), answer),
        )

    def changes(self) -> str:
        """What this process has used and noted, as ASCII JSON: for an xdist worker, to hand to its controller."""
        used = {home: sorted(keys) for home, keys in self._used.items()}
        noted = {
            home: [entry.content() for entry in entries.values()]
            for home, entries in self._noted.items()
        }
        return json.dumps({"used": used, "noted": noted})

    def merge(self, changes: str) -> None:
        """Take in the `changes` of another process."""
        content = json.loads(changes)
        for home, keys in content["used"].items():
            self._used.setdefault(home, set()).update(keys)
        for home, entries in content["noted"].items():
            for entry in entries:
                self._keep(home, Entry.parse(entry))

    def save(self, whole_run: bool) -> list[Path]:
        """Write the recordings for which there is something new.

        Entries that nobody asked for are kept, but for a whole run in mode ``all``: that drops
        them.

        Args:
            whole_run: Whether every case of every home was run.

        Returns:
            The files written.

        Raises:
            StoreError: A recording cannot be read or written. The others are written nevertheless.
        """
        written, problems = [], []
        for home, noted in sorted(self._noted.items()):
            name = self._name(home)
            try:
                # read again: another run may have written meanwhile
                kept = {} if whole_run and self._mode == "all" else read_recording(self._root, name)
                if write_recording(self._root, name, {**kept, **noted}.values()):
                    written.append(self._root / name)
            except StoreError as error:
                problems.append(str(error))
        if problems:
            raise StoreError("\n".join(problems))
        return written

    def unused(self) -> dict[str, list[Entry]]:
        """The entries that nobody asked for, by recording; of a whole run they are those that can go.

        Only recordings that were looked at count, here or in a process whose changes were merged.
        """
        unused = {}
        for home, used in sorted(self._used.items()):
            known = used.union(self._noted.get(home, ()))
            if left := [
                entry for key, entry in self._file(home).entries.items() if key not in known
            ]:
                unused[self._name(home)] = sorted(left, key=lambda entry: entry.order)
        return unused

    def _name(self, home: str) -> str:
        return recording_name(home, self._folder)

    def _file(self, home: str) -> _File:
        """A home's recording as it was when first looked at; one that is broken is not read again for every case."""
        if home not in self._files:
            name = self._name(home)
            exists = (self._root / name).exists()
            try:
                self._files[home] = _File(exists, read_recording(self._root, name))
            except StoreError as error:
                self._files[home] = _File(exists, {}, str(error))
        file = self._files[home]
        if file.error:
            raise StoreError(file.error)
        self._used.setdefault(home, set())  # looked at
        return file

    def _keep(self, home: str, entry: Entry) -> None:
        """Of several entries of one key the first in order stays, whoever comes first."""
        noted = self._noted.setdefault(home, {})
        noted[entry.key] = min(noted.get(entry.key, entry), entry, key=lambda each: each.order)
