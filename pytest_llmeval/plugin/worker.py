"""The role of an xdist worker, which reports to the controller at its end."""

from __future__ import annotations

from typing import Any

import pytest

from pytest_llmeval.plugin.role import Role
from pytest_llmeval.plugin.state import PluginState

OUTPUT = "llm"
"""Key of a worker's final report."""


class Worker(Role):
    """The role of an xdist worker.

    Args:
        state: The plugin's state.
    """

    def __init__(self, state: PluginState) -> None:
        self._state = state

    def finish(self, session: pytest.Session) -> None:
        """Finish the calls in flight, and report to the controller."""
        self._state.end_calls()
        output: dict[str, Any] = session.config.workeroutput  # type: ignore[attr-defined]
        output[OUTPUT] = self._state.worker_report()
