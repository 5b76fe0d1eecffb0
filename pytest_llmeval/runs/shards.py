"""The shards of a run: reading them, and checking that they can be joined."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

from pytest_llmeval.errors import InputError, NoSuchRun
from pytest_llmeval.records.result import CaseResult, Key
from pytest_llmeval.records.run import Run
from pytest_llmeval.runlog.database import shown_address
from pytest_llmeval.runlog.lookup import LATEST, choose_run, no_such_run, shown, without_parts
from pytest_llmeval.runs.shard_systems import Systems, check_systems, no_systems, note_system
from pytest_llmeval.settings.table import OPTIONS
from pytest_llmeval.summary.stopping import early_stop_text
from pytest_llmeval.text import count, first_of

_SHOWN = 5
"""Cases that an error names."""
_JUDGING = {row.name for row in OPTIONS if row.section == "judge"} | {
    "model",
    "base_url",
    "provider",
}
"""Settings of the judge, including the model under test, which judges if no judge is set."""

_Versions = dict[tuple[str, str], set[str]]
"""Fingerprints by metric and suite; an empty suite stands for the whole shard."""


@dataclass(frozen=True)
class Shard:
    """A run that is a part of another.

    Attributes:
        source: Its run log or JSON report, without secrets.
        run: The run.
        results: Its results, which can be read repeatedly.
    """

    source: str
    run: Run
    results: Iterable[CaseResult]

    def __str__(self) -> str:
        return f"{shown(self.run)} of {self.source}"


def open_shards(sources: Sequence[str], wanted: Sequence[str], opened: ExitStack) -> list[Shard]:
    """Open the shards in some logs and reports.

    Args:
        sources: Run logs (paths or URLs) and JSON reports.
        wanted: Ids or names of the runs to join (default: the latest of every log).
        opened: Stack that closes the logs.

    Raises:
        InputError: A run does not exist or did not finish.
        RunLogError: A log cannot be read.
    """
    shards: list[Shard] = []
    all_runs: list[Run] = []
    chosen: set[str] = set()
    for source in sources:
        candidates = _read_source(source, opened)
        runs = [shard.run for shard in candidates]
        all_runs += runs
        if wanted:
            by_name = {name: choose_run(runs, name, include_parts=True) for name in wanted}
            ids = {run.id for run in by_name.values() if run is not None}
            chosen.update(name for name, run in by_name.items() if run is not None)
        else:
            # A run that was cut off is refused below. Taking an older one instead would silently
            # join another evaluation of the same cases.
            ids = {without_parts(runs)[0].id}
        shards += [shard for shard in candidates if shard.run.id in ids]
    for name in wanted:
        if name not in chosen:
            raise NoSuchRun(f"--run: {no_such_run(name, all_runs)}")
    for shard in shards:
        _check_finished(shard)
    return shards


def _read_source(source: str, opened: ExitStack) -> list[Shard]:
    """Return all runs of a log, the newest first, or the run of a JSON report."""
    if source.endswith(".json") and Path(source).is_file():
        from pytest_llmeval.reports.json_report import read_run

        return [Shard(source, *read_run(Path(source)))]
    if Path(source).is_dir():
        raise InputError(
            f"{source}: found a folder; allowed: run logs or JSON reports, such as "
            f"{Path(source).as_posix()}/*.sqlite"
        )
    from pytest_llmeval.runlog.log import RunLog

    log = opened.enter_context(closing(RunLog(source, must_exist=True)))
    shards = [Shard(shown_address(source), run, log.results(run.id)) for run in log.runs()]
    if not shards:
        raise NoSuchRun(f"{shown_address(source)}: {no_such_run(LATEST, ())}")
    return shards


def _check_finished(shard: Shard) -> None:
    run = shard.run
    if run.settings.get("changed"):
        raise InputError(
            f"{shard}: it ran only the cases that had changed (--llm-changed), and the scores of "
            "the others are not in it; allowed: a shard with all its cases. Run it without "
            "--llm-changed: the cache answers what it knows."
        )
    if run.is_whole:
        return
    if run.early_stop is not None:
        raise InputError(
            f"{shard}: {early_stop_text(run.early_stop)}; allowed: a shard with all its cases. "
            "Run that shard without --llm-stop-early."
        )
    end = "it has no exit code" if run.exit_code is None else f"exit code {run.exit_code}"
    raise InputError(
        f"{shard}: the run was cut off before its end ({end}); allowed: a finished run of each "
        "shard. Run that shard again, or name another run of it with --run."
    )


def check_shards(shards: Sequence[Shard]) -> int:
    """Read the results of all shards once, check that they can be joined, and count the cases.

    Raises:
        InputError: Two shards have the same case, or different systems or judges, or there is no
            case.
        RunLogError: A log cannot be read.
    """
    owners: dict[Key, Shard] = {}
    twice: dict[str, tuple[Shard, Shard]] = {}
    judged: list[_Versions] = []
    answered: list[Systems] = []
    for shard in shards:
        versions: _Versions = defaultdict(set)
        systems = no_systems()
        for result in shard.results:
            if result.key in owners:
                twice[result.nodeid] = owners[result.key], shard
            owners.setdefault(result.key, shard)
            _note_versions(result, versions)
            note_system(result, systems)
        answered.append(systems)
        judged.append(versions)
    if not owners:
        raise InputError(
            f"found no case in {count(len(shards), 'shard')}; allowed: shards with results"
        )
    _check_twice(twice)
    check_systems(shards, answered)
    _check_judges(shards, judged)
    return len(owners)


def _note_versions(result: CaseResult, versions: _Versions) -> None:
    """Add the fingerprints of a case's judges."""
    from pytest_llmeval.judges.rubric import ROW_COLUMNS

    # A row with its own criterion has its own fingerprint.
    if any(result.case.metadata.get(column) for column in ROW_COLUMNS):
        return
    for score in result.scores:
        if score.judge:
            for suite in (result.suite, ""):
                versions[score.name, suite].add(score.version)


def _check_twice(twice: dict[str, tuple[Shard, Shard]]) -> None:
    if not twice:
        return
    names = first_of(list(twice), _SHOWN)
    owners = " and ".join(dict.fromkeys(str(shard) for pair in twice.values() for shard in pair))
    raise InputError(
        f"{owners}: found {count(len(twice), 'case')} in two of them: {names}; allowed: each case "
        "in one shard. Split the suite so that no two shards run the same case, or omit a log."
    )


def _check_judges(shards: Sequence[Shard], judged: Sequence[_Versions]) -> None:
    """Refuse scores of a metric by different judges.

    All cases of a suite have the same judge. Suites may have different judges, but only if the
    shards have the same settings of the judge.
    """
    for (first, versions), (second, more) in combinations(zip(shards, judged, strict=True), 2):
        has_same_settings = _judging(first.run) == _judging(second.run)
        for key in sorted(versions.keys() & more.keys()):
            metric, suite = key
            if versions[key] & more[key] or (has_same_settings and not suite):
                continue
            raise InputError(
                f"{metric}: found scores by {', '.join(sorted(versions[key]))} ({first}) and by "
                f"{', '.join(sorted(more[key]))} ({second}); allowed: one judge for all shards, "
                "because scores of two judges cannot be compared. Pin it for every shard with "
                "--llm-judge-model."
            )


def _judging(run: Run) -> dict[str, str]:
    return {name: text for name, text in run.settings.items() if name in _JUDGING}
