"""Making a history from a run log: a run at a time, and of its results only the numbers."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import groupby, pairwise
from operator import attrgetter
from typing import TYPE_CHECKING

from pytest_llmeval.errors import InputError, nearest
from pytest_llmeval.records.result import Outcome
from pytest_llmeval.records.run import Run
from pytest_llmeval.records.score import Score
from pytest_llmeval.records.verdicts import NOT_RUN, OUTCOMES, PASS_VALUES
from pytest_llmeval.runlog.history import (
    ANOTHER_JUDGE,
    ANOTHER_VERSION,
    OTHER_CASES,
    CaseFlips,
    Change,
    History,
    MetricPoint,
    RunPoint,
)
from pytest_llmeval.runlog.light_rows import NarrowCase, narrow_calls, narrow_cases, narrow_scores
from pytest_llmeval.summary.costs import Cost
from pytest_llmeval.summary.summary import Summary, Tally
from pytest_llmeval.summary.tallies import ScoreSummary

if TYPE_CHECKING:
    from pytest_llmeval.runlog.log import RunLog


_BY_MARK: Mapping[str, Outcome] = {row.mark: outcome for outcome, row in OUTCOMES.items()}
COUNTED = ("passed", "failed", "error", "xfailed", "skipped", "lost")

Values = dict[int, tuple[float, str]]
"""By the place of a case in `Cases`: a value, and the version of what gave it."""


def read_history(log: RunLog, runs: Iterable[Run]) -> History:
    """The history of some runs. Beside a few numbers a run, only the marks of each case are kept.

    Args:
        log: The log that holds them.
        runs: Oldest first.

    Raises:
        RunLogError: The log cannot be read.
    """
    cases = Cases()
    points: list[RunPoint] = []
    before: Numbers | None = None
    for run in runs:
        numbers = _read(log, run, cases)
        points.append(_point(run, numbers, before))
        before = numbers if run.is_whole else before
    return History(tuple(points), cases.tried, tuple(cases.flips()))


def only(history: History, metrics: Collection[str]) -> History:
    """The history with some metrics alone; with all of them where none is named.

    Raises:
        InputError: No run has a metric of this name.
    """
    check_metrics(metrics, (metric.name for point in history.runs for metric in point.metrics))
    if not metrics:
        return history
    points = (
        replace(point, metrics=tuple(metric for metric in point.metrics if metric.name in metrics))
        for point in history.runs
    )
    return replace(history, runs=tuple(points))


def check_metrics(wanted: Iterable[str], known: Iterable[str]) -> None:
    """Refuse a metric that nothing has.

    Raises:
        InputError: A wanted metric is not known.
    """
    names = sorted(set(known))
    for name in wanted:
        if name not in names:
            allowed = ", ".join(names) or "none"
            raise InputError(
                f"--metric: found {name!r}; allowed: {allowed}. {nearest(name, names)}".rstrip()
            )


@dataclass
class Seen:
    """A case, as far as it was read: its place among all, its newest line, a mark for each whole run."""

    place: int
    line: int
    marks: str = ""


@dataclass
class Cases:
    """The cases of all runs."""

    seen: dict[tuple[str, str, str, int], Seen] = field(default_factory=dict)
    runs: int = 0

    @property
    def tried(self) -> int:
        """Cases that were run."""
        return sum(1 for case in self.seen.values() if case.marks.strip(NOT_RUN))

    def case(self, row: NarrowCase) -> Seen:
        """What is known of a case so far."""
        key = (row.suite, row.file, row.id, row.sample)
        case = self.seen.setdefault(key, Seen(len(self.seen), row.line))
        case.line = row.line
        return case

    def mark(self, case: Seen, outcome: Outcome) -> None:
        """Enter how a case ended in the run that is read."""
        case.marks = case.marks.ljust(self.runs, NOT_RUN) + OUTCOMES[outcome].mark

    def flips(self) -> list[CaseFlips]:
        """Every case whose outcome changed, the most flips first."""
        found = []
        for (suite, file, case_id, sample), case in self.seen.items():
            tried = case.marks.replace(NOT_RUN, "")
            flips = sum(one != other for one, other in pairwise(tried))
            if flips:
                marks = case.marks.ljust(self.runs, NOT_RUN)
                found.append(
                    CaseFlips(
                        suite, file, case.line, case_id, sample, flips, _BY_MARK[tried[-1]], marks
                    )
                )
        return sorted(
            found,
            key=lambda each: (-each.flips, each.file, each.line, each.suite, each.id, each.sample),
        )


@dataclass
class Numbers:
    """One run, counted.

    Attributes:
        tally: What the summary of the run is made of.
        passes: 1 or 0 for each case that passed or did not.
        values: By metric, for each case that it could score.
        judged: Scores that a judge gave.
    """

    tally: Tally = field(default_factory=Tally)
    passes: Values = field(default_factory=dict)
    values: dict[str, Values] = field(default_factory=dict)
    judged: set[str] = field(default_factory=set)


def _read(log: RunLog, run: Run, cases: Cases) -> Numbers:
    numbers, places = Numbers(), {}
    for row in narrow_cases(log, run.id):
        case = cases.case(row)
        places[row.number] = case.place
        numbers.tally.outcomes[row.outcome] += 1
        if row.outcome in PASS_VALUES:
            numbers.passes[case.place] = PASS_VALUES[row.outcome], ""
        if run.is_whole:
            cases.mark(case, row.outcome)
    cases.runs += run.is_whole
    for number, group in groupby(narrow_scores(log, run.id), attrgetter("case")):
        scores = [each.score for each in group]
        for score in scores:
            numbers.tally.add_score(score)
            if score.judge:
                numbers.judged.add(score.name)
        if number in places:  # else it was written after the cases were read
            _add_values(numbers.values, places[number], scores)
    for name, call in narrow_calls(log, run.id):
        if name is None:
            numbers.tally.add_answer(call)
        else:
            numbers.tally.add_scoring_call(call)
    return numbers


def _add_values(values: dict[str, Values], place: int, scores: list[Score]) -> None:
    """The values of one case. Several scores of one name are their mean, and none if one of them is unscored."""
    by_name: dict[str, list[Score]] = {}
    for score in scores:
        by_name.setdefault(score.name, []).append(score)
    for name, own in by_name.items():
        known = [score.value for score in own if score.value is not None]
        if len(known) == len(own):
            values.setdefault(name, {})[place] = math.fsum(known) / len(known), own[0].version


def _point(run: Run, numbers: Numbers, before: Numbers | None) -> RunPoint:
    summary = numbers.tally.summary(run)
    compared = before if run.is_whole else None
    metrics = tuple(_metric(score, numbers, compared) for score in summary.scores)
    return RunPoint(
        id=run.id,
        name=run.name,
        started_at=run.started_at,
        exit_code=run.exit_code,
        is_whole=run.is_whole,
        verdict=summary.verdict,
        outcomes={name: getattr(summary, name) for name in COUNTED},
        pass_rate=summary.pass_rate,
        change=None if compared is None else _pass_rate_change(compared, numbers, metrics),
        metrics=metrics,
        generation=summary.generation,
        judging=summary.judging,
        cost=_total(summary),
        latency_p50_s=summary.latency_p50_s,
        latency_p95_s=summary.latency_p95_s,
    )


def _metric(score: ScoreSummary, numbers: Numbers, before: Numbers | None) -> MetricPoint:
    name, is_judged = score.name, score.name in numbers.judged
    old = before.values.get(name) if before else None
    change = None if old is None else _change(old, numbers.values.get(name, {}), is_judged)
    return MetricPoint(
        name, score.scale, score.mean, score.unscored, score.versions, is_judged, change
    )


def _pass_rate_change(before: Numbers, after: Numbers, metrics: tuple[MetricPoint, ...]) -> Change:
    """With another judge, the same answers may pass or fail."""
    if any(metric.change and metric.change.why == ANOTHER_JUDGE for metric in metrics):
        return Change(None, why=ANOTHER_JUDGE)
    return _change(before.passes, after.passes, is_judged=False)


def _change(before: Values, after: Values, is_judged: bool) -> Change:
    shared = before.keys() & after.keys()
    differences = [
        after[case][0] - before[case][0] for case in shared if after[case][1] == before[case][1]
    ]
    if differences:
        return Change(math.fsum(differences) / len(differences), len(differences))
    return Change(
        None, why=OTHER_CASES if not shared else ANOTHER_JUDGE if is_judged else ANOTHER_VERSION
    )


def _total(summary: Summary) -> Cost:
    """Everything that a run has sent."""
    parts = list(_costs(summary))
    known_usd, unknown = (
        math.fsum(part.known_usd for part in parts),
        sum(part.unknown for part in parts),
    )
    return Cost(
        sum(part.calls for part in parts), None if unknown else known_usd, known_usd, unknown
    )


def _costs(summary: Summary) -> Iterator[Cost]:
    yield from (summary.generation, summary.judging, summary.selftest, summary.unused)
