"""The explanation of a call without a recording: the nearest entry, and the differences.

The text may go to a terminal and through execnet, so unprintable characters and lone surrogates are
escaped.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from pytest_llmeval.store.recordings.entries import Entry
from pytest_llmeval.store.recordings.nearest import SEARCHES, NearestEntries, parts
from pytest_llmeval.text import and_more

_EXCERPT = 72
"""Characters of a text in the message."""
_LEAD = 24
"""Characters of an excerpt before the first difference."""
_WIDTH = 100
"""Columns of a terminal."""
_MOST_DIFFERENCES = 6
_ABSENT = object()


def explain_miss(name: str, exists: bool, entries: NearestEntries, requested: Entry) -> str:
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
    near = entries.find(requested, lambda entry: len(list(_differences(entry, requested))))
    if entries.is_empty:
        lines.append("It is empty.")
    elif near is None:
        lines.append(f"The nearest entry is named for the first {SEARCHES} such calls.")
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


def _label(entry: Entry) -> str:
    return f"case {_printable(entry.case)} ({_printable(entry.purpose)})"


def _differences(recorded: Entry, requested: Entry) -> Iterator[str]:
    """Yield the differences of two requests, but only the first one within the messages."""
    if recorded.provider != requested.provider:
        yield _difference("provider", recorded.provider, requested.provider)
    old = dict(recorded.request)
    new = dict(requested.request)
    was = old.pop("messages", [])
    now = new.pop("messages", [])
    yield from _differing(dict(parts("", old)), dict(parts("", new)))
    shorter = min(len(was), len(now))
    first = next(
        _differing(*(dict(parts("messages", messages[:shorter])) for messages in (was, now))), None
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
