"""The outcome of the gate ``regression(worst_tag)``, which requires that no slice is worse."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from pytest_llmeval.records.comparison import GateOutcome, MetricComparison, Slice
from pytest_llmeval.records.verdicts import SLICES_WORST_FIRST, GateState, Verdict, gate_state
from pytest_llmeval.summary.slices import slice_reason
from pytest_llmeval.text import and_more, count

_NO_SLICE = (
    "no tag divides the cases, so there is no slice to compare; give some of the cases tags, or "
    "gate with 'regression'"
)


class TagGate(NamedTuple):
    """A gate that requires that no slice is worse.

    Attributes:
        rule: Its text.
        baseline: The baseline.
        scope: The test, class, module or folder of its cases; empty for all.
    """

    rule: str
    baseline: str
    scope: str


@dataclass(frozen=True)
class _Decisive:
    """A slice of a metric that decides, or a metric that could not be compared."""

    verdict: Verdict
    reason: str
    part: Slice | None = None


def worst_tag_outcome(
    gate: TagGate, metrics: Sequence[MetricComparison], *, is_strict: bool, is_partial: bool
) -> GateOutcome:
    """Return the outcome of the gate for a baseline, which is that of the worst slice.

    Small slices can hardly be shown to be no worse. So a strict gate requires only that none is
    shown to be worse, by a run that covers the baseline.

    Args:
        gate: The gate.
        metrics: The metrics that it compares.
        is_strict: Whether the gate is strict.
        is_partial: Whether too few of the baseline's cases were run for a strict gate.
    """
    findings = _worst(metrics)
    state: GateState = gate_state(findings.verdict)
    reason = findings.reason
    if is_strict and is_partial and state in ("met", "open"):
        state = "error"
        reason = (
            f"{reason}; the run covers only a part of the baseline, and --llm-strict requires all"
        )
    return GateOutcome(
        gate.rule,
        state,
        reason,
        findings.part.change if findings.part else None,
        findings.part.n if findings.part else 0,
        findings.verdict,
        gate.baseline,
        gate.scope,
    )


def _worst(metrics: Sequence[MetricComparison]) -> _Decisive:
    slices = [(metric, part) for metric in metrics for part in metric.slices]
    broken = [metric for metric in metrics if metric.result.change is None]
    findings = [_Decisive(metric.result.verdict, _broken_text(metric)) for metric in broken]
    findings += [
        _Decisive(part.verdict, slice_reason(metric.name, part), part) for metric, part in slices
    ]
    if not findings:
        return _Decisive("ERROR", _NO_SLICE)
    worst = min(findings, key=_rank)
    alike = sum(one.verdict == worst.verdict for one in findings)
    if worst.verdict in ("INCONCLUSIVE", "OK"):
        return _unshown(worst, len(slices), alike)
    if alike == 1:
        return worst
    return replace(worst, reason=f"{worst.reason}; {and_more(alike - 1)} {worst.verdict}")


def _rank(finding: _Decisive) -> tuple[int, float]:
    part = finding.part
    return SLICES_WORST_FIRST.index(finding.verdict), (part.change or 0.0) if part else -1.0


def _broken_text(metric: MetricComparison) -> str:
    return f"{metric.name}: {metric.result.reason}"


def _unshown(worst: _Decisive, slices: int, alike: int) -> _Decisive:
    """Return the outcome where no slice is shown to be worse."""
    tags = count(slices, "slice")
    if worst.verdict == "OK" and worst.part is not None:
        return replace(worst, reason=f"each of {tags} is OK; the least: {worst.reason}")
    text = f"none of {tags} is shown to be worse, and {alike:,} may be; the largest change is"
    return replace(worst, reason=f"{text} {worst.reason}")
