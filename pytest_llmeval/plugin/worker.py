"""The part of an xdist worker that the controller cannot see: it is told at the worker's end."""

from __future__ import annotations

from typing import Any

import pytest

from pytest_llmeval.plugin.state import PluginState

OUTPUT = "llm"
"""Key of what a worker tells the controller."""


class Worker:
    """Registered in an xdist worker.

    Args:
        activation: The plugin's state.
    """

    def __init__(self, activation: PluginState) -> None:
        self._activation = activation

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Finish what is in flight, then tell what was sent and recorded."""
        self._activation.note_end(session)
        self._activation.end_calls()
        output: dict[str, Any] = session.config.workeroutput  # type: ignore[attr-defined]
        output[OUTPUT] = self._activation.told()
