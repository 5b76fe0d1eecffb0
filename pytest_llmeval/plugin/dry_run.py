"""The dry run, which counts and prices the requests of the tests without sending anything."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from pytest_llmeval.plugin.collection import case_of
from pytest_llmeval.plugin.lookahead import LOOKAHEAD
from pytest_llmeval.plugin.outcomes import has_thresholds
from pytest_llmeval.plugin.state import PluginState

if TYPE_CHECKING:
    from pytest_llmeval.cases.plan import Plan


def run_in_this_process(config: pytest.Config) -> None:
    """Prevent xdist from starting workers, because this process makes the estimate."""
    if hasattr(config.option, "dist"):
        config.option.dist = "no"
        config.option.tx = []
        config.option.numprocesses = None


class DryRun:
    """A dry run of the tests.

    Args:
        state: The plugin's state.
    """

    def __init__(self, state: PluginState) -> None:
        self._state = state
        self._unseen: list[str] = []

    def count(self, session: pytest.Session) -> bool | None:
        """Count requests instead of running tests, or return ``None`` if pytest shows errors."""
        if session.testsfailed or session.config.option.collectonly:
            return None
        self._count(session.items)
        return True

    def print_lines(self, terminal: Any) -> None:
        """Print the counted requests."""
        from pytest_llmeval.reports.terminal.dry_run import dry_run_lines
        from pytest_llmeval.summary.changed_cases import change_lines
        from pytest_llmeval.text import printed

        terminal.section("llm dry run: nothing was sent", "=")
        state = self._state
        for line in change_lines(state.changed) if state.changed else ():
            terminal.write_line(printed(line))
        for line in dry_run_lines(state.session.estimate.sorted_lines(), self._unseen):
            terminal.write_line(line)
        if state.settings.dry_run_json is not None:
            self._write_json(state.locations.path("dry_run_json", state.settings.dry_run_json))

    def _write_json(self, path: Path) -> None:
        """Write what was counted, and which cases have changed, for programs."""
        from pytest_llmeval.records.changed import Estimated
        from pytest_llmeval.records.wire import to_wire
        from pytest_llmeval.reports.output import replacing

        requests = tuple(self._state.session.estimate.sorted_lines())
        content = Estimated(requests, tuple(self._unseen), self._state.changed)
        with replacing(path, "dry run") as file:
            file.write(f"{to_wire(content)}\n")

    def _count(self, items: list[pytest.Item]) -> None:
        ahead = self._state.config.stash[LOOKAHEAD]
        evaluations = []
        for item in items:
            evaluation = ahead.start(item)
            self._state.has_thresholds |= has_thresholds(item)
            if evaluation is not None:
                evaluations.append(evaluation)
            elif case_of(item) is not None or "llm_generate" in getattr(item, "fixturenames", ()):
                self._unseen.append(item.nodeid)
        for evaluation in evaluations:
            evaluation.wait()
        self._count_baselines([evaluation.plan for evaluation in evaluations])

    def _count_baselines(self, plans: list[Plan]) -> None:
        """Count the calls for judging baselines again."""
        state = self._state
        if state.settings.baseline:
            from pytest_llmeval.baselines.baselines import count_baselines

            count_baselines(state.session, plans)
