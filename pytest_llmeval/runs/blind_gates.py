"""The outcome of a strict gate whose metric could not show a drop."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from pytest_llmeval.records.comparison import GateOutcome, MetricComparison
from pytest_llmeval.summary.doubts import floor_text, is_blind


def unless_blind(outcome: GateOutcome, gated: Iterable[MetricComparison]) -> GateOutcome:
    """Return the outcome of a strict gate, which needs metrics that could show a drop."""
    blind = [metric for metric in gated if is_blind(metric)]
    if outcome.state != "met" or not blind:
        return outcome
    reason = f"{floor_text(blind[0])}; --llm-strict requires that a drop could show"
    return replace(outcome, state="error", verdict="ERROR", reason=reason)
