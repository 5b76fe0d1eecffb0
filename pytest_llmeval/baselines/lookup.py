"""Where a side of a comparison comes from: a run of the log, a JSON report, a baseline file, a table."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_llmeval.baselines.file import FOLDER, baseline_cases, is_baseline, read_baseline
from pytest_llmeval.baselines.table import Columns, read_table, table_cases
from pytest_llmeval.errors import NoSuchRun, nearest
from pytest_llmeval.gating.scores import BaselineCase, RunScores, baseline_case, run_scores
from pytest_llmeval.settings.locations import is_url

if TYPE_CHECKING:
    from pytest_llmeval.records.result import CaseResult
    from pytest_llmeval.records.run import Run
    from pytest_llmeval.runlog.log import RunLog
    from pytest_llmeval.settings.locations import Locations
    from pytest_llmeval.settings.table import Settings


LATEST = "latest"
MERGED, SEPARATOR = "merged", ", "
"""Where a run that was joined from others tells their ids, in its settings, and how."""


@dataclass(frozen=True)
class BaselineFinder:
    """Where sides are looked for.

    A source is a path, the name of a file in ``golden/baselines``, ``latest``, or id or name of a
    run.

    Attributes:
        folder: What a relative path is relative to.
        log: The run log; ``None`` where there is none.
        columns: How a table is read.
        but: Id of a run that is not meant, because it is the one that is compared.
    """

    folder: Path
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
        path = find_file(source, self.folder)
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
        path = find_file(source, self.folder)
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
        return source if find_file(source, self.folder) else self._logged(source)[0].id

    def _logged(self, source: str) -> tuple[Run, Iterable[CaseResult]]:
        run = find_run(self.log.runs(), source, self.but) if self.log is not None else None
        if self.log is None or run is None:
            raise NoSuchRun(no_such_run(source, [] if self.log is None else self.log.runs()))
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
    return BaselineFinder(locations.folder("baseline"), log, Columns(cluster=settings.cluster), but)


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


def find_file(source: str, folder: Path) -> Path | None:
    """The file that a source names, as a path or as a baseline that lies where baselines lie."""
    named = (folder / source, folder / FOLDER / f"{source}.jsonl")
    return next((path for path in named if path.is_file()), None)


def find_run(runs: Iterable[Run], source: str, but: str = "") -> Run | None:
    """The run with this id, else the newest with this name; ``latest``: the newest that came to its end.

    Args:
        runs: The newest first.
        source: An id, a name or ``latest``. The last two never mean a run that is a part of a newer
            one.
        but: Id of a run that is not meant.
    """
    found = None
    parts: set[str] = set()
    for run in runs:
        parts.update(parts_of(run))
        if run.id == but:
            continue
        is_meant = run.is_whole and run.id not in parts
        if run.id == source or (source == LATEST and is_meant):
            return run
        if found is None and source and run.name == source and is_meant:
            found = run
    return found


def parts_of(run: Run) -> tuple[str, ...]:
    """Ids of the runs that a run was joined from; none, where it was not."""
    return tuple(filter(None, run.settings.get(MERGED, "").split(SEPARATOR)))


def shown(run: Run) -> str:
    """A run as a person calls it."""
    return f"{run.name} ({run.id})" if run.name else run.id


def _of_file(path: Path, source: str, columns: Columns) -> RunScores:
    if path.suffix.lower() == ".json":
        from pytest_llmeval.reports.json_report import read_report

        lost, results = read_report(path)
        return run_scores(source, results, columns.cluster, lost)
    if is_baseline(path):
        return read_baseline(path, source)
    return read_table(path, columns, source)


def no_such_run(source: str, runs: Iterable[Run]) -> str:
    """What to say where nothing has this name."""
    known = list(dict.fromkeys(name for run in runs for name in (run.name, run.id) if name))
    allowed = ", ".join(known[:5]) or "none yet"
    hint = nearest(source, [LATEST, *known]) if source != LATEST else ""
    return (
        f"{source}: found neither a file nor a run of this name; allowed: a path of a JSON report, baseline, CSV or "
        f"JSONL file, latest, or a run of the log ({allowed}). {hint}"
    ).rstrip()


def open_side(source: str, log: str) -> RunScores:
    """A side by a path, a baseline's name or a run, seen from the current folder.

    Raises:
        LLMEvalError: There is no such thing, or it cannot be read.
    """
    here = Path()
    if find_file(source, here) is not None:
        return BaselineFinder(here, None).side(source)
    with opened_log(log) as opened:
        return BaselineFinder(here, opened).side(source)


def accept_command(source: str) -> str:
    """The command that makes the baseline of this name."""
    if source.endswith(".jsonl"):
        return f"llmeval baseline accept --to {source}"
    return f"llmeval baseline accept --name {source}"
