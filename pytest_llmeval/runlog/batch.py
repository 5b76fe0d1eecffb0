"""Results that wait to be written to the run log together."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable, Sequence
from contextlib import suppress

from pytest_llmeval.errors import RunLogError
from pytest_llmeval.runlog.database import Row

ResultRows = tuple[Row, Sequence[Row], Sequence[Row], Sequence[Row], Sequence[Row]]
"""A result as rows: its case, completions, scores, samples, and the case in the baselines."""

SIZE = 100
_AGE_S = 0.2
"""Results of a batch, and seconds until a smaller one is written."""


class Batch:
    """Collects results and writes them: 100 at once, or all 0.2 s after the first of them.

    Results that could not be written stay. The next `add` or `flush` writes them again, and raises
    the error.

    Args:
        write: Writes the results, also in the thread of the timer. One call at a time.
        is_timed: Whether results are written after a time, too.
    """

    def __init__(self, write: Callable[[list[ResultRows]], None], is_timed: bool) -> None:
        self._write = write
        self._is_timed = is_timed
        self._waiting: dict[Hashable, ResultRows] = {}
        self._timer: threading.Timer | None = None
        self._is_overdue = False
        self._lock = threading.RLock()

    def add(self, key: Hashable, rows: ResultRows) -> None:
        """Collect a result; it replaces a waiting one of the same key.

        Raises:
            RunLogError: The results cannot be written and stay.
        """
        with self._lock:
            self._waiting[key] = rows
            if len(self._waiting) >= SIZE or self._is_overdue:
                self.flush()
            elif self._is_timed and self._timer is None:
                self._timer = threading.Timer(_AGE_S, self._flush_late)
                self._timer.start()

    def flush(self) -> None:
        """Write the waiting results.

        Raises:
            RunLogError: The results cannot be written and stay.
        """
        with self._lock:
            self._stop_timer()
            if self._waiting:
                self._is_overdue = True
                self._write(list(self._waiting.values()))
                self._waiting.clear()
            self._is_overdue = False

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _flush_late(self) -> None:
        """Write the results in the thread of the timer."""
        # The next `add` or `flush` meets the same error and raises it.
        with suppress(RunLogError):
            self.flush()
