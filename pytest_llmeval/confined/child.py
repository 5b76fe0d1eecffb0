"""The process that works on hostile texts: jobs come in at its input, results go out."""

from __future__ import annotations

import json
import math
import os
import sys
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from importlib import import_module
from typing import Any, TextIO

try:
    from signal import alarm
except ImportError:  # on Windows

    def alarm(seconds: int, /) -> int:
        """Ring never."""
        return 0


try:
    import resource
except ImportError:  # on Windows
    resource = None  # type: ignore[assignment]


_MEMORY = 4 << 30
"""Bytes that the process may use."""
_GRACE_S = 2
"""Seconds after which a job ends by itself, where the parent that should end it is gone."""


def main() -> None:
    """Work until the input ends."""
    replies = _take_output()
    # The system may allow less already.
    with suppress(OSError, ValueError, AttributeError):
        resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    for line in sys.stdin:
        job = json.loads(line)
        work = _target(job["module"], job["function"])
        _write(replies, {"is_loaded": True})
        # The default action of the signal ends the process even within a library's C code.
        alarm(math.ceil(job["patience_s"]) + _GRACE_S)
        try:
            reply = {"result": work(*job["arguments"])}
        except Exception as error:
            reply = {"error": f"{type(error).__name__}: {error}"}
        alarm(0)
        _write(replies, reply)


def _take_output() -> TextIO:
    """Keep the output for replies, whatever a library prints."""
    replies = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="ascii")
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return replies


def _write(replies: TextIO, reply: dict[str, Any]) -> None:
    replies.write(json.dumps(reply) + "\n")
    replies.flush()


@cache
def _target(module: str, function: str) -> Callable[..., Any]:
    target: Callable[..., Any] = vars(import_module(module))[function]
    return target
