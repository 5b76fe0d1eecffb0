"""The lookup of baselines: runs of the log, reports, baselines, tables, files of other tools."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_llmeval.baselines.columns import Columns
from pytest_llmeval.baselines.file import (
    FOLDER,
    baseline_cases,
    has_count,
    is_baseline,
    read_baseline,
)
from pytest_llmeval.baselines.peers.registry import (
    ReadPeer,
    check_column,
    peer_reader,
    read_json_peer,
)
from pytest_llmeval.baselines.peers.samples import peer_cases, peer_scores
from pytest_llmeval.baselines.table import read_table, table_cases
from pytest_llmeval.errors import InputError, NoSuchRun
from pytest_llmeval.gating.control import draw_of
from pytest_llmeval.gating.scores import (
    BaselineCase,
    RunScores,
    Selection,
    baseline_case,
    run_scores,
)
from pytest_llmeval.runlog.lookup import LATEST, choose_run, no_such_run, shown
from pytest_llmeval.settings.locations import is_url
from pytest_llmeval.summary.stopping import early_stop_text
from pytest_llmeval.text import count

if TYPE_CHECKING:
    from pytest_llmeval.records.result import CaseResult
    from pytest_llmeval.records.run import Run
    from pytest_llmeval.runlog.log import RunLog
    from pytest_llmeval.settings.locations import Locations
    from pytest_llmeval.settings.table import Settings

USUAL_ACCEPT = "llmeval baseline accept --name main, then --llm-baseline main"
"""The commands that make a baseline and compare with it."""

_FILES = (".json", ".csv", ".tsv", ".xml", ".eval", ".parquet")
"""Ends of the names of files that are no baseline files."""


@dataclass(frozen=True)
class BaselineSource:
    """A baseline that is read only when it is needed.

    Attributes:
        source: Text that finds the same run again, even if another run ends meanwhile.
        read_scores: Reads the scores for a comparison.
        read_cases: Reads the cases with their texts one by one.
        is_counted: Whether the loss of a case would be noticed.
    """

    source: str
    read_scores: Callable[[], RunScores]
    read_cases: Callable[[], Iterator[BaselineCase]]
    is_counted: bool = True

    def scores(self) -> RunScores:
        """Read the scores, from which the texts can be read, too."""
        return replace(self.read_scores(), read_cases=self.read_cases)


@dataclass(frozen=True)
class BaselineFinder:
    """A finder of baselines.

    It finds a path, the name of a file in ``golden/baselines``, ``latest``, or the id or name of a
    run.

    Attributes:
        locations: The folders that paths are relative to.
        log: The run log; ``None`` if there is none.
        columns: Columns of tables.
        excluded: Id of the compared run, which cannot be its baseline.
    """

    locations: Locations
    log: RunLog | None
    columns: Columns = field(default_factory=Columns)
    excluded: str = ""

    def find(self, source: str) -> BaselineSource:
        """Find a baseline.

        Raises:
            NoSuchRun: No file or run has this name.
            InputError: A file cannot be read.
            RunLogError: The run log cannot be read.
        """
        path = find_file(source, self.locations)
        if path is None:
            check_column(source, self.columns)
            return self._logged(source)
        if path.suffix.lower() == ".json":
            return _in_json(path, source, self.columns)
        if is_baseline(path):
            check_column(source, self.columns)
            return BaselineSource(
                source,
                partial(read_baseline, path, source),
                partial(baseline_cases, path),
                has_count(path),
            )
        read = peer_reader(path)
        if read is not None:
            return _of_peer(path, source, self.columns, read)
        check_column(source, self.columns)
        return BaselineSource(
            source,
            partial(read_table, path, self.columns, source),
            partial(table_cases, path, self.columns),
        )

    def scores(self, source: str) -> RunScores:
        """Find a baseline, and read its scores, with the errors of `find`."""
        return self.find(source).scores()

    def _logged(self, source: str) -> BaselineSource:
        if self.log is None:
            raise NoSuchRun(self._no_such_run(source, ()))
        runs = list(self.log.runs())
        run = choose_run(runs, source, self.excluded)
        if run is None:
            raise NoSuchRun(self._no_such_run(source, runs))
        results = self.log.results(run.id)
        cluster = self.columns.cluster
        return BaselineSource(
            run.id,
            lambda: _scores_of(run, shown(run), results, cluster),
            lambda: (baseline_case(result) for result in results),
        )

    def _no_such_run(self, source: str, runs: Iterable[Run]) -> str:
        names = baseline_names(self.locations)
        return no_such_run(source, runs, or_file=True, baselines=names)


def baseline_names(locations: Locations) -> list[str]:
    """Return the names of the project's baseline files."""
    paths = sorted(baselines_folder(locations).glob("*.jsonl"))
    return [path.stem for path in paths if is_baseline(path)]


def baseline_finder(
    settings: Settings, locations: Locations, log: RunLog | None, excluded: str = ""
) -> BaselineFinder:
    """Return the finder for the baselines of a run, whose id is excluded."""
    return BaselineFinder(locations, log, Columns(cluster=settings.cluster), excluded)


@contextmanager
def opened_log(url: str) -> Iterator[RunLog | None]:
    """Open the run log, or yield ``None`` if there is none yet."""
    if not (is_url(url) or Path(url).is_file()):
        yield None
        return
    from pytest_llmeval.runlog.log import RunLog

    with closing(RunLog(url, must_exist=True)) as log:
        yield log


def find_file(source: str, locations: Locations) -> Path | None:
    """Return the file that a path or the name of a baseline means, or ``None``."""
    if source == LATEST:
        return None
    candidates = (
        locations.path("baseline", source),
        locations.in_project("baseline", f"{FOLDER}/{source}.jsonl"),
    )
    return next((path for path in candidates if path.is_file()), None)


def baselines_folder(locations: Locations) -> Path:
    """Return the folder of the project's baselines, with the error of `Locations.path`."""
    return locations.in_project("baseline", FOLDER)


def _in_json(path: Path, source: str, columns: Columns) -> BaselineSource:
    """Return a JSON report, or a JSON file of another tool, as a baseline."""
    from pytest_llmeval.reports.json_report import read_run

    def scores() -> RunScores:
        peer = read_json_peer(path, columns)
        if peer is not None:
            return peer_scores(peer, columns, source)
        check_column(source, columns)
        run, results = read_run(path)
        return _scores_of(run, source, results, columns.cluster)

    def cases() -> Iterator[BaselineCase]:
        peer = read_json_peer(path, columns)
        if peer is not None:
            return peer_cases(peer, columns)
        return map(baseline_case, read_run(path)[1])

    return BaselineSource(source, scores, cases)


def _of_peer(path: Path, source: str, columns: Columns, read: ReadPeer) -> BaselineSource:
    """Return a result file of another tool as a baseline."""
    check_column(source, columns, read)
    return BaselineSource(
        source,
        lambda: peer_scores(read(path, columns), columns, source),
        lambda: peer_cases(read(path, columns), columns),
    )


def _scores_of(run: Run, name: str, results: Iterable[CaseResult], cluster: str) -> RunScores:
    """Return the scores of a run, which knows whether it was to have every case.

    Raises:
        InputError: It stopped early, and so has the scores of a moment that spoke for its verdict,
            or it took the scores of unchanged cases from its baseline.
    """
    if run.early_stop is not None:
        raise InputError(
            f"{name}: {early_stop_text(run.early_stop)}; allowed: a run with all its cases. "
            f"Its own verdict stands: llmeval report {run.id}"
        )
    if run.unchanged:
        raise InputError(
            f"{name}: it ran only the cases that had changed (--llm-changed), and "
            f"{count(run.unchanged, 'other')} counted with the scores of its baseline; allowed: a "
            "run with all its cases. Run them once without --llm-changed: the cache answers what "
            f"it knows. Its own verdict stands: llmeval report {run.id}"
        )
    scores = run_scores(name, results, cluster, len(run.lost))
    selection = Selection(is_whole=not run.is_selected)
    return replace(
        scores, selection=selection, draw=draw_of(run.settings), comparisons=run.comparisons
    )


def open_scores(source: str, locations: Locations, log: str) -> RunScores:
    """Return the scores of a path, a named baseline or a run."""
    if find_file(source, locations) is not None:
        return BaselineFinder(locations, None).scores(source)
    with opened_log(log) as opened:
        return BaselineFinder(locations, opened).scores(source)


def accept_command(source: str, is_plain: bool = False) -> str:
    """Return the command that makes a baseline with this name or path, or else with a new name.

    Args:
        source: The baseline as the user wrote it.
        is_plain: Whether it is a file of another tool, which is not to be replaced.
    """
    if source.endswith(".jsonl") and not is_plain:
        return f"llmeval baseline accept --to {source}"
    is_file = is_plain or source.lower().endswith(_FILES) or Path(source).name != source
    if source == LATEST or is_file:
        return USUAL_ACCEPT
    return f"llmeval baseline accept --name {source}"
