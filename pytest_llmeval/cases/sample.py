"""One sample of a case while its answer and its scores are requested."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from concurrent import futures
from concurrent.futures import Future
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from pytest_llmeval.cases.reducing import count_votes
from pytest_llmeval.engine.context import CALL_CONTEXT, CallContext, call_context
from pytest_llmeval.engine.lane import STOPPED
from pytest_llmeval.errors import Stopped
from pytest_llmeval.escaping import escaped
from pytest_llmeval.records.result import Sample, is_met
from pytest_llmeval.records.scorer import ScorerKey

if TYPE_CHECKING:
    from pytest_llmeval.assembly.scorers import ReadyScorer
    from pytest_llmeval.assembly.session import Session
    from pytest_llmeval.cases.plan import Plan
    from pytest_llmeval.protocols import BaseProvider
    from pytest_llmeval.records.call import Completion, Request
    from pytest_llmeval.records.score import Score
    from pytest_llmeval.records.threshold import Threshold
    from pytest_llmeval.stats.voting import Vote


Scorers = Mapping[ScorerKey, "ReadyScorer"]
"""Scorers by their key."""


async def answer_request(
    session: Session, plan: Plan, provider: BaseProvider, request: Request
) -> Completion:
    """Get the answer to a request of a case, on the engine's event loop.

    Raises:
        CallError: The call failed.
    """
    from pytest_llmeval.providers.extraction import extract_answer

    answer = await session.engine.answer(provider, request)
    pattern = plan.settings.answer_pattern
    if not pattern:
        return answer
    # A pattern of the user's may search for seconds, in which other calls go on.
    return await asyncio.to_thread(extract_answer, answer, pattern)


class Ballot:
    """The vote over the answers to a case: the scorer decides which of them are equal.

    Args:
        answers: The requested answers, in the order of the samples.
    """

    def __init__(self, answers: Sequence[Future[Completion]]) -> None:
        self._answers = answers
        self._votes: dict[ScorerKey, Vote] = {}

    def count(self, key: ScorerKey, scorer: ReadyScorer) -> Vote:
        """Count the answers as a scorer compares them, after all calls have ended."""
        if key not in self._votes:
            texts: list[str | None] = []
            for answer in self._answers:
                texts.append(None if answer.exception() else answer.result().text)
            self._votes[key] = count_votes(scorer.scorer, texts)
        return self._votes[key]

    async def is_won_by(self, number: int, key: ScorerKey, scorer: ReadyScorer) -> bool:
        """Wait for every answer, and return whether the answer of a sample wins."""
        done, _ = await asyncio.wait([asyncio.wrap_future(answer) for answer in self._answers])
        for future in done:
            future.exception()  # else asyncio warns of an exception that was never retrieved
        return self.count(key, scorer).winner == number


class SampleRun:
    """One sample while it runs. Its futures hold the errors of its calls.

    Args:
        session: The session whose engine makes the calls.
        plan: The plan of the case.
        provider: The provider that answers.
        request: The request of this sample; its number is a part of the key of the call.
        answer: The future of the answer.
        ballot: The vote over the answers: judges score the winner only. ``None`` without a vote.
        is_draw: Whether the sequential test of a case that must pass has drawn it.

    Attributes:
        number: Its number, from 0.
        scores: The scores that were taken, by the key of the scorer.
    """

    def __init__(
        self,
        session: Session,
        plan: Plan,
        provider: BaseProvider,
        request: Request,
        answer: Future[Completion],
        ballot: Ballot | None = None,
        is_draw: bool = False,
    ) -> None:
        self._session = session
        self._plan = plan
        self._provider = provider
        self._request = request
        self._answer = answer
        self._ballot = ballot
        self._is_draw = is_draw
        self._pending: dict[ScorerKey, Future[Score]] = {}
        self.number = request.sample
        self.scores: dict[ScorerKey, Score] = {}

    @property
    def error(self) -> BaseException | None:
        """The error of the call; ``None`` if it gave an answer. Waits for the call."""
        return self._answer.exception()

    @property
    def answer(self) -> Completion | None:
        """The answer; ``None`` if the call failed. Waits for the call."""
        if self.error:
            return None
        return self._answer.result()

    def result(self) -> Completion:
        """Wait for the answer.

        Raises:
            CallError: The call failed.
        """
        return self._answer.result()

    @property
    def is_waiting(self) -> bool:
        """Whether a call has not ended yet."""
        scored = [future.done() for future in self._pending.values()]
        return not self._answer.done() or not all(scored)

    def wait(self) -> None:
        """Wait until every call has ended."""
        started: list[Future[Any]] = [self._answer, *self._pending.values()]
        futures.wait(started)

    def begin(self, context: CallContext, judges: Scorers) -> None:
        """Request the answer, and then its scores.

        Args:
            context: The context of the calls.
            judges: Scorers that call a model.
        """
        self._pending = {key: Future() for key in judges}
        with call_context(context):
            self._session.engine.submit(self._run(judges))

    def begin_scores(self, judges: Scorers) -> None:
        """Request more scores of the answer, in the current context."""
        new = {key: scorer for key, scorer in judges.items() if key not in self._pending}
        self._pending |= {key: Future() for key in new}
        if new:
            self._session.engine.submit(self._judge_later(new))

    def score(self, key: ScorerKey, scorer: ReadyScorer) -> Score:
        """Score this sample alone; without an answer it is unscored."""
        if key not in self.scores:
            self.scores[key] = self._take(key, scorer)
        return self.scores[key]

    def meets(self, thresholds: Sequence[Threshold]) -> bool | None:
        """Return whether this sample alone meets every threshold; ``None`` if unknown."""
        is_known = bool(thresholds)
        for threshold in thresholds:
            score = self.scores.get(threshold.scorer)
            met = None if score is None else is_met(threshold, score)
            if met is False:
                return False
            is_known = is_known and met is not None
        return True if is_known else None

    def record(self) -> Sample:
        """Make the record of the sample; wait for its answer."""
        return Sample(
            self.number,
            self.answer,
            tuple(self.scores.values()),
            self.meets(self._plan.thresholds),
            self._is_draw,
            str(self.error or ""),
        )

    def _take(self, key: ScorerKey, scorer: ReadyScorer) -> Score:
        answer = self.answer
        if answer is None:
            return scorer.unscored(f"no answer: {self.error}")
        pending = self._pending.get(key)
        if pending is not None:
            futures.wait([pending])
            if not pending.cancelled():  # cancelled: another sample has won the vote
                return pending.result()
        with call_context(replace(self._plan.call_context, purpose=scorer.name)):
            return self._session.score(scorer, self._plan.case, answer)

    async def _run(self, judges: Scorers) -> None:
        try:
            self._answer.set_result(
                await answer_request(self._session, self._plan, self._provider, self._request)
            )
        except BaseException as error:
            self._answer.set_exception(_visible_error(error))
        await self._judge_all(judges)

    async def _judge_later(self, judges: Scorers) -> None:
        await asyncio.wait([asyncio.wrap_future(self._answer)])
        await self._judge_all(judges)

    async def _judge_all(self, judges: Scorers) -> None:
        if self._answer.exception() is None:
            answer = self._answer.result()
            await asyncio.gather(
                *(self._judge(key, scorer, answer) for key, scorer in judges.items())
            )
            return
        for key in judges:
            _drop(self._pending[key])

    async def _judge(self, key: ScorerKey, scorer: ReadyScorer, answer: Completion) -> None:
        CALL_CONTEXT.set(replace(CALL_CONTEXT.get(), purpose=scorer.name))
        pending = self._pending[key]
        try:
            is_won = self._ballot is None or await self._ballot.is_won_by(self.number, key, scorer)
            if not is_won:
                return _drop(pending)
            pending.set_result(await self._session.judged(scorer, self._plan.case, answer))
        except BaseException as error:
            pending.set_exception(_visible_error(error))


def _drop(future: Future[Score]) -> None:
    """Cancel a score that will not be made."""
    future.cancel()
    # This step wakes those who wait for several futures.
    future.set_running_or_notify_cancel()


def _visible_error(error: BaseException) -> BaseException:
    """Return the error that the test sees: only the end of the run cancels a task."""
    if isinstance(error, asyncio.CancelledError):
        return Stopped(STOPPED)
    return error if isinstance(error, Exception) else escaped(error)
