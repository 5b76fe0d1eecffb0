"""The recorded entry that is nearest to a request which no entry answers."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from functools import cached_property
from heapq import nlargest
from typing import Any

from pytest_llmeval.store.recordings.entries import Entry

SEARCHES = 20
"""Searches among many entries for each recording: with as many misses as entries, a search for each
of them would take a time that grows with the square of their number."""

_SHORTLIST = 8
"""Candidates that difflib compares, which is slow."""
_COMPARED = 1000
"""Characters at the end of a request that are compared; the start is often the same for all."""
_PIECES = re.compile(r"\w{1,4}")
"""Pieces of words, which languages without spaces have too."""


class NearestEntries:
    """Finds the nearest entry of a recording.

    Args:
        entries: The entries of the recording.
    """

    def __init__(self, entries: Iterable[Entry]) -> None:
        self._entries = list(entries)
        self._searches = 0
        self._sets: dict[str, set[str]] = {}

    @property
    def is_empty(self) -> bool:
        """Whether the recording has no entry."""
        return not self._entries

    def find(self, requested: Entry, differences: Callable[[Entry], int]) -> Entry | None:
        """Return the entry with the most similar request; ``None`` if it is not looked for.

        One of the same case and purpose comes before all others, one of the same purpose before the
        rest.

        Args:
            requested: The call, as the entry that it would be.
            differences: Counts the differences of an entry to the request.
        """
        candidates = (
            self._by_case.get((requested.purpose, requested.case))
            or self._by_purpose.get(requested.purpose)
            or self._entries
        )
        if len(candidates) == 1:
            return candidates[0]
        if len(candidates) > _SHORTLIST:
            if self._searches == SEARCHES:
                return None
            self._searches += 1
            pieces = set(_pieces(requested))
            candidates = nlargest(
                _SHORTLIST, candidates, key=lambda entry: _overlap(pieces, self._set(entry))
            )
        return _most_similar(candidates, requested, differences)

    @cached_property
    def _by_case(self) -> dict[tuple[str, str], list[Entry]]:
        groups: dict[tuple[str, str], list[Entry]] = {}
        for entry in self._entries:
            groups.setdefault((entry.purpose, entry.case), []).append(entry)
        return groups

    @cached_property
    def _by_purpose(self) -> dict[str, list[Entry]]:
        groups: dict[str, list[Entry]] = {}
        for entry in self._entries:
            groups.setdefault(entry.purpose, []).append(entry)
        return groups

    def _set(self, entry: Entry) -> set[str]:
        pieces = self._sets.get(entry.key)
        if pieces is None:
            pieces = self._sets[entry.key] = set(_pieces(entry))
        return pieces


def parts(path: str, value: Any) -> Iterator[tuple[str, Any]]:
    """Yield the leaves of nested JSON with their paths, such as ``messages[1].content``."""
    if isinstance(value, dict) and value:
        for name, inner in value.items():
            yield from parts(f"{path}.{name}" if path else name, inner)
    elif isinstance(value, list) and value:
        for number, inner in enumerate(value):
            yield from parts(f"{path}[{number}]", inner)
    else:
        yield path, value


def _most_similar(
    candidates: list[Entry], requested: Entry, differences: Callable[[Entry], int]
) -> Entry | None:
    from difflib import SequenceMatcher  # late: most runs miss nothing

    matcher = SequenceMatcher(b=_pieces(requested), autojunk=False)

    def likeness(entry: Entry) -> tuple[float, int]:
        matcher.set_seq1(_pieces(entry))
        return matcher.ratio(), -differences(entry)

    return max(candidates, key=likeness, default=None)


def _overlap(pieces: set[str], others: set[str]) -> float:
    union = len(pieces | others)
    return len(pieces & others) / (union or 1)


def _pieces(entry: Entry) -> list[str]:
    leaves = parts("", entry.request.get("messages", []))
    return _PIECES.findall("\n".join(str(value) for _, value in leaves)[-_COMPARED:])
