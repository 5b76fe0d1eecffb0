"""Where a side of a comparison comes from: a run of the log, a JSON report, a baseline file, a table."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_llmeval.errors import NoSuchRun, nearest
from pytest_llmeval.gating.baseline_file import FOLDER, is_baseline, read_baseline, told_lines
from pytest_llmeval.gating.sides import Side, side_of
from pytest_llmeval.gating.tables import Columns, read_table, told_rows
from pytest_llmeval.gating.told import Told, told_of

if TYPE_CHECKING:
    from pytest_llmeval.reports.run_log import RunLog
    from pytest_llmeval.results import CaseResult, Run
    from pytest_llmeval.settings import Settings

LATEST = "latest"
MERGED, SEPARATOR = "merged", ", "
"""Where a run that was joined from others tells their ids, in its settings, and how."""


@dataclass(frozen=True)
class Sources:
    """Where sides are looked for.

    A source is a path, the name of a file in ``golden/baselines``, ``latest``, or id or name of a run.

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

    def side(self, source: str) -> Side:
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
        return side_of(shown(run), results, self.columns.cluster, len(run.lost))

    def told(self, source: str) -> Iterator[Told]:
        """What a side tells of its cases, read while it is used.

        Raises:
            NoSuchRun: Nothing has this name.
            InputError: A file cannot be read.
            RunLogError: The run log cannot be read.
        """
        path = find_file(source, self.folder)
        if path is None:
            return map(told_of, self._logged(source)[1])
        if path.suffix.lower() == ".json":
            from pytest_llmeval.reports.reading import read_report

            return map(told_of, read_report(path)[1])
        return told_lines(path) if is_baseline(path) else told_rows(path, self.columns)

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


def sources_of(settings: Settings, root: Path, current: Path, log: RunLog | None, but: str = "") -> Sources:
    """Where the baselines of a run are looked for.

    Args:
        settings: The settings in force.
        root: What a relative path is relative to.
        current: The same for a path from the command line.
        log: The run log; ``None`` where there is none.
        but: Id of the run itself.
    """
    folder = current if "baseline" in settings.explicit else root
    return Sources(folder, log, Columns(cluster=settings.cluster), but)


@contextmanager
def opened_log(url: str) -> Iterator[RunLog | None]:
    """The run log; ``None`` where there is none yet.

    Raises:
        RunLogError: It cannot be read.
    """
    if not ("://" in url or Path(url).is_file()):
        yield None
        return
    from pytest_llmeval.reports.run_log import RunLog

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
        source: An id, a name or ``latest``. The last two never mean a run that is a part of a newer one.
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


def _of_file(path: Path, source: str, columns: Columns) -> Side:
    if path.suffix.lower() == ".json":
        from pytest_llmeval.reports.reading import read_report

        lost, results = read_report(path)
        return side_of(source, results, columns.cluster, lost)
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


def open_side(source: str, log: str) -> Side:
    """A side by a path, a baseline's name or a run, seen from the current folder.

    Raises:
        LLMEvalError: There is no such thing, or it cannot be read.
    """
    here = Path()
    if find_file(source, here) is not None:
        return Sources(here, None).side(source)
    with opened_log(log) as opened:
        return Sources(here, opened).side(source)
