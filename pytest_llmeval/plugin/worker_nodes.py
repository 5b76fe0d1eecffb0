"""The xdist workers of a run, as the controller knows them.

A channel leads to each worker. It tells the worker to end the run, and it closes when the
controller dies, so no worker goes on alone.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from contextlib import suppress
from queue import Empty
from typing import Any

import pytest

from pytest_llmeval.plugin.role import Role
from pytest_llmeval.runs.interrupts import Interrupts

CHANNEL = "llm_channel"
"""Key of the channel in a worker's input."""

_PATIENCE_S = 5.0
"""Seconds until all workers must have ended their calls and reported."""


class WorkerNodes:
    """The running workers.

    Args:
        interrupts: The signals that end the run, in use as soon as a worker makes calls.

    Attributes:
        running: Those that have not ended.
        order: The order of the cases of a run that may stop early, which all of them share.
    """

    def __init__(self, interrupts: Interrupts) -> None:
        self.running: list[Any] = []
        self.order: Mapping[str, Any] | None = None
        self._interrupts = interrupts

    def add(self, node: Any) -> None:
        """Open the channel to a new worker."""
        self._interrupts.install()
        self.running.append(node)
        channel = node.workerinput[CHANNEL] = node.gateway.newchannel()
        channel.setcallback(self._note_use)

    def remove(self, node: Any) -> None:
        """Forget a worker that has ended."""
        if node in self.running:
            self.running.remove(node)

    def stop(self, config: pytest.Config, role: Role) -> None:
        """End the tests of all workers, and take the reports that come until they have ended."""
        if not self._interrupts.is_in_use:
            return
        for node in self.running:
            with suppress(OSError):  # it is dead
                node.workerinput[CHANNEL].send(None)
        # A second Ctrl-C ends the wait.
        with suppress(KeyboardInterrupt):
            self._take_reports(config, role)

    def send(self, message: str) -> None:
        """Send all workers a message."""
        for node in self.running:
            with suppress(OSError):  # it is dead
                node.workerinput[CHANNEL].send(message)

    def _note_use(self, order: Mapping[str, Any] | None) -> None:
        """Note that a worker makes calls, or the order of the cases, in a thread of execnet."""
        self._interrupts.is_in_use = True
        if order is not None and self.order is None:
            self.order = order

    def _take_reports(self, config: pytest.Config, role: Role) -> None:
        """Do what the loop of xdist does with these events; an interrupt has ended that loop."""
        plugin: Any = config.pluginmanager.get_plugin("dsession")
        end = time.monotonic() + _PATIENCE_S
        while self.running:
            try:
                event, values = plugin.queue.get(timeout=max(0.0, end - time.monotonic()))
            except (Empty, AttributeError):  # another xdist may name its queue otherwise
                return
            if event == "testreport":
                # The terminal may be closed.
                with suppress(OSError):
                    config.hook.pytest_runtest_logreport(report=values["rep"])
            elif event in ("workerfinished", "errordown"):
                role.take_worker(values["node"])
