"""Where a run to compare with is found: in the log, a JSON report, a baseline file or a table."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_llmeval.baselines.file import FOLDER, baseline_cases, is_baseline, read_baseline
from pytest_llmeval.baselines.table import Columns, read_table, table_cases
from pytest_llmeval.errors import NoSuchRun
from pytest_llmeval.gating.scores import BaselineCase, RunScores, baseline_case, run_scores
from pytest_llmeval.runlog.lookup import choose_run, no_such_run, shown
from pytest_llmeval.settings.locations import is_url

if TYPE_CHECKING:
    from pytest_llmeval.runlog.log import RunLog
    from pytest_llmeval.settings.locations import Locations
    from pytest_llmeval.settings.table import Settings


@dataclass(frozen=True)
class FoundRun:
    """A run to compare with, wherever it was found. It is read when it is needed.

    Attributes:
        source: What finds the same run again, even if another one ends meanwhile.
        read_scores: Reads what a comparison needs.
        read_cases: Reads the cases with their texts, one by one: a large run holds many.
    """

    source: str
    read_scores: Callable[[], RunScores]
    read_cases: Callable[[], Iterator[BaselineCase]]


@dataclass(frozen=True)
class BaselineFinder:
    """Where runs to compare with are looked for.

    A source is a path, the name of a file in ``golden/baselines``, ``latest``, or id or name of a
    run.

    Attributes:
        locations: The folders that paths are relative to.
        log: The run log; ``None`` where there is none.
        columns: How a table is read.
        excluded: Id of a run that is not found, because it is the one that is compared.
    """

    locations: Locations
    log: RunLog | None
    columns: Columns = field(default_factory=Columns)
    excluded: str = ""

    def find(self, source: str) -> FoundRun:
        """Find a run.

        Raises:
            NoSuchRun: Nothing has this name.
            InputError: A file cannot be read.
            RunLogError: The run log cannot be read.
        """
        path = find_file(source, self.locations)
        if path is None:
            return self._logged(source)
        if path.suffix.lower() == ".json":
            return _reported(path, source, self.columns.cluster)
        if is_baseline(path):
            return FoundRun(
                source, partial(read_baseline, path, source), partial(baseline_cases, path)
            )
        return FoundRun(
            source,
            partial(read_table, path, self.columns, source),
            partial(table_cases, path, self.columns),
        )

    def scores(self, source: str) -> RunScores:
        """Find a run, and read its scores.

        Raises:
            NoSuchRun: Nothing has this name.
            InputError: A file cannot be read.
            RunLogError: The run log cannot be read.
        """
        return self.find(source).read_scores()

    def _logged(self, source: str) -> FoundRun:
        if self.log is None:
            raise NoSuchRun(no_such_run(source, (), or_file=True))
        runs = list(self.log.runs())
        run = choose_run(runs, source, self.excluded)
        if run is None:
            raise NoSuchRun(no_such_run(source, runs, or_file=True))
        results, cluster = self.log.results(run.id), self.columns.cluster
        return FoundRun(
            run.id,
            partial(run_scores, shown(run), results, cluster, len(run.lost)),
            lambda: (baseline_case(result) for result in results),
        )


def baseline_finder(
    settings: Settings, locations: Locations, log: RunLog | None, excluded: str = ""
) -> BaselineFinder:
    """Where the baselines of a run are looked for.

    Args:
        settings: The settings in force.
        locations: The folders that paths are relative to.
        log: The run log; ``None`` where there is none.
        excluded: Id of the run itself.
    """
    return BaselineFinder(locations, log, Columns(cluster=settings.cluster), excluded)


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


def _reported(path: Path, source: str, cluster: str) -> FoundRun:
    """The run of a JSON report."""
    from pytest_llmeval.reports.json_report import read_report

    def scores() -> RunScores:
        lost, results = read_report(path)
        return run_scores(source, results, cluster, lost)

    return FoundRun(source, scores, lambda: map(baseline_case, read_report(path)[1]))


def open_scores(source: str, locations: Locations, log: str) -> RunScores:
    """Return the scores of a path, a baseline's name or a run.

    Args:
        source: What names it.
        locations: The folders that paths are relative to.
        log: The run log.

    Raises:
        LLMEvalError: There is no such thing, or it cannot be read.
    """
    if find_file(source, locations) is not None:
        return BaselineFinder(locations, None).scores(source)
    with opened_log(log) as opened:
        return BaselineFinder(locations, opened).scores(source)


def accept_command(source: str) -> str:
    """The command that makes the baseline of this name."""
    if source.endswith(".jsonl"):
        return f"llmeval baseline accept --to {source}"
    return f"llmeval baseline accept --name {source}"
