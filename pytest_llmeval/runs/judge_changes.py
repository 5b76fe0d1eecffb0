"""What the gates make of a judge that has changed since a baseline, or of which nobody knows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from pytest_llmeval.gating.methods import method_changes
from pytest_llmeval.records.comparison import AnchorCheck, GateOutcome
from pytest_llmeval.records.result import PASS_RATE
from pytest_llmeval.records.run import Note
from pytest_llmeval.summary.judges import drift_text

if TYPE_CHECKING:
    from pytest_llmeval.baselines.baselines import Baseline
    from pytest_llmeval.gating.comparing import Task
    from pytest_llmeval.gating.scores import RunScores
    from pytest_llmeval.settings.table import Settings


def baseline_notes(baselines: Mapping[str, Baseline], scores: RunScores) -> Iterator[Note]:
    """Yield notes on changed judges, on what was judged again, and on what baselines leave open.

    Args:
        baselines: The baselines.
        scores: The scores of the run.
    """
    for name, baseline in baselines.items():
        for check in baseline.anchors:
            if check.is_drift or check.error:
                yield Note("drift", drift_text(name, check))
    for baseline in baselines.values():
        yield from (Note("baseline", text) for text in baseline.notes)
        if baseline.scores is not None:
            changes = method_changes(baseline.scores, scores)
            texts = (*changes.unknown.values(), *changes.notes)
            yield from (Note("baseline", text) for text in texts)
    for baseline in baselines.values():
        if baseline.caution:
            yield Note("coverage", baseline.caution)


def why_apart(settings: Settings, baseline: Baseline, task: Task) -> dict[str, str]:
    """Return by metric why it cannot be compared with a baseline, whatever the scores are."""
    apart = _unknown_judges(baseline.name, baseline.anchors) if settings.strict else {}
    methods = method_changes(task.before, task.after)
    return apart | (methods.unknown if settings.strict else {}) | methods.apart


def _unknown_judges(source: str, checks: Iterable[AnchorCheck]) -> dict[str, str]:
    """Return by metric why a strict gate cannot compare it: the judge may have changed.

    Whether a case passes may rest on the score.

    Args:
        source: The baseline.
        checks: The checks of the judges on its answers.
    """
    unknown: dict[str, str] = {}
    for check in checks:
        if check.error:
            reason = f"{drift_text(source, check)}, and --llm-strict requires that it is known"
            unknown[check.metric] = reason
            unknown.setdefault(PASS_RATE, reason)
    return unknown


def explain_early_stop(gate: GateOutcome, baselines: Mapping[str, Baseline]) -> GateOutcome:
    """Add to a gate without a verdict that its run was stopped by scores of the judge as it was."""
    baseline = baselines.get(gate.baseline)
    if baseline is None or gate.verdict != "ERROR":
        return gate
    changed = [check.metric for check in baseline.anchors if check.is_drift]
    if not changed:
        return gate
    return replace(
        gate,
        reason=f"{gate.reason}; the judge of {' and '.join(changed)} has changed since "
        f"{gate.baseline}, and the run was stopped by the scores from before: run without "
        "--llm-stop-early, or accept a new baseline",
    )
