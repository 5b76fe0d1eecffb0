"""The properties of a case in pytest's JUnit file: short values, not whole texts."""

from __future__ import annotations

from collections.abc import Iterator

from pytest_llmeval.records.answer_text import answers_of
from pytest_llmeval.records.result import CaseResult, model_of
from pytest_llmeval.summary.costs import case_cost, scoring_calls
from pytest_llmeval.summary.samples import flaky_text, met_text


def properties(result: CaseResult) -> list[tuple[str, str]]:
    """Return name and value of each known property.

    Args:
        result: The result of the test.
    """
    return [(name, value) for name, value in _pairs(result) if value]


def _pairs(result: CaseResult) -> Iterator[tuple[str, str]]:
    yield "llm_case", result.case.id
    yield "llm_golden", str(result.case.source)
    yield "llm_model", model_of(result)
    yield "llm_judge_model", result.judge_model
    for score in result.scores:
        yield f"llm_score.{score.name}", "unscored" if score.value is None else f"{score.value:.6g}"
    yield "llm_reason", next((score.reason for score in result.scores if score.reason), "")
    yield "llm_samples", met_text(result.samples)
    yield "llm_must_pass", flaky_text(result)
    has_calls = bool(answers_of(result, with_draws=True)) or any(
        True for _ in scoring_calls(result)
    )
    cost = case_cost(result).total
    yield "llm_cost_usd", f"{cost:.6f}" if has_calls and cost is not None else ""
