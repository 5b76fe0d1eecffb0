"""The evaluation of one case: its answer, its scores, and how its thresholds decide it.

A test takes scores one by one, so its fixtures share one `CaseEvaluation`. A case without a test is
evaluated by `evaluate_case`, which uses the same object.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import KW_ONLY, dataclass, field, fields, replace
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from pytest_llmeval.cases.must_pass import is_broken
from pytest_llmeval.cases.plan import Plan, Wanted
from pytest_llmeval.cases.sample import answer_request
from pytest_llmeval.cases.samples import SampleAnswer, Samples
from pytest_llmeval.cases.thresholds import scorer_key
from pytest_llmeval.engine.context import call_context
from pytest_llmeval.errors import InputError
from pytest_llmeval.records.call import Completion, Request
from pytest_llmeval.records.case import Case
from pytest_llmeval.records.result import CaseResult, Check, Outcome, Sample, check_scores
from pytest_llmeval.records.score import Score
from pytest_llmeval.records.threshold import Threshold
from pytest_llmeval.summary.outcome import Conclusion, conclude, missed_by

if TYPE_CHECKING:
    from pytest_llmeval.assembly.scorers import ReadyScorer
    from pytest_llmeval.assembly.session import Session
    from pytest_llmeval.protocols import BaseProvider


@dataclass(frozen=True, eq=False)
class TakenScore(Score):
    """A score that a test has taken. It knows what it is about.

    Attributes:
        key: The key of its scorer.
        case: What the answer is an answer to.
        completion: The answer.
        is_of_samples: Whether it is the score of the case's own answer, reduced over its samples.
    """

    _: KW_ONLY
    key: str = field(repr=False)
    case: Case = field(repr=False)
    completion: Completion = field(repr=False)
    is_of_samples: bool = field(default=False, repr=False)

    def plain(self) -> Score:
        """The score as a record."""
        return Score(**{row.name: getattr(self, row.name) for row in fields(Score)})


@dataclass
class CaseEvaluation:
    """The state of one test, from the first fixture that needs it to the report of the test.

    Attributes:
        session: What all tests share.
        plan: What this test declares.
        completion: The answer that is reported and held against the thresholds: the first one.
        decided: The outcome, once the test has one.
        conclusion: How its thresholds decided it, once they have.
        taken: The scores of the test's own answer that its body took, with their parameters.
        samples: Every answer to the case itself, once it was requested.
    """

    session: Session
    plan: Plan
    completion: Completion | None = None
    decided: Outcome | None = None
    conclusion: Conclusion | None = None
    taken: list[Wanted] = field(default_factory=list)
    samples: Samples | None = None
    _request: Request | None = None
    _provider: BaseProvider | None = None
    _answer: Completion | None = None  # what the test was given as the answer to its case
    _scores: dict[tuple[str, str, str | None, str, bool], TakenScore] = field(default_factory=dict)
    _started_at: str = field(
        default_factory=lambda: datetime.now(timezone.utc).isoformat(timespec="milliseconds")
    )

    def generate(self, provider: BaseProvider, prompt: str | None = None) -> Completion:
        """Get a completion of the case, or of another prompt in its place.

        Raises:
            CallError: No completion could be had.
            InputError: The prompt cannot be made.
        """
        if prompt is None:
            if self.samples is None or self.samples.provider != provider:
                self.samples = self._new_samples(provider)
                self.samples.begin(self.plan.call_context, {})
            answer = self._answer = self.samples.first()
        else:
            request = self._request_of(provider, prompt)
            with call_context(self.plan.call_context):
                answer = self.session.engine.run(
                    answer_request(self.session, self.plan, provider, request)
                )
        self.completion = self.completion or answer
        return answer

    def all_answers(self, answer: Completion) -> tuple[Completion, ...]:
        """Every answer to the case, in the order of the samples, without those that never came.

        Args:
            answer: The only one, where the test has made it itself.

        Raises:
            NotSent: A call was not allowed, or is not recorded.
        """
        return (answer,) if self.samples is None else self.samples.answers()

    def begin(
        self, provider: BaseProvider, wanted: Iterable[Wanted], is_spare: bool = False
    ) -> None:
        """Request the answer, and judges' scores of it, before the test needs them.

        Args:
            provider: Who answers.
            wanted: Scores that the test will take, with their parameters. Those of metrics are left
                to the test.
            is_spare: Whether another process may run the test, so that this one need not know the
                answer.

        Raises:
            InputError: The prompt cannot be made, or there is no such scorer.
        """
        samples = self._new_samples(provider)  # first: a scorer may ask this provider once more
        samples.begin(replace(self.plan.call_context, is_spare=is_spare), self._judges(wanted))
        self.samples = samples

    def begin_scores(self, wanted: Iterable[Wanted]) -> None:
        """Request more scores of the answers that are on their way."""
        if self.samples is not None:
            self.samples.begin_scores(self._judges(wanted))

    def wait(self) -> None:
        """Wait until everything that was requested has ended, well or not."""
        if self.samples is not None:
            self.samples.wait()

    @property
    def is_waiting(self) -> bool:
        """Whether something that was requested is still on its way."""
        return self.samples is not None and self.samples.is_waiting

    def score(
        self,
        name: str,
        answer: Completion | str,
        params: Mapping[str, Any] | None = None,
        case: Case | None = None,
    ) -> TakenScore:
        """Score an answer; the same scorer judges the same answer once.

        Args:
            name: Metric or judge.
            answer: A completion, or plain text from anywhere.
            params: Parameters of the scorer.
            case: What the answer is an answer to; by default the test's case.

        Raises:
            InputError: There is no such scorer, or none is configured.
        """
        params = params or {}
        subject = case or self.plan.case
        if isinstance(answer, str):
            answer = Completion(answer, endpoint="test", cost_usd=0.0)
        key = scorer_key(name, dict(params))
        asked = (subject.prompt, subject.expected)
        is_about_case = asked == (self.plan.case.prompt, self.plan.case.expected)
        samples = self.samples if is_about_case else None
        sample = samples.sample_of(answer) if samples is not None else None
        if sample is not None and sample.answer is not None:
            self.completion = self.completion or sample.answer
            self._note(name, params)
            score = sample.score(key, self._scorer(name, params))
            return _taken(score, key, subject, sample.answer)
        if isinstance(answer, SampleAnswer):
            answer = answer.completion()  # of another case, or changed by the test
        self.completion = self.completion or answer
        if answer != self._answer:
            samples = None
        is_reduced = samples is not None and samples.are_several
        place = (key, *asked, answer.text, is_reduced)
        if place not in self._scores:
            scorer = self._scorer(name, params)
            if samples is not None:
                score = samples.score(key, scorer)
            else:
                score = self._score_now(scorer, subject, answer)
            self._scores[place] = _taken(score, key, subject, answer, samples is not None)
            if case is None and answer == self.completion:
                self._note(name, params)
        return self._scores[place]

    def conclude(self) -> Conclusion:
        """Take every declared score that the test has not taken, and decide by the thresholds.

        Raises:
            Unjudged: No threshold is missed, but a score with one is unscored.
            Undecided: A case that must pass misses one, and further samples decide nothing.
            NotSent: A sample was not allowed, or is not recorded.
            InputError: The test made no answer to score, or nothing is set that could give a
                declared score.
        """
        held = self._held()
        missed = missed_by(held)
        if missed and self._flickers(missed):
            self.conclusion = Conclusion()
        else:
            self.conclusion = conclude(self.plan.case, held, self.recorded_samples())
        if self.conclusion.error is not None:
            raise self.conclusion.error
        return self.conclusion

    def result(self, conclusion: Conclusion, duration_s: float, worker: str) -> CaseResult:
        """The record of this test, as far as it has come."""
        samples = self.recorded_samples()
        scores: list[Score] = []
        for taken in self._scores.values():
            score = taken.plain()
            if samples and taken.is_of_samples:
                score = replace(score, calls=())  # each call stands in a result once
            scores.append(score)
        return CaseResult(
            suite=self.plan.suite,
            case=self.plan.case,
            nodeid=self.plan.nodeid,
            outcome=conclusion.outcome,
            request=self._request and replace(self._request, case=None),
            completion=self.completion,
            scores=tuple(scores),
            checks=self._checks(),
            cause=conclusion.cause,
            message=conclusion.message,
            started_at=self._started_at,
            duration_s=duration_s,
            worker=worker,
            samples=samples,
        )

    def recorded_samples(self) -> tuple[Sample, ...]:
        """Every sample of the answer, where there are several; none before the test has its answer."""
        if self.samples is None or self._answer is None:
            return ()
        return self.samples.records()

    def _new_samples(self, provider: BaseProvider) -> Samples:
        """The samples of the case, not requested yet."""
        return Samples(self.session, self.plan, provider, self._request_of(provider))

    def _request_of(self, provider: BaseProvider, prompt: str | None = None) -> Request:
        """The request for the case, or for another prompt; the first one is that of the result."""
        case = self.plan.case
        if prompt is not None:
            case = replace(case, prompt=prompt, messages=())
        request = self.session.request(provider, case, self.plan.settings)
        if self._request is None:
            self._request = _shown_request(provider, case, request)
            self._provider = provider
        return request

    def _scorer(self, name: str, params: Mapping[str, Any]) -> ReadyScorer:
        """The scorer; one that asks the system under test again gets a way to do it."""
        ready = self.session.scorer(name, params, self.plan.settings)
        if self._provider is None:
            return ready
        respondent = _Respondent(self.session, self.plan, self._provider)
        return replace(ready, scorer=ready.scorer.with_respondent(respondent.respond))

    def _judges(self, wanted: Iterable[Wanted]) -> dict[str, ReadyScorer]:
        """Those of the scorers that ask a model, by their keys."""
        scorers = {scorer_key(name, dict(params)): (name, params) for name, params in wanted}
        ready = {key: self._scorer(*pair) for key, pair in scorers.items()}
        return {key: scorer for key, scorer in ready.items() if scorer.is_awaited}

    def _score_now(self, scorer: ReadyScorer, case: Case, answer: Completion) -> Score:
        with call_context(replace(self.plan.call_context, purpose=scorer.name)):
            return self.session.score(scorer, case, answer)

    def _note(self, name: str, params: Mapping[str, Any]) -> None:
        """Note a score of the test's own answer: the next cases of its function will take it, too."""
        if (name, params) not in self.taken:
            self.taken.append((name, params))

    def _held(self) -> list[tuple[Threshold, TakenScore]]:
        """Every threshold with each score that it is held against; what is missing is taken."""
        if self.samples is not None and self._answer is not None:
            self.samples.check()
        for name, params in self.plan.metrics:
            self._declared(name, params, is_due=True)
        held: list[tuple[Threshold, TakenScore]] = []
        for threshold in self.plan.thresholds:
            is_due = self._is_due(threshold)
            for score in self._declared(threshold.metric, threshold.params, is_due):
                held.append((threshold, score))
        return held

    def _flickers(self, missed: Iterable[tuple[Threshold, Score]]) -> bool:
        """Whether a case that must pass misses a threshold, and further samples find it fine."""
        thresholds: list[Threshold] = []
        for threshold, score in missed:
            if not isinstance(score, TakenScore) or not score.is_of_samples:
                return False  # the test scored another answer, of which there are no samples
            thresholds.append(threshold)
        if self.samples is None or not self.plan.case.must_pass:
            return False
        scorers = {
            _key_of(threshold): self._scorer(threshold.metric, threshold.params)
            for threshold in self.plan.thresholds
        }
        return not is_broken(self.plan, self.samples, scorers, thresholds)

    def _checks(self) -> tuple[Check, ...]:
        """What became of each threshold, by the scores that were taken."""
        checks: list[Check] = []
        for threshold in self.plan.thresholds:
            key = _key_of(threshold)
            taken = [
                (index, score)
                for index, score in enumerate(self._scores.values())
                if score.key == key
            ]
            checks.append(check_scores(threshold, taken))
        return tuple(checks)

    def _is_due(self, threshold: Threshold) -> bool:
        """Whether the score of a threshold is taken where the body has not taken it.

        A threshold on all cases of a run does not concern a test that has no golden case, or makes
        no answer.
        """
        if threshold.origin in ("row", "marker"):
            return True
        return self.plan.is_golden and self.completion is not None

    def _declared(self, name: str, params: Mapping[str, Any], is_due: bool) -> list[TakenScore]:
        """The scores of this name that the body took, and that of a golden case's own answer.

        The answer of a golden case is scored even if the body has scored another text: a threshold
        is on the answer.
        """
        key = scorer_key(name, dict(params))
        is_taken = any(score.key == key for score in self._scores.values())
        if is_due and self.completion is not None and (self.plan.is_golden or not is_taken):
            self.score(name, self.completion, params)
        taken = [score for score in self._scores.values() if score.key == key]
        if taken or not is_due:
            return taken
        raise InputError(
            f"{self.plan.nodeid}: {name} has a threshold, but the test made no answer to score. "
            "Request the fixture llm_completion, or score your own text with llm_judge or llm_metric."
        )


@dataclass(frozen=True)
class _Respondent:
    """The system under test, for scorers that ask it about further cases."""

    session: Session
    plan: Plan
    provider: BaseProvider

    async def respond(self, case: Case) -> Completion:
        """Answer another case.

        Raises:
            CallError: No completion could be had.
            InputError: The prompt cannot be made.
        """
        request = self.session.request(self.provider, case, self.plan.settings)
        return await answer_request(self.session, self.plan, self.provider, request)


def _taken(
    score: Score, key: str, case: Case, completion: Completion, is_of_samples: bool = False
) -> TakenScore:
    values = {row.name: getattr(score, row.name) for row in fields(Score)}
    return TakenScore(
        **values, key=key, case=case, completion=completion, is_of_samples=is_of_samples
    )


def _shown_request(provider: BaseProvider, case: Case, request: Request) -> Request:
    """The request of the result. A plain function sees the case alone, and no prompt of ours."""
    from pytest_llmeval.goldens.prompting import messages_for

    return request if provider.sees_messages else Request(messages_for(case, None, None))


def _key_of(threshold: Threshold) -> str:
    """The key of the scorer that a threshold is about."""
    return scorer_key(threshold.metric, dict(threshold.params))
