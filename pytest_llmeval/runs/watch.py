"""A thread that says what calls wait for, while everybody waits."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Any

from pytest_llmeval.engine.waits import WaitLines

_EVERY_S = 1.0


class Watch:
    """Shows each wait once, within a second of its begin. A context manager.

    Args:
        read: Returns the waits of the run; see `pytest_llmeval.engine.waits`.
        show: Shows a line; called in the thread of the watch.
    """

    def __init__(self, read: Callable[[], Mapping[str, Any]], show: Callable[[str], None]) -> None:
        self._read = read
        self._show = show
        self._lines = WaitLines()
        self._end = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin."""
        self._thread = threading.Thread(target=self._work, name="llmeval-watch", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End. Stopping twice does nothing."""
        self._end.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def __enter__(self) -> Watch:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def _work(self) -> None:
        while not self._end.wait(_EVERY_S):
            for line in self._lines.new(self._read()):
                self._show(line)
