"""The shards of a run: where each was logged, and whether they can be joined."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

from pytest_llmeval.errors import InputError, NoSuchRun
from pytest_llmeval.records.result import CaseResult, Outcome
from pytest_llmeval.records.run import Run
from pytest_llmeval.records.verdicts import WORSE, case_exit_code, gate_exit_code
from pytest_llmeval.runlog.database import shown_address
from pytest_llmeval.runlog.lookup import LATEST, choose_run, no_such_run, shown, without_parts
from pytest_llmeval.settings.table import OPTIONS
from pytest_llmeval.text import count, first_of

_SHOWN = 5
"""Cases that an error names."""
JUDGING = {row.name for row in OPTIONS if row.section == "judge"} | {
    "model",
    "base_url",
    "provider",
}
"""Settings by which a judge may differ from one shard to another; without a judge, the model under test judges."""

_Versions = dict[tuple[str, str], set[str]]
"""Fingerprints by metric and suite; by metric and an empty text for the shard as a whole."""


@dataclass(frozen=True)
class Shard:
    """One run that is a part of another.

    Attributes:
        source: Its run log or JSON report, as a person may see it.
        run: The run.
        results: Its results; they can be read again.
    """

    source: str
    run: Run
    results: Iterable[CaseResult]

    def __str__(self) -> str:
        return f"{shown(self.run)} of {self.source}"


def open_shards(sources: Sequence[str], wanted: Sequence[str], opened: ExitStack) -> list[Shard]:
    """The runs that some logs and reports hold.

    Args:
        sources: Run logs (paths or URLs) and JSON reports.
        wanted: Ids or names of the runs to join; none: of each log the latest.
        opened: Closes the logs.

    Raises:
        InputError: A run is not there, or did not come to its end.
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
            found = {run.id for run in by_name.values() if run is not None}
            chosen.update(name for name, run in by_name.items() if run is not None)
        else:
            # A run that was cut off is refused below. An older one in its place would be another
            # evaluation of the same cases, and nobody would notice.
            found = {without_parts(runs)[0].id}
        shards += [shard for shard in candidates if shard.run.id in found]
    for name in wanted:
        if name not in chosen:
            raise NoSuchRun(f"--run: {no_such_run(name, all_runs)}")
    for shard in shards:
        _check_end(shard)
    return shards


def _read_source(source: str, opened: ExitStack) -> list[Shard]:
    """Every run of a log, the newest first, or the run of a JSON report."""
    if source.endswith(".json") and Path(source).is_file():
        from pytest_llmeval.reports.json_report import read_run

        return [Shard(source, *read_run(Path(source)))]
    from pytest_llmeval.runlog.log import RunLog

    log = opened.enter_context(closing(RunLog(source, must_exist=True)))
    shards = [Shard(shown_address(source), run, log.results(run.id)) for run in log.runs()]
    if not shards:
        raise NoSuchRun(f"{shown_address(source)}: {no_such_run(LATEST, ())}")
    return shards


def _check_end(shard: Shard) -> None:
    run = shard.run
    if run.is_whole:
        return
    ended = "never ended" if run.exit_code is None else f"ended with exit code {run.exit_code}"
    raise InputError(
        f"{shard}: it was cut off before its end (it {ended}); allowed: a whole run of each shard. Run that shard "
        "again, or name another run of it with --run."
    )


@dataclass(frozen=True)
class ShardFindings:
    """What one reading of the results of all shards has found.

    Attributes:
        cases: How many there are.
        has_other_failures: Whether a test failed that has no case: a shard failed, and nothing of
            ours tells why.
    """

    cases: int
    has_other_failures: bool


def look_through(shards: Sequence[Shard]) -> ShardFindings:
    """Read the results of all shards once, and refuse what cannot be joined.

    Raises:
        InputError: Two shards have the same case, or have judged by different judges; or there is
            no case.
        RunLogError: A log cannot be read.
    """
    owners: dict[tuple[str, str, str, int], Shard] = {}
    twice: dict[str, tuple[Shard, Shard]] = {}
    judged: list[_Versions] = []
    has_other_failures = False
    for shard in shards:
        versions: _Versions = defaultdict(set)
        outcomes: set[Outcome] = set()
        for result in shard.results:
            if result.identity in owners:
                twice[result.nodeid] = owners[result.identity], shard
            owners.setdefault(result.identity, shard)
            outcomes.add(result.outcome)
            _note_versions(result, versions)
        judged.append(versions)
        has_other_failures |= shard.run.exit_code == WORSE and not _is_explained(
            shard.run, outcomes
        )
    if not owners:
        raise InputError(
            f"found no case in {count(len(shards), 'shard')}; allowed: shards with results"
        )
    _check_twice(twice)
    _check_judges(shards, judged)
    return ShardFindings(len(owners), has_other_failures)


def _is_explained(run: Run, outcomes: Collection[Outcome]) -> bool:
    """Whether cases, gates or lost tests tell why a run has failed."""
    gates = gate_exit_code(gate.state for gate in run.gates)
    return bool(run.lost) or WORSE in (case_exit_code(outcomes), gates)


def _note_versions(result: CaseResult, versions: _Versions) -> None:
    """Note who has judged a case; a row with a criterion of its own has a judge of its own."""
    from pytest_llmeval.judges.rubric import ROW_COLUMNS

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
    where = " and ".join(dict.fromkeys(str(shard) for pair in twice.values() for shard in pair))
    raise InputError(
        f"{where}: found {count(len(twice), 'case')} in two of them: {names}; allowed: each case in one shard. Split "
        "the suite so that no shard runs what another runs, or leave a log out."
    )


def _check_judges(shards: Sequence[Shard], judged: Sequence[_Versions]) -> None:
    """Refuse scores of one metric by different judges.

    One suite has one judge of a metric, whichever of its cases a shard has run. Suites may have
    different ones, as a run that is not split has them too; but not where the shards were told
    different things of the judge.
    """
    for (one, mine), (other, theirs) in combinations(zip(shards, judged, strict=True), 2):
        is_alike = _judging(one.run) == _judging(other.run)
        for metric, suite in sorted(mine.keys() & theirs.keys()):
            key = metric, suite
            if mine[key] & theirs[key] or (is_alike and not suite):
                continue
            raise InputError(
                f"{metric}: found scores by {', '.join(sorted(mine[key]))} ({one}) and by "
                f"{', '.join(sorted(theirs[key]))} ({other}); allowed: one judge for all shards, since scores of two "
                "judges cannot be compared. Pin it for every shard with --llm-judge-model."
            )


def _judging(run: Run) -> dict[str, str]:
    return {name: text for name, text in run.settings.items() if name in JUDGING}
