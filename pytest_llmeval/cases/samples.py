"""The samples of one case: requested together, scored, and reduced to one score."""

from __future__ import annotations

from concurrent.futures import Future
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING

from pytest_llmeval.assembly.requests import numbered
from pytest_llmeval.cases.reducing import add_vote, reduce_scores, vote_parts
from pytest_llmeval.cases.sample import Ballot, SampleRun, Scorers
from pytest_llmeval.engine.context import CallContext, call_context
from pytest_llmeval.errors import CallError, NotSent, Unjudged
from pytest_llmeval.escaping import called
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
    from pytest_llmeval.records.scorer import ScorerKey


@dataclass(frozen=True, eq=False)
class SampleAnswer(Completion):
    """One of several answers to a case. Its score is the score of this sample alone.

    Attributes:
        number: Number of the sample.
    """

    number: int = 0

    @classmethod
    def of_sample(cls, answer: Completion, number: int) -> SampleAnswer:
        """Make the answer of a sample."""
        return cls(**vars(answer), number=number)

    def completion(self) -> Completion:
        """Return the answer without its number."""
        return Completion(**{row.name: getattr(self, row.name) for row in fields(Completion)})

    def __eq__(self, value: object, /) -> bool:
        if isinstance(value, SampleAnswer):
            return self.number == value.number and self.completion() == value.completion()
        return self.completion() == value

    __hash__ = Completion.__hash__


class Samples:
    """The samples of a case.

    Args:
        session: The session whose engine makes the calls.
        plan: The plan of the case.
        provider: The provider that answers.
        request: The request of the case, without the number of a sample.
    """

    def __init__(
        self, session: Session, plan: Plan, provider: BaseProvider, request: Request
    ) -> None:
        self.provider = provider
        self._session = session
        self._plan = plan
        self._request = request
        settings = plan.settings
        self._reducer = parse_reducer(
            settings.reducer, settings.samples, settings.origin("reducer")
        )
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
        """Whether the case has several samples, whose scores are reduced."""
        return len(self._samples) > 1

    @property
    def is_waiting(self) -> bool:
        """Whether a call has not ended yet."""
        return any(sample.is_waiting for sample in self._samples)

    def wait(self) -> None:
        """Wait until every call has ended."""
        for sample in self._samples:
            sample.wait()

    def begin(self, context: CallContext, judges: Scorers) -> None:
        """Request every answer and its scores.

        Args:
            context: The context of the calls.
            judges: Scorers that call a model.
        """
        for sample in self._samples:
            sample.begin(context, judges)

    def begin_scores(self, judges: Scorers) -> None:
        """Request more scores of every answer."""
        with call_context(self._plan.call_context):
            for sample in self._samples:
                sample.begin_scores(judges)

    def first(self) -> Completion:
        """Return the answer of the first sample that has one.

        Raises:
            CallError: Every call failed.
        """
        for sample in self._samples:
            _raise_final(sample)
            if sample.answer is not None:
                return sample.answer
        return self._samples[0].result()

    def check(self) -> None:
        """Wait for every answer. A failed call is an unscored sample, a call not sent an error.

        Raises:
            NotSent: A call was not allowed, or is not recorded.
        """
        for sample in self._samples:
            _raise_final(sample)

    def answers(self) -> tuple[Completion, ...]:
        """Return the answers; where there are several samples, they have numbers."""
        if not self.are_several:
            return (self.first(),)
        self.check()
        answers: list[Completion] = []
        for sample in self._samples:
            if sample.answer is not None:
                answers.append(SampleAnswer.of_sample(sample.answer, sample.number))
        return tuple(answers)

    def sample_of(self, answer: Completion) -> SampleRun | None:
        """Return the sample of one of the `answers`; ``None`` for any other completion."""
        if not self.are_several or not isinstance(answer, SampleAnswer):
            return None
        sample = self._samples[answer.number]
        if sample.answer != answer.completion():
            return None
        return sample

    def score(self, key: ScorerKey, scorer: ReadyScorer) -> Score:
        """Score the case: its only answer, or all answers reduced to one score.

        Raises:
            NotSent: A call was not allowed, or is not recorded.
        """
        if not self.are_several:
            return self._samples[0].score(key, scorer)
        self.check()
        if self._reducer.is_vote:
            return self._voted(key, scorer)
        if scorer.is_awaited:
            # All samples are judged at the same time.
            self.begin_scores({key: scorer})
        return reduce_scores(self._reducer, [sample.score(key, scorer) for sample in self._samples])

    def draw(self, scorers: Scorers) -> bool:
        """Request one more sample, and return whether it meets every threshold of the case.

        Args:
            scorers: The scorers of the thresholds, by key.

        Raises:
            CallError: The call failed.
            Unjudged: It misses no threshold, but a score with a threshold is unscored.
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
        """Make the records of the samples if there are several; wait for their answers."""
        samples = [*self._samples, *self._draws]
        if len(samples) == 1:
            return ()
        return tuple(sample.record() for sample in samples)

    def _sample(
        self,
        number: int,
        answer: Future[Completion],
        ballot: Ballot | None = None,
        is_draw: bool = False,
    ) -> SampleRun:
        request = numbered(self._request, number)
        return SampleRun(self._session, self._plan, self.provider, request, answer, ballot, is_draw)

    def _voted(self, key: ScorerKey, scorer: ReadyScorer) -> Score:
        """Score the answer that wins the vote."""
        number = len(self._samples)
        try:
            vote = called(self._ballot.count, key, scorer)
        except Exception as error:  # a custom scorer may fail to compare answers
            return scorer.unscored(error)
        if vote.winner is None:
            score = scorer.unscored(f"none of {number} answers can be parsed")
            return replace(score, parts=vote_parts(vote, number))
        return add_vote(self._samples[vote.winner].score(key, scorer), vote, number)


def _raise_final(sample: SampleRun) -> None:
    """Raise an error that ends the whole case: any but the failure of a call that was sent."""
    error = sample.error
    if error is None:
        return
    if isinstance(error, NotSent) or not isinstance(error, CallError):
        raise error
