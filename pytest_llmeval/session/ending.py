"""The end of a run, in the process that all others report to: what was sent, what was recorded, what can be dropped."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pytest_llmeval.results import JudgeFacts, Traffic
from pytest_llmeval.session.trust import merged
from pytest_llmeval.wire import from_wire

if TYPE_CHECKING:
    from pytest_llmeval.session.session import Session

SHOWN = 5
"""Cases that a warning names."""


@dataclass(frozen=True)
class Ending:
    """What the processes of a run have done.

    Attributes:
        traffic: What they have sent.
        warnings: What the user should know of the recordings.
        paths: The recordings that were written, by kind of file.
        judges: What they know of the judges that scored.
    """

    traffic: Traffic
    warnings: tuple[str, ...]
    paths: Mapping[str, str]
    judges: tuple[JudgeFacts, ...]


def end_run(session: Session, told: Sequence[Mapping[str, Any]], is_whole: bool) -> Ending:
    """Put together what the processes tell, and write the recordings.

    Args:
        session: The session of this process, which has finished its calls.
        told: What the xdist workers told.
        is_whole: Whether every collected test of this process has run; the workers say it for themselves.

    Raises:
        StoreError: A recording, or the store, cannot be written.
    """
    own = session.told()
    judges = merged(
        facts for each in (own, *told) for facts in from_wire(tuple[JudgeFacts, ...], each.get("judges") or "[]")
    )
    traffic = sum((Traffic(**each["traffic"]) for each in told if each.get("traffic")), Traffic(**own["traffic"]))
    if told:
        session.end_run()
    is_whole = is_whole and all(each["is_whole"] for each in told)
    recordings = session.recordings
    if recordings is None:
        return Ending(traffic, (), {}, judges)
    for each in told:
        if each.get("recorded"):
            recordings.merge(each["recorded"])
    unused = tuple(_unused(session)) if is_whole else ()
    written = recordings.save(is_whole and session.runs_all)
    names = ("recorded", *(f"recorded {number}" for number in range(2, len(written) + 1)))
    paths = dict(zip(names, map(os.path.relpath, written), strict=False))
    return Ending(traffic, unused, paths, judges)


def _unused(session: Session) -> Iterator[str]:
    """Entries of recordings that nobody asked for: they are stale, or belong to tests that were not selected."""
    found = session.recordings.unused() if session.recordings else {}
    for path, entries in found.items():
        cases = list(dict.fromkeys(entry.case for entry in entries))
        named = ", ".join(cases[:SHOWN]) + (", ..." if len(cases) > SHOWN else "")
        many = f"{len(entries)} recorded answer{'s' if len(entries) > 1 else ''}"
        yield f"{many} not used; --llm-record all drops them: {path}, of {named}"
