"""Where a side of a comparison comes from: a run of the log, a JSON report, a baseline file, a table."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_llmeval.errors import InputError, LLMEvalError, NoSuchRun, nearest
from pytest_llmeval.gating.baseline_file import FOLDER, is_baseline, read_baseline, told_lines, write_baseline
from pytest_llmeval.gating.sides import Key, Side, side_of
from pytest_llmeval.gating.tables import Columns, read_table, told_rows
from pytest_llmeval.gating.told import Told, told_of

if TYPE_CHECKING:
    from pytest_llmeval.reports.run_log import RunLog
    from pytest_llmeval.results import Before, CaseResult, Run
    from pytest_llmeval.session.rejudging import Rejudged
    from pytest_llmeval.session.session import Session

LATEST = "latest"
JUDGED_CODES = (0, 1, 10)
"""Exit codes of a run that came to its end."""


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

    def _logged(self, source: str) -> tuple[Run, Iterable[CaseResult]]:
        run = find_run(self.log.runs(), source, self.but) if self.log is not None else None
        if self.log is None or run is None:
            raise NoSuchRun(_nothing(source, [] if self.log is None else self.log.runs()))
        return run, self.log.results(run.id)


@dataclass
class Baseline:
    """A baseline of a run, as far as it can be read.

    Attributes:
        name: As it was named.
        sources: Where it was found.
        found: The side, with what was judged again; ``None`` if it cannot be read.
        trouble: Why it cannot.
    """

    name: str
    sources: Sources
    found: Rejudged | None = None
    trouble: LLMEvalError | None = None

    @classmethod
    def read(
        cls, sources: Sources, name: str, session: Session, after: Side, results: Iterable[CaseResult]
    ) -> Baseline:
        """Read a baseline; what another judge than the run's has scored is judged again.

        Args:
            sources: Where it is looked for.
            name: As it was named.
            session: Whose engine asks.
            after: The run.
            results: Those of the run.
        """
        from pytest_llmeval.session.rejudging import rejudge

        try:
            return cls(name, sources, rejudge(session, sources.side(name), sources.told(name), after, results))
        except LLMEvalError as error:
            return cls(name, sources, None, error)

    @property
    def note(self) -> str:
        """What was judged again; empty if nothing."""
        many = self.found.count if self.found else 0
        scores = f"{many} score{'s' if many > 1 else ''}"
        return f"baseline {self.name}: another judge had scored it; {scores} made again" if many else ""

    def loaded(self) -> Side:
        """The side.

        Raises:
            LLMEvalError: It cannot be read.
        """
        if self.found is None:
            raise self.trouble or NoSuchRun(self.name)
        return self.found.side

    def befores(self, after: Side) -> Iterator[tuple[Key, Before]]:
        """What it says of the cases of a run.

        Args:
            after: The run.
        """
        if self.found is None:
            return
        by_id = {key[2]: key for key in after.entries} if self.found.side.is_plain else {}
        for told in self.sources.told(self.name):
            key = by_id.get(told.key[2], told.key)
            if key in after.entries:
                yield key, told.before(self.name, self.found.scores.get(key))


def find_file(source: str, folder: Path) -> Path | None:
    """The file that a source names, as a path or as a baseline that lies where baselines lie."""
    named = (folder / source, folder / FOLDER / f"{source}.jsonl")
    return next((path for path in named if path.is_file()), None)


def find_run(runs: Iterable[Run], source: str, but: str = "") -> Run | None:
    """The run with this id, else the newest with this name; ``latest``: the newest that came to its end."""
    found = None
    for run in runs:
        if run.id == but:
            continue
        if run.id == source or (source == LATEST and run.exit_code in JUDGED_CODES):
            return run
        if found is None and source and run.name == source and run.exit_code in JUDGED_CODES:
            found = run
    return found


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


def _nothing(source: str, runs: Iterable[Run]) -> str:
    known = list(dict.fromkeys(name for run in runs for name in (run.name, run.id) if name))
    allowed = ", ".join(known[:5]) or "none yet"
    hint = nearest(source, [LATEST, *known]) if source != LATEST else ""
    return (
        f"{source}: found neither a file nor a run of this name; allowed: a path of a JSON report, baseline, CSV or "
        f"JSONL file, latest, or a run of the log ({allowed}). {hint}"
    ).rstrip()


def baseline_path(name: str) -> Path:
    """Where the baseline of a name lies.

    Raises:
        InputError: The name is none for a file.
    """
    if not name or Path(name).name != name:
        raise InputError(f"--name: found {name!r}; allowed: a plain word, which becomes {FOLDER}/NAME.jsonl")
    return Path(FOLDER) / f"{name}.jsonl"


def accept_run(source: str, path: Path, name: str, log: str) -> tuple[int, str]:
    """Write a run as a baseline file.

    Args:
        source: A run of the log, or the path of a JSON report.
        path: The file to make or replace.
        name: How the baseline is called.
        log: The run log.

    Returns:
        The number of its cases, and the run as a person calls it.

    Raises:
        InputError: There is no such run, it did not come to its end, or it has no result.
        LLMEvalError: The log cannot be read, or the file cannot be written.
    """
    if source.endswith(".json") and Path(source).is_file():
        from pytest_llmeval.reports.reading import read_report

        return _written(path, name, read_report(Path(source))[1]), source
    from pytest_llmeval.reports.run_log import RunLog

    with closing(RunLog(log, must_exist=True)) as opened:
        run = find_run(opened.runs(), source)
        if run is None:
            raise NoSuchRun(_nothing(source, opened.runs()))
        if run.exit_code not in JUDGED_CODES:
            raise InputError(f"{shown(run)}: it did not come to its end; allowed: a whole run")
        return _written(path, name, opened.results(run.id)), shown(run)


def open_side(source: str, log: str) -> Side:
    """A side by a path, a baseline's name or a run, seen from the current folder.

    Raises:
        LLMEvalError: There is no such thing, or it cannot be read.
    """
    here = Path()
    if find_file(source, here) is not None or not ("://" in log or Path(log).is_file()):
        return Sources(here, None).side(source)
    from pytest_llmeval.reports.run_log import RunLog

    with closing(RunLog(log, must_exist=True)) as opened:
        return Sources(here, opened).side(source)


def accept_command(source: str) -> str:
    """The command that makes the baseline of this name."""
    if source.endswith(".jsonl"):
        return f"llmeval baseline accept --to {source}"
    return f"llmeval baseline accept --name {source}"


def _written(path: Path, name: str, results: Iterable[CaseResult]) -> int:
    from pytest_llmeval.reports.output import replacing

    with replacing(path, "baseline") as file:
        cases = write_baseline(file, name, results)
        if not cases:
            raise InputError(f"{path}: not written: the run has no result")
    return cases
