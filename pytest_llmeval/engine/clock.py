"""The clock of the engine's event loop: time at a breakpoint does not count.

Time-outs and waits run on this clock. While somebody is at a breakpoint it all but stands still.
When the loop itself did not run (a debugger, a stopped process, an application that blocks it), the
time is left out afterwards. So no call is given up because a person was thinking.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

TICK_S = 1.0
"""How often the loop looks at its clock at least."""

_STALL_S = 5.0
"""Seconds without a look, after which the loop must have stood still."""

_SLOWER = 1000.0
"""How much slower the clock runs at a breakpoint. A timer that is due at once still fires, so that
the loop does not turn over and over until the end of the breakpoint."""

_real_clock = (
    time.monotonic
)  # a test may freeze the clock of the module `time`; the loop's must go on


class EngineClock:
    """A monotonic clock that can be slowed down.

    Args:
        real: The clock that it follows, in seconds.
    """

    def __init__(self, real: Callable[[], float] = _real_clock) -> None:
        self._real = real
        self._lost = 0.0
        self._last = self._shown = real()
        self._slow_since: float | None = None
        self._breaks = 0
        self._lock = threading.Lock()

    def time(self) -> float:
        """Return the time in seconds."""
        with self._lock:
            now = self._real()
            if self._slow_since is not None:
                now = self._slow_since + (now - self._slow_since) / _SLOWER
            else:
                gap = now - self._last
                if gap > _STALL_S:
                    self._lost += gap - TICK_S
                self._last = now
            # Rounding must not turn it back.
            self._shown = max(self._shown, now - self._lost)
            return self._shown

    def slow_down(self) -> None:
        """Begin a breakpoint; a second one inside it changes nothing."""
        with self._lock:
            self._breaks += 1
            if self._slow_since is None:
                self._slow_since = self._real()

    def go_on(self) -> None:
        """End a breakpoint, unless another one is left."""
        with self._lock:
            self._breaks = max(0, self._breaks - 1)
            if self._breaks or self._slow_since is None:
                return
            now = self._real()
            self._lost += (now - self._slow_since) * (1 - 1 / _SLOWER)
            self._last = now
            self._slow_since = None
