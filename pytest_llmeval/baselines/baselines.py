"""The baselines of a run: read, judged again where they must be; and how a run becomes one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_llmeval.baselines.file import FOLDER, write_baseline
from pytest_llmeval.baselines.lookup import (
    BaselineFinder,
    FoundRun,
    baseline_finder,
    baselines_folder,
    opened_log,
)
from pytest_llmeval.errors import InputError, LLMEvalError
from pytest_llmeval.gating.scores import RunScores
from pytest_llmeval.records.result import Key
from pytest_llmeval.runlog.lookup import find_run, shown
from pytest_llmeval.text import count

if TYPE_CHECKING:
    from pytest_llmeval.assembly.session import Session
    from pytest_llmeval.cases.plan import Plan
    from pytest_llmeval.records.result import Before, BeforeScore, CaseResult
    from pytest_llmeval.settings.locations import Locations


@dataclass(frozen=True)
class Baseline:
    """A baseline of a run, or why there is none.

    Attributes:
        name: As it was named.
        scores: Its scores, with what was judged again; ``None`` if it cannot be read.
        trouble: Why it cannot.
        rejudged: What was judged again, by case and metric.
        found: Where it was found.
    """

    name: str
    scores: RunScores | None = None
    trouble: LLMEvalError | OSError | None = None
    rejudged: Mapping[Key, Mapping[str, BeforeScore]] = field(default_factory=dict)
    found: FoundRun | None = None

    @property
    def note(self) -> str:
        """What was judged again; empty if nothing."""
        many = sum(map(len, self.rejudged.values()))
        if not many:
            return ""
        again = f"{count(many, 'score')} made again"
        return f"baseline {self.name}: another judge had scored it; {again}"

    def befores(self, after: RunScores) -> Iterator[tuple[Key, Before]]:
        """Yield what it says of the cases of a run."""
        if self.scores is None or self.found is None:
            return
        by_id = {key[2]: key for key in after.entries} if self.scores.is_plain else {}
        for case in self.found.read_cases():
            key = by_id.get(case.key[2], case.key)
            if key in after.entries:
                yield key, case.before(self.name, self.rejudged.get(key))


def read_baseline_of(
    finder: BaselineFinder,
    name: str,
    session: Session,
    after: RunScores,
    results: Iterable[CaseResult],
) -> Baseline:
    """Read a baseline; what another judge than the run's has scored is judged again.

    Args:
        finder: Where it is looked for.
        name: As it was named.
        session: Whose engine judges.
        after: The run.
        results: Those of the run.
    """
    from pytest_llmeval.baselines.rejudging import rejudge

    try:
        found = finder.find(name)
        rejudged = rejudge(session, found.read_scores(), found.read_cases, after, results)
    except (LLMEvalError, OSError) as error:
        return Baseline(name, trouble=error)
    return Baseline(name, rejudged.baseline, rejudged=rejudged.scores, found=found)


def count_baselines(session: Session, plans: Sequence[Plan]) -> None:
    """Count, in a dry run, what judging the baselines again would ask. One that cannot be read costs nothing.

    Args:
        session: The session of the dry run.
        plans: What the tests declare.
    """
    from pytest_llmeval.baselines.rejudging import count_rejudging

    settings = session.settings
    with opened_log(session.log) as log:
        finder = baseline_finder(settings, session.locations, log)
        for name in settings.baseline:
            with suppress(InputError):
                found = finder.find(name)
                count_rejudging(session, found.read_scores(), found.read_cases(), plans)


def baseline_path(name: str, locations: Locations) -> Path:
    """Where the baseline of a name lies.

    Args:
        name: The name.
        locations: The folders that paths are relative to.

    Raises:
        InputError: The name is none for a file.
    """
    if not name or Path(name).name != name:
        raise InputError(
            f"--name: found {name!r}; allowed: a plain word, which becomes {FOLDER}/NAME.jsonl"
        )
    return baselines_folder(locations) / f"{name}.jsonl"


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
        from pytest_llmeval.reports.json_report import read_report

        return _written(path, name, read_report(Path(source))[1]), source
    from pytest_llmeval.runlog.log import RunLog

    with closing(RunLog(log, must_exist=True)) as opened:
        run = find_run(opened, source)
        if not run.is_whole:
            raise InputError(f"{shown(run)}: it did not finish; allowed: a run that finished")
        return _written(path, name, opened.results(run.id)), shown(run)


def _written(path: Path, name: str, results: Iterable[CaseResult]) -> int:
    from pytest_llmeval.reports.output import replacing

    with replacing(path, "baseline") as file:
        cases = write_baseline(file, name, results)
        if not cases:
            raise InputError(f"{path}: not written: the run has no result")
    return cases
