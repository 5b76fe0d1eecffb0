"""Calls of functions in a process of its own.

Computer algebra and regular expressions of `re` can run for years within one call into C code,
which neither a signal nor another thread can end. A process can be killed, and it does not hold
the lock of the interpreter in which the calls of other cases are waiting.
"""

from __future__ import annotations

import json
import os
import queue
import signal
import subprocess
import sys
import threading
import weakref
from contextlib import suppress
from functools import cache
from typing import Any

from pytest_llmeval.errors import OutOfTime, WorkFailed

_LOADING_S = 60.0
"""Seconds that the process may take to start and to import what a job needs."""
_SLOWEST = 10
"""How many times slower than alone a process may run on a busy machine."""
_CODE = (
    "import sys; sys.path[:] = sys.argv[1:]; from pytest_llmeval.confined.child import main; main()"
)
_ENVIRONMENT = ("PATH", "SYSTEMROOT", "TEMP", "TMP", "TMPDIR", "LANG", "LC_ALL")
"""Variables that the process gets. Keys are not among them."""

_HAS_TIMER = os.name == "posix"
_TIMER_SIGNAL = signal.SIGPROF if _HAS_TIMER else 0

# A user's test may replace the class in the module `subprocess`.
_Process = subprocess.Popen


def call_confined(module: str, function: str, arguments: list[Any], patience_s: float) -> Any:
    """Call a function in the process for hostile texts, which all callers share.

    Args:
        module: Name of the module.
        function: Name of the function.
        arguments: Its arguments, of types that JSON has.
        patience_s: Seconds of CPU time that it may take; on Windows, of any time.

    Returns:
        Its result, of types that JSON has.

    Raises:
        OutOfTime: It took longer.
        WorkFailed: It raised an error, or used more memory than it may.
    """
    return _shared().call(module, function, arguments, patience_s)


@cache
def _shared() -> _Child:
    return _Child()


class _Child:
    """A process that is started when it is first needed, and again after it was killed."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._running: _Running | None = None

    def call(self, module: str, function: str, arguments: list[Any], patience_s: float) -> Any:
        job = {
            "module": module,
            "function": function,
            "arguments": arguments,
            "patience_s": patience_s,
        }
        with self._lock:
            if self._running is None or self._running.owner != os.getpid():
                self._running = _Running()
            try:
                self._running.send(json.dumps(job))
                self._running.receive(_LOADING_S)
                reply = self._running.receive(patience_s * (_SLOWEST if _HAS_TIMER else 1))
            # Also after Ctrl-C: the next job must not get the reply to this one.
            except BaseException:
                self._running.end()
                self._running = None
                raise
        if "error" in reply:
            raise WorkFailed(reply["error"])
        return reply["result"]


class _Running:
    """The process while it runs.

    Attributes:
        owner: Id of the process that started it; a fork of that one has its pipes, but no reader.
        end: Kills it, once; at the latest when the interpreter exits.
    """

    def __init__(self) -> None:
        self.owner = os.getpid()
        self._replies: queue.Queue[bytes] = queue.Queue()
        self._process = _start()
        reader = threading.Thread(
            target=_read, args=(self._process, self._replies), name="confined", daemon=True
        )
        reader.start()
        self.end = weakref.finalize(self, _kill, self._process, reader, self.owner)

    def send(self, job: str) -> None:
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(job.encode("ascii") + b"\n")
            self._process.stdin.flush()
        except OSError as error:
            raise WorkFailed(f"the process for hostile texts has ended ({error})") from error

    def receive(self, patience_s: float) -> dict[str, Any]:
        try:
            line = self._replies.get(timeout=patience_s)
        except queue.Empty:
            raise OutOfTime(f"no result within {patience_s:g} seconds") from None
        if not line and _HAS_TIMER and self._process.wait() == -_TIMER_SIGNAL:
            raise OutOfTime("the process for hostile texts has used its time")
        if not line:
            raise WorkFailed("the process for hostile texts has ended, for example for its memory")
        reply: dict[str, Any] = json.loads(line)
        return reply


def _start() -> subprocess.Popen[bytes]:
    environment = {name: os.environ[name] for name in _ENVIRONMENT if name in os.environ}
    try:
        return _Process(
            [sys.executable, "-I", "-c", _CODE, *sys.path],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment,
            # Ctrl-C is for the tests.
            start_new_session=True,
        )
    except OSError as error:
        raise WorkFailed(f"no process for hostile texts can be started ({error})") from error


def _read(process: subprocess.Popen[bytes], replies: queue.Queue[bytes]) -> None:
    """Hand on each line; an empty one says that there are no more."""
    assert process.stdout is not None
    with process.stdout:
        for line in process.stdout:
            replies.put(line)
    replies.put(b"")


def _kill(process: subprocess.Popen[bytes], reader: threading.Thread, owner: int) -> None:
    if owner != os.getpid():
        return
    process.kill()
    process.wait()
    reader.join()
    assert process.stdin is not None
    # A job may still be in its buffer.
    with suppress(OSError):
        process.stdin.close()
