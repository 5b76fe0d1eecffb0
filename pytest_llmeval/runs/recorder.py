"""What a run leaves behind: the log while it runs, and at the end the reports made from it."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Iterable
from contextlib import closing
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_llmeval.records.result import CaseResult
from pytest_llmeval.records.run import Note, Run
from pytest_llmeval.runlog.database import shown_place
from pytest_llmeval.settings.locations import Locations, is_url
from pytest_llmeval.settings.table import Settings

if TYPE_CHECKING:
    from pytest_llmeval.assembly.session import Session
    from pytest_llmeval.baselines.baselines import Baseline
    from pytest_llmeval.gating.quarantine import Quarantine
    from pytest_llmeval.gating.scores import RunScores
    from pytest_llmeval.runlog.log import RunLog
    from pytest_llmeval.runs.gates import Gates
    from pytest_llmeval.summary.summary import Summary


IN_MEMORY = "sqlite://"

WHOLE = ("html", "json", "csv", "log")
"""The reports that hold every case, the one that a person would open first."""


class Recorder:
    """Writes the run log, and nothing at all before the first result.

    Args:
        settings: The settings in force.
        locations: The folders that paths are relative to.
        run: The run, as it starts.

    Attributes:
        run: The run, as it is known so far.
        told_to_ci: Lines for the output of a CI job, once the run is finished.
    """

    def __init__(self, settings: Settings, locations: Locations, run: Run) -> None:
        self._settings = settings
        self._locations = locations
        self._log: RunLog | None = None
        self._baselines: dict[str, Baseline] = {}
        self._read: RunScores | None = None
        self.run = run
        self.told_to_ci: tuple[str, ...] = ()

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

    def read_baselines(self, session: Session) -> tuple[Note, ...]:
        """Read the baselines of the settings; answers that another judge has scored are judged again.

        Args:
            session: Whose engine asks; it is still open.

        Returns:
            What was judged again.

        Raises:
            RunLogError: The log cannot be read.
        """
        if self._log is None or not self._settings.baseline:
            return ()
        from pytest_llmeval.baselines.baselines import Baseline
        from pytest_llmeval.baselines.lookup import baseline_finder

        side = self._side(self._log)
        sources = baseline_finder(self._settings, self._locations, self._log, self.run.id)
        for name in self._settings.baseline:
            self._baselines[name] = Baseline.read(
                sources, name, session, side, self._log.results(self.run.id)
            )
        texts = filter(None, (each.note for each in self._baselines.values()))
        return tuple(Note("baseline", text) for text in texts)

    def judge(
        self, gates: Gates, quarantine: Quarantine | None, is_whole: bool
    ) -> tuple[Note, ...]:
        """Decide the gates of the run, and keep what became of them.

        Args:
            gates: What is asked.
            quarantine: Cases that do not gate.
            is_whole: Whether the run has all cases there are.

        Returns:
            What the user should know of the quarantine.

        Raises:
            RunLogError: The log cannot be read.
            SettingError: A rule cannot be read.
        """
        from pytest_llmeval.runs.gates import judge_run

        if self._log is None:
            return ()
        side, run = self._side(self._log), self.run
        left_out = [key for key in side.entries if quarantine and quarantine.find(key[1], key[2])]
        found = judge_run(
            gates,
            side,
            run.lost,
            run.traffic,
            left_out,
            lambda name: self._baselines[name].loaded(),
        )
        for baseline in self._baselines.values():
            self._log.add_before(run.id, baseline.befores(side))
        self.run = dataclasses.replace(run, gates=found.gates, comparisons=found.comparisons)
        if quarantine is None:
            return ()
        texts = quarantine.warnings(((key[1], key[2]) for key in side.entries), is_whole)
        return tuple(Note("quarantine", text) for text in texts)

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

    def _side(self, log: RunLog) -> RunScores:
        """What the gates need of the results, which are read once: all of them have been added."""
        if self._read is None:
            from pytest_llmeval.gating.scores import run_scores
            from pytest_llmeval.runlog.lookup import shown

            self._read = run_scores(
                shown(self.run), log.results(self.run.id), self._settings.cluster
            )
        return dataclasses.replace(self._read, lost=len(self.run.lost))

    def _open(self) -> RunLog:
        from pytest_llmeval.runlog.log import RunLog

        return RunLog(self._locations.address("log", self._settings.log or IN_MEMORY))

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
        self._tell_ci(
            results, summary, paths, next((shown[name] for name in WHOLE if name in shown), "")
        )
        return summary, shown

    def _tell_ci(
        self, results: Iterable[CaseResult], summary: Summary, paths: dict[str, Path], whole: str
    ) -> None:
        """What a pull request shows: the summary, annotations, and GitLab's findings."""
        from pytest_llmeval.runs import ci

        place, page = (
            ci.place_in_repository(os.environ, self._locations.root),
            os.environ.get(ci.STEP_SUMMARY),
        )
        if page or "summary" in paths:
            from pytest_llmeval.reports.markdown.page import markdown, write_markdown

            text = markdown(self.run, results, summary, whole)
            if "summary" in paths:
                write_markdown(paths["summary"], text)
            trouble = ci.append(page, text) if page else ""
            self.told_to_ci += (f"llm: {trouble}",) if trouble else ()
        if "code_quality" in paths:
            from pytest_llmeval.reports.gitlab import write_code_quality

            write_code_quality(paths["code_quality"], self.run, results, place)
        if ci.is_github_told(self._settings, os.environ):
            from pytest_llmeval.reports.github import github_annotations

            self.told_to_ci += tuple(github_annotations(self.run, results, place))

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
            return shown_place(self._settings.log)
        return self._locations.shown(path)


def _now() -> str:
    return datetime.now(timezone.utc).isoformat(timespec="milliseconds")
