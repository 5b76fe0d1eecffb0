"""Processes that are measured: wall and CPU time, peak memory, and their output."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
LONGEST_S = 1200.0
"""A process that takes longer is ended: something hangs."""

FOREIGN = ("LLMEVAL_", "OPENAI_", "AZURE_", "PYTEST_", "COVERAGE_", "BENCHMARK_", "PYTHON")
"""Prefixes of the variables that would make a measure depend on who runs it.

PYTHONDONTWRITEBYTECODE, for one, makes every start compile the plugin again, which happens in no
installation.
"""


class NotMeasured(Exception):
    """What is to be measured did not happen."""


@dataclass(frozen=True)
class Finished:
    """The cost of a process and of those it waited for.

    Attributes:
        wall_s: Seconds from its start to its end.
        cpu_s: CPU seconds, of user and system.
        peak_mb: Largest resident set of one process, in MB.
        code: Its exit code; negative for a signal.
        output: What it printed.
    """

    wall_s: float
    cpu_s: float
    peak_mb: float
    code: int
    output: str

    def expect(self, *codes: int) -> Finished:
        """Return the process itself if it ended as it should.

        Raises:
            NotMeasured: It did not.
        """
        if self.code not in codes:
            allowed = " or ".join(map(str, codes))
            raise NotMeasured(f"exit code {self.code}, not {allowed}:\n{self.output[-3000:]}")
        return self


def _heed_signals() -> None:
    """Undo what ``nohup`` and ``&`` leave to their children: they ignore these signals."""
    for number in (signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)


class Running:
    """A process in its own group.

    Args:
        command: What to start.
        folder: Its working directory; its output goes to ``output.txt`` there.
        variables: Added to the environment.
    """

    def __init__(self, command: Sequence[str], folder: Path, variables: Mapping[str, str]) -> None:
        self._output = folder / "output.txt"
        with self._output.open("wb") as file:
            self.started_at = time.monotonic()
            self._process = subprocess.Popen(
                command,
                cwd=folder,
                env=environment(variables),
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=_heed_signals,
            )
        self.pid = self._process.pid

    def wait(self) -> Finished:
        """Wait for its end."""
        alarm = threading.Timer(LONGEST_S, self.kill_group)
        alarm.start()
        _, status, usage = os.wait4(self.pid, 0)
        wall_s = time.monotonic() - self.started_at
        alarm.cancel()
        self._process.returncode = os.waitstatus_to_exitcode(status)
        output = self._output.read_text(encoding="utf-8", errors="replace")
        cpu_s = usage.ru_utime + usage.ru_stime
        peak_mb = usage.ru_maxrss / 1024
        return Finished(wall_s, cpu_s, peak_mb, self._process.returncode, output)

    def is_running(self) -> bool:
        """Whether it still runs; its end is not collected, so `wait` still can."""
        return os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None

    def send(self, number: signal.Signals, *, is_for_all: bool) -> None:
        """Send a signal to it and everything it started, or to it alone."""
        if is_for_all:
            os.killpg(self.pid, number)
        else:
            os.kill(self.pid, number)

    def has_members(self) -> bool:
        """Whether a process of its group still runs, once it has ended itself."""
        try:
            os.killpg(self.pid, 0)
        except ProcessLookupError:
            return False
        return True

    def kill_group(self) -> None:
        """``kill -9`` of the process and everything it started."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)

    def workers(self) -> list[int]:
        """List the process ids of its xdist workers."""
        return [pid for pid in _children(self.pid) if _is_worker(pid)]


def run(command: Sequence[str], folder: Path, **variables: str) -> Finished:
    """Start a process and wait for its end."""
    return Running(command, folder, variables).wait()


def environment(variables: Mapping[str, str]) -> dict[str, str]:
    """Copy the environment without what would change a measure; this package can be imported."""
    clean = {name: text for name, text in os.environ.items() if not name.startswith(FOREIGN)}
    return {**clean, "PYTHONPATH": str(ROOT), **variables}


def _is_worker(pid: int) -> bool:
    """Whether a process is execnet's, which hosts a worker of xdist."""
    with contextlib.suppress(OSError):  # it has ended since
        return b"exec(eval(" in Path(f"/proc/{pid}/cmdline").read_bytes()
    return False


def _children(parent: int) -> Iterator[int]:
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):  # it has ended since
            fields = stat.read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
            if int(fields[1]) == parent:
                yield int(stat.parent.name)
