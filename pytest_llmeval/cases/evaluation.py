"""One case on its way through a test: what its fixtures share, and in the end its CaseResult."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timezone
from functools import partial
from typing import TYPE_CHECKING, Any

from pytest_llmeval.assembly.requests import numbered
from pytest_llmeval.cases.plan import Plan
from pytest_llmeval.cases.samples import Samples
from pytest_llmeval.cases.thresholds import scorer_key
from pytest_llmeval.engine.context import call_context
from pytest_llmeval.errors import InputError, Unjudged
from pytest_llmeval.records.call import Completion, Request
from pytest_llmeval.records.case import Case
from pytest_llmeval.records.result import (
    CaseResult,
    Cause,
    Check,
    Outcome,
    Sample,
    check_scores,
)
from pytest_llmeval.records.score import Score
from pytest_llmeval.records.threshold import Threshold

if TYPE_CHECKING:
    from pytest_llmeval.assembly.scorers import ReadyScorer
    from pytest_llmeval.assembly.session import Session
    from pytest_llmeval.protocols import BaseProvider


@dataclass
class CaseEvaluation:
    """The state of one test. Made when a test first touches a fixture of ours, gone when it is reported.

    Attributes:
        session: What all tests share.
        plan: What this test declares.
        completion: The answer that is reported and held to the bounds: the first one.
        decided: The outcome, once the test's body has one.
        why: Which bounds were missed, if any.
        asked: The scores of the test's own answer that it asked for, with their parameters.
        samples: Every answer to the case itself, once it was asked for.
    """

    session: Session
    plan: Plan
    completion: Completion | None = None
    decided: Outcome | None = None
    why: str = ""
    asked: list[tuple[str, Mapping[str, Any]]] = field(default_factory=list)
    samples: Samples | None = None
    _request: Request | None = None
    _provider: BaseProvider | None = None
    _scores: dict[tuple[str, str, str | None, str, bool], Score] = field(default_factory=dict)
    _subjects: dict[int, tuple[Case, Completion]] = field(default_factory=dict)
    _own: Completion | None = None  # what the test was given as the answer to its case
    _of_samples: set[int] = field(default_factory=set)
    _started_at: str = field(
        default_factory=lambda: datetime.now(timezone.utc).isoformat(timespec="milliseconds")
    )

    def generate(self, provider: BaseProvider, prompt: str | None = None) -> Completion:
        """Ask for a completion of the case, or of another prompt in its place.

        Raises:
            CallError: No completion could be had.
            InputError: The prompt cannot be made.
        """
        if prompt is None:
            if self.samples is None or self.samples.provider is not provider:
                self.samples = self._sampled(provider).begin(self.plan.call_context, {})
            answer = self._own = self.samples.first()
        else:
            request = self._asked(provider, prompt)
            with call_context(self.plan.call_context):
                answer = self.session.engine.run(self._answer(provider, request))
        self.completion = self.completion or answer
        return answer

    def all_answers(self, answer: Completion) -> tuple[Completion, ...]:
        """Every answer to the case, in the order of the samples; those that never came are left out.

        Args:
            answer: What the test has as its answer; where we have not asked for it, it is the only
                one.

        Raises:
            NotSent: A call was not allowed, or is not recorded.
        """
        return (answer,) if self.samples is None else self.samples.answers()

    def begin(
        self,
        provider: BaseProvider,
        judged: Iterable[tuple[str, Mapping[str, Any]]],
        is_spare: bool = False,
    ) -> None:
        """Ask for the answer, and for judges' scores of it, before the test needs them.

        Args:
            provider: Who answers.
            judged: Scores that the test will ask for, with their parameters; those of metrics are
                left to the test.
            is_spare: Whether another process may be asked to run the test, so that this one need
                not know the answer.

        Raises:
            InputError: The prompt cannot be made, or there is no such scorer.
        """
        samples = self._sampled(provider)  # first, so that scorers know whom they can ask once more
        self.samples = samples.begin(
            replace(self.plan.call_context, is_spare=is_spare), self._judges(judged)
        )

    def begin_scores(self, judged: Iterable[tuple[str, Mapping[str, Any]]]) -> None:
        """Ask for more scores of the answers that are on their way."""
        if self.samples is not None:
            self.samples.ask(self._judges(judged))

    def wait(self) -> None:
        """Wait until everything that was asked for has ended, well or not."""
        if self.samples is not None:
            self.samples.wait()

    @property
    def is_waiting(self) -> bool:
        """Whether something that was asked for is still on its way."""
        return self.samples is not None and self.samples.is_waiting

    def _sampled(self, provider: BaseProvider) -> Samples:
        """The samples of the case, not asked for yet."""
        request = self._asked(provider)
        answer = partial(self._numbered, provider, request)
        return Samples(self.session, self.plan, provider, answer, self._scorer)

    async def _numbered(self, provider: BaseProvider, request: Request, number: int) -> Completion:
        return await self._answer(provider, numbered(request, number))

    def _judges(self, judged: Iterable[tuple[str, Mapping[str, Any]]]) -> dict[str, ReadyScorer]:
        """Those of the scorers that ask a model, by the key under which the test asks."""
        scorers = {
            scorer_key(name, dict(params)): self._scorer(name, params) for name, params in judged
        }
        return {key: scorer for key, scorer in scorers.items() if scorer.is_awaited}

    def _scorer(self, name: str, params: Mapping[str, Any]) -> ReadyScorer:
        """The scorer; one that asks the system under test again can."""
        ready = self.session.scorer(name, params, self.plan.settings)
        if self._provider is None:
            return ready
        return replace(ready, scorer=ready.scorer.with_respondent(self._respond))

    async def _respond(self, case: Case) -> Completion:
        """What the test's provider answers about another case.

        Raises:
            CallError: No completion could be had.
            InputError: The prompt cannot be made, or nobody answers this test.
        """
        if self._provider is None:
            raise InputError(
                f"{self.plan.nodeid}: nobody has been asked, so nobody can be asked again"
            )
        return await self._answer(
            self._provider, self.session.request(self._provider, case, self.plan.settings)
        )

    def _asked(self, provider: BaseProvider, prompt: str | None = None) -> Request:
        """The request; the first one is that of the result."""
        from pytest_llmeval.goldens.prompting import messages_for

        case = (
            self.plan.case
            if prompt is None
            else replace(self.plan.case, prompt=prompt, messages=())
        )
        request = self.session.request(provider, case, self.plan.settings)
        if (
            self._request is None
        ):  # a plain function sees the case alone: no prompt of ours is said to have been sent
            self._request = (
                request if provider.sees_messages else Request(messages_for(case, None, None))
            )
            self._provider = provider
        return request

    async def _answer(self, provider: BaseProvider, request: Request) -> Completion:
        from pytest_llmeval.providers.extraction import extract_answer

        answer, pattern = (
            await self.session.engine.answer(provider, request),
            self.plan.settings.answer_pattern,
        )
        return extract_answer(answer, pattern) if pattern else answer

    def score(
        self,
        name: str,
        answer: Completion | str,
        params: Mapping[str, Any] | None = None,
        case: Case | None = None,
    ) -> Score:
        """Score an answer; the same question to the same scorer is asked once.

        Args:
            name: Metric or judge.
            answer: A completion, or plain text from anywhere.
            params: Parameters of the scorer.
            case: What the answer is an answer to; by default the test's case.

        Raises:
            InputError: There is no such scorer, or none is configured.
        """
        case = case or self.plan.case
        completion = (
            answer
            if isinstance(answer, Completion)
            else Completion(answer, endpoint="test", cost_usd=0.0)
        )
        self.completion = self.completion or completion
        params = params or {}
        samples = (
            self.samples
            if (case.prompt, case.expected) == (self.plan.case.prompt, self.plan.case.expected)
            else None
        )
        if (
            samples is not None
            and (alone := samples.score_of(completion, name, params)) is not None
        ):
            self._note(name, params)
            self._subjects[id(alone)] = (case, completion)
            return alone
        own = (
            samples if completion is self._own else None
        )  # then the scores of all samples are asked for together
        is_reduced = own is not None and own.are_several
        key = (
            scorer_key(name, dict(params)),
            case.prompt,
            case.expected,
            completion.text,
            is_reduced,
        )
        if key not in self._scores:
            score = (
                own.score(name, params) if own else self._score_now(name, params, case, completion)
            )
            self._of_samples |= {id(score)} if own else set()
            self._scores[key] = score
            self._subjects[id(score)] = (case, completion)
            if case is self.plan.case and completion is self.completion:
                self._note(name, params)
        return self._scores[key]

    def _note(self, name: str, params: Mapping[str, Any]) -> None:
        """Note what the test asks of its own answer: the next cases of its function will ask the same."""
        if (name, params) not in self.asked:
            self.asked.append((name, params))

    def is_of_samples(self, score: Score) -> bool:
        """Whether a score is that of the answer to the case, so that further samples tell more of it."""
        return id(score) in self._of_samples

    def _score_now(
        self, name: str, params: Mapping[str, Any], case: Case, completion: Completion
    ) -> Score:
        scorer = self._scorer(name, params)
        with call_context(replace(self.plan.call_context, purpose=scorer.name)):
            return self.session.score(scorer, case, completion)

    def subject(self, score: Score) -> tuple[Case, Completion | None]:
        """What a score of this test is about; for any other score, the test's own case and answer."""
        return self._subjects.get(id(score), (self.plan.case, self.completion))

    def misses(self) -> list[tuple[Threshold, Score]]:
        """Take every declared score that the test has not taken, and list the bounds that are not kept.

        Raises:
            Unjudged: No bound is missed, but a score with a bound is unscored.
            NotSent: A sample was not allowed, or is not recorded.
            InputError: The test made no answer to score, or nothing is set that could give a
                declared score.
        """
        if self.samples is not None and self._own is not None:
            self.samples.check()
        for name, params in self.plan.metrics:
            self._taken(name, params, required=True)
        pairs = [
            (threshold, score)
            for threshold in self.plan.thresholds
            for score in self._taken(
                threshold.metric, threshold.params, required=self._is_due(threshold)
            )
        ]
        missed = [(threshold, score) for threshold, score in pairs if score.value is not None]
        missed = [
            (threshold, score) for threshold, score in missed if not threshold.is_met_by(score)
        ]
        unscored = next((score for _, score in pairs if score.value is None), None)
        if unscored is not None and not missed:
            raise Unjudged(unscored.name, unscored.error)
        return missed

    def result(
        self, outcome: Outcome, cause: Cause, message: str, duration_s: float, worker: str
    ) -> CaseResult:
        """The record of this test, as far as it has come."""
        samples = self.recorded_samples()
        kept_there = self._of_samples if samples else ()  # each call stands in a result once
        return CaseResult(
            suite=self.plan.suite,
            case=self.plan.case,
            nodeid=self.plan.nodeid,
            outcome=outcome,
            request=self._request and replace(self._request, case=None),
            completion=self.completion,
            scores=tuple(
                replace(score, calls=()) if id(score) in kept_there else score
                for score in self._scores.values()
            ),
            checks=self._checks(),
            cause=cause,
            message=message,
            started_at=self._started_at,
            duration_s=duration_s,
            worker=worker,
            samples=samples,
        )

    def recorded_samples(self) -> tuple[Sample, ...]:
        """Every sample of the answer, where there are several; none before the test has its answer."""
        return self.samples.records() if self.samples is not None and self._own is not None else ()

    def _checks(self) -> tuple[Check, ...]:
        """What became of each threshold, by the scores that were taken."""
        keys = [key for key, *_ in self._scores]
        taken = list(zip(keys, enumerate(self._scores.values()), strict=True))
        return tuple(
            check_scores(
                threshold,
                [score for key, score in taken if key == _key_of(threshold)],
            )
            for threshold in self.plan.thresholds
        )

    def _by_key(self, wanted: str) -> list[Score]:
        return [score for (key, *_), score in self._scores.items() if key == wanted]

    def _is_due(self, threshold: Threshold) -> bool:
        """Whether the score of a bound is taken where the body has not taken it.

        A bound on all cases of a run does not concern a test that has no golden case, or makes no
        answer.
        """
        if threshold.origin in ("row", "marker"):
            return True
        return self.plan.is_golden and self.completion is not None

    def _taken(self, name: str, params: Mapping[str, Any], required: bool) -> list[Score]:
        """The scores of this name that the body took, and that of a golden case's own answer.

        The answer of a golden case is scored even if the body has scored another text: a bound is
        on the answer.
        """
        wanted = scorer_key(name, dict(params))
        if (
            required
            and self.completion is not None
            and (self.plan.is_golden or not self._by_key(wanted))
        ):
            self.score(name, self.completion, params)
        taken = self._by_key(wanted)
        if taken or not required:
            return taken
        raise InputError(
            f"{self.plan.nodeid}: {name} has a threshold, but the test made no answer to score. "
            "Request the fixture llm_completion, or score your own text with llm_judge or llm_metric."
        )


def _key_of(threshold: Threshold) -> str:
    """The scorer that a threshold is about."""
    return scorer_key(threshold.metric, dict(threshold.params))
