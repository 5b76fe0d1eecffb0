"""Processes that are measured: wall and CPU time, peak memory, and whatever they printed."""

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
LONGEST_S = 400.0
"""A process that takes longer is ended: something hangs."""

FOREIGN = ("LLMEVAL_", "OPENAI_", "AZURE_", "PYTEST_", "COVERAGE_", "BENCHMARK_", "PYTHON")
"""Prefixes of the variables that would make a measure depend on who runs it. PYTHONDONTWRITEBYTECODE, for one, makes
every start compile the plugin anew, which no installation does."""


class NotMeasured(Exception):
    """A process did not do what is measured."""


@dataclass(frozen=True)
class Finished:
    """What a process took, those it waited for included.

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
        """Itself, where it ended as it should.

        Raises:
            NotMeasured: It did not.
        """
        if self.code not in codes:
            raise NotMeasured(
                f"exit code {self.code}, not {' or '.join(map(str, codes))}:\n{self.output[-3000:]}"
            )
        return self


class Running:
    """A process in a group of its own.

    Args:
        command: What to start.
        folder: Its working directory; what it prints goes to ``output.txt`` there.
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
        return Finished(wall_s, cpu_s, usage.ru_maxrss / 1024, self._process.returncode, output)

    def is_running(self) -> bool:
        """Whether it still runs; its end is not collected, so `wait` still can."""
        return os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None

    def kill_group(self) -> None:
        """``kill -9`` of the process and everything it started."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)

    def workers(self) -> list[int]:
        """The ids of its xdist workers."""
        return [
            pid
            for pid in _children(self.pid)
            if b"exec(eval(" in Path(f"/proc/{pid}/cmdline").read_bytes()
        ]


def run(command: Sequence[str], folder: Path, **variables: str) -> Finished:
    """Start a process and wait for its end."""
    return Running(command, folder, variables).wait()


def environment(variables: Mapping[str, str]) -> dict[str, str]:
    """Ours without what would change a measure, so that modules of this package are found."""
    kept = {name: text for name, text in os.environ.items() if not name.startswith(FOREIGN)}
    return {**kept, "PYTHONPATH": str(ROOT), **variables}


def _children(parent: int) -> Iterator[int]:
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):  # it has ended since
            fields = stat.read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
            if int(fields[1]) == parent:
                yield int(stat.parent.name)
