"""The decision of a run by all that its settings and markers require."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from functools import cached_property
from typing import TYPE_CHECKING, Any

from pytest_llmeval.errors import LLMEvalError
from pytest_llmeval.plugin.added import added_idling
from pytest_llmeval.records.verdicts import FINE, UNJUDGED, WORSE, joint_exit_code
from pytest_llmeval.text import count, first_of

if TYPE_CHECKING:
    from pytest_llmeval.gating.scores import Selection
    from pytest_llmeval.gating.sequential import RunningOrder
    from pytest_llmeval.plugin.state import PluginState
    from pytest_llmeval.records.changed import ChangedCases, UnchangedCase
    from pytest_llmeval.records.result import CaseResult
    from pytest_llmeval.records.run import Note
    from pytest_llmeval.runs.gates import GateDecider, Gates
    from pytest_llmeval.runs.recorder import Recorder
    from pytest_llmeval.runs.requirements import CaseTally, Selected


_NAMED = 3
_Decided = tuple[int, tuple["Note", ...]]


class RunDecision:
    """The decision of a run, and the facts about all its processes that it rests on.

    Args:
        state: The plugin's state.

    Attributes:
        uncollected: Node ids of files that could not be collected.
        worker_reports: The final reports of xdist workers.
        finished: Node ids of the golden cases that have left a result, or died with a worker.
        order: The order of the cases of a run that may stop early.
    """

    def __init__(self, state: PluginState) -> None:
        self._state = state
        self._tally: CaseTally | None = None
        self.uncollected: list[str] = []
        self.worker_reports: list[dict[str, Any]] = []
        self.finished: set[str] = set()
        self.order: RunningOrder | None = None

    def count(self, result: CaseResult, is_case: bool) -> None:
        """Count the result of a test, which may have a golden case."""
        if is_case:
            self.finished.add(result.nodeid)
        self._cases().add(result, self._state.quarantine)

    def decider(self, recorder: Recorder | None) -> GateDecider | None:
        """Return what decides the gates, or ``None`` if they give no verdict."""
        if recorder is None or self._state.is_cut_off:
            return None
        from pytest_llmeval.runs.gates import GateDecider

        gates = self._gates()
        return None if gates is None else GateDecider(gates, recorder, self.order)

    def decide(self, is_recorded: bool, decider: GateDecider | None) -> _Decided:
        """Return the exit code of the decision, and notes for the user.

        Args:
            is_recorded: Whether a case has left a result.
            decider: What decides the gates; ``None`` without gates.
        """
        option = self._state.config.option
        if option.collectonly or option.setuponly:
            return self._idle()
        if not self._is_used(is_recorded):
            return FINE, ()
        code, notes = self._decided(is_recorded, decider)
        return code, (*self._incomplete(), *notes)

    def _idle(self) -> _Decided:
        """Decide a run in which pytest runs no test, which nobody may see if nobody typed so."""
        idling = added_idling(self._state.config)
        if not idling:
            return FINE, ()
        from pytest_llmeval.runs.requirements import settle_idle

        return settle_idle(self._state.demands, idling)

    def _decided(self, is_recorded: bool, decider: GateDecider | None) -> _Decided:
        from pytest_llmeval.records.run import Note
        from pytest_llmeval.runs import ending
        from pytest_llmeval.runs.requirements import settle_dry_run

        state = self._state
        if state.settings.dry_run:
            has_gates = any(self._marked_gates())
            return settle_dry_run(state.demands, has_gates or state.has_thresholds)
        if state.is_cut_off:
            text = ending.NO_VERDICT if self._is_gated() else ending.CUT_OFF
            # With any code but 0, the tests or pytest have said so themselves.
            is_required = state.demands or self._is_gated() or self._cases().metrics
            code = UNJUDGED if is_required else FINE
            return code, (Note("cut_off", text),) if is_recorded or code else ()
        code, notes = self._settled()
        if not is_recorded:
            return code, notes
        if decider is None:
            gate_code, gate_notes = ending.decide_without_gates(state.settings)
        else:
            gate_code, gate_notes = ending.decide(decider, state.quarantine, self._selection())
        unchanged_code = WORSE if self.unchanged_failures else FINE
        codes = (code, gate_code, unchanged_code)
        return joint_exit_code(codes), (*self._changed_notes(), *gate_notes, *notes)

    @property
    def changed(self) -> ChangedCases | None:
        """Which cases have changed since the baseline, as this process or a worker knows."""
        for report in self.worker_reports:
            if report.get("changed"):
                from pytest_llmeval.records.changed import ChangedCases
                from pytest_llmeval.records.wire import from_wire

                return from_wire(ChangedCases, report["changed"])
        return self._state.changed

    @cached_property
    def unchanged(self) -> tuple[UnchangedCase, ...]:
        """The cases that were not run, after every process has reported."""
        changed = self.changed
        return () if changed is None else changed.unchanged

    @property
    def unchanged_failures(self) -> int:
        """How many of these fail the run, as they would if they had run."""
        from pytest_llmeval.runs.excusing import is_failure

        settings, quarantine = self._state.settings, self._state.quarantine
        return sum(is_failure(case, settings.fail_on, quarantine) for case in self.unchanged)

    def _changed_notes(self) -> Iterator[Note]:
        """Yield what became of the cases that have not changed since the baseline."""
        changed = self.changed
        if changed is not None:
            from pytest_llmeval.records.run import Note
            from pytest_llmeval.summary.changed_cases import unchanged_text, unproven_text

            if changed.unchanged:
                yield Note("coverage", unchanged_text(changed, self.unchanged_failures))
            if changed.unproven:
                yield Note("baseline", unproven_text(changed))

    def _settled(self) -> _Decided:
        """Return the exit code for what was left unjudged, and notes on it."""
        from pytest_llmeval.runs.requirements import settle

        state = self._state
        self._cases().add_unchanged(self.unchanged)
        return settle(
            state.settings,
            state.demands,
            self._cases(),
            self._selected(),
            self._gates(),
            self._criteria(),
        )

    def _cases(self) -> CaseTally:
        """Return the tally of the cases."""
        if self._tally is None:
            from pytest_llmeval.runs.requirements import CaseTally

            self._tally = CaseTally()
        return self._tally

    def _marked_gates(self) -> Iterator[tuple[str, list[str]]]:
        """Yield the rules of ``llm_gate`` markers from every process, with their scope."""
        yield from self._state.marked_gates
        for report in self.worker_reports:
            yield from report.get("gates", ())

    def _gates(self) -> Gates | None:
        """Return the gates of the run, or ``None`` without any."""
        if not self._is_gated():
            return None
        from pytest_llmeval.runs.gates import Gates

        return Gates.of(self._state.settings, self._marked_gates())

    def _is_gated(self) -> bool:
        """Return whether the run has gates."""
        settings = self._state.settings
        if settings.dry_run or self._state.config.option.collectonly:
            return False
        return bool(settings.gate or settings.baseline or any(self._marked_gates()))

    def _is_used(self, is_recorded: bool) -> bool:
        """Return whether the run has cases, or settings that name or require some."""
        state = self._state
        if is_recorded or self._tally is not None or state.settings.dry_run:
            return True
        is_named = bool(state.demands or state.settings.golden or state.names_evaluation)
        return is_named or self._is_gated()

    def _incomplete(self) -> Iterator[Note]:
        """Yield a note if some files of tests could not be collected."""
        if self.uncollected:
            from pytest_llmeval.records.run import Note

            files = count(len(self.uncollected), "file")
            names = first_of(self.uncollected, _NAMED)
            yield Note("incomplete", f"{files} could not be collected: {names}")

    def _selected(self) -> Selected:
        """Return what was collected and selected, as this process or its workers know."""
        from pytest_llmeval.runs.requirements import Selected

        collected = self._state.collected.to_wire()
        for report in self.worker_reports:
            collected = dict(report.get("collected", collected))
        self._add_unnamed(collected)
        return Selected(
            **collected,
            is_narrowed=self._state.choice.is_narrowed,
            is_meant=self._state.names_evaluation,
            is_marked=any(self._marked_gates()),
            finished=len(self.finished),
        )

    def _add_unnamed(self, collected: dict[str, Any]) -> None:
        """Add golden files that nothing names to what the collection has noted."""
        empty = collected.pop("empty")
        if collected["gaps"] or collected["left_out"]:
            return
        from pytest_llmeval.plugin.uncollected import files_left_out, files_of_empty_folders

        collected["gaps"] = files_of_empty_folders(self._state, empty)
        is_judged = bool(collected["cases"] or self._cases().tried)
        if not (collected["gaps"] or is_judged):
            collected["left_out"] = files_left_out(self._state)

    @property
    def is_narrowed(self) -> bool:
        """Whether a process was meant to run only some of its tests."""
        is_covered = all(report.get("is_covered", False) for report in self.worker_reports)
        return not (self._state.is_covered and is_covered)

    def _selection(self) -> Selection:
        """Return the cases that the run was meant to have."""
        from pytest_llmeval.gating.scores import Selection

        by_outcome = self._state.choice.by_outcome if self.is_narrowed else ""
        return Selection(not self.is_narrowed, self._state.choice.roots, self.unchanged, by_outcome)

    def _criteria(self) -> list[str]:
        """Return the names of the criteria that the settings name."""
        settings = self._state.settings
        if not (settings.judge_criteria or settings.judge_rubric):
            return []
        # The tests that need a broken file have said so.
        with suppress(LLMEvalError):
            return self._state.session.criteria()
        return []
