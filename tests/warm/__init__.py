"""pytest and llmeval in processes of their own that need not import anything first.

A short run imports for four times as long as it works. So one process, the server, has imported what runs need, and
forks for each. The workers of pytest-xdist come from it, too. What is tested about imports and about the start itself
takes a fresh interpreter instead.
"""

from __future__ import annotations

import atexit
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

from tests.commands import OTHERS_OFF
from tests.warm import command

HERE = Path(__file__).parent
COMMANDS = ("python", "pytest", "llmeval")


@dataclass(frozen=True)
class Ended:
    """How a process ended."""

    returncode: int
    stdout: str
    stderr: str


class Warm:
    """The server and its commands."""

    def __init__(self, folder: Path) -> None:
        """Start it.

        Args:
            folder: Where its socket and its commands are made.
        """
        self.commands = folder / "bin"
        self.commands.mkdir()
        self._socket = str(folder / "socket")
        shim = self.commands / COMMANDS[0]
        source = (HERE / "command.py").read_text()
        shim.write_text(f"#!{sys.executable} -IS\n{source}".replace('"SOCKET"', repr(self._socket)))
        shim.chmod(0o755)
        for name in COMMANDS[1:]:
            (self.commands / name).symlink_to(shim)
        script = [sys.executable, str(HERE / "server.py"), self._socket, str(shim)]
        # It ends when its standard input does: with this process, however that ends.
        self._server = subprocess.Popen(script, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert self._server.stdout is not None
        assert self._server.stdout.readline(), "the server has not started; see above"

    def stop(self) -> None:
        """End the server."""
        self._server.communicate()

    def run(self, *line: str, folder: Path, environment: Mapping[str, str] = os.environ) -> Ended:
        """Run a command line of one of the commands, and wait for its end.

        Args:
            line: For example ``"python", "-m", "pytest", "-q"``.
            folder: The working directory.
            environment: All environment variables.
        """
        with (
            Path(os.devnull).open() as nothing,
            tempfile.TemporaryFile("w+", encoding="utf-8") as stdout,
            tempfile.TemporaryFile("w+", encoding="utf-8") as stderr,
        ):
            files = [file.fileno() for file in (nothing, stdout, stderr)]
            code = command.run(self._socket, list(line), str(folder), dict(environment), files)
            stdout.seek(0)
            stderr.seek(0)
            return Ended(code, stdout.read(), stderr.read())


@cache
def warm() -> Warm:
    """The server of this process."""
    folder = tempfile.mkdtemp()
    atexit.register(shutil.rmtree, folder)
    server = Warm(Path(folder))
    atexit.register(server.stop)
    return server


def run_pytest(*arguments: str) -> pytest.RunResult:
    """pytest in the current folder; as of pytester's, its output is shown if the test fails."""
    line = ("python", "-m", "pytest", *OTHERS_OFF, *arguments)
    ended = warm().run(*line, folder=Path.cwd())
    print(*line)
    print(ended.stdout)
    print(ended.stderr, file=sys.stderr)
    output, errors = ended.stdout.splitlines(), ended.stderr.splitlines()
    return pytest.RunResult(ended.returncode, output, errors, 0.0)
