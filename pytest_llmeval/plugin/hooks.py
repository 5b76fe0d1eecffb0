"""Every hook of a run, in the order in which pytest calls them.

A hook only forwards its calls, in the order written here.

Some classes are registered only when they are needed: `DryRunHooks` replaces the loop that runs the
tests, `ProgressHooks` writes to a terminal before pytest's terminal reporter does, and `WaitHooks`
is for the process that writes the output. The hooks that run before the configuration are in
`pytest_llmeval.plugin` itself.
"""

from __future__ import annotations

import warnings
from collections.abc import Generator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from pytest_llmeval.plugin import (
    breakpoints,
    collection,
    completeness,
    explain,
    heap,
    log_filter,
    outcomes,
    passed_over,
    rewritten,
    stopping,
    unchanged,
)
from pytest_llmeval.plugin.lookahead import LOOKAHEAD, LookAhead, cassette_lines
from pytest_llmeval.plugin.state import PluginState

if TYPE_CHECKING:
    from pytest_llmeval.plugin.dry_run import DryRun
    from pytest_llmeval.plugin.progress import Progress
    from pytest_llmeval.plugin.role import Role
    from pytest_llmeval.plugin.wait_lines import WaitOutput


class Hooks:
    """The hooks of every process that runs or controls tests.

    Args:
        state: The plugin's state.
        role: The tasks of this process besides running tests.
    """

    def __init__(self, state: PluginState, role: Role) -> None:
        self._state = state
        self._role = role

    # The start

    def pytest_sessionstart(self, session: pytest.Session) -> None:
        """Show the status line on a terminal."""
        self._role.start(session)

    def pytest_report_header(self) -> list[str]:
        """Return the configured model and judge for the header."""
        return self._role.header()

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node: Any) -> None:
        """Send an xdist worker the data that it shares with this process."""
        self._role.configure_worker(node)

    # Collection

    def pytest_collect_file(
        self, file_path: Path, parent: pytest.Collector
    ) -> collection.GoldenFile | None:
        """Collect a golden file of the command line or the ini key ``llm_golden``."""
        return collection.collect_golden(file_path, parent)

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        """Run a test with the marker ``llm_golden`` once for every case."""
        collection.parametrize(metafunc)

    @pytest.hookimpl(wrapper=True)  # the errors that a collector raises become its report
    def pytest_make_collect_report(
        self, collector: pytest.Collector
    ) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
        """Mark the report of a golden file or marker that cannot be used."""
        report = yield from collection.mark_broken(self._state)
        collection.note_unread(self._state, collector)
        passed_over.note_skipped(self._state, collector, report)
        outcomes.clean_collection(self._state, report)
        return report

    @pytest.hookimpl(tryfirst=True)  # before the terminal reporter and an xdist worker
    def pytest_warning_recorded(self, warning_message: warnings.WarningMessage) -> None:
        """Hide secrets in a warning of the application."""
        outcomes.clean_warning_message(self._state, warning_message)

    @pytest.hookimpl(tryfirst=True)  # before the terminal reporter
    def pytest_internalerror(self, excrepr: object) -> None:
        """Hide secrets in an error of a plugin."""
        outcomes.clean_internal_error(self._state, excrepr)

    @pytest.hookimpl(tryfirst=True)  # before the terminal reporter takes a worker's usage error
    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Count errors of the collection."""
        self._role.take_collect_report(report)

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_node_collection_finished(self) -> None:
        """Stop if an xdist worker found golden files or markers that cannot be used."""
        self._role.end_collection()

    @pytest.hookimpl(trylast=True)  # after other plugins have chosen
    def pytest_collection_modifyitems(
        self, config: pytest.Config, items: list[pytest.Item]
    ) -> None:
        """Apply ``--llm-where``, ``--llm-limit``, ``--llm-changed`` and ``--llm-stop-early``."""
        collection.deselect(config, items)
        unchanged.deselect(config, items)
        stopping.shuffle(self._state, items)

    def pytest_deselected(self, items: Sequence[pytest.Item]) -> None:
        """Note that the run is not whole."""
        self._state.note_deselected(items)
        passed_over.note_deselected(self._state, items)

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Check the declarations of the tests before anything is sent."""
        session.config.stash[LOOKAHEAD] = LookAhead(self._state, session.items)  # plans need it
        log_filter.filter_handlers(session.config)
        completeness.check_selection(session, self._state)
        outcomes.check_declared(session)
        self._role.take_gates(session, self._state)

    def pytest_report_collectionfinish(self, items: Sequence[pytest.Item]) -> list[str]:
        """Say what the columns of golden files became, and what tests with a cassette change."""
        return [*self._role.collected(), *cassette_lines(self._state.settings, items)]

    # Each test

    @pytest.hookimpl(tryfirst=True)  # pytest's own runs the test, and no other is asked
    def pytest_runtest_protocol(self, item: pytest.Item) -> None:
        """Start the calls that the next tests need."""
        item.config.stash[LOOKAHEAD].reach(item)

    @pytest.hookimpl(tryfirst=True)  # before the fixtures are set up
    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        """Reset the item, because a plugin may rerun it, or skip it if nothing needs it."""
        outcomes.start_afresh(item)
        stopping.skip_if_certain(item)
        self._state.raise_refusal()

    @pytest.hookimpl(wrapper=True)  # what a fixture returned is known after it
    def pytest_fixture_setup(
        self, fixturedef: pytest.FixtureDef[Any], request: pytest.FixtureRequest
    ) -> Generator[None, object, object]:
        """Learn the value of a user's fixture ``llm_provider`` for the calls of later tests."""
        __tracebackhide__ = True  # an error of the fixture is shown where it was raised
        value = yield
        if fixturedef.argname == "llm_provider":
            request.config.stash[LOOKAHEAD].learn_provider(fixturedef, request, value)
        return value

    @pytest.hookimpl(wrapper=True)  # thresholds are checked after the body
    def pytest_runtest_call(self, item: pytest.Item) -> Generator[None, object, object]:
        """Check the declared thresholds, even of a test that asserts nothing."""
        result = yield
        outcomes.enforce_thresholds(item)
        return result

    @pytest.hookimpl(wrapper=True, tryfirst=True)  # after the fixtures and every other hook
    def pytest_runtest_teardown(self, item: pytest.Item) -> Generator[None, object, object]:
        """Refuse a marker that the tear-down has added."""
        result = yield
        outcomes.refuse_late_markers(item)
        return result

    def pytest_assertrepr_compare(
        self, config: pytest.Config, op: str, left: object, right: object
    ) -> list[str] | None:
        """Explain a failed comparison with a Score."""
        return explain.explain(config, op, left, right)

    @pytest.hookimpl(wrapper=True, tryfirst=True)  # outside pytest's own, which knows xfail
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Decide the outcome, and attach the result to the report."""
        with outcomes.without_traceback(item, call):
            report = yield
        outcomes.correct_failure(item, report, call)
        outcomes.mark_error(report, call)
        outcomes.finish_report(item, report, call)
        return report

    # Before the terminal reporter and xdist store the report, and after they have counted it
    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> Generator[None, None, None]:
        """Log a result as soon as it arrives."""
        rewritten.restore_later(report)
        self._role.take(report)
        yield
        outcomes.restore_phase(report)

    @pytest.hookimpl(tryfirst=True)  # pytest knows no error in the body of a test
    def pytest_report_teststatus(self, report: object) -> tuple[str, str, str] | None:
        """Say ERROR of a test whose body ended with an error of this package."""
        return outcomes.error_status(report)

    def pytest_enter_pdb(self, pdb: Any) -> None:
        """Stop the clock of waits and time-outs while somebody is at a breakpoint."""
        breakpoints.watch(pdb, self._state)

    # The end

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        """Store the final report of an xdist worker."""
        self._role.take_worker(node)

    def pytest_keyboard_interrupt(self) -> None:
        """Note that the run ends early, also by ``pytest.exit`` with any exit code."""
        self._state.is_interrupted = True

    @pytest.hookimpl(tryfirst=True)  # before the terminal reporter shows the exit status
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Finish the calls in flight, decide the gates, and write the reports."""
        self._state.note_end(session)
        self._role.finish(session)

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        """Print the summary of the run."""
        self._role.print_summary(terminalreporter)


class CollectionHooks:
    """The hooks around and after those of all other plugins that choose among the collected tests.

    Args:
        state: The plugin's state.
    """

    def __init__(self, state: PluginState) -> None:
        self._state = state

    @pytest.hookimpl(wrapper=True, tryfirst=True)  # outside everything that removes items
    def pytest_collection_modifyitems(
        self, items: list[pytest.Item]
    ) -> Generator[None, object, object]:
        """Count the cases that a hook removes without a word."""
        return (yield from collection.count_vanished(self._state, items))

    @pytest.hookimpl(trylast=True)  # after the imports of the other hook
    def pytest_collection_finish(self) -> None:
        """Exempt the modules of an evaluation from the collection of garbage."""
        if self._state.has_session:
            heap.freeze_imports()


class ClosingHooks:
    """The hooks of the process that writes to the terminal.

    Args:
        role: The tasks of this process.
    """

    def __init__(self, role: Role) -> None:
        self._role = role

    @pytest.hookimpl(wrapper=True, tryfirst=True)  # after the terminal reporter's last line
    def pytest_sessionfinish(self, session: pytest.Session) -> Generator[None, object, object]:
        """Say in the last line what was not judged."""
        result = yield
        self._role.print_closing(session)
        return result


class DryRunHooks:
    """The hooks of ``--llm-dry-run``.

    Args:
        dry_run: The dry run.
    """

    def __init__(self, dry_run: DryRun) -> None:
        self._dry_run = dry_run

    @pytest.hookimpl(tryfirst=True)  # the first that answers is the only one
    def pytest_runtestloop(self, session: pytest.Session) -> bool | None:
        """Count requests instead of running tests."""
        return self._dry_run.count(session)

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        """Print the counted requests."""
        self._dry_run.print_lines(terminalreporter)


class WaitHooks:
    """The hooks of the lines that say what calls wait for.

    Args:
        output: Writes the lines.
    """

    def __init__(self, output: WaitOutput) -> None:
        self._output = output

    @pytest.hookimpl(tryfirst=True)  # before the tests
    def pytest_runtestloop(self) -> None:
        """Begin; the tests are run by pytest."""
        self._output.start()

    @pytest.hookimpl(wrapper=True, tryfirst=True)  # the end of a run may call a judge
    def pytest_sessionfinish(self) -> Generator[None, object, object]:
        """End."""
        result = yield
        self._output.stop()
        return result

    def pytest_unconfigure(self) -> None:
        """End where the session has not."""
        self._output.stop()


class ProgressHooks:
    """The hooks of the status line.

    Args:
        progress: The status line.
    """

    def __init__(self, progress: Progress) -> None:
        self._progress = progress

    @pytest.hookimpl(wrapper=True)  # the line is shown while the loop runs
    def pytest_runtestloop(self, session: pytest.Session) -> Any:
        """Show the line while tests run."""
        with self._progress.shown(session):
            return (yield)

    @pytest.hookimpl(tryfirst=True)  # before the terminal reporter writes
    def pytest_runtest_logstart(self) -> None:
        """Make room for pytest's output."""
        self._progress.erase()

    @pytest.hookimpl(tryfirst=True)  # before the terminal reporter writes
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Count a finished test, and make room for pytest's output."""
        self._progress.count(report)
