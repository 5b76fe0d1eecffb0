"""A run as one point among others: what a report of several runs says of each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pytest_llmeval.comparisons import Interval
from pytest_llmeval.reports.summary import Summary
from pytest_llmeval.results import Run


@dataclass(frozen=True)
class RunPoint:
    """A run, small enough for a history of many.

    Attributes:
        id: Experiment id.
        name: What the user called it; empty if nothing.
        started_at: ISO 8601 with UTC offset.
        verdict: ``passed``, ``failed``, ``error`` or ``empty``.
        cases: Results.
        pass_rate: With its 95 % interval.
        means: By score, each with its 95 % interval.
        cost_usd: US dollars for all of its calls; ``None`` if a price is unknown.
        latency_p50_s: Median seconds of an answer; ``None`` if none was waited for.
        latency_p95_s: The 95th percentile of the same.
        models: Models that answered.
    """

    id: str
    name: str
    started_at: str
    verdict: str
    cases: int
    pass_rate: Interval
    means: Mapping[str, Interval]
    cost_usd: float | None
    latency_p50_s: float | None
    latency_p95_s: float | None
    models: tuple[str, ...]


def run_point(run: Run, summary: Summary) -> RunPoint:
    """The point of a run.

    Args:
        run: The run.
        summary: Of its results.
    """
    costs = [each.usd for each in (summary.generation, summary.judging, summary.selftest, summary.unused)]
    return RunPoint(
        run.id,
        run.name,
        run.started_at,
        summary.verdict,
        summary.total,
        summary.pass_rate,
        {score.name: score.mean for score in summary.scores},
        None if None in costs else sum(cost for cost in costs if cost is not None),
        summary.latency_p50_s,
        summary.latency_p95_s,
        summary.models,
    )
