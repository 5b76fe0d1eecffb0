"""The controller's part: collects results from every worker, writes the log and the reports, sets the exit code."""

from __future__ import annotations

import dataclasses
from contextlib import suppress
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

import pytest

from pytest_llmeval.errors import LLMEvalError
from pytest_llmeval.plugin.gating import decide, read_baselines
from pytest_llmeval.plugin.outcomes import RESULT_ATTRIBUTE
from pytest_llmeval.plugin.progress import Progress
from pytest_llmeval.plugin.state import PluginState
from pytest_llmeval.plugin.worker import OUTPUT
from pytest_llmeval.records.verdicts import UNJUDGED, case_exit_code, joint_exit_code

if TYPE_CHECKING:
    from pytest_llmeval.records.result import Outcome
    from pytest_llmeval.records.run import Note
    from pytest_llmeval.runs.recorder import Recorder
    from pytest_llmeval.summary.summary import Summary


class Controller:
    """Registered in a run without xdist, and in the controller of one with it.

    Args:
        activation: The plugin's state.
    """

    def __init__(self, activation: PluginState) -> None:
        self._activation = activation
        self._started = datetime.now(timezone.utc)
        self._recorder: Recorder | None = None
        self._outcomes: dict[str, Outcome] = {}
        self._other_failures = 0
        self._judged = False
        self._lost: list[str] = []
        self._written: tuple[Summary, dict[str, str]] | None = None
        self._trouble: list[str] = []
        self._gate_notes: tuple[Note, ...] = ()
        self._baseline_notes: tuple[Note, ...] = ()
        self._told: list[dict[str, Any]] = []

    def pytest_sessionstart(self, session: pytest.Session) -> None:
        """Show the status line where a person looks at a terminal."""
        manager = session.config.pluginmanager
        terminal = manager.get_plugin("terminalreporter")
        if terminal is not None and terminal.isatty():
            manager.register(Progress(self._activation, terminal), "llm_golden_progress")

    def pytest_report_header(self) -> list[str]:
        """Say what answers and what judges, where anything is configured."""
        return self._header()

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node: Any) -> None:
        """Tell a worker which run it is part of, and where the local models are that are served once for all."""
        node.workerinput["llm_run"] = self._activation.run_id
        node.workerinput["llm_local_urls"] = self._local_urls()

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Count what could not be collected: it is no case that could not be judged."""
        self._other_failures += report.failed

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Log a result as soon as it arrives."""
        self._take(report)

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        """Take in what a worker has sent and recorded."""
        self._told.append(getattr(node, "workeroutput", {}).get(OUTPUT, {"is_whole": False}))

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Finish what is in flight, set the exit code and write the reports."""
        self._activation.note_end(session)
        self._read_baselines()
        self._activation.end_calls()
        session.exitstatus = self._exit_code(int(session.exitstatus))
        self._finish(session)

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        """Print what a person reads in ten seconds."""
        self._print(terminalreporter)

    def _header(self) -> list[str]:
        settings = self._activation.settings
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

        return setting_notes(self._activation.settings, judged)

    def _local_urls(self) -> dict[str, str]:
        from pytest_llmeval.assembly.roles import served_roles

        if not served_roles(self._activation.settings):
            return {}
        try:
            return self._activation.session.serve_models()
        except LLMEvalError as error:
            raise pytest.UsageError(str(error)) from None

    def _take(self, report: pytest.TestReport) -> None:
        text = getattr(report, RESULT_ATTRIBUTE, None)
        if text is not None:
            delattr(report, RESULT_ATTRIBUTE)  # pytest keeps every report to the end of the run
            self._record(text, report)
        elif report.failed:
            self._other_failures += 1
            if report.when not in (
                "setup",
                "call",
                "teardown",
            ):  # xdist's report of a test whose worker died
                self._lost.append(report.nodeid)

    def _record(self, text: str, report: pytest.TestReport) -> None:
        from pytest_llmeval.records.result import CaseResult
        from pytest_llmeval.records.wire import from_wire

        result = self._activation.handed.pop(text, None) or from_wire(CaseResult, text)
        self._outcomes[report.nodeid] = result.outcome
        self._judged = self._judged or bool(result.judge_model)
        try:
            self._opened().add(result)
        except LLMEvalError as error:
            raise pytest.UsageError(str(error)) from None

    def _opened(self) -> Recorder:
        if self._recorder is None:
            from pytest_llmeval.assembly.run_record import started_run
            from pytest_llmeval.runs.recorder import Recorder

            settings = self._activation.settings
            versions = {"pytest": pytest.__version__}
            run = started_run(self._activation.run_id, settings, self._started, versions)
            self._recorder = Recorder(settings, self._activation.locations, run)
        return self._recorder

    def _exit_code(self, exit_code: int) -> int:
        if exit_code != pytest.ExitCode.TESTS_FAILED or self._other_failures:
            return exit_code
        return case_exit_code(self._outcomes.values()) or exit_code

    def _finish(self, session: pytest.Session) -> None:
        if self._recorder is None:
            return self._gate(session)
        from pytest_llmeval.runs.ending import end_run

        try:
            recorded = end_run(self._activation.session, self._told, self._activation.is_whole)
            self._recorder.run = dataclasses.replace(
                self._recorder.run,
                traffic=recorded.traffic,
                judges=recorded.judges,
                lost=tuple(self._lost),
                is_cut_off=self._activation.is_cut_off,
            )
            self._gate(session)
            notes = (
                *self._setting_notes(self._judged),
                *recorded.notes,
                *self._baseline_notes,
                *self._gate_notes,
            )
            self._written = self._recorder.finish(int(session.exitstatus), tuple(self._lost), notes)
            if self._written is not None:
                self._written[1].update(recorded.paths)
        except (LLMEvalError, OSError) as error:
            self._trouble.append(f"what the run leaves behind could not be written: {error}")
            session.exitstatus = session.exitstatus or UNJUDGED

    def _read_baselines(self) -> None:
        """While calls can still be made, since a baseline may have to be judged again."""
        with suppress(
            LLMEvalError, OSError
        ):  # the gates meet the same trouble with the log, and say it
            self._baseline_notes = read_baselines(self._activation, self._told, self._recorder)

    def _gate(self, session: pytest.Session) -> None:
        """Decide the gates; what they say counts where the tests alone would not have stopped the run."""
        given = int(session.exitstatus)
        is_judged = given in (pytest.ExitCode.OK, UNJUDGED, pytest.ExitCode.TESTS_FAILED)
        if self._recorder is None and not is_judged:
            return
        gated, self._gate_notes = decide(self._activation, self._told, self._recorder)
        if is_judged and gated:
            session.exitstatus = joint_exit_code((given, gated))

    def _print(self, terminal: Any) -> None:
        if self._recorder is None:
            for note in self._gate_notes:
                terminal.write_line(f"llm: {note.text}", yellow=True)
            return
        from pytest_llmeval.reports.terminal.run import summary_lines

        terminal.section("llm evaluation", "=")
        if self._written is not None:
            summary, paths = self._written
            for text, markup in summary_lines(self._recorder.run, summary, paths):
                terminal.write_line(text, **markup)
        for text in self._trouble:
            terminal.write_line(text, red=True)
        for text in self._recorder.told_to_ci:
            terminal.write_line(text)
