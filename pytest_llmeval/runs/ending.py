"""How a run ends: its gates decided, and the exit code that its cases and gates make, for every door alike."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pytest_llmeval.assembly.trust import merged
from pytest_llmeval.errors import LLMEvalError
from pytest_llmeval.records.run import JudgeFacts, Note, Traffic
from pytest_llmeval.records.verdicts import FINE, UNJUDGED, gate_exit_code
from pytest_llmeval.records.wire import from_wire
from pytest_llmeval.text import count, first_of

if TYPE_CHECKING:
    from pytest_llmeval.assembly.session import Session
    from pytest_llmeval.gating.quarantine import Quarantine
    from pytest_llmeval.runs.gates import Gates
    from pytest_llmeval.runs.recorder import Recorder


CUT_OFF = "the run was cut off before its end"
NO_VERDICT = f"{CUT_OFF}, so its gates give no verdict"
NOTHING_DECIDES = "with --llm-fail-on gate the gates alone decide, and there is none: give one with --llm-gate or --llm-baseline"
UNDECIDED = "the gates could not be decided"


def decide(
    recorder: Recorder, gates: Gates, quarantine: Quarantine | None, is_whole: bool
) -> tuple[int, tuple[Note, ...]]:
    """Decide the gates of a run that came to its end.

    Args:
        recorder: Has the results, and gets what became of the gates.
        gates: What is asked.
        quarantine: Cases that do not gate.
        is_whole: Whether the run has all cases there are.

    Returns:
        The exit code that the gates ask for, and what the user should be told.
    """
    if not gates.is_asked:
        if gates.settings.fail_on != "gate":
            return FINE, ()
        return UNJUDGED, (Note("gate", NOTHING_DECIDES),)
    try:
        notes = recorder.judge(gates, quarantine, is_whole)
    except (LLMEvalError, OSError) as error:
        return UNJUDGED, (Note("gate", f"{UNDECIDED}: {error}"),)
    return gate_exit_code(gate.state for gate in recorder.run.gates), notes


SHOWN = 5
"""Cases that a warning names."""


@dataclass(frozen=True)
class Ending:
    """What the processes of a run have done.

    Attributes:
        traffic: What they have sent.
        notes: What the user should know of the recordings.
        paths: The recordings that were written, by kind of file.
        judges: What they know of the judges that scored.
    """

    traffic: Traffic
    notes: tuple[Note, ...]
    paths: Mapping[str, str]
    judges: tuple[JudgeFacts, ...]


def end_run(session: Session, told: Sequence[Mapping[str, Any]], is_whole: bool) -> Ending:
    """Put together what the processes tell, and write the recordings.

    Args:
        session: The session of this process, which has finished its calls.
        told: What the xdist workers told.
        is_whole: Whether every collected test of this process has run; the workers say it for
            themselves.

    Raises:
        StoreError: A recording, or the store, cannot be written.
    """
    own = session.told()
    judges = merged(
        facts
        for each in (own, *told)
        for facts in from_wire(tuple[JudgeFacts, ...], each.get("judges") or "[]")
    )
    traffic = sum(
        (Traffic(**each["traffic"]) for each in told if each.get("traffic")),
        Traffic(**own["traffic"]),
    )
    if told:
        session.end_run()
    is_whole = is_whole and all(each["is_whole"] for each in told)
    recordings = session.recordings
    if recordings is None:
        return Ending(traffic, (), {}, judges)
    for each in told:
        if each.get("recorded"):
            recordings.merge(each["recorded"])
    unused = [Note("recording", text) for text in _unused(session)] if is_whole else []
    written = recordings.save(is_whole and session.runs_all)
    names = ("recorded", *(f"recorded {number}" for number in range(2, len(written) + 1)))
    paths = dict(zip(names, map(os.path.relpath, written), strict=False))
    return Ending(traffic, tuple(unused), paths, judges)


def _unused(session: Session) -> Iterator[str]:
    """Entries of recordings that nobody asked for: they are stale, or belong to tests that were not selected."""
    found = session.recordings.unused() if session.recordings else {}
    for path, entries in found.items():
        cases = list(dict.fromkeys(entry.case for entry in entries))
        named = first_of(cases, SHOWN)
        many = count(len(entries), "recorded answer")
        yield f"{many} not used; --llm-record all drops them: {path}, of {named}"
