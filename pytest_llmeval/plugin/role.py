"""What a process does besides running tests; by default nothing."""

from __future__ import annotations

from typing import Any

import pytest


class Role:
    """The base of `Controller` and `Worker`."""

    def start(self, session: pytest.Session) -> None:
        """Prepare for the session."""

    def header(self) -> list[str]:
        """Return lines for pytest's header."""
        return []

    def configure_worker(self, node: Any) -> None:
        """Give an xdist worker what it shares with this process."""

    def take_collect_report(self, report: pytest.CollectReport) -> None:
        """Take in the report of a collector."""

    def take(self, report: pytest.TestReport) -> None:
        """Take in the report of a test."""

    def take_worker(self, node: Any) -> None:
        """Take in what an xdist worker reports at its end."""

    def finish(self, session: pytest.Session) -> None:
        """Finish the session."""

    def print_summary(self, terminal: Any) -> None:
        """Print the summary of the run."""
