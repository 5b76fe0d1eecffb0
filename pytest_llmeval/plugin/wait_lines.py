"""Lines in pytest's output that say what calls wait for, also where it is a pipe."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from pytest_llmeval.text import harmless

if TYPE_CHECKING:
    from pytest_llmeval.plugin.state import PluginState
    from pytest_llmeval.runs.watch import Watch


class WaitOutput:
    """Writes the lines while tests run and while the run ends.

    Args:
        state: The plugin's state.
        terminal: pytest's terminal reporter.
        erase: Makes room on a terminal with a status line.
    """

    def __init__(self, state: PluginState, terminal: Any, erase: Callable[[], None]) -> None:
        self._state = state
        self._terminal = terminal
        self._erase = erase
        self._file: Any = None
        self._watch: Watch | None = None

    def start(self) -> None:
        """Begin, before pytest redirects the standard output to capture that of a test."""
        from pytest_llmeval.runs.watch import Watch

        self._file = _copy(self._terminal._tw._file)
        self._watch = Watch(self._state.waits, self._write)
        self._watch.start()

    def stop(self) -> None:
        """End. Stopping twice does nothing."""
        if self._watch is not None:
            self._watch.stop()
            self._watch = None
            if self._file is not self._terminal._tw._file:
                self._file.close()

    def _write(self, line: str) -> None:
        if self._state.is_debugging:
            return
        self._erase()
        # pytest begins a new line with the name of the file after this.
        begin = "\n" if self._terminal._tw.width_of_current_line else ""
        self._terminal.currentfspath = None
        with suppress(OSError, ValueError):  # the reader is gone
            self._file.write(f"{begin}{harmless(line)}\n")
            self._file.flush()


def _copy(file: Any) -> Any:
    """Copy an output file; one in memory is returned as it is."""
    try:
        return os.fdopen(os.dup(file.fileno()), "w", encoding="utf-8", errors="replace")
    except (OSError, ValueError, AttributeError):
        return file
