"""Work that is collected for a moment and then done at once, as a database likes it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable
from contextlib import suppress
from typing import Generic, TypeVar

from pytest_llmeval.errors import RunLogError

T = TypeVar("T")

SIZE = 100
AGE_S = 0.2


class Batch(Generic[T]):
    """Collects items and hands them over: 100 at once, or all there are 0.2 s after the first of them.

    Items whose handing over failed wait on. Whoever adds or flushes next tries again, and gets the error.

    Args:
        write: Takes the items, in a thread of its own where they had to wait. One call at a time.
        is_timed: Whether time counts too, not only how many there are.
    """

    def __init__(self, write: Callable[[list[T]], None], is_timed: bool) -> None:
        self._write = write
        self._is_timed = is_timed
        self._items: dict[Hashable, T] = {}
        self._timer: threading.Timer | None = None
        self._is_overdue = False
        self._lock = threading.RLock()

    def add(self, key: Hashable, item: T) -> None:
        """Collect an item. One of the same key that still waits is replaced.

        Raises:
            RunLogError: The items cannot be written; they wait on.
        """
        with self._lock:
            self._items[key] = item
            if len(self._items) >= SIZE or self._is_overdue:
                self.flush()
            elif self._is_timed and self._timer is None:
                self._timer = threading.Timer(AGE_S, self._flush_late)
                self._timer.start()

    def flush(self) -> None:
        """Hand over what waits now.

        Raises:
            RunLogError: The items cannot be written; they wait on.
        """
        with self._lock:
            self._stop_timer()
            if self._items:
                self._is_overdue = True
                self._write(list(self._items.values()))
                self._items.clear()
            self._is_overdue = False

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _flush_late(self) -> None:
        """In the timer's thread, which nobody waits for: the next to add or flush meets the same error."""
        with suppress(RunLogError):
            self.flush()
