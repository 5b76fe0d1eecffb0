"""Where a side of a comparison comes from: a run of the log, a JSON report, a baseline file, a table."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_llmeval.baselines.file import FOLDER, baseline_cases, is_baseline, read_baseline
from pytest_llmeval.baselines.table import Columns, read_table, table_cases
from pytest_llmeval.errors import NoSuchRun
from pytest_llmeval.gating.scores import BaselineCase, RunScores, baseline_case, run_scores
from pytest_llmeval.runlog.lookup import choose_run, no_such_run, shown
from pytest_llmeval.settings.locations import is_url

if TYPE_CHECKING:
    from pytest_llmeval.records.result import CaseResult
    from pytest_llmeval.records.run import Run
    from pytest_llmeval.runlog.log import RunLog
    from pytest_llmeval.settings.locations import Locations
    from pytest_llmeval.settings.table import Settings


@dataclass(frozen=True)
class BaselineFinder:
    """Where sides are looked for.

    A source is a path, the name of a file in ``golden/baselines``, ``latest``, or id or name of a
    run.

    Attributes:
        locations: The folders that paths are relative to.
        log: The run log; ``None`` where there is none.
        columns: How a table is read.
        but: Id of a run that is not meant, because it is the one that is compared.
    """

    locations: Locations
    log: RunLog | None
    columns: Columns = field(default_factory=Columns)
    but: str = ""

    def side(self, source: str) -> RunScores:
        """Read a side.

        Raises:
            NoSuchRun: Nothing has this name.
            InputError: A file cannot be read.
            RunLogError: The run log cannot be read.
        """
        path = find_file(source, self.locations)
        if path is not None:
            return _of_file(path, source, self.columns)
        run, results = self._logged(source)
        return run_scores(shown(run), results, self.columns.cluster, len(run.lost))

    def told(self, source: str) -> Iterator[BaselineCase]:
        """What a side tells of its cases, read while it is used.

        Raises:
            NoSuchRun: Nothing has this name.
            InputError: A file cannot be read.
            RunLogError: The run log cannot be read.
        """
        path = find_file(source, self.locations)
        if path is None:
            return map(baseline_case, self._logged(source)[1])
        if path.suffix.lower() == ".json":
            from pytest_llmeval.reports.json_report import read_report

            return map(baseline_case, read_report(path)[1])
        return baseline_cases(path) if is_baseline(path) else table_cases(path, self.columns)

    def fixed(self, source: str) -> str:
        """A source that means the same when it is read again, even if a run ends meanwhile: of a run its id.

        Raises:
            NoSuchRun: Nothing has this name.
            RunLogError: The run log cannot be read.
        """
        return source if find_file(source, self.locations) else self._logged(source)[0].id

    def _logged(self, source: str) -> tuple[Run, Iterable[CaseResult]]:
        if self.log is None:
            raise NoSuchRun(no_such_run(source, (), or_file=True))
        runs = list(self.log.runs())
        run = choose_run(runs, source, self.but)
        if run is None:
            raise NoSuchRun(no_such_run(source, runs, or_file=True))
        return run, self.log.results(run.id)


def baseline_finder(
    settings: Settings, locations: Locations, log: RunLog | None, but: str = ""
) -> BaselineFinder:
    """Where the baselines of a run are looked for.

    Args:
        settings: The settings in force.
        locations: The folders that paths are relative to.
        log: The run log; ``None`` where there is none.
        but: Id of the run itself.
    """
    return BaselineFinder(locations, log, Columns(cluster=settings.cluster), but)


@contextmanager
def opened_log(url: str) -> Iterator[RunLog | None]:
    """The run log; ``None`` where there is none yet.

    Raises:
        RunLogError: It cannot be read.
    """
    if not (is_url(url) or Path(url).is_file()):
        yield None
        return
    from pytest_llmeval.runlog.log import RunLog

    with closing(RunLog(url, must_exist=True)) as log:
        yield log


def find_file(source: str, locations: Locations) -> Path | None:
    """The file that a source names: by its path, or as a baseline of the project."""
    candidates = (
        locations.path("baseline", source),
        baselines_folder(locations) / f"{source}.jsonl",
    )
    return next((path for path in candidates if path.is_file()), None)


def baselines_folder(locations: Locations) -> Path:
    """The folder of the project's baselines, which are named without a path."""
    return locations.root / FOLDER


def _of_file(path: Path, source: str, columns: Columns) -> RunScores:
    if path.suffix.lower() == ".json":
        from pytest_llmeval.reports.json_report import read_report

        lost, results = read_report(path)
        return run_scores(source, results, columns.cluster, lost)
    if is_baseline(path):
        return read_baseline(path, source)
    return read_table(path, columns, source)


def open_side(source: str, locations: Locations, log: str) -> RunScores:
    """A side by a path, a baseline's name or a run.

    Args:
        source: What names it.
        locations: The folders that paths are relative to.
        log: The run log.

    Raises:
        LLMEvalError: There is no such thing, or it cannot be read.
    """
    if find_file(source, locations) is not None:
        return BaselineFinder(locations, None).side(source)
    with opened_log(log) as opened:
        return BaselineFinder(locations, opened).side(source)


def accept_command(source: str) -> str:
    """The command that makes the baseline of this name."""
    if source.endswith(".jsonl"):
        return f"llmeval baseline accept --to {source}"
    return f"llmeval baseline accept --name {source}"
