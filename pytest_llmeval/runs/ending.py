"""The end of a run, in the same steps with pytest, without it, and in a merge.

Trouble in one step never costs the next: what has come is written, and the trouble is a note.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, TypeVar

from pytest_llmeval.assembly.calls import DRAIN_S
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
    from pytest_llmeval.gating.scores import Selection
    from pytest_llmeval.runs.gates import GateDecider
    from pytest_llmeval.runs.recorder import Recorder
    from pytest_llmeval.settings.table import Settings
    from pytest_llmeval.summary.summary import Summary


T = TypeVar("T")
U = TypeVar("U")
Decision = tuple[int, tuple[Note, ...]]
"""An exit code, and notes for the user."""

CUT_OFF = "the run was cut off before its end"
NO_VERDICT = f"{CUT_OFF}, so its gates give no verdict"
_NOTHING_DECIDES = (
    "with --llm-fail-on gate only gates decide, and there is none; "
    "add one with --llm-gate or --llm-baseline"
)
_UNDECIDED = "the gates could not be decided"
_UNFINISHED = "lacks cases of this run, complete it with --llm-record new_episodes"
_SHOWN = 5
"""Cases that a warning names."""


def decide(
    decider: GateDecider, quarantine: Quarantine | None, selection: Selection
) -> tuple[int, tuple[Note, ...]]:
    """Decide a finished run by its gates, and return the exit code with notes for the user.

    Args:
        decider: Decides the gates of the run.
        quarantine: Cases that do not gate.
        selection: The cases that the run was meant to have.
    """
    if not decider.gates.are_required:
        return decide_without_gates(decider.gates.settings)
    try:
        decisions, notes = decider.decide(quarantine, selection)
    except (LLMEvalError, OSError) as error:
        return UNJUDGED, (Note("gate", f"{_UNDECIDED}: {error}"),)
    return gate_exit_code(gate.state for gate in decisions.gates), notes


def decide_without_gates(settings: Settings) -> tuple[int, tuple[Note, ...]]:
    """Decide a run without gates, which is an error under ``--llm-fail-on gate``."""
    if settings.fail_on == BY_GATE:
        return UNJUDGED, (Note("gate", _NOTHING_DECIDES),)
    return FINE, ()


@dataclass(frozen=True)
class Joined:
    """The joined reports of a run's processes.

    Attributes:
        traffic: Calls, tokens and cost.
        judges: Facts about the judges that scored.
        notes: Notes on changed requests and on the recordings for the user.
        paths: Written recordings by kind of file.
    """

    traffic: Traffic
    judges: tuple[JudgeFacts, ...]
    notes: tuple[Note, ...] = ()
    paths: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Ended:
    """An ended run.

    Attributes:
        exit_code: Its exit code.
        summary: Its summary; ``None`` if the run has no result, or none that can be read.
        paths: Written files by kind.
        errors: Why the log or a report could not be written.
    """

    exit_code: int
    summary: Summary | None
    paths: Mapping[str, str]
    errors: tuple[Exception, ...]


@dataclass
class RunEnding:
    """Ends a run: its calls, its recordings, its gates, its log and its reports.

    Attributes:
        session: The session of this process.
        worker_reports: Final reports of the xdist workers; one without traffic of a dead worker.
        is_whole: Whether every collected test of this process has run.
        drain_s: Seconds that calls in flight may still take; ``None`` waits for every answer.
        trouble: What went wrong with the completion store or a recording.
    """

    session: Session
    worker_reports: Sequence[Mapping[str, Any]] = ()
    is_whole: bool = False
    drain_s: float | None = DRAIN_S
    trouble: list[str] = field(default_factory=list)
    _baseline_notes: tuple[Note, ...] = ()

    def attempt(self, step: Callable[[], T], otherwise: U) -> T | U:
        """Take a step of the end; an error of the files in use becomes trouble, which is noted."""
        try:
            return step()
        except (LLMEvalError, OSError) as error:
            self._note(str(error))
            return otherwise

    def _note(self, trouble: str) -> None:
        if trouble not in self.trouble:
            self.trouble.append(trouble)

    def read_baselines(self, decider: GateDecider) -> None:
        """Read the baselines while calls can still be made to judge them again."""
        if decider.gates.are_required:
            # The gates report the same error.
            with suppress(LLMEvalError, OSError):
                self._baseline_notes = decider.read_baselines(self.session)

    def end(
        self,
        recorder: Recorder,
        decide: Callable[[], Decision],
        notes: tuple[Note, ...],
    ) -> Ended:
        """End a run that has a recorder.

        Args:
            recorder: The recorder, whose run has everything but what the calls add to it.
            decide: Decides the run, after the calls have ended.
            notes: The first notes for the user.
        """
        self.end_calls()
        run = recorder.run
        joined = self.join(is_complete=not (run.is_cut_off or run.lost))
        judges = merge_facts((*run.judges, *joined.judges))
        recorder.run = replace(run, traffic=run.traffic + joined.traffic, judges=judges)
        code, decision_notes = decide()
        trouble = tuple(Note("store", text) for text in self.trouble)
        if trouble:
            code = code or UNJUDGED
        every = (*notes, *joined.notes, *self._baseline_notes, *decision_notes, *trouble)
        summary, paths, errors = recorder.finish(code, every)
        if errors:
            code = code or UNJUDGED
        return Ended(code, summary, {**paths, **joined.paths}, errors)

    def end_calls(self) -> None:
        """End the calls in flight, and close the completion store."""
        self.attempt(lambda: self.session.close(self.drain_s), None)

    def join(self, is_complete: bool = True) -> Joined:
        """Join the reports of all processes, and write the recordings.

        Args:
            is_complete: Whether every test that was selected came to its end.
        """
        reports = (self.session.worker_report(), *self.worker_reports)
        for report in reports:
            for trouble in report.get("trouble", ()):
                self._note(trouble)
        judges = merge_facts(
            facts
            for report in reports
            for facts in from_wire(tuple[JudgeFacts, ...], report.get("judges") or "[]")
        )
        traffic = self._traffic(reports)
        if self.worker_reports:
            self.attempt(self.session.end_run, None)
        written = self.attempt(lambda: self._write_recordings(is_complete), None)
        notes, paths = written or ((), {})
        adapted = adaptation_notes(report.get("adapted") or {} for report in reports)
        return Joined(traffic, judges, (*adapted, *notes), paths)

    def _traffic(self, reports: Sequence[Mapping[str, Any]]) -> Traffic:
        """Add up what the processes report; the store knows the calls of those that died."""
        known = [Traffic(**report["traffic"]) for report in reports if report.get("traffic")]
        traffic = sum(known, Traffic())
        if len(known) == len(reports):
            return traffic
        return traffic.at_least(self.attempt(self.session.stored_traffic, Traffic()))

    def _write_recordings(self, is_complete: bool) -> tuple[tuple[Note, ...], dict[str, str]]:
        recordings = self.session.recordings
        if recordings is None:
            return (), {}
        is_whole = self.is_whole and all(report["is_whole"] for report in self.worker_reports)
        for report in self.worker_reports:
            if report.get("recorded"):
                recordings.merge(report["recorded"])
        texts = list(_unused(self.session)) if is_whole else []
        if not is_complete:
            texts += [f"{name} {_UNFINISHED}" for name in recordings.unfinished()]
        notes = tuple(Note("recording", text) for text in texts)
        written = recordings.save(is_whole and self.session.runs_all)
        names = ("recorded", *(f"recorded {number}" for number in range(2, len(written) + 1)))
        return notes, dict(zip(names, map(os.path.relpath, written), strict=False))


def _unused(session: Session) -> Iterator[str]:
    """Yield a warning for every recording with unused entries, which are probably stale."""
    unused = session.recordings.unused() if session.recordings else {}
    for path, entries in unused.items():
        cases = list(dict.fromkeys(entry.case for entry in entries))
        answers = count(len(entries), "recorded answer")
        names = first_of(cases, _SHOWN)
        label = "case" if len(cases) == 1 else "cases"
        yield f"{path}: {answers} not used ({label} {names}); --llm-record all removes them"
