"""The explanation of a call without a recording: the nearest entry, and the differences.

The text may go to a terminal and through execnet, so unprintable characters and lone surrogates are
escaped.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator, Mapping
from heapq import nlargest
from typing import Any

from pytest_llmeval.store.recordings.entries import Entry
from pytest_llmeval.text import and_more

_COMPARED = 1000
"""Characters at the end of a request that are compared; the start is often the same for all."""
_SHORTLIST = 8
"""Candidates that difflib compares, which is slow."""
_EXCERPT = 72
"""Characters of a text in the message."""
_LEAD = 24
"""Characters of an excerpt before the first difference."""
_WIDTH = 100
"""Columns of a terminal."""
_MOST_DIFFERENCES = 6
_PIECES = re.compile(r"\w{1,4}")
"""Pieces of words, which languages without spaces have too."""
_ABSENT = object()


def explain_miss(name: str, exists: bool, entries: Collection[Entry], requested: Entry) -> str:
    """Write the error text for a call that no recording answers.

    Args:
        name: Path of the recording, as the user knows it.
        exists: Whether that file exists.
        entries: What it holds.
        requested: The call, as the entry that it would be.
    """
    wanted = f"{_label(requested)}, key {requested.key[:12]}"
    if not exists:
        return (
            f"{name} does not exist.\nIt is needed for {wanted}. Record it with --llm-record once."
        )
    lines = [f"{name} has no answer for {wanted}."]
    near = _find_nearest(entries, requested)
    if near is None:
        lines.append("It is empty.")
    elif differences := list(_differences(near, requested)):
        lines.append(f"Nearest is key {near.key[:12]}, {_label(near)}, which differs in")
        lines += [f"  {line}" for line in differences[:_MOST_DIFFERENCES]]
        if (more := len(differences) - _MOST_DIFFERENCES) > 0:
            lines.append(f"  {and_more(more)}")
    else:
        lines.append(
            f"Key {near.key[:12]}, {_label(near)}, shows the same request: "
            "it was made by another version."
        )
    lines.append(
        "Record what is missing with --llm-record new_episodes, "
        "or everything again with --llm-record all."
    )
    return "\n".join(lines)


def _find_nearest(entries: Collection[Entry], requested: Entry) -> Entry | None:
    """Find the entry whose request is most similar; ``None`` without entries.

    One of the same case and purpose comes before all others, one of the same purpose before the
    rest.
    """
    from difflib import SequenceMatcher  # late: most runs miss nothing

    same_purpose = [entry for entry in entries if entry.purpose == requested.purpose]
    candidates = (
        [entry for entry in same_purpose if entry.case == requested.case]
        or same_purpose
        or list(entries)
    )
    pieces = _pieces(requested)
    matcher = SequenceMatcher(b=pieces, autojunk=False)

    def overlap(entry: Entry) -> float:
        requested_pieces = set(pieces)
        entry_pieces = set(_pieces(entry))
        union = requested_pieces | entry_pieces
        return len(requested_pieces & entry_pieces) / (len(union) or 1)

    def likeness(entry: Entry) -> tuple[float, int]:
        matcher.set_seq1(_pieces(entry))
        return matcher.ratio(), -len(list(_differences(entry, requested)))

    if len(candidates) > _SHORTLIST:
        candidates = nlargest(_SHORTLIST, candidates, key=overlap)
    return max(candidates, key=likeness, default=None)


def _label(entry: Entry) -> str:
    return f"case {_printable(entry.case)} ({_printable(entry.purpose)})"


def _pieces(entry: Entry) -> list[str]:
    leaves = _parts("", entry.request.get("messages", []))
    return _PIECES.findall("\n".join(str(value) for _, value in leaves)[-_COMPARED:])


def _differences(recorded: Entry, requested: Entry) -> Iterator[str]:
    """Yield the differences of two requests, but only the first one within the messages."""
    if recorded.provider != requested.provider:
        yield _difference("provider", recorded.provider, requested.provider)
    old = dict(recorded.request)
    new = dict(requested.request)
    was = old.pop("messages", [])
    now = new.pop("messages", [])
    yield from _differing(dict(_parts("", old)), dict(_parts("", new)))
    shorter = min(len(was), len(now))
    first = next(
        _differing(*(dict(_parts("messages", messages[:shorter])) for messages in (was, now))), None
    )
    if first:
        yield first
    elif len(was) != len(now):
        yield _difference("number of messages", len(was), len(now))


def _differing(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[str]:
    for path in {**old, **new}:
        was = old.get(path, _ABSENT)
        now = new.get(path, _ABSENT)
        if was != now:
            yield _difference(path, was, now)


def _parts(path: str, value: Any) -> Iterator[tuple[str, Any]]:
    """Yield the leaves of nested JSON with their paths, such as ``messages[1].content``."""
    if isinstance(value, dict) and value:
        for name, inner in value.items():
            yield from _parts(f"{path}.{name}" if path else name, inner)
    elif isinstance(value, list) and value:
        for number, inner in enumerate(value):
            yield from _parts(f"{path}[{number}]", inner)
    else:
        yield path, value


def _difference(path: str, was: Any, now: Any) -> str:
    """Write a difference on one line if it fits, else on three."""
    start = 0
    if isinstance(was, str) and isinstance(now, str):
        pairs = enumerate(zip(was, now, strict=False))
        start = next(
            (index for index, (first, second) in pairs if first != second), min(len(was), len(now))
        )
    old = _excerpt(was, start)
    new = _excerpt(now, start)
    line = f"{_printable(path)}: recorded {old}, requested {new}"
    if len(line) + 2 <= _WIDTH:
        return line
    return f"{_printable(path)}\n    recorded  {old}\n    requested {new}"


def _excerpt(value: Any, difference: int) -> str:
    """Shorten a value around the position where it begins to differ."""
    if value is _ABSENT:
        return "nothing"
    text = value if isinstance(value, str) else json.dumps(value)
    start = max(0, difference - _LEAD) if len(text) > _EXCERPT else 0
    start = max(0, min(start, len(text) - _EXCERPT))
    end = start + _EXCERPT
    shown = f"{'…' if start else ''}{_printable(text[start:end])}{'…' if end < len(text) else ''}"
    return f'"{shown}"' if isinstance(value, str) else shown


def _printable(text: str) -> str:
    return "".join(
        char if char.isprintable() else char.encode("unicode_escape").decode() for char in text
    )
