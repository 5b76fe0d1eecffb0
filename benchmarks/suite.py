"""What is measured: a golden file in a new folder, the plugin, and the endpoint that answers."""

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

SELF_TEST_CALLS = 25
"""Calls of the self-test that a live judge has to pass before it may gate: docs/judge.md."""

INPUT_USD, OUTPUT_USD = 3, 6
"""Price of the endpoint's model for a million tokens."""

INI = f"""[pytest]
llm_golden = golden.csv
llm_judges = judges.json
llm_prices =
    mock-1 = {INPUT_USD} {OUTPUT_USD}
"""
TOPICS = (
    "refund",
    "shipping",
    "billing",
    "password",
    "invoice",
    "warranty",
    "delivery",
    "privacy",
)
POLL_S = 0.02


@dataclass(frozen=True)
class Endpoint:
    """A running endpoint; ``url`` is for ``--llm-base-url``."""

    url: str

    def request(self, path: str) -> dict[str, Any]:
        """Request ``/stats``, ``/mark`` or ``/reset``; the reply holds its counts."""
        method = "GET" if path == "/stats" else "POST"
        request = urllib.request.Request(self.url.removesuffix("/v1") + path, method=method)
        with urllib.request.urlopen(request, timeout=30) as reply:
            stats: dict[str, Any] = json.loads(reply.read())
        return stats

    def wait_until(
        self, is_reached: Callable[[dict[str, Any]], bool], process: Running
    ) -> dict[str, Any]:
        """Wait until its counts are as they have to be.

        Raises:
            NotMeasured: The process ended before.
        """
        while True:
            stats = self.request("/stats")
            if is_reached(stats):
                return stats
            if not process.is_running():
                output = process.wait().output[-3000:]
                raise NotMeasured(f"the run ended before it could be killed:\n{output}")
            time.sleep(POLL_S)


@contextmanager
def serving(**behaviour: float) -> Iterator[Endpoint]:
    """Run an endpoint in a new process; the arguments are fields of `Behaviour`."""
    command = [sys.executable, "-m", "benchmarks.endpoint"]
    for name, value in behaviour.items():
        command += [f"--{name.replace('_', '-')}", str(value)]
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
    """A run of the plugin or of the floor, and what the endpoint saw of it.

    Attributes:
        process: What it cost.
        stats: The counts of the endpoint.
        report: The JSON report.
    """

    process: Finished
    stats: dict[str, Any]
    report: dict[str, Any] = field(default_factory=dict)

    @property
    def results(self) -> list[dict[str, Any]]:
        """The results in the JSON report."""
        results: list[dict[str, Any]] = self.report.get("results", [])
        return results

    @property
    def verdicts(self) -> dict[str, tuple[str, list[tuple[str, object]]]]:
        """Outcome and scores of each case, by its id."""
        verdicts = {}
        for result in self.results:
            scores = [(score["name"], score["value"]) for score in result["scores"]]
            verdicts[result["case"]["id"]] = (result["outcome"], scores)
        return verdicts

    def outcomes(self, outcome: str) -> int:
        """Count the results with an outcome."""
        return sum(result["outcome"] == outcome for result in self.results)

    @property
    def cost_usd(self) -> float:
        """What its calls cost, by the endpoint's count."""
        return price_usd(self.stats["prompt_tokens"], self.stats["completion_tokens"])


def price_usd(prompt_tokens: int, completion_tokens: int) -> float:
    """Compute the price of so many tokens."""
    return (prompt_tokens * INPUT_USD + completion_tokens * OUTPUT_USD) / 1e6


@dataclass(frozen=True)
class Suite:
    """A folder with an ini file and a golden file of so many rows."""

    folder: Path
    rows: int

    @classmethod
    def make(cls, folder: Path, rows: int, *, start: int = 0, same_prompt: bool = False) -> Suite:
        """Write the files.

        Args:
            folder: A new folder.
            rows: How many rows the golden file has.
            start: The number of the first row, which ids and prompts depend on.
            same_prompt: Whether all rows have the prompt of the first one.
        """
        folder.mkdir(parents=True)
        (folder / "pytest.ini").write_text(INI, encoding="utf-8")
        with (folder / "golden.csv").open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow(("id", "prompt", "expected"))
            for number in range(start, start + rows):
                prompt = _prompt(start if same_prompt else number)
                writer.writerow((f"row-{number:05d}", prompt, _expected(number)))
        return cls(folder, rows)

    @property
    def calls(self) -> int:
        """The calls of a first run: an answer and a verdict for each row, and the self-test."""
        return 2 * self.rows + SELF_TEST_CALLS

    def start(self, endpoint: Endpoint, *options: str, **variables: str) -> Running:
        """Start pytest on the golden file; by default, a rubric score of 4 is required."""
        self._report.unlink(missing_ok=True)
        command = [sys.executable, "-m", "pytest", "-q", "--tb=no", "golden.csv"]
        command += ["--llm-base-url", endpoint.url]
        if "--min-score" not in options:
            command += ["--min-score", "4"]
        command += ["--llm-model", "mock-1", "--llm-judge-model", "mock-1", *options]
        return Running(command, self.folder, variables)

    def first(self, endpoint: Endpoint, *options: str, **variables: str) -> Measured:
        """Run it to the end as if it were the first time: nothing is stored or known."""
        self.forget()
        return self.again(endpoint, *options, **variables)

    def again(self, endpoint: Endpoint, *options: str, **variables: str) -> Measured:
        """Run it to the end, with the store and the judge file as they are."""
        endpoint.request("/reset")
        return self.finish(self.start(endpoint, *options, **variables), endpoint)

    def finish(self, process: Running, endpoint: Endpoint) -> Measured:
        """Wait for a run, and collect what is known of it.

        Raises:
            NotMeasured: It wrote no JSON report.
        """
        finished = process.wait()
        if not self._report.exists():
            output = finished.output[-3000:]
            raise NotMeasured(f"no JSON report, exit code {finished.code}:\n{output}")
        report = json.loads(self._report.read_text(encoding="utf-8"))
        return Measured(finished, endpoint.request("/stats"), report)

    @property
    def _report(self) -> Path:
        return self.folder / ".llmeval" / "report.json"

    def forget(self) -> None:
        """Remove the store, the run log, the reports, and what is known of judges."""
        self.forget_answers()
        (self.folder / "judges.json").unlink(missing_ok=True)

    def forget_answers(self) -> None:
        """Remove the store, the run log and the reports; a judge that was tested stays known."""
        shutil.rmtree(self.folder / ".llmeval", ignore_errors=True)

    def floor(self, endpoint: Endpoint, concurrency: int) -> Measured:
        """Run the bare loop on the same rows."""
        endpoint.request("/reset")
        script = str(ROOT / "benchmarks" / "floor.py")
        command = [sys.executable, script, "golden.csv", endpoint.url, str(concurrency)]
        return Measured(run(command, self.folder).expect(0), endpoint.request("/stats"))


def noop(folder: Path, tests: int, *options: str, **variables: str) -> Finished:
    """Run pytest on so many tests that do nothing."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "pytest.ini").write_text("[pytest]\n", encoding="utf-8")
    shutil.copy(ROOT / "benchmarks" / "noop.py", folder / "test_noop.py")
    command = [sys.executable, "-m", "pytest", "-q", *options]
    return run(command, folder, BENCHMARK_TESTS=str(tests), **variables).expect(0)


def _prompt(number: int) -> str:
    """Write the prompt of a row."""
    topic = TOPICS[number % len(TOPICS)]
    order = 100_000 + number * 37
    return f"Question {number}: a customer asks about {topic} for order {order}. What do we reply?"


def _expected(number: int) -> str:
    topic = TOPICS[number % len(TOPICS)]
    return f"We look into the {topic} of the order and write within two days."
