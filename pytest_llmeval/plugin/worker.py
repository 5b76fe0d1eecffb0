"""The role of an xdist worker, which reports to the controller at its end."""

from __future__ import annotations

from typing import Any

import pytest

from pytest_llmeval.errors import LLMEvalError
from pytest_llmeval.plugin.role import Role
from pytest_llmeval.plugin.state import PluginState
from pytest_llmeval.plugin.stopping import CERTAIN, order_of
from pytest_llmeval.plugin.worker_nodes import CHANNEL

OUTPUT = "llm"
"""Key of a worker's final report."""


class Worker(Role):
    """The role of an xdist worker.

    Args:
        state: The plugin's state.
    """

    def __init__(self, state: PluginState) -> None:
        self._state = state
        state.when_used = self._listen

    def take_order(self, session: pytest.Session) -> None:
        """Send the controller the order of the cases, in which it counts their results."""
        order = order_of(session, self._state)
        if order is not None:
            self._channel.send(order)

    @property
    def _channel(self) -> Any:
        worker_input: dict[str, Any] = self._state.config.workerinput  # type: ignore[attr-defined]
        return worker_input[CHANNEL]

    def _listen(self) -> None:
        """Tell the controller that this worker makes calls, and end them when it says so."""
        channel = self._channel
        # The channel closes when the controller dies.
        channel.setcallback(self._stop, endmarker=None)
        channel.send(None)

    def _stop(self, message: object) -> None:
        """End the run, or run no case that the verdict does not need, in a thread of execnet."""
        if message == CERTAIN:
            self._state.is_certain = True
        elif not self._state.interrupts.is_taken:
            self._state.stop_calls()
            self._state.interrupts.interrupt()

    def finish(self, session: pytest.Session) -> None:
        """Finish the calls in flight, and report to the controller."""
        self._state.interrupts.ignore()
        trouble = []
        try:
            self._state.end_calls()
        except (LLMEvalError, OSError) as error:
            trouble.append(str(error))
        output: dict[str, Any] = session.config.workeroutput  # type: ignore[attr-defined]
        output[OUTPUT] = {**self._state.worker_report(), "trouble": trouble}
