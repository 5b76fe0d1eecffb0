"""Several runs in one report: the last is shown, with the one before it and among all."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from pytest_llmeval.gating.scores import baseline_case
from pytest_llmeval.records.result import Before, CaseResult
from pytest_llmeval.records.run import Run
from pytest_llmeval.runlog.lookup import shown

if TYPE_CHECKING:
    from pytest_llmeval.records.comparison import Comparison
    from pytest_llmeval.runlog.history import RunPoint
    from pytest_llmeval.runlog.log import RunLog
    from pytest_llmeval.summary.summary import Summary


_Identity = tuple[str, str, str, int]


@dataclass(frozen=True)
class ReportedRun:
    """What the reports of some runs are made from.

    Attributes:
        run: The last of them; where there are several, its comparison is that with the one before
            it.
        results: Its results, likewise.
        summary: Their summary.
        history: A point for each run; empty where there is only one.
    """

    run: Run
    results: Iterable[CaseResult]
    summary: Summary
    history: tuple[RunPoint, ...] = ()


@dataclass(frozen=True)
class _ResultsWithBefore:
    """Results with what another run says of each. They can be read again and again."""

    results: Iterable[CaseResult]
    before: Mapping[_Identity, Before]

    def __iter__(self) -> Iterator[CaseResult]:
        for result in self.results:
            found = self.before.get(result.identity)
            yield replace(result, before=(found,) if found else ())


def show_runs(log: RunLog, runs: Sequence[Run]) -> ReportedRun:
    """Return what the reports of some runs are made from.

    Args:
        log: The log that holds them.
        runs: One at least, the oldest first.

    Raises:
        RunLogError: The log cannot be read.
    """
    from pytest_llmeval.runlog.history_reading import read_history
    from pytest_llmeval.summary.summary import summarize

    *older, run = runs
    results = log.results(run.id)
    summary = summarize(run, results)
    if not older:
        return ReportedRun(run, results, summary)
    last = older[-1]
    comparisons = tuple(_compared(log, last, run))
    unlike = {
        metric.name
        for each in comparisons
        for metric in each.metrics
        if not metric.coverage.is_same_judge
    }
    before = {
        result.identity: baseline_case(result).before(shown(last), unlike=unlike)
        for result in log.results(last.id)
    }
    return ReportedRun(
        replace(run, comparisons=comparisons),
        _ResultsWithBefore(results, before),
        summary,
        read_history(log, runs).runs,
    )


def _compared(log: RunLog, before: Run, after: Run) -> Sequence[Comparison]:
    """Their comparison under the usual rules; none where they have no score of one name.

    A score without a range cannot be compared, and so does not count.
    """
    from pytest_llmeval.gating.comparing import Task, compare_runs, metrics_of
    from pytest_llmeval.gating.pairing import ends
    from pytest_llmeval.gating.scores import run_scores
    from pytest_llmeval.stats.gate import GateRules

    scores_before, scores_after = (
        run_scores(shown(run), log.results(run.id), "", len(run.lost)) for run in (before, after)
    )
    metrics = metrics_of(scores_before, scores_after)
    gated = [name for name in metrics if ends(scores_after.scales[name])]
    shown_only = [name for name in metrics if name not in gated]
    return (
        compare_runs(
            [Task(scores_before, scores_after, dict.fromkeys(gated, GateRules()), shown_only)]
        )
        if metrics
        else ()
    )
