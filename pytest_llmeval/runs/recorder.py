"""What a run leaves behind: the log while it runs, and at the end the reports made from it."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from contextlib import closing
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_llmeval.records.result import CaseResult
from pytest_llmeval.records.run import Note, Run
from pytest_llmeval.runlog.database import shown_address
from pytest_llmeval.runs.ci import CiOutput
from pytest_llmeval.settings.locations import Locations, is_url
from pytest_llmeval.settings.table import Settings

if TYPE_CHECKING:
    from pytest_llmeval.baselines.lookup import BaselineFinder
    from pytest_llmeval.records.result import Before, Key
    from pytest_llmeval.runlog.log import RunLog
    from pytest_llmeval.summary.summary import Summary


_IN_MEMORY = "sqlite://"

_WHOLE = ("html", "json", "csv", "log")
"""The reports that hold every case, the one that a person would open first."""


class Recorder:
    """Writes the run log, and nothing at all before the first result.

    Args:
        settings: The settings in force.
        locations: The folders that paths are relative to.
        run: The run, as it starts.

    Attributes:
        run: The run, as it is known so far.
        ci_lines: Lines for the output of a CI job, once the run is finished.
    """

    def __init__(self, settings: Settings, locations: Locations, run: Run) -> None:
        self._settings = settings
        self._locations = locations
        self._log: RunLog | None = None
        self.run = run
        self.ci_lines: tuple[str, ...] = ()

    def add(self, result: CaseResult) -> None:
        """Log one result; a second one of the same case replaces the first.

        Raises:
            RunLogError: The log cannot be written, or what was added before could not.
        """
        if self._log is None:
            self._log = self._open()
            self._log.begin(self.run)
        self._log.add(self.run.id, result)

    def results(self) -> Iterable[CaseResult]:
        """The results that were added, as the log holds them until the run is finished.

        Raises:
            RunLogError: The log cannot be read.
        """
        return () if self._log is None else self._log.results(self.run.id)

    def baseline_finder(self) -> BaselineFinder:
        """Where the baselines of the run are looked for: in files, and in its own log."""
        from pytest_llmeval.baselines.lookup import baseline_finder

        return baseline_finder(self._settings, self._locations, self._log, self.run.id)

    def add_before(self, befores: Iterable[tuple[Key, Before]]) -> None:
        """Log what a baseline says of the cases.

        Raises:
            RunLogError: The log cannot be written.
        """
        if self._log is not None:
            self._log.add_before(self.run.id, befores)

    def finish(
        self, exit_code: int, lost: tuple[str, ...], notes: tuple[Note, ...]
    ) -> tuple[Summary, dict[str, str]] | None:
        """Close the run and write the reports.

        Args:
            exit_code: pytest's exit code.
            lost: Node ids of tests that died with their worker.
            notes: What the user should know.

        Returns:
            The summary, and the paths of what was written by kind; ``None`` if there was no result.

        Raises:
            RunLogError: The log cannot be written.
            LLMEvalError: A report cannot be written.
        """
        if self._log is None:
            return None
        self.run = dataclasses.replace(
            self.run, finished_at=_now(), exit_code=exit_code, lost=lost, notes=notes
        )
        with closing(self._log) as log:
            log.finish(self.run)
            return self._write_reports(log)

    def _open(self) -> RunLog:
        from pytest_llmeval.runlog.log import RunLog

        return RunLog(self._locations.address("log", self._settings.log or _IN_MEMORY))

    def _write_reports(self, log: RunLog) -> tuple[Summary, dict[str, str]]:
        results = log.results(self.run.id)
        kinds = ("log", "json", "html", "csv", "summary", "code_quality")
        wanted = [name for name in kinds if getattr(self._settings, name)]
        paths = {name: self._locations.path(name, getattr(self._settings, name)) for name in wanted}
        summary = self._count(results, paths.get("json"))
        if "html" in paths:
            from pytest_llmeval.reports.html.page import write_html

            write_html(paths["html"], self.run, results, summary)
        if "csv" in paths:
            from pytest_llmeval.reports.csv_report import write_csv

            write_csv(paths["csv"], self.run, results)
        shown = {name: self._shown(name, path) for name, path in paths.items()}
        whole = next((shown[name] for name in _WHOLE if name in shown), "")
        output = CiOutput(self._settings, self._locations.root, paths, whole)
        self.ci_lines = output.write(self.run, results, summary)
        return summary, shown

    def _count(self, results: Iterable[CaseResult], json_path: Path | None) -> Summary:
        """The summary; where there is to be a JSON report, it is written with the same reading of the results."""
        if json_path is None:
            from pytest_llmeval.summary.summary import summarize

            return summarize(self.run, results)
        from pytest_llmeval.reports.json_report import count_and_write_json

        return count_and_write_json(json_path, self.run, results)

    def _shown(self, name: str, path: Path) -> str:
        """A path as the user would type it."""
        if name == "log" and is_url(self._settings.log):
            return shown_address(self._settings.log)
        return self._locations.shown(path)


def _now() -> str:
    return datetime.now(timezone.utc).isoformat(timespec="milliseconds")
