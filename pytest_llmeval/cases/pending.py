"""What is asked for a case before its test runs: its answer, and then the judges' scores of the answer."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from concurrent import futures
from concurrent.futures import Future
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from pytest_llmeval.engine.context import CALL_CONTEXT, CallContext, call_context
from pytest_llmeval.engine.lane import STOPPED
from pytest_llmeval.errors import Stopped

if TYPE_CHECKING:
    from pytest_llmeval.assembly.scorers import ReadyScorer
    from pytest_llmeval.engine.engine import Engine
    from pytest_llmeval.protocols import BaseProvider
    from pytest_llmeval.records.call import Completion
    from pytest_llmeval.records.score import Score


class Pending:
    """The answer to a case and its scores, on their way. What goes wrong is kept for the test that asks.

    Args:
        provider: Who answers.
        answer: Gets the answer.
        score: Gets one score of it.
        is_asked: Whether a scorer, with the key under which the test asks, is asked about this
            answer at all. Where it is not, there is no such score.
    """

    def __init__(
        self,
        provider: BaseProvider,
        answer: Callable[[], Coroutine[object, object, Completion]],
        score: Callable[[ReadyScorer, Completion], Coroutine[object, object, Score]],
        is_asked: Callable[[str, ReadyScorer], Awaitable[bool]] | None = None,
    ) -> None:
        self.provider = provider
        self.completion: Future[Completion] = Future()
        self.scores: dict[str, Future[Score]] = {}
        self._answer, self._score, self._is_asked = answer, score, is_asked

    @property
    def is_waiting(self) -> bool:
        """Whether anything is still on its way."""
        return not self.completion.done() or not all(
            future.done() for future in self.scores.values()
        )

    def wait(self) -> None:
        """Wait until nothing is on its way any more."""
        started: list[Future[Any]] = [self.completion, *self.scores.values()]
        futures.wait(started)

    def begin(
        self, engine: Engine, context: CallContext, judges: Mapping[str, ReadyScorer]
    ) -> Pending:
        """Ask for the answer and its scores. Each is there as soon as it is known.

        Args:
            engine: Where it is asked.
            context: On whose behalf.
            judges: The scorers, by the key under which the test will ask.
        """
        self.scores = {key: Future() for key in judges}
        with call_context(context):
            engine.submit(self._run(judges))
        return self

    def ask(self, engine: Engine, judges: Mapping[str, ReadyScorer]) -> None:
        """Ask for more scores of the answer, on behalf of whoever asks now."""
        new = {key: scorer for key, scorer in judges.items() if key not in self.scores}
        self.scores |= {key: Future() for key in new}
        if new:
            engine.submit(self._ask_later(new))

    async def _ask_later(self, judges: Mapping[str, ReadyScorer]) -> None:
        await asyncio.wait([asyncio.wrap_future(self.completion)])
        await self._ask(judges)

    async def _run(self, judges: Mapping[str, ReadyScorer]) -> None:
        try:
            self.completion.set_result(await self._answer())
        except BaseException as error:
            self.completion.set_exception(_lasting(error))
        await self._ask(judges)

    async def _ask(self, judges: Mapping[str, ReadyScorer]) -> None:
        if self.completion.exception() is None:
            completion = self.completion.result()
            await asyncio.gather(
                *(self._judge(key, scorer, completion) for key, scorer in judges.items())
            )
            return
        for key in judges:
            _drop(self.scores[key])

    async def _judge(self, key: str, scorer: ReadyScorer, completion: Completion) -> None:
        CALL_CONTEXT.set(replace(CALL_CONTEXT.get(), purpose=scorer.name))
        try:
            if self._is_asked is not None and not await self._is_asked(key, scorer):
                return _drop(self.scores[key])
            self.scores[key].set_result(await self._score(scorer, completion))
        except BaseException as error:
            self.scores[key].set_exception(_lasting(error))


def _drop(future: Future[Score]) -> None:
    """Say that there will be no score; whoever waits for several futures is told of it only by the second step."""
    future.cancel()
    future.set_running_or_notify_cancel()


def _lasting(error: BaseException) -> BaseException:
    """What the test is told: a task that was cancelled was so because the run ends."""
    return Stopped(STOPPED) if isinstance(error, asyncio.CancelledError) else error
