"""The scope of a rule: the cases of a test, class, module or folder, or of the whole run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from pytest_llmeval.gating.scores import RunScores, is_below

WHOLE_RUN = ""
"""Scope of the rules for all cases."""


def baseline_within(baseline: RunScores, scope: str) -> RunScores:
    """Return the scores of a baseline's cases in the scope of a rule."""
    if scope == WHOLE_RUN:
        return baseline
    suites = {suite for suite, _, _ in baseline.cases if is_below(suite, scope)}
    return replace(baseline.within(suites), name=f"{baseline.name} ({scope})")


def run_within(scores: RunScores, scope: str, lost: Sequence[str]) -> RunScores:
    """Return the scores of a marker's cases, including those that died with their worker."""
    suites = {suite for suite, _, _ in scores.cases if is_below(suite, scope)}
    return replace(scores.within(suites), lost=sum(is_below(nodeid, scope) for nodeid in lost))
