"""What pytest's JUnit file tells of a case: small properties, not whole texts."""

from __future__ import annotations

from collections.abc import Iterator

from pytest_llmeval.reports.facts import finite, model_of
from pytest_llmeval.results import CaseResult


def properties(result: CaseResult) -> list[tuple[str, str]]:
    """Name and value of each property; what is not known has none.

    Args:
        result: The result of the test.
    """
    return [(name, value) for name, value in _pairs(result) if value]


def _pairs(result: CaseResult) -> Iterator[tuple[str, str]]:
    answer = result.completion
    yield "llm_case", result.case.id
    yield "llm_golden", str(result.case.source)
    yield "llm_model", model_of(result)
    yield "llm_judge_model", result.judge_model
    for score in map(finite, result.scores):
        yield f"llm_score.{score.name}", "unscored" if score.value is None else f"{score.value:.6g}"
    yield "llm_reason", next((score.reason for score in result.scores if score.reason), "")
    calls = [call for call in (answer, *(call for score in result.scores for call in score.calls)) if call]
    costs = [0.0 if call.cached else call.cost_usd for call in calls]
    known = [cost for cost in costs if cost is not None]
    yield "llm_cost_usd", f"{sum(known):.6f}" if calls and len(known) == len(costs) else ""
