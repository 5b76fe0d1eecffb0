"""The stored answers of a baseline, as a scorer gets them."""

from __future__ import annotations

from pytest_llmeval.gating.scores import BaselineCase
from pytest_llmeval.records.call import Completion
from pytest_llmeval.records.result import CaseResult


def stored_answers(case: BaselineCase) -> list[Completion]:
    """Return the answers of a case with the passages that they were made from."""
    contexts = case.contexts or tuple(() for _ in case.answers)
    return [
        Completion(text, endpoint="baseline", cost_usd=0.0, cached=True, contexts=passages)
        for text, passages in zip(case.answers, contexts, strict=True)
    ]


def first_answer(case: BaselineCase) -> BaselineCase:
    """Return the case with its first answer alone."""
    contexts = None if case.contexts is None else case.contexts[:1]
    return case._replace(answers=case.answers[:1], contexts=contexts)


def is_as_judged(case: BaselineCase, result: CaseResult) -> bool:
    """Return whether a scorer gets of a stored answer what it got of the answer of the run.

    It does not if the run retrieves, and the baseline does not say what was retrieved then.
    """
    retrieves = result.completion is not None and bool(result.completion.contexts)
    return case.contexts is not None or not retrieves
