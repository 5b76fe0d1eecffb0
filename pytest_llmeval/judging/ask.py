"""Judging answers that are there already, outside pytest."""

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
AHEAD = 4
"""How many answers are asked about before the first is waited for, as a multiple of the concurrency."""


def begin_score(
    session: Session, scorer: ReadyScorer, case: Case, completion: Completion, order: int
) -> Future[Score]:
    """Ask for a score; what the scorer raises becomes an unscored Score.

    Args:
        session: Whose engine asks.
        scorer: A judge, or a metric, which answers at once.
        case: What the answer is an answer to.
        completion: The answer.
        order: Position among all; earlier ones are asked first.
    """
    with call_context(CallContext(case.source.file, case.id, scorer.name, order)):
        if scorer.is_awaited:
            return session.engine.submit(session.judged(scorer, case, completion))
        done: Future[Score] = Future()
        done.set_result(session.score(scorer, case, completion))
        return done


def some_ahead(session: Session, started: Iterable[T]) -> Iterator[T]:
    """The same items, in their order, each handed out when some that follow it have been started.

    Args:
        session: Its concurrency says how many.
        started: Starts an item when it is asked for it.
    """
    waiting: deque[T] = deque()
    for item in started:
        waiting.append(item)
        if len(waiting) > AHEAD * session.settings.concurrency:
            yield waiting.popleft()
    yield from waiting
