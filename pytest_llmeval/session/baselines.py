"""Where a side of a comparison comes from: a run of the log, a JSON report, a baseline file, a table."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_llmeval.errors import InputError, NoSuchRun, nearest
from pytest_llmeval.gating.baseline_file import FOLDER, is_baseline, read_baseline, write_baseline
from pytest_llmeval.gating.sides import Side, side_of
from pytest_llmeval.gating.tables import Columns, read_table

if TYPE_CHECKING:
    from pytest_llmeval.reports.run_log import RunLog
    from pytest_llmeval.results import CaseResult, Run

LATEST = "latest"
MERGED, SEPARATOR = "merged", ", "
"""Where a run that was joined from others tells their ids, in its settings, and how."""
JUDGED_CODES = (0, 1, 10)
"""Exit codes of a run that came to its end."""


def load_side(source: str, folder: Path, log: RunLog | None, columns: Columns | None = None, but: str = "") -> Side:
    """Read a side.

    Args:
        source: A path, the name of a file in ``golden/baselines``, ``latest``, or id or name of a run.
        folder: What a relative path is relative to.
        log: The run log; ``None`` where there is none.
        columns: How a table is read.
        but: Id of a run that is not meant, because it is the one that is compared.

    Raises:
        NoSuchRun: Nothing has this name.
        InputError: A file cannot be read.
        RunLogError: The run log cannot be read.
    """
    columns = columns or Columns()
    path = find_file(source, folder)
    if path is not None:
        return _of_file(path, source, columns)
    run = find_run(log.runs(), source, but) if log is not None else None
    if log is None or run is None:
        raise NoSuchRun(_nothing(source, [] if log is None else log.runs()))
    return side_of(shown(run), log.results(run.id), columns.cluster, len(run.lost))


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
        is_whole = run.exit_code in JUDGED_CODES and run.id not in parts
        if run.id == source or (source == LATEST and is_whole):
            return run
        if found is None and source and run.name == source and is_whole:
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
        return load_side(source, here, None)
    from pytest_llmeval.reports.run_log import RunLog

    with closing(RunLog(log, must_exist=True)) as opened:
        return load_side(source, here, opened)


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
