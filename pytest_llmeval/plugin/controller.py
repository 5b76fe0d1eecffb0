"""The controller, which collects all results, writes log and reports, and sets the exit code."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Callable, Mapping
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

import pytest

from pytest_llmeval.errors import LLMEvalError
from pytest_llmeval.plugin.collection import BROKEN
from pytest_llmeval.plugin.decision import RunDecision
from pytest_llmeval.plugin.hooks import ProgressHooks, WaitHooks
from pytest_llmeval.plugin.outcomes import CASE_ATTRIBUTE, RECORDED_ATTRIBUTE, RESULT_ATTRIBUTE
from pytest_llmeval.plugin.progress import Progress
from pytest_llmeval.plugin.role import Role
from pytest_llmeval.plugin.state import USAGE_ERROR, PluginState, usage_error
from pytest_llmeval.plugin.stopping import CERTAIN, StopDecision, order_of
from pytest_llmeval.plugin.wait_lines import WaitOutput
from pytest_llmeval.plugin.worker import OUTPUT
from pytest_llmeval.plugin.worker_nodes import WorkerNodes
from pytest_llmeval.records.scorer import RUBRIC
from pytest_llmeval.records.verdicts import UNJUDGED, case_exit_code, joint_exit_code
from pytest_llmeval.text import and_more, count, harmless, printed

if TYPE_CHECKING:
    from pytest_llmeval.records.result import CaseResult, Outcome
    from pytest_llmeval.records.run import Note
    from pytest_llmeval.runs.ending import Decision, RunEnding
    from pytest_llmeval.runs.gates import GateDecider
    from pytest_llmeval.runs.recorder import Recorder
    from pytest_llmeval.summary.summary import Summary


_PHASES = ("setup", "call", "teardown")
_DECIDED = (
    pytest.ExitCode.OK,
    pytest.ExitCode.TESTS_FAILED,
    pytest.ExitCode.NO_TESTS_COLLECTED,
    UNJUDGED,
)
"""Exit codes of tests that the decision of the run is added to."""
_MOST_FILES = 3
"""Golden files that the header describes."""


def _writes_to_terminal(reporter: Any) -> bool:
    """Return whether pytest's reporter writes to a terminal; an attribute before pytest 8.4."""
    is_terminal = reporter.isatty
    return bool(is_terminal() if callable(is_terminal) else is_terminal)


def _do_nothing() -> None:
    """Make no room where there is no status line."""


class Controller(Role):
    """The role of a process without xdist, or of xdist's controller.

    Args:
        state: The plugin's state.
    """

    def __init__(self, state: PluginState) -> None:
        self._state = state
        self._decision = RunDecision(state)
        self._started = datetime.now(timezone.utc)
        self._recorder: Recorder | None = None
        self._outcomes: dict[str, Outcome] = {}
        self._failures_without_case = 0
        self._broken = 0
        self._held_back: list[CaseResult] = []
        self._judged = False
        self._lost: list[str] = []
        self._written: tuple[Summary, Mapping[str, str]] | None = None
        self._errors: list[str] = []
        self._gate_notes: tuple[Note, ...] = ()
        self._workers = WorkerNodes(state.interrupts)
        self._order: Mapping[str, Any] | None = None
        self._stop: StopDecision | None = None

    def start(self, session: pytest.Session) -> None:
        """Show the status line on a terminal, and everywhere what calls wait for."""
        manager = session.config.pluginmanager
        terminal = manager.get_plugin("terminalreporter")
        if terminal is None or session.config.option.collectonly:
            return
        erase: Callable[[], None] = _do_nothing
        if _writes_to_terminal(terminal):
            progress = Progress(self._state, terminal)
            manager.register(ProgressHooks(progress))
            erase = progress.erase
        if self._names_model() and not self._state.settings.dry_run:
            manager.register(WaitHooks(WaitOutput(self._state, terminal, erase)))

    def header(self) -> list[str]:
        """Return the configured model and judge for the header."""
        if not self._names_model():
            return []
        settings = self._state.settings
        from pytest_llmeval.assembly.roles import answering_role, judging_role

        roles = {"answers": answering_role(settings), "judges": judging_role(settings)}
        parts = [f"{verb}: {role.describe()}" for verb, role in roles.items() if role]
        judged = any(threshold.metric == RUBRIC for threshold in settings.thresholds())
        return [
            f"llm: {', '.join(parts)}",
            *(f"llm: warning: {note.text}" for note in self._setting_notes(judged)),
        ]

    def _names_model(self) -> bool:
        """Return whether the settings name something that answers or judges."""
        settings = self._state.settings
        named = (settings.model, settings.provider, settings.judge_model)
        return any(name is not None for name in named)

    def collected(self) -> list[str]:
        """Return what the columns of the golden files became."""
        if self._state.config.option.verbose < 0:
            return []
        return _golden_lines(self._state.golden_headers())

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
            raise usage_error(error) from None

    def _check_addresses(self) -> None:
        from pytest_llmeval.assembly.roles import check_addresses

        try:
            check_addresses(self._state.settings, os.environ)
        except LLMEvalError as error:
            raise usage_error(error) from None

    def configure_worker(self, node: Any) -> None:
        """Send an xdist worker the id of the run and the addresses of local models."""
        self._workers.add(node)
        self._check_addresses()
        node.workerinput["llm_run"] = self._state.run_id
        node.workerinput["llm_typed"] = sorted(self._state.typed)
        node.workerinput["llm_added"] = sorted(self._state.settings.added)
        node.workerinput["llm_choice"] = self._state.choice.to_wire()
        node.workerinput["llm_local_urls"] = self._local_urls()
        # One that takes the place of a dead worker may start when the verdict is certain.
        node.workerinput["llm_is_certain"] = self._state.is_certain

    def take_order(self, session: pytest.Session) -> None:
        """Note the order of the cases of a run that may stop early."""
        self._order = order_of(session, self._state)

    def take_collect_report(self, report: pytest.CollectReport) -> None:
        """Count an error of the collection, or raise the usage error of an xdist worker.

        Raises:
            pytest.UsageError: A worker refuses to run.
        """
        refusal: str = vars(report).get(USAGE_ERROR, "")
        if refusal:
            raise pytest.UsageError(refusal)
        if report.failed:
            self._failures_without_case += 1
            self._decision.uncollected.append(report.nodeid)
            self._broken += bool(vars(report).get(BROKEN))

    def end_collection(self) -> None:
        """Stop as pytest does without xdist, if a golden file or a marker cannot be used.

        Raises:
            pytest.Session.Interrupted: One cannot be used.
        """
        if self._broken and not self._state.config.option.continue_on_collection_errors:
            raise pytest.Session.Interrupted(f"{count(self._broken, 'error')} during collection")

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
                self._decision.finished.add(report.nodeid)
                self._stop_if(lambda stop: stop.take_lost(report.nodeid))

    def take_worker(self, node: Any) -> None:
        """Store the final report of an xdist worker, which is missing if it died."""
        output = getattr(node, "workeroutput", {})
        self._workers.remove(node)
        report = output.get(OUTPUT, {"is_whole": False})
        self._decision.worker_reports.append(report)
        self._state.is_interrupted |= report.get("is_interrupted", False)

    def finish(self, session: pytest.Session) -> None:
        """End the calls and the run, set the exit code, and write log and reports."""
        state = self._state
        self._workers.stop(session.config, self)
        self._decision.worker_reports += [{"is_whole": False} for _ in self._workers.running]
        session.exitstatus = self._exit_code(int(session.exitstatus))
        if self._is_unchanged(session):
            self._begin_unchanged(session)
        if self._recorder is None:
            self._gate(session, None)
        if self._recorder is None and not state.has_session:
            return
        from pytest_llmeval.runs.ending import RunEnding

        if self._recorder is not None:
            is_whole = state.is_whole and not state.is_certain
            ending = RunEnding(state.session, self._decision.worker_reports, is_whole)
            self._end(session, self._recorder, ending)
        else:
            ending = RunEnding(state.session)
            ending.end_calls()
            self._errors += ending.trouble
            if ending.trouble:
                session.exitstatus = session.exitstatus or UNJUDGED

    def _is_unchanged(self, session: pytest.Session) -> bool:
        """Return whether no case has left a result, because none has changed."""
        option = session.config.option
        is_idle = self._state.settings.dry_run or option.collectonly or option.setuponly
        if self._recorder is not None or is_idle or self._state.is_cut_off:
            return False
        return session.exitstatus in _DECIDED and bool(self._decision.unchanged)

    def _begin_unchanged(self, session: pytest.Session) -> None:
        """Begin a run that is judged by the scores of its baseline alone."""
        if session.exitstatus == pytest.ExitCode.NO_TESTS_COLLECTED:
            session.exitstatus = pytest.ExitCode.OK
        try:
            self._opened().begin()
        except LLMEvalError as error:
            self._errors.append(f"could not be written: {error}")
            session.exitstatus = session.exitstatus or UNJUDGED

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
        recorded: str = vars(report).pop(RECORDED_ATTRIBUTE, "")
        if recorded and self._state.session.recordings is not None:
            # Now, so that a worker that dies later loses none.
            self._state.session.recordings.merge(recorded)
        return from_wire(CaseResult, text)

    def _record(self, result: CaseResult, report: pytest.TestReport) -> None:
        self._outcomes[report.nodeid] = result.outcome
        self._judged = self._judged or bool(result.judge_model)
        self._decision.count(result, bool(vars(report).get(CASE_ATTRIBUTE)))
        try:
            self._add(result)
        except LLMEvalError as error:
            raise usage_error(error) from None
        self._stop_if(lambda stop: stop.stopper.take(result))

    def _stop_if(self, is_certain: Callable[[StopDecision], bool]) -> None:
        """Let all processes run no further case as soon as the verdict is certain."""
        order = self._order or self._workers.order
        if order is None:
            return
        if self._stop is None:
            self._stop = StopDecision(self._state, order)
            self._decision.order = self._stop.order
        if is_certain(self._stop) and not self._state.is_certain:
            self._state.is_certain = True
            self._workers.send(CERTAIN)

    def _note_early_stop(self, recorder: Recorder) -> tuple[Note, ...]:
        """Record what the run has left out, and return a note on it."""
        if self._stop is None or self._state.is_cut_off:
            return ()
        early_stop = self._stop.stopper.early_stop()
        if early_stop is None:
            return ()
        from pytest_llmeval.records.run import Note
        from pytest_llmeval.summary.stopping import early_stop_text

        recorder.run = dataclasses.replace(recorder.run, early_stop=early_stop)
        return (Note("early_stop", early_stop_text(early_stop)),)

    def _add(self, result: CaseResult) -> None:
        """Log a result; nothing is written for a run in which every case is skipped."""
        if self._recorder is None and result.outcome == "skipped" and result.completion is None:
            self._held_back.append(result)
            return
        recorder = self._opened()
        for held_back in self._held_back:
            recorder.add(held_back)
        self._held_back.clear()
        recorder.add(result)

    def _opened(self) -> Recorder:
        if self._recorder is None:
            from pytest_llmeval.assembly.run_record import started_run
            from pytest_llmeval.runs.recorder import Recorder

            settings = self._state.settings
            versions = {"pytest": pytest.__version__}
            run = started_run(self._state.run_id, settings, self._started, versions)
            shown = self._state.session.secrets.hide_in(run)
            self._recorder = Recorder(settings, self._state.locations, shown)
        return self._recorder

    def _exit_code(self, exit_code: int) -> int:
        if exit_code != pytest.ExitCode.TESTS_FAILED or self._failures_without_case:
            return exit_code
        return case_exit_code(self._outcomes.values()) or exit_code

    def _end(self, session: pytest.Session, recorder: Recorder, ending: RunEnding) -> None:
        """End a run with cases: its gates, its log and its reports."""
        decider = self._decision.decider(recorder)
        try:
            if decider is not None:
                ending.read_baselines(decider)
        except KeyboardInterrupt:
            session.exitstatus = pytest.ExitCode.INTERRUPTED
            self._state.note_end(session)
        self._state.interrupts.ignore()

        def decide() -> Decision:
            noted = self._note_early_stop(recorder)
            self._gate(session, decider)
            return int(session.exitstatus), (*noted, *self._gate_notes)

        lost = tuple(self._lost)
        recorder.run = dataclasses.replace(
            recorder.run,
            lost=lost,
            is_cut_off=self._state.is_cut_off,
            is_narrowed=self._decision.is_narrowed,
            failures_without_case=self._failures_without_case - len(lost),
            unchanged=len(self._decision.unchanged),
            unchanged_failures=self._decision.unchanged_failures,
        )
        ended = ending.end(recorder, decide, self._setting_notes(self._judged))
        session.exitstatus = ended.exit_code
        if ended.summary is not None:
            self._written = ended.summary, ended.paths
        self._errors += [f"could not be written: {error}" for error in ended.errors]

    def _gate(self, session: pytest.Session, decider: GateDecider | None) -> None:
        """Decide the run, and add the exit code of the decision to that of the tests."""
        test_code = int(session.exitstatus)
        is_judged = test_code in _DECIDED
        if self._recorder is None and not is_judged:
            return
        code, self._gate_notes = self._decision.decide(self._recorder is not None, decider)
        if is_judged and code:
            session.exitstatus = joint_exit_code((test_code, code))

    def print_summary(self, terminal: Any) -> None:
        """Print the summary of the run."""
        if self._recorder is None:
            for text in self._errors:
                terminal.write_line(harmless(f"llm: {text}"), red=True)
            return
        from pytest_llmeval.reports.terminal.run import summary_lines

        terminal.section("llm evaluation", "=")
        if self._written is not None:
            summary, paths = self._written
            for text, markup in summary_lines(self._recorder.run, summary, paths):
                terminal.write_line(text, **markup)
        # The workers have read the golden files, after the header of this process. The verdict of
        # the run stands before them.
        for line in _golden_lines(self._worker_headers()):
            terminal.write_line(line)
        for text in self._errors:
            terminal.write_line(harmless(text), red=True)
        for text in self._recorder.ci_lines:
            terminal.write_line(text)

    def print_closing(self, session: pytest.Session) -> None:
        """Print what was left unjudged as the last line of the terminal."""
        terminal = session.config.pluginmanager.get_plugin("terminalreporter")
        line = self._closing_line()
        if terminal is not None and line:
            terminal.write_line(harmless(line), yellow=True)

    def _closing_line(self) -> str:
        if self._recorder is None or self._written is None:
            texts = "; ".join(note.text for note in self._gate_notes)
            return f"llm: {texts}" if texts else ""
        from pytest_llmeval.summary.headline import closing_line

        summary, _ = self._written
        return closing_line(self._recorder.run, summary.verdict, summary.headline)

    def _worker_headers(self) -> list[str]:
        """Return the lines about golden files of all workers, which have read the same files."""
        headers = (report.get("golden", ()) for report in self._decision.worker_reports)
        return list(dict.fromkeys(line for lines in headers for line in lines))


def _golden_lines(headers: list[str]) -> list[str]:
    """Write the lines about the first golden files."""
    lines = [f"llm: {printed(header)}" for header in headers[:_MOST_FILES]]
    if len(headers) > _MOST_FILES:
        more = and_more(len(headers) - _MOST_FILES, "golden file")
        lines.append(f"llm: {more}: llmeval validate FILE describes one")
    return lines
