"""Evaluation of cases without pytest, in order, while the calls of the next cases are made."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

from pytest_llmeval.cases.bounds import check_bounds, with_setting
from pytest_llmeval.cases.evaluation import CaseEvaluation
from pytest_llmeval.errors import InputError, NoSuchScore, NotConfiguredError
from pytest_llmeval.records.process import ALONE
from pytest_llmeval.records.scorer import ScorerKey
from pytest_llmeval.summary.outcome import conclude_error

if TYPE_CHECKING:
    from pytest_llmeval.assembly.session import Session
    from pytest_llmeval.cases.plan import Plan
    from pytest_llmeval.protocols import BaseProvider
    from pytest_llmeval.records.result import CaseResult


def check_scorers(session: Session, plans: Iterable[Plan]) -> None:
    """Check the metrics and judges that plans declare, before anything is sent.

    Raises:
        InputError: One of them cannot be used.
    """
    checked: set[object] = set()
    for plan in plans:
        for name, params in plan.declared:
            key = (ScorerKey.of(name, params), plan.settings)
            if key not in checked:
                checked.add(key)
                # Without a model, the outcome of the case says so.
                try:
                    session.scorer(name, params, plan.settings)
                except NotConfiguredError:
                    continue
                except NoSuchScore as error:
                    raise with_setting(error, plan) from None
        check_bounds(session, plan, checked)


def evaluate_cases(
    session: Session, plans: Sequence[Plan], provider: BaseProvider
) -> Iterator[CaseResult]:
    """Evaluate cases in their order, as pytest evaluates the cases of a golden file."""
    window = session.settings.cases_ahead
    started: dict[int, CaseEvaluation] = {}
    next_order = 0
    for order, plan in enumerate(plans):
        for later in range(max(order, next_order), min(order + window, len(plans))):
            # The evaluation of the case raises the error again, and then concludes with it.
            with suppress(InputError):
                started[later] = _begin_case(session, plans[later], provider)
            next_order = later + 1
        if order not in started:
            started[order] = CaseEvaluation(session, plan)
        yield evaluate_case(started.pop(order), provider)


def _begin_case(session: Session, plan: Plan, provider: BaseProvider) -> CaseEvaluation:
    """Request the answer to a case and the scores of its judges."""
    evaluation = CaseEvaluation(session, plan)
    evaluation.begin(provider, plan.declared)
    return evaluation


def evaluate_case(evaluation: CaseEvaluation, provider: BaseProvider) -> CaseResult:
    """Evaluate one case to its end; an error of a call, judge or setting is its outcome."""
    started = time.perf_counter()
    try:
        evaluation.generate(provider)
        conclusion = evaluation.conclude()
    except Exception as error:
        conclusion = conclude_error(error)
    return evaluation.result(conclusion, time.perf_counter() - started, ALONE)
