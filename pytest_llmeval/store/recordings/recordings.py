"""Recordings: files of answers under version control, next to the golden files.

A person reviews recordings, unlike the completion store, which is a cache. A recording belongs to a
*home*, which is the golden file of a case, or the test file of a test without a golden file.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any

from pytest_llmeval.errors import NotRecorded, StoreError
from pytest_llmeval.records.call import Completion, Request
from pytest_llmeval.settings.table import ONCE, RECORD_ALL, REPLAY
from pytest_llmeval.store.recordings.entries import (
    Entry,
    completion_content,
    completion_from,
    request_content,
)
from pytest_llmeval.store.recordings.files import read_recording, recording_name, write_recording
from pytest_llmeval.store.recordings.miss import explain_miss
from pytest_llmeval.store.recordings.nearest import NearestEntries
from pytest_llmeval.store.recordings.stale import stale_entries


@dataclass(frozen=True)
class CallOrigin:
    """The origin of a call.

    Attributes:
        home: Golden file of the case, or test file, relative to the root directory, with forward
            slashes.
        case: Id of the case.
        purpose: ``answer``, or the name of the judge or metric that makes the call.
    """

    home: str
    case: str
    purpose: str = "answer"


@dataclass(frozen=True)
class Through:
    """The fact that the user's code answered, so that it runs again and its calls are replayed."""


@dataclass
class _File:
    """The content of a recording when it was first read."""

    exists: bool
    entries: dict[str, Entry]
    error: str = ""

    @cached_property
    def nearest(self) -> NearestEntries:
        """The entries for the explanation of misses."""
        return NearestEntries(self.entries.values())


class Recordings:
    """The recordings of a run, which are read when first needed and written at the end.

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
        self._blank: set[str] = set()
        # The calls are made in another thread than the one that sends.
        self._unsent: SimpleQueue[tuple[str, Entry]] = SimpleQueue()

    def find(
        self,
        origin: CallOrigin,
        key: str,
        is_answer: Callable[[Completion], bool] | None = None,
    ) -> Completion | Through | None:
        """Return the answer that the recording held at the start; ``None`` in mode ``all``.

        An earlier release recorded replies that say nothing. Such an entry is recorded again where
        the mode allows that, and no answer anywhere.

        Args:
            origin: The origin of the call.
            key: Key of the call.
            is_answer: Whether a completion is an answer of the provider; ``None`` takes any.

        Raises:
            StoreError: The recording cannot be read.
            NotRecorded: The entry holds no answer, and may not be recorded again.
        """
        if self._mode == RECORD_ALL:
            return None
        entry = self._file(origin.home).entries.get(key)
        if entry is None:
            return None
        self._used[origin.home].add(key)
        if entry.completion is None:
            return Through()
        completion = completion_from(entry.completion)
        if is_answer is None or is_answer(completion):
            return completion
        if self._mode != "new_episodes":
            raise NotRecorded(self._blank_text(origin, key, completion))
        self._blank.add(key)
        return None

    def _blank_text(self, origin: CallOrigin, key: str, completion: Completion) -> str:
        reason = completion.finish_reason
        ending = f" (finish reason {reason!r})" if reason else ""
        return (
            f"{self._name(origin.home)}: the entry of {origin.case!r} ({origin.purpose}, key "
            f"{key[:12]}) holds no answer{ending}. Record it again with --llm-record all."
        )

    def may_send(self, origin: CallOrigin) -> bool:
        """Return whether a call without a recording may be made.

        Raises:
            StoreError: The recording cannot be read.
        """
        if self._mode == ONCE:
            return not self._file(origin.home).exists
        return self._mode != REPLAY

    def miss(self, origin: CallOrigin, key: str, provider: str, request: Request) -> NotRecorded:
        """Make the error for a call without a recording, with the nearest entry."""
        requested = Entry(
            origin.case, origin.purpose, key, provider, request_content(request), None
        )
        file = self._file(origin.home)
        return NotRecorded(
            explain_miss(self._name(origin.home), file.exists, file.nearest, requested)
        )

    def note(
        self,
        origin: CallOrigin,
        key: str,
        provider: str,
        request: Request,
        completion: Completion | None,
    ) -> None:
        """Add an answer to the recording if the mode records it and the recording lacks it.

        Args:
            origin: The origin of the call.
            key: Key of the call.
            provider: Fingerprint or name of the provider.
            request: The request.
            completion: The answer; ``None`` if the user's code gave it through calls that are
                recorded too.
        """
        if not self.may_send(origin) or (
            self._mode != RECORD_ALL and key in self._file(origin.home).entries.keys() - self._blank
        ):
            return
        answer = None if completion is None else completion_content(completion)
        entry = Entry(origin.case, origin.purpose, key, provider, request_content(request), answer)
        self._add(origin.home, entry)
        self._unsent.put((origin.home, entry))

    def changes(self) -> str:
        """Return what this process used, and noted since `news`, as ASCII JSON for a controller."""
        used = {home: sorted(keys) for home, keys in self._used.items()}
        return json.dumps({"used": used, "noted": self._take_unsent()})

    def news(self) -> str:
        """Return what this process noted since the last call as `changes` does, or ``""``."""
        noted = self._take_unsent()
        return json.dumps({"used": {}, "noted": noted}) if noted else ""

    def _take_unsent(self) -> dict[str, list[dict[str, Any]]]:
        noted: dict[str, list[dict[str, Any]]] = {}
        with suppress(Empty):
            while True:
                home, entry = self._unsent.get_nowait()
                noted.setdefault(home, []).append(entry.content())
        return noted

    def merge(self, changes: str) -> None:
        """Merge the `changes` of another process."""
        content = json.loads(changes)
        for home, keys in content["used"].items():
            self._used.setdefault(home, set()).update(keys)
        for home, entries in content["noted"].items():
            for entry in entries:
                self._add(home, Entry.parse(entry))

    def save(self, whole_run: bool) -> list[Path]:
        """Write the recordings that have new entries.

        Unused entries stay, except the stale ones after a whole run in mode ``all``.

        Args:
            whole_run: Whether every case of every home was run.

        Returns:
            The files written.

        Raises:
            StoreError: A recording cannot be read or written. The others are written nevertheless.
        """
        written: list[Path] = []
        problems: list[str] = []
        for home, noted in sorted(self._noted.items()):
            name = self._name(home)
            try:
                # Another run may have written the file meanwhile, so it is read again.
                entries = {**self._earlier(name, noted, whole_run), **noted}
                if write_recording(self._root, name, entries.values()):
                    written.append(self._root / name)
            except StoreError as error:
                problems.append(str(error))
        if problems:
            raise StoreError("\n".join(problems))
        return written

    def _earlier(self, name: str, noted: Mapping[str, Entry], whole_run: bool) -> dict[str, Entry]:
        """Return the entries of a recording that stay with the new ones.

        Raises:
            StoreError: The recording cannot be read, and is not replaced.
        """
        if not (whole_run and self._mode == RECORD_ALL):
            return read_recording(self._root, name)
        try:
            entries = read_recording(self._root, name)
        except StoreError:
            return {}  # mode `all` is the remedy for a broken file
        stale = {entry.key for entry in stale_entries(entries, noted)}
        return {key: entry for key, entry in entries.items() if key not in stale}

    def unfinished(self) -> list[str]:
        """List the recordings that mode ``once`` began in this run, and will not go on with."""
        if self._mode != "once":
            return []
        return [self._name(home) for home in sorted(self._noted) if not self._file(home).exists]

    def unused(self) -> dict[str, list[Entry]]:
        """List the stale entries by recording; after a whole run they can be deleted.

        Only recordings that this process or a merged one has read count.
        """
        unused = {}
        for home, used in sorted(self._used.items()):
            entries = self._file(home).entries
            current = {key: entry for key, entry in entries.items() if key in used}
            left = stale_entries(entries, {**current, **self._noted.get(home, {})})
            if left:
                unused[self._name(home)] = sorted(left, key=lambda entry: entry.order)
        return unused

    def _name(self, home: str) -> str:
        return recording_name(home, self._folder)

    def _file(self, home: str) -> _File:
        """Return a home's recording as first read; a broken one is not read again."""
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
        # An empty set marks the recording as read.
        self._used.setdefault(home, set())
        return file

    def _add(self, home: str, entry: Entry) -> None:
        """Add an entry; of several with one key the first in sort order stays."""
        noted = self._noted.setdefault(home, {})
        noted[entry.key] = min(
            noted.get(entry.key, entry), entry, key=lambda candidate: candidate.order
        )
