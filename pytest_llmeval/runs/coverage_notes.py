"""The notes on which of a baseline's cases the verdict of a run covers."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from pytest_llmeval.records.comparison import Comparison
from pytest_llmeval.records.run import Note
from pytest_llmeval.stats.comparability import is_mostly_new, lacks_cases
from pytest_llmeval.summary.golden_changes import golden_changes


def coverage_notes(
    comparisons: Sequence[Comparison],
    untaken: Collection[tuple[str, str]],
    is_joined: bool = False,
) -> Iterator[Note]:
    """Yield notes on golden cases that changed, and on baselines that are covered in part.

    Args:
        comparisons: The comparisons of the run.
        untaken: Scores of each baseline that the run does not take.
        is_joined: Whether the run was joined of shards, one of which may be missing.
    """
    names = {metric for _, metric in untaken}
    for comparison in comparisons:
        coverages = [
            metric.coverage
            for metric in comparison.metrics
            if metric.is_gated and metric.name not in names
        ]
        partial = [coverage for coverage in coverages if lacks_cases(coverage)]
        if partial:
            least = min(partial, key=lambda coverage: coverage.paired)
            cases = f"{least.paired} of the {least.before} cases of {comparison.baseline}"
            yield Note("coverage", f"the run covers only {cases}")
        new = [coverage for coverage in coverages if is_mostly_new(coverage)]
        if new:
            most = max(new, key=lambda coverage: coverage.added)
            cases = f"{most.added} of the run's {most.added + most.paired} cases"
            yield Note("coverage", f"{comparison.baseline} does not have {cases}")
        yield from (Note("coverage", text) for text in golden_changes(comparison, is_joined))
    for source, metric in untaken:
        text = f"the baseline {source} has a score {metric!r} that this run does not take"
        yield Note("coverage", text)
