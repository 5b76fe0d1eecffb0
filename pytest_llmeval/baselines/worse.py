"""What somebody should know who accepts a run that failed, or that is worse than its baseline."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from pytest_llmeval.gating.comparing import Task, compare_runs, usual_metrics
from pytest_llmeval.gating.scores import RunScores
from pytest_llmeval.records.comparison import Comparison
from pytest_llmeval.records.result import CaseResult
from pytest_llmeval.records.run import Run
from pytest_llmeval.stats.gate import USUAL
from pytest_llmeval.summary.headline import headline
from pytest_llmeval.summary.summary import summarize
from pytest_llmeval.text import count


def notes_on_verdict(run: Run, results: Iterable[CaseResult]) -> Iterator[str]:
    """Yield the headline of a run that failed or could not be judged."""
    summary = summarize(run, results)
    if summary.verdict in ("failed", "error"):
        yield f"the verdict of this run was {headline(summary.verdict, summary.headline)}"


def notes_on_replaced(before: RunScores, after: RunScores) -> Iterator[str]:
    """Yield in what a run is worse than the baseline that it replaces."""
    metrics = [name for name in usual_metrics(after.scales) if name in before.scales]
    rules = dict.fromkeys(metrics, USUAL)
    (compared,) = compare_runs([Task(before, after, rules)])
    worse = [m for m in compared.metrics if m.result.verdict in ("REGRESSED", "WARN")]
    for metric in worse:
        yield f"worse than the baseline that it replaces: {metric.name}: {metric.result.reason}"
    if compared.lost and not any(metric.result.lost for metric in worse):
        yield _flips_text(compared)


def _flips_text(compared: Comparison) -> str:
    lost = count(len(compared.lost), "case")
    fail = "fails" if len(compared.lost) == 1 else "fail"
    text = f"{lost} passed in the baseline that it replaces and {fail} now"
    gained = len(compared.gained)
    if not gained:
        return text
    passes = "failed and passes" if gained == 1 else "failed and pass"
    return f"{text}; {count(gained, 'case')} {passes} now"
