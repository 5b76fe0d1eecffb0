"""``--llm-dry-run``: what the tests would send, counted and priced; no test runs and nothing is sent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from pytest_llmeval.plugin.collection import case_of
from pytest_llmeval.plugin.lookahead import LOOKAHEAD
from pytest_llmeval.plugin.state import PluginState

if TYPE_CHECKING:
    from pytest_llmeval.cases.plan import Plan


def run_in_this_process(config: pytest.Config) -> None:
    """Keep xdist, if it is there, from starting workers: the estimate is made here."""
    if hasattr(config.option, "dist"):
        config.option.dist, config.option.tx, config.option.numprocesses = "no", [], None


class DryRun:
    """Counts in place of running the tests.

    Args:
        state: The plugin's state.
    """

    def __init__(self, state: PluginState) -> None:
        self._state = state
        self._unseen: list[str] = []

    def count(self, session: pytest.Session) -> bool | None:
        """Count instead of running; ``None`` leaves it to pytest, which has errors to show."""
        if session.testsfailed or session.config.option.collectonly:
            return None
        self._count(session.items)
        return True

    def print_lines(self, terminal: Any) -> None:
        """Print what would be sent."""
        from pytest_llmeval.reports.terminal.dry_run import dry_run_lines

        terminal.section("llm dry run: nothing was sent", "=")
        for line in dry_run_lines(self._state.session.estimate.sorted_lines(), self._unseen):
            terminal.write_line(line)

    def _count(self, items: list[pytest.Item]) -> None:
        ahead = self._state.config.stash[LOOKAHEAD]
        begun = []
        for item in items:
            if (run := ahead.begin(item)) is not None:
                begun.append(run)
            elif case_of(item) is not None or "llm_generate" in getattr(item, "fixturenames", ()):
                self._unseen.append(item.nodeid)
        for run in begun:
            run.wait()
        self._count_baselines([run.plan for run in begun])

    def _count_baselines(self, plans: list[Plan]) -> None:
        """Count what a baseline of another judge would cost."""
        state = self._state
        if state.settings.baseline:
            from pytest_llmeval.baselines.baselines import count_baselines

            count_baselines(state.session, plans)
