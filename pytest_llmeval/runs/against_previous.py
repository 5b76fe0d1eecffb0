"""Reports of several runs: the last run, its comparison with the previous one, and a history."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from pytest_llmeval.gating.scores import baseline_case
from pytest_llmeval.records.result import Before, CaseResult, Key
from pytest_llmeval.records.run import Run
from pytest_llmeval.runlog.lookup import shown

if TYPE_CHECKING:
    from pytest_llmeval.records.comparison import Comparison
    from pytest_llmeval.runlog.history import RunPoint
    from pytest_llmeval.runlog.log import RunLog
    from pytest_llmeval.summary.summary import Summary


@dataclass(frozen=True)
class ReportedRun:
    """The content of the reports of one or several runs.

    Attributes:
        run: The last run, compared with the previous one if there are several.
        results: Its results, with those of the previous run.
        summary: Its summary.
        history: A point per run; empty for a single run.
    """

    run: Run
    results: Iterable[CaseResult]
    summary: Summary
    history: tuple[RunPoint, ...] = ()


@dataclass(frozen=True)
class _ResultsWithBefore:
    """Results with the records of another run, which can be read repeatedly."""

    results: Iterable[CaseResult]
    before: Mapping[Key, Before]

    def __iter__(self) -> Iterator[CaseResult]:
        for result in self.results:
            before = self.before.get(result.key)
            yield replace(result, before=(before,) if before else ())


def show_runs(log: RunLog, runs: Sequence[Run]) -> ReportedRun:
    """Return the content of the reports of some runs.

    Args:
        log: The log of the runs.
        runs: At least one run, the oldest first.

    Raises:
        RunLogError: The log cannot be read.
    """
    from pytest_llmeval.runlog.history_reading import read_history
    from pytest_llmeval.summary.summary import summarize

    *older, run = runs
    results = log.results(run.id)
    if not older:
        return ReportedRun(run, results, summarize(run, results))
    last = older[-1]
    comparisons = tuple(_compare(log, last, run))
    unlike = {
        metric.name
        for comparison in comparisons
        for metric in comparison.metrics
        if not metric.coverage.is_same_judge
    }
    before = {
        result.key: baseline_case(result).before(shown(last), unlike=unlike)
        for result in log.results(last.id)
    }
    compared = replace(run, comparisons=comparisons)
    return ReportedRun(
        compared,
        _ResultsWithBefore(results, before),
        summarize(compared, results),
        read_history(log, runs).runs,
    )


def _compare(log: RunLog, before: Run, after: Run) -> Sequence[Comparison]:
    """Compare two runs by the default rules, if they share a score."""
    from pytest_llmeval.gating.comparing import Task, compare_runs, metrics_of
    from pytest_llmeval.gating.pairing import ends
    from pytest_llmeval.gating.scores import run_scores
    from pytest_llmeval.stats.gate import GateRules

    scores_before = run_scores(shown(before), log.results(before.id), "", len(before.lost))
    scores_after = run_scores(shown(after), log.results(after.id), "", len(after.lost))
    metrics = metrics_of(scores_before, scores_after)
    if not metrics:
        return ()
    # A score without a range cannot be compared, so it does not count.
    gated = [name for name in metrics if ends(scores_after.scales[name])]
    ungated = [name for name in metrics if name not in gated]
    rules = dict.fromkeys(gated, GateRules())
    return compare_runs([Task(scores_before, scores_after, rules, ungated)])
