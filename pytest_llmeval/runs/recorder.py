"""The recorder of a run: it writes the log during the run, and the reports at its end."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_llmeval.records.result import CaseResult
from pytest_llmeval.records.run import Note, Run
from pytest_llmeval.runlog.database import shown_address
from pytest_llmeval.runs.ci import CiOutput
from pytest_llmeval.settings.locations import Locations, is_url
from pytest_llmeval.settings.table import Settings
from pytest_llmeval.text import timestamp

if TYPE_CHECKING:
    from pytest_llmeval.baselines.lookup import BaselineFinder
    from pytest_llmeval.records.result import Before, Key
    from pytest_llmeval.runlog.log import RunLog
    from pytest_llmeval.summary.summary import Summary


_IN_MEMORY = "sqlite://"

_WHOLE = ("html", "json", "csv", "log")
"""Reports with every case, in order of preference for a person."""


class Recorder:
    """A writer of the run log and the reports; it writes nothing before the first result.

    Args:
        settings: The settings in force.
        locations: The folders that paths are relative to.
        run: Record of the run at its start.

    Attributes:
        run: Current record of the run.
        ci_lines: Lines for the output of a CI job, after the run is finished.
    """

    def __init__(self, settings: Settings, locations: Locations, run: Run) -> None:
        self._settings = settings
        self._locations = locations
        self._log: RunLog | None = None
        self.run = run
        self.ci_lines: tuple[str, ...] = ()

    def add(self, result: CaseResult) -> None:
        """Log a result; a second result of the same case replaces the first.

        Raises:
            RunLogError: This or an earlier result cannot be written.
        """
        if self._log is None:
            self._log = self._open()
            self._log.begin(self.run)
        self._log.add(self.run.id, result)

    def results(self) -> Iterable[CaseResult]:
        """Return the logged results, as long as the run is not finished.

        Raises:
            RunLogError: The log cannot be read.
        """
        return () if self._log is None else self._log.results(self.run.id)

    def baseline_finder(self) -> BaselineFinder:
        """Return the finder of baselines in files and in the log of the run."""
        from pytest_llmeval.baselines.lookup import baseline_finder

        return baseline_finder(self._settings, self._locations, self._log, self.run.id)

    def add_before(self, befores: Iterable[tuple[Key, Before]]) -> None:
        """Log the baselines' records of the cases.

        Raises:
            RunLogError: The log cannot be written.
        """
        if self._log is not None:
            self._log.add_before(self.run.id, befores)

    def finish(
        self, exit_code: int, lost: tuple[str, ...], notes: tuple[Note, ...]
    ) -> tuple[Summary, dict[str, str]] | None:
        """Finish the run, and write the reports.

        Args:
            exit_code: Exit code of pytest.
            lost: Node ids of tests that died with their worker.
            notes: Notes for the user.

        Returns:
            The summary and the written paths by kind; ``None`` without a result.

        Raises:
            RunLogError: The log cannot be written.
            LLMEvalError: A report cannot be written.
        """
        if self._log is None:
            return None
        self.run = dataclasses.replace(
            self.run, finished_at=timestamp(), exit_code=exit_code, lost=lost, notes=notes
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
        values = {kind: getattr(self._settings, kind) for kind in kinds}
        paths = {kind: self._locations.path(kind, value) for kind, value in values.items() if value}
        summary = self._count(results, paths.get("json"))
        if "html" in paths:
            from pytest_llmeval.reports.html.page import write_html

            write_html(paths["html"], self.run, results, summary)
        if "csv" in paths:
            from pytest_llmeval.reports.csv_report import write_csv

            write_csv(paths["csv"], self.run, results)
        shown = {name: self._shown(name, path) for name, path in paths.items()}
        full_report = next((shown[name] for name in _WHOLE if name in shown), "")
        output = CiOutput(self._settings, self._locations.root, paths, full_report)
        self.ci_lines = output.write(self.run, results, summary)
        return summary, shown

    def _count(self, results: Iterable[CaseResult], json_path: Path | None) -> Summary:
        """Return the summary, and write the JSON report while the results are read."""
        if json_path is None:
            from pytest_llmeval.summary.summary import summarize

            return summarize(self.run, results)
        from pytest_llmeval.reports.json_report import count_and_write_json

        return count_and_write_json(json_path, self.run, results)

    def _shown(self, name: str, path: Path) -> str:
        """Return a path as the user would type it."""
        if name == "log" and is_url(self._settings.log):
            return shown_address(self._settings.log)
        return self._locations.shown(path)
