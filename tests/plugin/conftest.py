from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
import textwrap
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from shutil import copyfile
from typing import Any

import pytest

from tests.commands import OTHERS_OFF
from tests.mock_endpoint import MockEndpoint
from tests.warm import Ended, run_pytest, warm

FAQ = """\
id,prompt,expected
refund-policy,How long can I return a bike?,30 days with the receipt.
shipping,"What does shipping cost? [[score=2]] [[reason=Wrong price.]]",It is free from 50 euros.
opening,"When are you open?
And on Sundays?",9 to 18 on weekdays.
"""


MAIN = "golden/baselines/main.jsonl"
PATIENCE_S = 60.0
INTERRUPTIBLE = """
import signal, sys, pytest
# where the tests run in the background or under nohup, they are ignored
signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGHUP, signal.SIG_DFL)
sys.exit(pytest.main())
"""


class Running:
    """A pytest process that runs, with its workers in a group of its own."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        assert process.stdout is not None
        self._process, self._output, self.text = process, process.stdout.fileno(), ""

    def read_until(self, word: str, times: int = 1) -> None:
        """Wait until it has written a word so often: pytest ends a line when the next one begins, so not by lines."""
        while self.text.count(word) < times:
            new = os.read(self._output, 65_536)
            assert new, f"it ended before {word!r} came {times} times:\n{self.text}"
            self.text += new.decode()

    def send(self, number: signal.Signals, is_for_all: bool = True) -> None:
        """Send a signal to it and its workers, as a terminal does, or to it alone."""
        if is_for_all:
            os.killpg(self._process.pid, number)
        else:
            os.kill(self._process.pid, number)

    def end(self) -> int:
        """Wait for its end; the exit code."""
        self.text += self._process.communicate(timeout=PATIENCE_S)[0].decode()
        return self._process.returncode

    def kill(self) -> None:
        """End it and its workers, if they live."""
        with suppress(ProcessLookupError):
            self.send(signal.SIGKILL)
        self._process.communicate()


@dataclass
class Project:
    """A user's project in a folder of its own, and a loopback endpoint that answers for its model."""

    pytester: pytest.Pytester
    endpoint: MockEndpoint

    @property
    def path(self) -> Path:
        return self.pytester.path

    def write(self, name: str, text: str) -> Path:
        path = self.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text), encoding="utf-8")
        return path

    def run(self, *args: str) -> pytest.RunResult:
        """pytest in a process of its own, as a user starts it."""
        return run_pytest(*args)

    def run_fresh(self, *args: str) -> pytest.RunResult:
        """The same in a fresh interpreter, for what is settled when it starts."""
        return self.pytester.runpytest_subprocess(*OTHERS_OFF, *args)

    def llmeval(self, *args: str) -> Ended:
        """The command ``llmeval`` in a process of its own."""
        return warm().run("llmeval", *args, folder=self.path)

    def accept(self, kept: Path | None = None) -> None:
        """Make the latest run the baseline ``main``, and keep a copy of its file."""
        done = self.llmeval("baseline", "accept", "--name", "main")
        assert done.returncode == 0, done.stderr
        if kept is not None:
            copyfile(self.path / MAIN, kept)

    def take_baseline(self, kept: Path) -> bool:
        """Take the baseline that another test has kept: the same answers give the same file."""
        if kept.exists():
            (self.path / MAIN).parent.mkdir(parents=True)
            copyfile(kept, self.path / MAIN)
        return kept.exists()

    def start(self, *args: str) -> Running:
        """A run in a process of its own, without waiting for its end."""
        command = [sys.executable, "-u", "-c", INTERRUPTIBLE, *OTHERS_OFF, *args]
        process = subprocess.Popen(
            command,
            cwd=self.path,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        running = Running(process)
        self.pytester._request.addfinalizer(running.kill)
        return running

    def rows(
        self, count: int, more: Mapping[int, str] | None = None, path: str = "golden/rows.csv"
    ) -> None:
        """A golden file with the cases ``row-00``, ``row-01`` and so on.

        Args:
            count: How many.
            more: What to add to the prompt of a row, for example a directive of the endpoint.
            path: The file.
        """
        added = more or {}
        lines = [
            f"row-{number:02},Question {number} {added.get(number, '')},Answer\n"
            for number in range(count)
        ]
        self.write(path, "id,prompt,expected\n" + "".join(lines))

    def report(self, path: str = ".llmeval/report.json") -> Any:
        return json.loads((self.path / path).read_text())

    def outcomes(self) -> dict[str, str]:
        """Outcome by case id, from the JSON report."""
        return {result["case"]["id"]: result["outcome"] for result in self.report()["results"]}

    def scores(self, name: str) -> dict[str, float | None]:
        """One score by case id, from the JSON report."""
        return {
            result["case"]["id"]: score["value"]
            for result in self.report()["results"]
            for score in result["scores"]
            if score["name"] == name
        }

    def query(self, statement: str) -> list[tuple[Any, ...]]:
        """Rows of the run log."""
        connection = sqlite3.connect(self.path / ".llmeval/runs.sqlite")
        try:
            return connection.execute(statement).fetchall()
        finally:
            connection.close()


@pytest.fixture
def project(
    pytester: pytest.Pytester, endpoint: MockEndpoint, monkeypatch: pytest.MonkeyPatch
) -> Project:
    """A project with ``golden/faq.csv``: a good case, a bad one and one with a quoted newline."""
    for name in (
        "OPENAI_API_KEY",
        "LLMEVAL_API_KEY",
        "LLMEVAL_JUDGE_API_KEY",
        "AZURE_OPENAI_ENDPOINT",
        "LLMEVAL_MODEL",
    ):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("OPENAI_BASE_URL", endpoint.url)
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setenv(
        "LLMEVAL_NO_SELFTEST", "1"
    )  # the endpoint's judge says what the scenario needs, not the truth
    made = Project(pytester, endpoint)
    made.write("golden/faq.csv", FAQ)
    return made
