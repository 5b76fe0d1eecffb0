"""Reading the baselines of a run."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_llmeval.baselines.file import FOLDER
from pytest_llmeval.baselines.lookup import (
    BaselineFinder,
    BaselineSource,
    accept_command,
    baseline_finder,
    baseline_names,
    opened_log,
)
from pytest_llmeval.errors import InputError, LLMEvalError
from pytest_llmeval.gating.pairing import join
from pytest_llmeval.gating.scores import RunScores
from pytest_llmeval.records.result import Key
from pytest_llmeval.runlog.lookup import LATEST, without_parts
from pytest_llmeval.text import count

if TYPE_CHECKING:
    from pytest_llmeval.assembly.session import Session
    from pytest_llmeval.cases.plan import Plan
    from pytest_llmeval.records.comparison import AnchorCheck
    from pytest_llmeval.records.result import Before, BeforeScore, CaseResult
    from pytest_llmeval.runlog.log import RunLog
    from pytest_llmeval.settings.locations import Locations


@dataclass(frozen=True)
class Baseline:
    """A baseline of a run, or the error of reading it.

    Attributes:
        name: Its name as the user wrote it.
        scores: Its scores, including the new ones; ``None`` if it cannot be read.
        error: Why it cannot be read.
        rejudged: New scores by case of the baseline and metric.
        edited: Cases of the baseline that were scored again, because their reference was edited.
        source: The run or file that it was read from.
        anchors: The checks of the judges on its answers.
        digest: Hash of its scores as they were accepted.
    """

    name: str
    scores: RunScores | None = None
    error: LLMEvalError | OSError | None = None
    rejudged: Mapping[Key, Mapping[str, BeforeScore]] = field(default_factory=dict)
    edited: frozenset[Key] = frozenset()
    source: BaselineSource | None = None
    anchors: tuple[AnchorCheck, ...] = ()
    digest: str = ""

    @property
    def notes(self) -> Iterator[str]:
        """Notes on scores that were made again, and on values of a file that are no scores."""
        if self.scores is not None:
            yield from self.scores.file.notes
        scores = [by_metric for key, by_metric in self.rejudged.items() if key not in self.edited]
        # What was judged again because of a drift is said with the drift.
        rejudged = sum(map(len, scores)) - sum(check.rejudged for check in self.anchors)
        if rejudged > 0:
            yield (
                f"baseline {self.name}: {count(rejudged, 'score')} made again, "
                "because the baseline had another judge, or another version of the metric"
            )
        if self.edited:
            rescored = sum(len(self.rejudged[key]) for key in self.edited)
            yield (
                f"baseline {self.name}: {count(rescored, 'score')} of "
                f"{count(len(self.edited), 'case')} made again, because the expected answer, "
                "another requirement of the row or the answer pattern was edited"
            )

    @property
    def caution(self) -> str:
        """What cannot be seen of it, because of its version; empty if there is nothing."""
        if self.source is None:
            return ""
        if self.is_contentless:
            return (
                f"the baseline {self.name} does not say what its cases ask and accept, so an edit "
                f"of a golden file is not seen; make it again: {accept_command(self.name)}"
            )
        if self.source.is_counted:
            return ""
        return (
            f"the baseline {self.name} does not say how many cases it holds, so nobody can tell "
            f"whether it was cut off; make it again: {accept_command(self.name)}"
        )

    @property
    def is_contentless(self) -> bool:
        """Whether it is a baseline of an older version, which does not hold the contents."""
        if self.scores is None or self.scores.is_plain:
            return False
        return not any(case.content.question for case in self.scores.cases.values())

    def befores(self, after: RunScores) -> Iterator[tuple[Key, Before]]:
        """Yield the baseline's record of every case of a run."""
        if self.scores is None or self.scores.read_cases is None:
            return
        try:
            pairs = join(self.scores, after).pairs
        except InputError:
            return  # the gate gives the reason
        new_keys = {old.key: new.key for old, new in pairs}
        for case in self.scores.read_cases():
            key = new_keys.get(case.key)
            if key is not None:
                yield key, case.before(self.name, self.rejudged.get(case.key))


def read_baseline_of(
    finder: BaselineFinder,
    name: str,
    session: Session,
    after: RunScores,
    results: Iterable[CaseResult],
) -> Baseline:
    """Read a baseline, and judge it again where its judge differs from that of the run.

    Args:
        finder: The finder of baselines.
        name: Name of the baseline as the user wrote it.
        session: The session that judges.
        after: Scores of the run.
        results: Results of the run.
    """
    from pytest_llmeval.baselines.rejudging import rejudge

    try:
        source = finder.find(name)
        scores = source.scores()
        rejudged = rejudge(session, scores.as_for(after.tool), after, results)
    except (LLMEvalError, OSError) as error:
        return Baseline(name, error=error)
    return Baseline(
        name,
        rejudged.baseline,
        rejudged=rejudged.scores,
        edited=rejudged.edited,
        anchors=rejudged.anchors,
        source=source,
        digest=scores.digest(),
    )


def count_baselines(session: Session, plans: Sequence[Plan]) -> None:
    """Count in a dry run the calls that judge baselines again; unreadable ones are ignored."""
    from pytest_llmeval.baselines.rejudging import count_rejudging

    settings = session.settings
    with opened_log(session.log) as log:
        finder = baseline_finder(settings, session.locations, log)
        for name in settings.baseline:
            with suppress(InputError):
                count_rejudging(session, finder.scores(name).as_for(""), plans)


def known_baselines(locations: Locations, log: RunLog | None) -> list[str]:
    """Return the names of the project's baseline files, and of the named runs of the log.

    Raises:
        RunLogError: The log cannot be read.
    """
    names = baseline_names(locations)
    runs = without_parts(log.runs()) if log else []
    names += [run.name for run in runs if run.name and run.is_whole]
    return list(dict.fromkeys(names))


def baseline_path(name: str, locations: Locations) -> Path:
    """Return the path of a named baseline.

    Raises:
        InputError: The name cannot be a file name.
    """
    if not name or Path(name).name != name:
        raise InputError(
            f"--name: found {name!r}; allowed: a plain word, which becomes {FOLDER}/NAME.jsonl"
        )
    if name == LATEST:
        raise InputError(
            f"--name: found {name!r}; allowed: any other plain word, such as main, because "
            f"--llm-baseline {LATEST} is the newest run of the run log"
        )
    return locations.in_project("baseline", f"{FOLDER}/{name}.jsonl")
