"""Who waits for what, in a document that the processes of a run share, so that one of them says so.

A wait concerns everybody who waits for the same thing, so it is noted once and not for each call.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pytest_llmeval.protocols import SharedState
from pytest_llmeval.text import seconds

DOCUMENT = "waits"
SILENT_S = 3.0
"""A wait of this length, in seconds, is not worth a word."""

_AGAIN_S = 60.0
"""Seconds after which a reason that goes on is noted again."""


@dataclass
class Waits:
    """Notes the waits of a process.

    Args:
        state: What the processes of the run share.

    Attributes:
        document: All waits of the run as last seen, by their reason.
    """

    state: SharedState
    document: Mapping[str, Any] = field(default_factory=dict)
    _noted: dict[str, float] = field(default_factory=dict)

    async def note(self, why: str, wait_s: float | None = None) -> None:
        """Note that calls wait, unless the wait is short or was noted lately.

        Args:
            why: For what, in words.
            wait_s: How long, if that is known.
        """
        now = time.monotonic()
        is_short = wait_s is not None and wait_s <= SILENT_S
        if is_short or now - self._noted.get(why, -_AGAIN_S) < _AGAIN_S:
            return
        self._noted[why] = now
        entry = {"at": now, "wait_s": wait_s}
        self.document = await self.state.change(
            DOCUMENT, lambda document: _noted(document, why, entry)
        )


def _noted(document: dict[str, Any], why: str, entry: Mapping[str, Any]) -> dict[str, Any]:
    if entry["at"] - document.get(why, {"at": -_AGAIN_S})["at"] >= _AGAIN_S:
        document[why] = dict(entry)
    return dict(document)


class WaitLines:
    """Turns the document into lines, each wait once."""

    def __init__(self) -> None:
        self._seen: dict[str, float] = {}

    def new(self, document: Mapping[str, Any]) -> Iterable[str]:
        """Yield a line for each wait that was noted since the last time."""
        for why, entry in sorted(document.items()):
            if self._seen.get(why) != entry["at"]:
                self._seen[why] = entry["at"]
                yield _line(why, entry["wait_s"])


def _line(why: str, wait_s: float | None) -> str:
    if wait_s is None:
        return f"llm: waiting: {why}"
    return f"llm: waiting {seconds(wait_s)}: {why}"
