"""The explanation of a failed comparison with a Score."""

from __future__ import annotations

import pytest

from pytest_llmeval.plugin.state import STATE


def explain(config: pytest.Config, op: str, left: object, right: object) -> list[str] | None:
    """Return the lines of the explanation, or ``None`` if no Score is compared."""
    evaluation = config.stash[STATE].current
    if evaluation is None:
        return None
    from pytest_llmeval.cases.evaluation import TakenScore
    from pytest_llmeval.records.score import Score
    from pytest_llmeval.reports.terminal.failure import comparison_lines

    if not isinstance(left, Score) and not isinstance(right, Score):
        return None
    case, completion = evaluation.plan.case, evaluation.completion
    score = left if isinstance(left, Score) else right
    if isinstance(score, TakenScore):
        case, completion = score.case, score.completion
    return comparison_lines(op, left, right, case, completion)
