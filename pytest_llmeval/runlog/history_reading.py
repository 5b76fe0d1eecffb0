"""The reading of a history from a run log, a run at a time, without the texts of results."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from itertools import groupby, pairwise
from operator import attrgetter
from typing import TYPE_CHECKING

from pytest_llmeval.errors import InputError, nearest
from pytest_llmeval.gating.values import by_name, metric_values
from pytest_llmeval.records.result import Key, Outcome
from pytest_llmeval.records.run import Run
from pytest_llmeval.records.score import Score
from pytest_llmeval.records.verdicts import NOT_RUN, OUTCOMES, PASS_VALUES
from pytest_llmeval.runlog.history import (
    ANOTHER_JUDGE,
    ANOTHER_VERSION,
    DIFFERENT_CASES,
    CaseFlips,
    Change,
    History,
    MetricPoint,
    RunPoint,
)
from pytest_llmeval.runlog.light_rows import LightCase, light_calls, light_cases, light_scores
from pytest_llmeval.summary.costs import Cost
from pytest_llmeval.summary.summary import Summary, Tally
from pytest_llmeval.summary.tallies import ScoreSummary

if TYPE_CHECKING:
    from pytest_llmeval.runlog.log import RunLog


_BY_MARK: Mapping[str, Outcome] = {row.mark: outcome for outcome, row in OUTCOMES.items()}
_COUNTED = ("passed", "failed", "error", "xfailed", "skipped", "lost")

Values = dict[int, tuple[float, str]]
"""Values with the versions of their scorers, by the index of the case in `Cases`."""


def read_history(log: RunLog, runs: Iterable[Run]) -> History:
    """Read the history of some runs. Memory holds a few numbers a run, and the marks of the cases.

    Args:
        log: The log that holds the runs.
        runs: The runs, oldest first.

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


def select_metrics(history: History, metrics: Collection[str]) -> History:
    """Reduce a history to some metrics; without a name it stays as it is.

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
    """Raise an error for an unknown metric.

    Raises:
        InputError: A metric is unknown.
    """
    names = sorted(set(known))
    for name in wanted:
        if name not in names:
            allowed = ", ".join(names) or "none"
            raise InputError(
                f"--metric: found {name!r}; allowed: {allowed}. {nearest(name, names)}".rstrip()
            )


@dataclass
class _KnownCase:
    """A case that was read: its index, its newest line, and its marks in the whole runs."""

    index: int
    line: int
    marks: str = ""


@dataclass
class Cases:
    """The cases of all runs."""

    known: dict[Key, _KnownCase] = field(default_factory=dict)
    runs: int = 0

    @property
    def tried(self) -> int:
        """Number of cases that were run."""
        return sum(1 for case in self.known.values() if case.marks.strip(NOT_RUN))

    def case(self, row: LightCase) -> _KnownCase:
        """Return the case of a row, which may be new."""
        key = (row.suite, row.file, row.id)
        case = self.known.setdefault(key, _KnownCase(len(self.known), row.line))
        case.line = row.line
        return case

    def mark(self, case: _KnownCase, outcome: Outcome) -> None:
        """Enter the outcome of a case in the current run."""
        case.marks = case.marks.ljust(self.runs, NOT_RUN) + OUTCOMES[outcome].mark

    def flips(self) -> list[CaseFlips]:
        """Return the cases whose outcome changed, most flips first."""
        cases: list[CaseFlips] = []
        for (suite, file, case_id), case in self.known.items():
            tried = case.marks.replace(NOT_RUN, "")
            flips = sum(before != after for before, after in pairwise(tried))
            if flips:
                last = _BY_MARK[tried[-1]]
                marks = case.marks.ljust(self.runs, NOT_RUN)
                cases.append(CaseFlips(suite, file, case.line, case_id, flips, last, marks))
        return sorted(cases, key=_flip_order)


def _flip_order(case: CaseFlips) -> tuple[int, str, int, str, str]:
    return (-case.flips, case.file, case.line, case.suite, case.id)


@dataclass
class Numbers:
    """The numbers of one run.

    Attributes:
        tally: The numbers of the summary.
        passes: 1 for a case that passed, 0 for a case that did not.
        values: The values of the cases, by metric.
        judged: Names of the scores that a judge gave.
    """

    tally: Tally = field(default_factory=Tally)
    passes: Values = field(default_factory=dict)
    values: dict[str, Values] = field(default_factory=dict)
    judged: set[str] = field(default_factory=set)


def _read(log: RunLog, run: Run, cases: Cases) -> Numbers:
    numbers = Numbers()
    indexes: dict[int, int] = {}
    for row in light_cases(log, run.id):
        case = cases.case(row)
        indexes[row.number] = case.index
        numbers.tally.outcomes[row.outcome] += 1
        if row.outcome in PASS_VALUES:
            numbers.passes[case.index] = PASS_VALUES[row.outcome], ""
        if run.is_whole:
            cases.mark(case, row.outcome)
    cases.runs += run.is_whole
    for number, group in groupby(light_scores(log, run.id), attrgetter("case")):
        scores = [row.score for row in group]
        for score in scores:
            numbers.tally.add_score(score)
            if score.judge:
                numbers.judged.add(score.name)
        if number in indexes:  # if not, it was written after the cases were read
            _add_values(numbers.values, indexes[number], scores)
    for name, call in light_calls(log, run.id):
        if name is None:
            numbers.tally.add_answer(call)
        else:
            numbers.tally.add_scoring_call(call)
    return numbers


def _add_values(values: dict[str, Values], index: int, scores: list[Score]) -> None:
    """Add the values of one case: means of the scores of a name, if all have a value."""
    for name, named in by_name(scores).items():
        of_case = metric_values(named)
        if of_case.value is not None:
            values.setdefault(name, {})[index] = of_case.value, of_case.version


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
        is_stopped_early=run.early_stop is not None,
        verdict=summary.verdict,
        outcomes={name: getattr(summary, name) for name in _COUNTED},
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
    """Compare pass rates of one judge: with another, the same answers may pass or fail."""
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
    if not shared:
        return Change(None, why=DIFFERENT_CASES)
    return Change(None, why=ANOTHER_JUDGE if is_judged else ANOTHER_VERSION)


def _total(summary: Summary) -> Cost:
    """Add up the cost of all calls of a run."""
    parts = (summary.generation, summary.judging, summary.selftest, summary.unused)
    calls = sum(part.calls for part in parts)
    known_usd = math.fsum(part.known_usd for part in parts)
    unknown = sum(part.unknown for part in parts)
    return Cost(calls, None if unknown else known_usd, known_usd, unknown)
