from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

SCRIPT = Path(__file__).with_name("other_process.py")


class OtherProcess:
    """A process that runs `other_process.py`."""

    def __init__(self, *arguments: str) -> None:
        command = [sys.executable, str(SCRIPT), *arguments]
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def says(self) -> Any:
        assert self._process.stdout is not None
        return json.loads(self._process.stdout.readline())

    def go(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write("\n")
        self._process.stdin.flush()

    def kill(self) -> None:
        os.kill(self._process.pid, getattr(signal, "SIGKILL", signal.SIGTERM))
        self._process.wait(30)

    def end(self) -> None:
        self._process.kill()
        self._process.communicate()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / ".llmeval" / "completions.sqlite"


@pytest.fixture
def start(path: Path) -> Iterator[Callable[..., OtherProcess]]:
    """Start another process on the store: ``start(run, member, what, argument)``."""
    started: list[OtherProcess] = []

    def process(*arguments: str) -> OtherProcess:
        started.append(OtherProcess(str(path), *arguments))
        return started[-1]

    yield process
    for each in started:
        each.end()
