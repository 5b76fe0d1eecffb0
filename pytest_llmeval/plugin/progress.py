"""The status line on a terminal while tests wait for their calls."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from pytest_llmeval.plugin.state import PluginState


_EVERY_S = 0.5
_PATIENCE_S = 1.0
"""Seconds without a finished test after which the line appears."""

_SAVE, _RESTORE, _ERASE = "\x1b7", "\x1b8", "\x1b[K"


class Progress:
    """A status line after pytest's output, which disappears before pytest writes more.

    Args:
        state: The plugin's state.
        terminal: pytest's terminal reporter.
    """

    def __init__(self, state: PluginState, terminal: Any) -> None:
        self._state = state
        # pytest offers no public access to it.
        self._writer = terminal._tw
        # A copy, because pytest redirects the standard output to capture prints of a test.
        self._file = os.fdopen(
            os.dup(self._writer._file.fileno()), "w", encoding="utf-8", errors="replace"
        )
        self._lock = threading.Lock()
        self._end = threading.Event()
        self._started = time.monotonic()
        self._last = self._started
        self._done = 0
        self._is_shown = False
        self._session: pytest.Session | None = None

    @contextmanager
    def shown(self, session: pytest.Session) -> Iterator[None]:
        """Show the line while tests run."""
        self._session = session
        self._started = time.monotonic()
        threading.Thread(target=self._work, name="llmeval-progress", daemon=True).start()
        try:
            yield
        finally:
            self._end.set()
            self.erase()
            with self._lock:
                self._file.close()

    def count(self, report: pytest.TestReport) -> None:
        """Count a finished test, and make room for pytest's output."""
        self._done += report.when == "teardown"
        self._last = time.monotonic()
        self.erase()

    def erase(self) -> None:
        """Make room for pytest's output."""
        with self._lock:
            if self._is_shown:
                self._write(_ERASE)
                self._is_shown = False

    def _work(self) -> None:
        while not self._end.wait(_EVERY_S):
            is_quiet = time.monotonic() - self._last > _PATIENCE_S
            if is_quiet and not self._state.is_debugging:
                self._show()

    def _show(self) -> None:
        from pytest_llmeval.reports.terminal.dry_run import status_text

        lanes = self._state.lanes()
        if not lanes or self._session is None:
            return
        text = status_text(
            self._done, self._session.testscollected, lanes, time.monotonic() - self._started
        )
        with self._lock:
            if not self._end.is_set():
                self._write(_SAVE + text[: self._room()] + _ERASE + _RESTORE)
                self._is_shown = True

    def _room(self) -> int:
        return max(0, int(self._writer.fullwidth) - int(self._writer.width_of_current_line) - 1)

    def _write(self, text: str) -> None:
        self._file.write(text)
        self._file.flush()
