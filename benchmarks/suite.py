"""What is measured: a golden file in a folder of its own, the plugin that runs it, and the endpoint that answers."""

from __future__ import annotations

import csv
import json
import shutil
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.processes import ROOT, Finished, NotMeasured, Running, environment, run

CONCURRENCY = 50
INPUT_USD, OUTPUT_USD = 3, 6
"""Price of the endpoint's model for a million tokens."""

INI = f"[pytest]\nllm_golden = golden.csv\nllm_prices =\n    mock-1 = {INPUT_USD} {OUTPUT_USD}\n"
TOPICS = ("refund", "shipping", "billing", "password", "invoice", "warranty", "delivery", "privacy")
POLL_S = 0.02


@dataclass(frozen=True)
class Endpoint:
    """A running endpoint; ``url`` is for ``--llm-base-url``."""

    url: str

    def ask(self, path: str) -> dict[str, Any]:
        """Its ``/stats``, or those before nothing else than ``/mark`` or ``/reset``."""
        method = "GET" if path == "/stats" else "POST"
        request = urllib.request.Request(self.url.removesuffix("/v1") + path, method=method)
        with urllib.request.urlopen(request, timeout=30) as reply:
            told: dict[str, Any] = json.loads(reply.read())
        return told

    def wait_until(
        self, reached: Callable[[dict[str, Any]], bool], process: Running
    ) -> dict[str, Any]:
        """Its statistics, as soon as they are as asked.

        Raises:
            NotMeasured: The process ended before.
        """
        while not reached(stats := self.ask("/stats")):
            if not process.is_running():
                raise NotMeasured(f"it ended too early:\n{process.wait().output[-3000:]}")
            time.sleep(POLL_S)
        return stats


@contextmanager
def serving(**behaviour: float) -> Iterator[Endpoint]:
    """An endpoint in a process of its own; the arguments are fields of `Behaviour`."""
    options = [
        part
        for name, value in behaviour.items()
        for part in (f"--{name.replace('_', '-')}", str(value))
    ]
    command = [sys.executable, "-m", "benchmarks.endpoint", *options]
    with subprocess.Popen(
        command, env=environment({}), cwd=ROOT, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout
        try:
            yield Endpoint(process.stdout.readline().strip() + "/v1")
        finally:
            process.kill()


@dataclass(frozen=True)
class Measured:
    """A run of the plugin or of the floor, and what the endpoint saw of it."""

    took: Finished
    stats: dict[str, Any]
    report: dict[str, Any] = field(default_factory=dict)

    @property
    def results(self) -> list[dict[str, Any]]:
        """The results in the JSON report."""
        found: list[dict[str, Any]] = self.report.get("results", [])
        return found

    @property
    def cost_usd(self) -> float:
        """What its calls cost, by the endpoint's own count."""
        return price_usd(self.stats["prompt_tokens"], self.stats["completion_tokens"])


def price_usd(prompt_tokens: int, completion_tokens: int) -> float:
    """The price of so many tokens."""
    return (prompt_tokens * INPUT_USD + completion_tokens * OUTPUT_USD) / 1e6


@dataclass(frozen=True)
class Suite:
    """A folder with an ini file and ``rows`` golden rows."""

    folder: Path
    rows: int

    @classmethod
    def make(cls, folder: Path, rows: int) -> Suite:
        """Write the files."""
        folder.mkdir(parents=True)
        (folder / "pytest.ini").write_text(INI, encoding="utf-8")
        with (folder / "golden.csv").open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow(("id", "prompt", "expected"))
            writer.writerows(_row(number) for number in range(rows))
        return cls(folder, rows)

    def start(self, endpoint: Endpoint, *options: str, **variables: str) -> Running:
        """Start pytest on the golden file, with log and JSON report, and rubric scores of 4 asked."""
        told = (
            "--llm-base-url",
            endpoint.url,
            "--llm-model",
            "mock-1",
            "--llm-judge-model",
            "mock-1",
            "--llm-html=",
        )
        self._report.unlink(missing_ok=True)
        command = [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            "--tb=no",
            "golden.csv",
            "--min-score",
            "4",
            *told,
            *options,
        ]
        return Running(command, self.folder, variables)

    def pytest(self, endpoint: Endpoint, *options: str, **variables: str) -> Measured:
        """Run it from an empty store to the end."""
        self.forget()
        return self.again(endpoint, *options, **variables)

    def again(self, endpoint: Endpoint, *options: str, **variables: str) -> Measured:
        """Run it to the end, with the store as it is."""
        endpoint.ask("/reset")
        return self.finished(self.start(endpoint, *options, **variables), endpoint)

    def finished(self, process: Running, endpoint: Endpoint) -> Measured:
        """Wait for a run, and collect what is known of it.

        Raises:
            NotMeasured: It wrote no JSON report.
        """
        took = process.wait()
        if not self._report.exists():
            raise NotMeasured(f"no JSON report, exit code {took.code}:\n{took.output[-3000:]}")
        return Measured(
            took, endpoint.ask("/stats"), json.loads(self._report.read_text(encoding="utf-8"))
        )

    @property
    def _report(self) -> Path:
        return self.folder / ".llmeval" / "report.json"

    def forget(self) -> None:
        """Remove the store, the run log and the report."""
        shutil.rmtree(self.folder / ".llmeval", ignore_errors=True)

    def floor(self, endpoint: Endpoint) -> Measured:
        """Run the bare loop on the same rows."""
        endpoint.ask("/reset")
        script = [
            sys.executable,
            str(ROOT / "benchmarks" / "floor.py"),
            "golden.csv",
            endpoint.url,
            str(CONCURRENCY),
        ]
        return Measured(run(script, self.folder).expect(0), endpoint.ask("/stats"))


def noop(folder: Path, tests: int, *options: str) -> Finished:
    """Run pytest on so many tests that do nothing."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "pytest.ini").write_text("[pytest]\n", encoding="utf-8")
    shutil.copy(ROOT / "benchmarks" / "noop.py", folder / "test_noop.py")
    command = [sys.executable, "-m", "pytest", "-q", *options]
    return run(command, folder, BENCHMARK_TESTS=str(tests)).expect(0)


def _row(number: int) -> tuple[str, str, str]:
    topic = TOPICS[number % len(TOPICS)]
    asked = f"Question {number}: a customer asks about {topic} for order {100_000 + number * 37}. What do we reply?"
    return (
        f"row-{number:05d}",
        asked,
        f"We look into the {topic} of the order and write within two days.",
    )
