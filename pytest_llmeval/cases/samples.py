"""The completions of one case: requested together, each with its scores, and reduced to one score."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import Future
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING

from pytest_llmeval.assembly.requests import numbered
from pytest_llmeval.cases.reducing import elected, reduced, vote_parts
from pytest_llmeval.cases.sample import Ballot, SampleRun, Scorers
from pytest_llmeval.engine.context import CallContext, call_context
from pytest_llmeval.errors import CallError, NotSent, Unjudged
from pytest_llmeval.records.call import Completion
from pytest_llmeval.stats.reducers import parse_reducer

if TYPE_CHECKING:
    from pytest_llmeval.assembly.scorers import ReadyScorer
    from pytest_llmeval.assembly.session import Session
    from pytest_llmeval.cases.plan import Plan
    from pytest_llmeval.protocols import BaseProvider
    from pytest_llmeval.records.call import Request
    from pytest_llmeval.records.result import Sample
    from pytest_llmeval.records.score import Score


@dataclass(frozen=True, eq=False)
class SampleAnswer(Completion):
    """One of several answers to a case. A score of it is that of this sample alone.

    Attributes:
        number: Number of the sample.
    """

    number: int = 0

    @classmethod
    def of(cls, answer: Completion, number: int) -> SampleAnswer:
        """The answer of a sample."""
        return cls(**vars(answer), number=number)

    def completion(self) -> Completion:
        """The answer without its number."""
        return Completion(**{row.name: getattr(self, row.name) for row in fields(Completion)})

    def __eq__(self, other: object) -> bool:
        if isinstance(other, SampleAnswer):
            return self.number == other.number and self.completion() == other.completion()
        return self.completion() == other

    __hash__ = Completion.__hash__


class Samples:
    """Every completion of a case.

    Args:
        session: What all tests share.
        plan: What the test declares.
        provider: Who answers.
        request: The request of the case; each sample numbers it.

    Attributes:
        provider: Who answers.
    """

    def __init__(
        self, session: Session, plan: Plan, provider: BaseProvider, request: Request
    ) -> None:
        self.provider = provider
        self._session, self._plan, self._request = session, plan, request
        self._reducer = parse_reducer(plan.settings.reducer, plan.settings.samples)
        answers: list[Future[Completion]] = [Future() for _ in range(plan.settings.samples)]
        is_voted = self._reducer.is_vote and len(answers) > 1
        self._ballot = Ballot(answers)
        self._samples = [
            self._sample(number, answer, self._ballot if is_voted else None)
            for number, answer in enumerate(answers)
        ]
        self._draws: list[SampleRun] = []

    @property
    def are_several(self) -> bool:
        """Whether a case has more than one sample, so that its scores are reduced."""
        return len(self._samples) > 1

    @property
    def is_waiting(self) -> bool:
        """Whether anything is still on its way."""
        return any(sample.is_waiting for sample in self._samples)

    def wait(self) -> None:
        """Wait until nothing is on its way any more."""
        for sample in self._samples:
            sample.wait()

    def begin(self, context: CallContext, judges: Scorers) -> None:
        """Request every answer, and its scores.

        Args:
            context: On whose behalf.
            judges: Scorers that ask a model.
        """
        for sample in self._samples:
            sample.begin(context, judges)

    def begin_scores(self, judges: Scorers) -> None:
        """Request more scores of every answer."""
        with call_context(self._plan.call_context):
            for sample in self._samples:
                sample.begin_scores(judges)

    def first(self) -> Completion:
        """The answer of the first sample that has one.

        Raises:
            CallError: None has.
        """
        for sample in self._samples:
            _raise_final(sample)
            if sample.answer is not None:
                return sample.answer
        return self._samples[0].result()

    def check(self) -> None:
        """Wait for every answer. A failed call makes an unscored sample; one not sent is no sample.

        Raises:
            NotSent: A call was not allowed, or is not recorded.
        """
        for sample in self._samples:
            _raise_final(sample)

    def answers(self) -> tuple[Completion, ...]:
        """The answers that came; where there are several, each knows its number."""
        if not self.are_several:
            return (self.first(),)
        self.check()
        came: list[Completion] = []
        for sample in self._samples:
            if sample.answer is not None:
                came.append(SampleAnswer.of(sample.answer, sample.number))
        return tuple(came)

    def sample_of(self, answer: Completion) -> SampleRun | None:
        """The sample that one of `answers` belongs to; ``None`` for any other completion."""
        if not self.are_several or not isinstance(answer, SampleAnswer):
            return None
        sample = self._samples[answer.number]
        return sample if sample.answer == answer.completion() else None

    def score(self, key: str, scorer: ReadyScorer) -> Score:
        """The score of the case: of its only answer, or reduced over all of them.

        Args:
            key: The key of the scorer.
            scorer: The scorer.

        Raises:
            NotSent: A call was not allowed, or is not recorded.
        """
        if not self.are_several:
            return self._samples[0].score(key, scorer)
        self.check()
        if self._reducer.is_vote:
            return self._voted(key, scorer)
        if scorer.is_awaited:
            self.begin_scores({key: scorer})  # of all samples at once
        return reduced(self._reducer, [sample.score(key, scorer) for sample in self._samples])

    def draw(self, scorers: Mapping[str, ReadyScorer]) -> bool:
        """Request one more sample, and return whether it meets every threshold of the case.

        Args:
            scorers: The scorers of the thresholds, by key.

        Raises:
            CallError: There is no answer.
            Unjudged: It misses no threshold, but a score with one is unscored.
        """
        number = len(self._samples) + len(self._draws)
        sample = self._sample(number, Future(), is_draw=True)
        self._draws.append(sample)
        judges = {key: scorer for key, scorer in scorers.items() if scorer.is_awaited}
        sample.begin(self._plan.call_context, judges)
        sample.result()
        scores = [sample.score(key, scorer) for key, scorer in scorers.items()]
        is_met = sample.meets(self._plan.thresholds)
        if is_met is None:
            lacking = next(score for score in scores if score.value is None)
            reason = lacking.error or "no reason given"
            raise Unjudged(lacking.name, f"{reason} (draw {len(self._draws)})")
        return is_met

    def records(self) -> tuple[Sample, ...]:
        """Every sample for the log, where there are several; waits for their answers."""
        samples = [*self._samples, *self._draws]
        return tuple(sample.record() for sample in samples) if len(samples) > 1 else ()

    def _sample(
        self,
        number: int,
        answer: Future[Completion],
        ballot: Ballot | None = None,
        is_draw: bool = False,
    ) -> SampleRun:
        request = numbered(self._request, number)
        return SampleRun(self._session, self._plan, self.provider, request, answer, ballot, is_draw)

    def _voted(self, key: str, scorer: ReadyScorer) -> Score:
        """The score of the answer that wins the vote."""
        many = len(self._samples)
        try:
            vote = self._ballot.count(key, scorer)
        except Exception as error:  # the scorer's own comparison
            return scorer.unscored(error)
        if vote.winner is None:
            score = scorer.unscored(f"none of {many} answers can be parsed")
            return replace(score, parts=vote_parts(vote, many))
        return elected(self._samples[vote.winner].score(key, scorer), vote, many)


def _raise_final(sample: SampleRun) -> None:
    """Raise what ends the whole case: a call that was not sent, or an error that is none of a call."""
    error = sample.error
    if error is not None and (isinstance(error, NotSent) or not isinstance(error, CallError)):
        raise error
