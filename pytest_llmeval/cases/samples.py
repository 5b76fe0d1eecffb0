"""The completions of one case: asked for together, each with its scores, and what they are as one."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Mapping, Sequence
from concurrent import futures
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from pytest_llmeval.cases.pending import Pending
from pytest_llmeval.cases.reducing import counted, elected, reduced, vote_parts
from pytest_llmeval.cases.thresholds import scorer_key
from pytest_llmeval.engine.context import CallContext, call_context
from pytest_llmeval.errors import CallError, NotSent, Unjudged
from pytest_llmeval.records.result import Sample
from pytest_llmeval.stats.reducers import parse_reducer

if TYPE_CHECKING:
    from pytest_llmeval.assembly.scorers import ReadyScorer
    from pytest_llmeval.assembly.session import Session
    from pytest_llmeval.cases.plan import Plan
    from pytest_llmeval.protocols import BaseProvider
    from pytest_llmeval.records.call import Completion
    from pytest_llmeval.records.score import Score
    from pytest_llmeval.records.threshold import Threshold
    from pytest_llmeval.stats.voting import Vote


Answer = Callable[[int], Coroutine[object, object, "Completion"]]
MakeScorer = Callable[[str, Mapping[str, Any]], "ReadyScorer"]


@dataclass
class SampleRun:
    """One sample on its way.

    Attributes:
        number: Its number; it makes the key of its call.
        ahead: Its answer, and the judges' scores that were asked for with it.
        is_draw: Whether the sequential test of a case that must pass has drawn it.
        scores: Its scores that were taken, by scorer.
    """

    number: int
    ahead: Pending
    is_draw: bool = False
    scores: dict[str, Score] = field(default_factory=dict)

    @property
    def error(self) -> BaseException | None:
        """Why there is no answer; waits for it."""
        return self.ahead.completion.exception()

    @property
    def answer(self) -> Completion | None:
        """The answer, if there is one; waits for it."""
        return None if self.error else self.ahead.completion.result()

    def meets(self, bounds: Sequence[Threshold]) -> bool | None:
        """Whether this sample alone meets every threshold; ``None`` if that is not known."""
        pairs = [
            (bound, self.scores.get(scorer_key(bound.metric, dict(bound.params))))
            for bound in bounds
        ]
        met = [
            None if score is None or score.value is None else bound.is_met_by(score)
            for bound, score in pairs
        ]
        if False in met:
            return False
        return None if None in met or not met else True


class Samples:
    """Every completion of a case.

    Args:
        session: What all tests share.
        plan: What the test declares.
        provider: Who answers.
        answer: Gets the answer of a sample.
        scorer: Makes a scorer by its name and parameters.
    """

    def __init__(
        self,
        session: Session,
        plan: Plan,
        provider: BaseProvider,
        answer: Answer,
        scorer: MakeScorer,
    ) -> None:
        self.provider, self._make_scorer = provider, scorer
        self._session, self._plan, self._answer = session, plan, answer
        self._reducer = parse_reducer(plan.settings.reducer, plan.settings.samples)
        self._own = [self._made(number) for number in range(plan.settings.samples)]
        self._draws: list[SampleRun] = []
        self._votes: dict[str, Vote] = {}
        self._handed: tuple[Completion, ...] | None = None
        self._of: dict[int, SampleRun] = {}

    @property
    def are_several(self) -> bool:
        """Whether a case has more than one sample, so that its scores are reduced."""
        return len(self._own) > 1

    @property
    def is_waiting(self) -> bool:
        """Whether anything is still on its way."""
        return any(drawn.ahead.is_waiting for drawn in self._own)

    def wait(self) -> None:
        """Wait until nothing is on its way any more."""
        for drawn in self._own:
            drawn.ahead.wait()

    def begin(self, context: CallContext, judges: Mapping[str, ReadyScorer]) -> Samples:
        """Ask for every answer, and for its scores.

        Args:
            context: On whose behalf.
            judges: The scorers, by the key under which the test will ask.
        """
        for drawn in self._own:
            drawn.ahead.begin(self._session.engine, context, judges)
        return self

    def ask(self, judges: Mapping[str, ReadyScorer]) -> None:
        """Ask for more scores of every answer."""
        with call_context(self._plan.call_context):
            for drawn in self._own:
                drawn.ahead.ask(self._session.engine, judges)

    def first(self) -> Completion:
        """The answer of the first sample that has one.

        Raises:
            CallError: None has.
        """
        for drawn in self._own:
            self._raise_final(drawn)
            if drawn.answer is not None:
                return drawn.answer
        return self._own[0].ahead.completion.result()

    def check(self) -> None:
        """Wait for every answer. One that never came is an unscored sample, but what was not sent is no sample.

        Raises:
            NotSent: A call was not allowed, or is not recorded.
        """
        for drawn in self._own:
            self._raise_final(drawn)

    def answers(self) -> tuple[Completion, ...]:
        """The answers that came, each as an object of its own: asked about the first, the test means that one alone."""
        if not self.are_several:
            return (self.first(),)
        if self._handed is None:
            self.check()
            came = [
                (drawn, replace(drawn.answer)) for drawn in self._own if drawn.answer is not None
            ]
            self._of = {id(handed): drawn for drawn, handed in came}
            self._handed = tuple(handed for _, handed in came)
        return self._handed

    def score_of(self, answer: Completion, name: str, params: Mapping[str, Any]) -> Score | None:
        """The score of one of `answers` alone; ``None`` for any other completion."""
        drawn = self._of.get(id(answer))
        return None if drawn is None else self._one(drawn, *self._scorer(name, params))

    def score(self, name: str, params: Mapping[str, Any]) -> Score:
        """The score of the case: of its only answer, or reduced over all of them.

        Raises:
            NotSent: A call was not allowed, or is not recorded.
            InputError: There is no such scorer, or none is configured.
        """
        key, scorer = self._scorer(name, params)
        if not self.are_several:
            return self._one(self._own[0], key, scorer)
        self.check()
        if self._reducer.is_vote:
            return self._voted(key, scorer)
        if scorer.is_awaited:
            self.ask({key: scorer})  # of all samples at once
        return reduced(self._reducer, [self._one(drawn, key, scorer) for drawn in self._own])

    def draw(self) -> bool:
        """Ask for one more sample, and return whether it meets every threshold of the case.

        Raises:
            CallError: There is no answer.
            Unjudged: It misses no bound, but a score with a bound is unscored.
        """
        drawn = self._made(len(self._own) + len(self._draws), is_draw=True)
        self._draws.append(drawn)
        bounds = self._plan.thresholds
        asked = dict(self._scorer(bound.metric, bound.params) for bound in bounds)
        judges = {key: scorer for key, scorer in asked.items() if scorer.is_awaited}
        drawn.ahead.begin(self._session.engine, self._plan.call_context, judges)
        drawn.ahead.completion.result()
        scores = [self._one(drawn, key, scorer) for key, scorer in asked.items()]
        is_met = drawn.meets(bounds)
        if is_met is None:
            lacking = next(score for score in scores if score.value is None)
            raise Unjudged(
                lacking.name, f"{lacking.error or 'no reason given'} (draw {len(self._draws)})"
            )
        return is_met

    def records(self) -> tuple[Sample, ...]:
        """Every sample for the log and the reports, where there is more than one; waits for their answers."""
        every = [*self._own, *self._draws]
        return tuple(map(self._record, every)) if len(every) > 1 else ()

    def _made(self, number: int, is_draw: bool = False) -> SampleRun:
        session, case = self._session, self._plan.case
        is_asked = (
            (lambda key, scorer: self._wins(number, key, scorer))
            if self._votes_decide and not is_draw
            else None
        )
        ahead = Pending(
            self.provider,
            lambda: self._answer(number),
            lambda scorer, completion: session.judged(scorer, case, completion),
            is_asked,
        )
        return SampleRun(number, ahead, is_draw)

    @property
    def _votes_decide(self) -> bool:
        return self._reducer.is_vote and self._plan.settings.samples > 1

    def _scorer(self, name: str, params: Mapping[str, Any]) -> tuple[str, ReadyScorer]:
        """A scorer with the key under which its scores are kept."""
        return scorer_key(name, dict(params)), self._make_scorer(name, params)

    def _one(self, drawn: SampleRun, key: str, scorer: ReadyScorer) -> Score:
        """The score of one sample alone; without an answer it is unscored."""
        if key not in drawn.scores:
            drawn.scores[key] = self._taken(drawn, key, scorer)
        return drawn.scores[key]

    def _taken(self, drawn: SampleRun, key: str, scorer: ReadyScorer) -> Score:
        answer = drawn.answer
        if answer is None:
            return scorer.unscored(f"no answer: {drawn.error}")
        if (begun := drawn.ahead.scores.get(key)) is not None:
            futures.wait([begun])
            if not begun.cancelled():  # it was, where another sample has won the vote
                return begun.result()
        with call_context(replace(self._plan.call_context, purpose=scorer.name)):
            return self._session.score(scorer, self._plan.case, answer)

    def _voted(self, key: str, scorer: ReadyScorer) -> Score:
        """The score of the answer that wins the vote."""
        many = len(self._own)
        try:
            result = self._vote(key, scorer)
        except Exception as error:  # the scorer's own comparison
            return scorer.unscored(error)
        if result.winner is None:
            score = scorer.unscored(f"none of {many} answers can be parsed")
            return replace(score, parts=vote_parts(result, many))
        return elected(self._one(self._own[result.winner], key, scorer), result, many)

    def _vote(self, key: str, scorer: ReadyScorer) -> Vote:
        if key not in self._votes:
            answers = [drawn.answer for drawn in self._own]
            self._votes[key] = counted(
                scorer.scorer, [None if answer is None else answer.text for answer in answers]
            )
        return self._votes[key]

    async def _wins(self, number: int, key: str, scorer: ReadyScorer) -> bool:
        """Whether a sample wins the vote, once all answers are there: the others are not scored."""
        done, _ = await asyncio.wait(
            [asyncio.wrap_future(drawn.ahead.completion) for drawn in self._own]
        )
        for future in done:
            future.exception()  # else asyncio complains that nobody has looked
        return self._vote(key, scorer).winner == number

    def _raise_final(self, drawn: SampleRun) -> None:
        """Raise what is no matter of one sample: a call that was not sent, or an error that is none of a call."""
        error = drawn.error
        if error is not None and (isinstance(error, NotSent) or not isinstance(error, CallError)):
            raise error

    def _record(self, drawn: SampleRun) -> Sample:
        return Sample(
            drawn.number,
            drawn.answer,
            tuple(drawn.scores.values()),
            drawn.meets(self._plan.thresholds),
            drawn.is_draw,
            str(drawn.error or ""),
        )
