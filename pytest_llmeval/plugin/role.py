"""The tasks of a process besides running tests; by default none."""

from __future__ import annotations

from typing import Any

import pytest

from pytest_llmeval.plugin import gate_markers
from pytest_llmeval.plugin.state import PluginState


class Role:
    """The base of `Controller` and `Worker`."""

    def start(self, session: pytest.Session) -> None:
        """Prepare for the session."""

    def header(self) -> list[str]:
        """Return lines for pytest's header."""
        return []

    def collected(self) -> list[str]:
        """Return lines about the golden files, for the terminal after the collection."""
        return []

    def configure_worker(self, node: Any) -> None:
        """Send an xdist worker the data that it shares with this process."""

    def take_gates(self, session: pytest.Session, state: PluginState) -> None:
        """Note the gates of markers, and what an early stop needs to know."""
        gate_markers.note_gates(session, state)
        self.take_order(session)

    def take_order(self, session: pytest.Session) -> None:
        """Handle the order of the cases of a run that may stop early."""

    def take_collect_report(self, report: pytest.CollectReport) -> None:
        """Handle the report of a collector."""

    def end_collection(self) -> None:
        """Handle the end of the collection of an xdist worker."""

    def take(self, report: pytest.TestReport) -> None:
        """Handle the report of a test."""

    def take_worker(self, node: Any) -> None:
        """Handle the final report of an xdist worker."""

    def finish(self, session: pytest.Session) -> None:
        """Finish the session."""

    def print_summary(self, terminal: Any) -> None:
        """Print the summary of the run."""

    def print_closing(self, session: pytest.Session) -> None:
        """Print the last line of the terminal."""
