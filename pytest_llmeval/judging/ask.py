"""Scoring of existing answers, outside pytest."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future
from typing import TYPE_CHECKING, TypeVar

from pytest_llmeval.engine.context import CallContext, call_context

if TYPE_CHECKING:
    from pytest_llmeval.assembly.scorers import ReadyScorer
    from pytest_llmeval.assembly.session import Session
    from pytest_llmeval.records.call import Completion
    from pytest_llmeval.records.case import Case
    from pytest_llmeval.records.score import Score


T = TypeVar("T")


def begin_score(
    session: Session,
    scorer: ReadyScorer,
    case: Case,
    completion: Completion,
    order: int,
    *,
    is_fresh: bool = False,
) -> Future[Score]:
    """Request a score; an error of the scorer becomes an unscored Score.

    Args:
        session: The session whose engine makes the calls.
        scorer: A judge, or a metric, which scores at once.
        case: The case of the answer.
        completion: The answer.
        order: Position in the run; calls with lower numbers are sent first.
        is_fresh: Whether a judge has to be asked now, because its stored replies would not do.
    """
    context = CallContext(
        case.source.file,
        case.id,
        scorer.name,
        order,
        is_recorded=not is_fresh,
        is_fresh=is_fresh,
    )
    with call_context(context):
        if scorer.is_awaited:
            return session.engine.submit(session.judged(scorer, case, completion))
        done: Future[Score] = Future()
        done.set_result(session.score(scorer, case, completion))
        return done


def start_ahead(session: Session, started: Iterable[T]) -> Iterator[T]:
    """Yield started items in their order, with the following ones already started.

    Args:
        session: The session whose setting ``lookahead`` bounds the number of started items.
        started: An iterator that starts an item when it yields it.
    """
    window = max(1, session.settings.cases_ahead)
    waiting: deque[T] = deque()
    for item in started:
        waiting.append(item)
        if len(waiting) >= window:
            yield waiting.popleft()
    yield from waiting
