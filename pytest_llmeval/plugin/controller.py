"""The controller, which collects all results, writes log and reports, and sets the exit code."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

import pytest

from pytest_llmeval.errors import LLMEvalError
from pytest_llmeval.plugin.hooks import ProgressHooks, WaitHooks
from pytest_llmeval.plugin.outcomes import RESULT_ATTRIBUTE
from pytest_llmeval.plugin.progress import Progress
from pytest_llmeval.plugin.role import Role
from pytest_llmeval.plugin.state import PluginState
from pytest_llmeval.plugin.wait_lines import WaitOutput
from pytest_llmeval.plugin.worker import OUTPUT
from pytest_llmeval.records.verdicts import FINE, UNJUDGED, case_exit_code, joint_exit_code
from pytest_llmeval.text import harmless

if TYPE_CHECKING:
    from pytest_llmeval.records.result import CaseResult, Outcome
    from pytest_llmeval.records.run import Note
    from pytest_llmeval.runs.gates import GateDecider
    from pytest_llmeval.runs.recorder import Recorder
    from pytest_llmeval.summary.summary import Summary


_PHASES = ("setup", "call", "teardown")


def _do_nothing() -> None:
    """Make no room where there is no status line."""


class Controller(Role):
    """The role of a process without xdist, or of xdist's controller.

    Args:
        state: The plugin's state.
    """

    def __init__(self, state: PluginState) -> None:
        self._state = state
        self._started = datetime.now(timezone.utc)
        self._recorder: Recorder | None = None
        self._outcomes: dict[str, Outcome] = {}
        self._failures_without_case = 0
        self._judged = False
        self._lost: list[str] = []
        self._written: tuple[Summary, dict[str, str]] | None = None
        self._errors: list[str] = []
        self._gate_notes: tuple[Note, ...] = ()
        self._baseline_notes: tuple[Note, ...] = ()
        self._worker_reports: list[dict[str, Any]] = []

    def start(self, session: pytest.Session) -> None:
        """Show the status line on a terminal, and everywhere what calls wait for."""
        manager = session.config.pluginmanager
        terminal = manager.get_plugin("terminalreporter")
        if terminal is None or session.config.option.collectonly:
            return
        erase: Callable[[], None] = _do_nothing
        if terminal.isatty():
            progress = Progress(self._state, terminal)
            manager.register(ProgressHooks(progress))
            erase = progress.erase
        if not self._state.settings.dry_run:
            manager.register(WaitHooks(WaitOutput(self._state, terminal, erase)))

    def header(self) -> list[str]:
        """Return the configured model and judge for the header."""
        settings = self._state.settings
        if settings.model is None and settings.provider is None and settings.judge_model is None:
            return []
        from pytest_llmeval.assembly.roles import answering_role, judging_role

        roles = {"answers": answering_role(settings), "judges": judging_role(settings)}
        parts = [f"{verb}: {role.describe()}" for verb, role in roles.items() if role]
        judged = any(threshold.metric == "rubric" for threshold in settings.thresholds())
        return [
            f"llm: {', '.join(parts)}",
            *(f"llm: warning: {note.text}" for note in self._setting_notes(judged)),
        ]

    def _setting_notes(self, judged: bool) -> tuple[Note, ...]:
        from pytest_llmeval.assembly.roles import setting_notes

        return setting_notes(self._state.settings, judged)

    def _local_urls(self) -> dict[str, str]:
        from pytest_llmeval.assembly.roles import served_roles

        if not served_roles(self._state.settings):
            return {}
        try:
            return self._state.session.serve_models()
        except LLMEvalError as error:
            raise pytest.UsageError(harmless(str(error))) from None

    def _check_addresses(self) -> None:
        from pytest_llmeval.assembly.roles import check_addresses

        try:
            check_addresses(self._state.settings, os.environ)
        except LLMEvalError as error:
            raise pytest.UsageError(harmless(str(error))) from None

    def configure_worker(self, node: Any) -> None:
        """Send an xdist worker the id of the run and the addresses of local models."""
        self._check_addresses()
        node.workerinput["llm_run"] = self._state.run_id
        node.workerinput["llm_local_urls"] = self._local_urls()

    def take_collect_report(self, report: pytest.CollectReport) -> None:
        """Count an error of the collection, which is a failure without a case."""
        self._failures_without_case += report.failed

    def take(self, report: pytest.TestReport) -> None:
        """Log the result on a report, or count a failure without a case."""
        result = self._result_of(report)
        if result is not None:
            self._record(result, report)
        elif report.failed:
            self._failures_without_case += 1
            # xdist reports a test whose worker died outside the usual phases.
            if report.when not in _PHASES:
                self._lost.append(report.nodeid)

    def take_worker(self, node: Any) -> None:
        """Store the final report of an xdist worker, which is missing if it died."""
        output = getattr(node, "workeroutput", {})
        self._worker_reports.append(output.get(OUTPUT, {"is_whole": False}))

    def finish(self, session: pytest.Session) -> None:
        """Finish the calls in flight, set the exit code, and write the reports."""
        decider = self._decider()
        if decider is not None:
            # Now, while calls can still be made to judge a baseline again. The gates report errors.
            with suppress(LLMEvalError, OSError):
                self._baseline_notes = decider.read_baselines(self._state.session)
        self._state.end_calls()
        session.exitstatus = self._exit_code(int(session.exitstatus))
        if self._recorder is None:
            self._gate(session, decider)
        else:
            self._close(session, self._recorder, decider)

    def _result_of(self, report: pytest.TestReport) -> CaseResult | None:
        """Take the result of a report, which a worker has attached as text."""
        result = self._state.results.pop(report.nodeid, None)
        text = getattr(report, RESULT_ATTRIBUTE, None)
        if text is None:
            return result
        from pytest_llmeval.records.result import CaseResult
        from pytest_llmeval.records.wire import from_wire

        # pytest stores every report until the end of the run.
        delattr(report, RESULT_ATTRIBUTE)
        return from_wire(CaseResult, text)

    def _record(self, result: CaseResult, report: pytest.TestReport) -> None:
        self._outcomes[report.nodeid] = result.outcome
        self._judged = self._judged or bool(result.judge_model)
        try:
            self._opened().add(result)
        except LLMEvalError as error:
            raise pytest.UsageError(harmless(str(error))) from None

    def _opened(self) -> Recorder:
        if self._recorder is None:
            from pytest_llmeval.assembly.run_record import started_run
            from pytest_llmeval.runs.recorder import Recorder

            settings = self._state.settings
            versions = {"pytest": pytest.__version__}
            run = started_run(self._state.run_id, settings, self._started, versions)
            self._recorder = Recorder(settings, self._state.locations, run)
        return self._recorder

    def _exit_code(self, exit_code: int) -> int:
        if exit_code != pytest.ExitCode.TESTS_FAILED or self._failures_without_case:
            return exit_code
        return case_exit_code(self._outcomes.values()) or exit_code

    def _close(
        self, session: pytest.Session, recorder: Recorder, decider: GateDecider | None
    ) -> None:
        """Decide the gates, then write the end of the run and the reports."""
        from pytest_llmeval.runs.ending import end_run

        lost = tuple(self._lost)
        try:
            ending = end_run(self._state.session, self._worker_reports, self._state.is_whole)
            recorder.run = dataclasses.replace(
                recorder.run,
                traffic=ending.traffic,
                judges=ending.judges,
                lost=lost,
                is_cut_off=self._state.is_cut_off,
                failures_without_case=self._failures_without_case - len(lost),
            )
            self._gate(session, decider)
            notes = (
                *self._setting_notes(self._judged),
                *ending.notes,
                *self._baseline_notes,
                *self._gate_notes,
            )
            self._written = recorder.finish(int(session.exitstatus), lost, notes)
            if self._written is not None:
                self._written[1].update(ending.paths)
        except (LLMEvalError, OSError) as error:
            self._errors.append(f"could not write the reports: {error}")
            session.exitstatus = session.exitstatus or UNJUDGED

    def _marked_gates(self) -> Iterator[tuple[str, list[str]]]:
        """Yield the rules of ``llm_gate`` markers from every process, with their scope."""
        yield from self._state.marked_gates
        for report in self._worker_reports:
            yield from report.get("gates", ())

    def _is_gated(self) -> bool:
        """Return whether the run has gates."""
        settings = self._state.settings
        if settings.dry_run or self._state.config.option.collectonly:
            return False
        return bool(settings.gate or settings.baseline or any(self._marked_gates()))

    def _decider(self) -> GateDecider | None:
        """Return what decides the gates, or ``None`` if they give no verdict."""
        if self._recorder is None or self._state.is_cut_off or not self._is_gated():
            return None
        from pytest_llmeval.runs.gates import GateDecider, Gates

        return GateDecider(Gates.of(self._state.settings, self._marked_gates()), self._recorder)

    def _gate(self, session: pytest.Session, decider: GateDecider | None) -> None:
        """Decide the gates, and add their exit code to that of the tests."""
        test_code = int(session.exitstatus)
        is_judged = test_code in (pytest.ExitCode.OK, UNJUDGED, pytest.ExitCode.TESTS_FAILED)
        if self._recorder is None and not is_judged:
            return
        code, self._gate_notes = self._decide(decider)
        if is_judged and code:
            session.exitstatus = joint_exit_code((test_code, code))

    def _decide(self, decider: GateDecider | None) -> tuple[int, tuple[Note, ...]]:
        """Return the exit code of the gates, and notes for the user."""
        state = self._state
        is_gated = self._is_gated()
        if state.settings.dry_run or not (is_gated or self._recorder):
            return FINE, ()
        from pytest_llmeval.records.run import Note
        from pytest_llmeval.runs import ending

        if state.is_cut_off:
            return FINE, (Note("cut_off", ending.NO_VERDICT if is_gated else ending.CUT_OFF),)
        if self._recorder is None:
            return ending.decide_without_cases(state.settings)
        if decider is None:
            return ending.decide_without_gates(state.settings)
        return ending.decide(decider, state.quarantine, state.is_whole)

    def print_summary(self, terminal: Any) -> None:
        """Print the summary of the run."""
        if self._recorder is None:
            for note in self._gate_notes:
                terminal.write_line(harmless(f"llm: {note.text}"), yellow=True)
            return
        from pytest_llmeval.reports.terminal.run import summary_lines

        terminal.section("llm evaluation", "=")
        if self._written is not None:
            summary, paths = self._written
            for text, markup in summary_lines(self._recorder.run, summary, paths):
                terminal.write_line(text, **markup)
        for text in self._errors:
            terminal.write_line(harmless(text), red=True)
        for text in self._recorder.ci_lines:
            terminal.write_line(text)
