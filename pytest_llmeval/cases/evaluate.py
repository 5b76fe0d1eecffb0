"""Cases evaluated without pytest, one after the other, while the calls of the next ones are made."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

from pytest_llmeval.cases.evaluation import CaseEvaluation
from pytest_llmeval.errors import InputError, NotConfiguredError
from pytest_llmeval.summary.outcome import Conclusion, conclude_error

if TYPE_CHECKING:
    from pytest_llmeval.assembly.session import Session
    from pytest_llmeval.cases.plan import Plan
    from pytest_llmeval.protocols import BaseProvider
    from pytest_llmeval.records.result import CaseResult


_WORKER = "main"


def evaluate_cases(
    session: Session, plans: Sequence[Plan], provider: BaseProvider
) -> Iterator[CaseResult]:
    """Evaluate cases in their order, as pytest evaluates the cases of a golden file.

    Args:
        session: Whose engine makes the calls.
        plans: The cases.
        provider: Who answers.
    """
    window = session.settings.cases_ahead
    begun: dict[int, CaseEvaluation] = {}
    next_order = 0
    for order, plan in enumerate(plans):
        for later in range(max(order, next_order), min(order + window, len(plans))):
            with suppress(InputError):  # met again, and then concluded, when the case's turn comes
                begun[later] = begin_case(session, plans[later], provider)
            next_order = later + 1
        if order not in begun:
            begun[order] = CaseEvaluation(session, plan)
        yield evaluate_case(begun.pop(order), provider)


def begin_case(session: Session, plan: Plan, provider: BaseProvider) -> CaseEvaluation:
    """Request the answer to a case and its judges' scores.

    Raises:
        InputError: The prompt cannot be made, or there is no such scorer.
    """
    evaluation = CaseEvaluation(session, plan)
    evaluation.begin(provider, plan.declared)
    return evaluation


def evaluate_case(evaluation: CaseEvaluation, provider: BaseProvider) -> CaseResult:
    """Evaluate one case to its end: answer, scores, thresholds, further samples where it must pass.

    An error of a call, a judge or a setting is the outcome of the case.

    Args:
        evaluation: The case, new or begun.
        provider: Who answers.
    """
    started = time.perf_counter()
    try:
        evaluation.generate(provider)
        conclusion = evaluation.conclude()
    except NotConfiguredError as error:
        conclusion = conclude_error(error)
        if not evaluation.plan.settings.requires_scores:
            conclusion = Conclusion("skipped", conclusion.cause, conclusion.message)
    except Exception as error:
        conclusion = conclude_error(error)
    return evaluation.result(conclusion, time.perf_counter() - started, _WORKER)
