"""The recorder of a run: it writes the log during the run, and the reports at its end."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_llmeval.errors import LLMEvalError
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

_KINDS = ("log", "json", "html", "csv", "summary", "code_quality")
_WHOLE = ("html", "json", "csv", "log")
"""Reports with every case, in order of preference for a person."""


class Recorder:
    """A writer of the run log and the reports, which writes nothing before `add` or `begin`.

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
        self._waiting: list[CaseResult] = []
        self.run = run
        self.ci_lines: tuple[str, ...] = ()

    def add(self, result: CaseResult) -> None:
        """Log a result; a second result of the same case replaces the first.

        Raises:
            RunLogError: This or an earlier result cannot be written.
        """
        # An interrupt may come before the log has it; then it is entered at the end.
        self._waiting.append(result)
        self._enter_waiting()

    def begin(self) -> None:
        """Begin the log of a run that may leave no result.

        Raises:
            RunLogError: The log cannot be written.
        """
        self._enter_waiting()

    def _enter_waiting(self) -> None:
        if self._log is None:
            log = self._open()
            log.begin(self.run)
            self._log = log
        while self._waiting:
            self._log.add(self.run.id, self._waiting[0])
            del self._waiting[0]

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
        self, exit_code: int, notes: tuple[Note, ...]
    ) -> tuple[Summary | None, dict[str, str], tuple[Exception, ...]]:
        """Finish the run, and write the log and every report that can be written.

        Args:
            exit_code: Exit code of pytest.
            notes: Notes for the user.

        Returns:
            The summary, which is ``None`` without a result that can be read, the written paths by
            kind, and the errors of what could not be written.
        """
        errors: list[Exception] = []
        if self._waiting:
            with _noted(errors):
                self._enter_waiting()
        if self._log is None:
            return None, {}, tuple(errors)
        self.run = dataclasses.replace(
            self.run, finished_at=timestamp(), exit_code=exit_code, notes=notes
        )
        with _noted(errors), closing(self._log) as log:
            with _noted(errors):
                log.finish(self.run)
            summary, paths = self._write_reports(log, errors)
        return summary, paths, tuple(errors)

    def _open(self) -> RunLog:
        from pytest_llmeval.runlog.log import RunLog

        return RunLog(self._locations.address("log", self._settings.log or _IN_MEMORY))

    def _write_reports(
        self, log: RunLog, errors: list[Exception]
    ) -> tuple[Summary | None, dict[str, str]]:
        """Write each report that can be written, and return the summary with the paths."""
        results = log.results(self.run.id)
        values = {kind: getattr(self._settings, kind) for kind in _KINDS}
        paths = {kind: self._locations.path(kind, value) for kind, value in values.items() if value}
        summary = self._write_json(paths, results, errors)
        if summary is None:
            return None, {}
        for kind, write in (("html", _write_html), ("csv", _write_csv)):
            if kind in paths:
                path = paths.pop(kind)
                with _noted(errors):
                    write(path, self.run, results, summary)
                    paths[kind] = path
        shown = {name: self._shown(name, paths[name]) for name in _KINDS if name in paths}
        full_report = next((shown[name] for name in _WHOLE if name in shown), "")
        output = CiOutput(self._settings, self._locations.root, paths, full_report)
        with _noted(errors):
            self.ci_lines = output.write(self.run, results, summary)
        return summary, shown

    def _write_json(
        self, paths: dict[str, Path], results: Iterable[CaseResult], errors: list[Exception]
    ) -> Summary | None:
        """Return the summary, and write the JSON report while the results are read."""
        from pytest_llmeval.reports.json_report import count_and_write_json
        from pytest_llmeval.summary.summary import summarize

        path = paths.pop("json", None)
        summary: Summary | None = None
        if path is not None:
            with _noted(errors):
                summary = count_and_write_json(path, self.run, results)
                paths["json"] = path
        if summary is None:
            with _noted(errors):
                summary = summarize(self.run, results)
        return summary

    def _shown(self, name: str, path: Path) -> str:
        """Return a path as the user would type it."""
        if name == "log" and is_url(self._settings.log):
            return shown_address(self._settings.log)
        return self._locations.shown(path)


@contextmanager
def _noted(errors: list[Exception]) -> Iterator[None]:
    """Note an error of the log or a report, so that the others are written nevertheless."""
    try:
        yield
    except (LLMEvalError, OSError) as error:
        if str(error) not in map(str, errors):
            errors.append(error)


def _write_html(path: Path, run: Run, results: Iterable[CaseResult], summary: Summary) -> None:
    from pytest_llmeval.reports.html.page import write_html

    write_html(path, run, results, summary)


def _write_csv(path: Path, run: Run, results: Iterable[CaseResult], _: Summary) -> None:
    from pytest_llmeval.reports.csv_report import write_csv

    write_csv(path, run, results)
