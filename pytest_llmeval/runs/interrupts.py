"""Signals that end a run as Ctrl-C does: those of a cancelled CI job and of a closed terminal."""

from __future__ import annotations

import signal
import threading
from _thread import interrupt_main
from collections.abc import Iterable
from contextlib import suppress
from types import FrameType
from typing import Any

ENDING = ("SIGTERM", "SIGHUP")
"""Signals that end a process at once, unless it handles them."""


class Interruption(KeyboardInterrupt):
    """A signal ended the run."""


class Interrupts:
    """Raises an `Interruption` in the main thread at the first of some signals.

    A handler that somebody else has set stays, and so does a signal that is ignored (nohup).

    Args:
        names: Names of the signals. Those that the platform lacks are left out.
        is_in_use: Whether there is a run to end; if not, a signal does what it does by default.

    Attributes:
        is_in_use: As given; it may change.
        is_taken: Whether a signal came, so that no other interrupts the end of the run.
    """

    def __init__(self, names: Iterable[str] = ENDING, is_in_use: bool = False) -> None:
        self.is_in_use = is_in_use
        self.is_taken = False
        self._numbers = [number for number in signal.Signals if number.name in names]
        self._earlier: dict[signal.Signals, Any] = {}

    def install(self) -> None:
        """Set the handlers. In another thread than the main one this does nothing."""
        for number in self._numbers:
            earlier = signal.getsignal(number)
            if earlier in (signal.SIG_DFL, signal.default_int_handler):
                # Only the main thread may set handlers.
                with suppress(ValueError):
                    signal.signal(number, self._take)
                    self._earlier[number] = earlier

    def restore(self) -> None:
        """Set the handlers that were there before."""
        for number, earlier in self._earlier.items():
            if signal.getsignal(number) == self._take:
                with suppress(ValueError):
                    signal.signal(number, earlier)
        self._earlier.clear()

    def ignore(self) -> None:
        """Let no signal interrupt the end of the run any more."""
        self.is_taken = True

    def interrupt(self) -> None:
        """Interrupt the main thread from another one."""
        number = next(iter(self._earlier), None)
        if self.is_taken or number is None:
            return
        thread = threading.main_thread().ident
        try:
            # It ends what the thread waits for.
            signal.pthread_kill(thread or 0, number)
        except AttributeError:  # Windows has no such call
            interrupt_main(number)

    def _take(self, number: int, frame: FrameType | None) -> None:
        name = signal.Signals(number).name
        if not self.is_in_use:
            self.restore()
            signal.raise_signal(number)
        elif not self.is_taken:
            self.is_taken = True
            raise Interruption(f"ended by {name}")
