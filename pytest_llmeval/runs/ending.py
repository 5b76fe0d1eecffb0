"""The end of a run: the decision by its gates, and the reports of its processes."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pytest_llmeval.assembly.run_record import adaptation_notes
from pytest_llmeval.assembly.trust import merge_facts
from pytest_llmeval.errors import LLMEvalError
from pytest_llmeval.records.run import JudgeFacts, Note, Traffic
from pytest_llmeval.records.verdicts import FINE, UNJUDGED, gate_exit_code
from pytest_llmeval.records.wire import from_wire
from pytest_llmeval.settings.table import BY_GATE
from pytest_llmeval.text import count, first_of

if TYPE_CHECKING:
    from pytest_llmeval.assembly.session import Session
    from pytest_llmeval.gating.quarantine import Quarantine
    from pytest_llmeval.runs.gates import GateDecider
    from pytest_llmeval.settings.table import Settings


CUT_OFF = "the run was cut off before its end"
NO_VERDICT = f"{CUT_OFF}, so its gates give no verdict"
_NOTHING_DECIDES = (
    "with --llm-fail-on gate only gates decide, and there is none; "
    "add one with --llm-gate or --llm-baseline"
)
_UNDECIDED = "the gates could not be decided"
_SHOWN = 5
"""Cases that a warning names."""


def decide(
    decider: GateDecider, quarantine: Quarantine | None, is_whole: bool
) -> tuple[int, tuple[Note, ...]]:
    """Decide a finished run by its gates, and return the exit code with notes for the user.

    Args:
        decider: Decides the gates of the run.
        quarantine: Cases that do not gate.
        is_whole: Whether the run has all collected cases.
    """
    if not decider.gates.are_required:
        return decide_without_gates(decider.gates.settings)
    try:
        decisions, notes = decider.decide(quarantine, is_whole)
    except (LLMEvalError, OSError) as error:
        return UNJUDGED, (Note("gate", f"{_UNDECIDED}: {error}"),)
    return gate_exit_code(gate.state for gate in decisions.gates), notes


def decide_without_gates(settings: Settings) -> tuple[int, tuple[Note, ...]]:
    """Decide a run without gates, which is an error under ``--llm-fail-on gate``."""
    if settings.fail_on == BY_GATE:
        return UNJUDGED, (Note("gate", _NOTHING_DECIDES),)
    return FINE, ()


def decide_without_cases(settings: Settings) -> tuple[int, tuple[Note, ...]]:
    """Decide a run without cases, which is an error if the command line requires a verdict."""
    from pytest_llmeval.gating.bounds import NO_CASE

    is_required = settings.strict or {"gate", "baseline"} & settings.explicit
    return UNJUDGED if is_required else FINE, (Note("gate", NO_CASE),)


@dataclass(frozen=True)
class Ending:
    """The joined reports of a run's processes.

    Attributes:
        traffic: Calls, tokens and cost.
        notes: Notes on changed requests and on the recordings for the user.
        paths: Written recordings by kind of file.
        judges: Facts about the judges that scored.
    """

    traffic: Traffic
    notes: tuple[Note, ...]
    paths: Mapping[str, str]
    judges: tuple[JudgeFacts, ...]


def end_run(
    session: Session, worker_reports: Sequence[Mapping[str, Any]], is_whole: bool
) -> Ending:
    """Join the reports of all processes, and write the recordings.

    Args:
        session: The session of this process, which has finished its calls.
        worker_reports: Reports of the xdist workers.
        is_whole: Whether every collected test of this process has run.

    Raises:
        StoreError: A recording or the store cannot be written.
    """
    reports = (session.worker_report(), *worker_reports)
    judges = merge_facts(
        facts
        for report in reports
        for facts in from_wire(tuple[JudgeFacts, ...], report.get("judges") or "[]")
    )
    traffic = Traffic()
    for report in reports:
        if report.get("traffic"):
            traffic += Traffic(**report["traffic"])
    if worker_reports:
        session.end_run()
    is_whole = is_whole and all(report["is_whole"] for report in worker_reports)
    notes = adaptation_notes(report.get("adapted") or {} for report in reports)
    recordings = session.recordings
    if recordings is None:
        return Ending(traffic, notes, {}, judges)
    for report in worker_reports:
        if report.get("recorded"):
            recordings.merge(report["recorded"])
    unused = [Note("recording", text) for text in _unused(session)] if is_whole else []
    written = recordings.save(is_whole and session.runs_all)
    names = ("recorded", *(f"recorded {number}" for number in range(2, len(written) + 1)))
    paths = dict(zip(names, map(os.path.relpath, written), strict=False))
    return Ending(traffic, (*notes, *unused), paths, judges)


def _unused(session: Session) -> Iterator[str]:
    """Yield a warning for every recording with unused entries, which are probably stale."""
    unused = session.recordings.unused() if session.recordings else {}
    for path, entries in unused.items():
        cases = list(dict.fromkeys(entry.case for entry in entries))
        answers = count(len(entries), "recorded answer")
        names = first_of(cases, _SHOWN)
        label = "case" if len(cases) == 1 else "cases"
        yield f"{path}: {answers} not used ({label} {names}); --llm-record all removes them"
