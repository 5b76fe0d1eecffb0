"""The process that works on hostile texts: jobs come in at its input, results go out."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from importlib import import_module
from typing import Any, TextIO

try:
    import resource
    import signal
except ImportError:  # on Windows, where the parent alone ends what takes too long
    resource = None  # type: ignore[assignment]


_MEMORY = 4 << 30
"""Bytes that the process may use."""


def main() -> None:
    """Work until the input ends."""
    replies = _take_output()
    # The system may allow less already.
    if resource is not None:
        with suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    for line in sys.stdin:
        job = json.loads(line)
        work = _target(job["module"], job["function"])
        _write(replies, {"is_loaded": True})
        _set_timer(job["patience_s"])
        try:
            reply = {"result": work(*job["arguments"])}
        except Exception as error:
            reply = {"error": f"{type(error).__name__}: {error}"}
        _set_timer(0)
        _write(replies, reply)


def _set_timer(seconds: float) -> None:
    """Let the process end after so much CPU time, even within a library's C code; 0 for never."""
    if resource is not None:
        # The default action of the signal ends the process.
        signal.setitimer(signal.ITIMER_PROF, seconds)


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
