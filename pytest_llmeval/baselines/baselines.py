"""The baselines of a run: read, judged again where they must be; and how a run becomes one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_llmeval.baselines.file import FOLDER, write_baseline
from pytest_llmeval.baselines.lookup import (
    BaselineFinder,
    baseline_finder,
    baselines_folder,
    opened_log,
)
from pytest_llmeval.errors import InputError, LLMEvalError, NoSuchRun
from pytest_llmeval.gating.scores import RunScores
from pytest_llmeval.records.result import Key
from pytest_llmeval.runlog.lookup import find_run, shown
from pytest_llmeval.text import count

if TYPE_CHECKING:
    from pytest_llmeval.assembly.session import Session
    from pytest_llmeval.baselines.rejudging import Rejudged
    from pytest_llmeval.cases.plan import Plan
    from pytest_llmeval.records.result import Before, CaseResult
    from pytest_llmeval.settings.locations import Locations


@dataclass
class Baseline:
    """A baseline of a run, as far as it can be read.

    Attributes:
        name: As it was named.
        sources: Where it was found.
        source: What it is there; empty if it was not found.
        found: The side, with what was judged again; ``None`` if it cannot be read.
        trouble: Why it cannot.
    """

    name: str
    sources: BaselineFinder
    source: str = ""
    found: Rejudged | None = None
    trouble: LLMEvalError | None = None

    @classmethod
    def read(
        cls,
        sources: BaselineFinder,
        name: str,
        session: Session,
        after: RunScores,
        results: Iterable[CaseResult],
    ) -> Baseline:
        """Read a baseline; what another judge than the run's has scored is judged again.

        Args:
            sources: Where it is looked for.
            name: As it was named.
            session: Whose engine asks.
            after: The run.
            results: Those of the run.
        """
        from pytest_llmeval.baselines.rejudging import rejudge

        try:
            source = sources.fixed(name)
            found = rejudge(session, sources.side(source), sources.told(source), after, results)
            return cls(name, sources, source, found)
        except LLMEvalError as error:
            return cls(name, sources, trouble=error)

    @property
    def note(self) -> str:
        """What was judged again; empty if nothing."""
        many = self.found.count if self.found else 0
        return (
            f"baseline {self.name}: another judge had scored it; {count(many, 'score')} made again"
            if many
            else ""
        )

    def loaded(self) -> RunScores:
        """The side.

        Raises:
            LLMEvalError: It cannot be read.
        """
        if self.found is None:
            raise self.trouble or NoSuchRun(self.name)
        return self.found.side

    def befores(self, after: RunScores) -> Iterator[tuple[Key, Before]]:
        """What it says of the cases of a run.

        Args:
            after: The run.
        """
        if self.found is None:
            return
        by_id = {key[2]: key for key in after.entries} if self.found.side.is_plain else {}
        for told in self.sources.told(self.source):
            key = by_id.get(told.key[2], told.key)
            if key in after.entries:
                yield key, told.before(self.name, self.found.scores.get(key))


def count_baselines(session: Session, plans: Sequence[Plan]) -> None:
    """Count, in a dry run, what judging the baselines again would ask. One that cannot be read costs nothing.

    Args:
        session: The session of the dry run.
        plans: What the tests declare.
    """
    from pytest_llmeval.baselines.rejudging import count_rejudging

    settings = session.settings
    with opened_log(session.log) as log:
        sources = baseline_finder(settings, session.locations, log)
        for name in settings.baseline:
            with suppress(InputError):
                count_rejudging(session, sources.side(name), sources.told(name), plans)


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
            raise InputError(f"{shown(run)}: it did not come to its end; allowed: a whole run")
        return _written(path, name, opened.results(run.id)), shown(run)


def _written(path: Path, name: str, results: Iterable[CaseResult]) -> int:
    from pytest_llmeval.reports.output import replacing

    with replacing(path, "baseline") as file:
        cases = write_baseline(file, name, results)
        if not cases:
            raise InputError(f"{path}: not written: the run has no result")
    return cases
