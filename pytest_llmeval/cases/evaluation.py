"""The evaluation of one case: its answer, its scores, and the decision by its thresholds.

A test takes scores one by one, so its fixtures share one `CaseEvaluation`. A case without a test is
evaluated by `evaluate_case`, which uses the same object.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import KW_ONLY, dataclass, field, fields, replace
from typing import TYPE_CHECKING, Any

from pytest_llmeval.cases.basis import basis_of, sampling_basis
from pytest_llmeval.cases.must_pass import is_broken
from pytest_llmeval.cases.plan import Plan, Wanted
from pytest_llmeval.cases.sample import answer_request
from pytest_llmeval.cases.samples import SampleAnswer, Samples
from pytest_llmeval.engine.context import call_context
from pytest_llmeval.engine.keys import lasting_key
from pytest_llmeval.errors import InputError
from pytest_llmeval.records.call import Completion, Request
from pytest_llmeval.records.case import Case
from pytest_llmeval.records.result import CaseResult, Check, Outcome, Sample, check_scores
from pytest_llmeval.records.score import Score
from pytest_llmeval.records.scorer import ScorerKey
from pytest_llmeval.records.threshold import Threshold
from pytest_llmeval.summary.outcome import Conclusion, conclude, missed_by
from pytest_llmeval.text import timestamp

if TYPE_CHECKING:
    from pytest_llmeval.assembly.scorers import ReadyScorer
    from pytest_llmeval.assembly.session import Session
    from pytest_llmeval.protocols import BaseProvider


_Subject = tuple[ScorerKey, str, "str | None", str, bool]
"""The subject of a score: scorer, prompt, expected answer, answer, and whether it is reduced."""


@dataclass(frozen=True, eq=False)
class TakenScore(Score):
    """A score that a test has taken, with the answer that it is about.

    Attributes:
        key: The key of its scorer.
        case: The case of the answer.
        completion: The answer.
        is_of_samples: Whether it is the score of the answer to the case, reduced over its samples.
    """

    _: KW_ONLY
    key: ScorerKey = field(repr=False)
    case: Case = field(repr=False)
    completion: Completion = field(repr=False)
    is_of_samples: bool = field(default=False, repr=False)

    def plain(self) -> Score:
        """Return the score as a record."""
        return Score(**{row.name: getattr(self, row.name) for row in fields(Score)})


@dataclass
class CaseEvaluation:
    """The state of one test, from the first fixture that needs it to the report of the test.

    Attributes:
        session: The session that all tests share.
        plan: The plan of this test.
        completion: The first answer, which is reported and compared with the thresholds.
        decided: The outcome; ``None`` until the test has one.
        conclusion: The decision by the thresholds; ``None`` until there is one.
        taken: The scores that the body took of the answer to the case, with their parameters.
        samples: Every answer to the case; ``None`` until they are requested.
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
    _sent: Request | None = None  # the first request of the case itself
    _answer: Completion | None = None  # the answer to the case, as the test received it
    _scores: dict[_Subject, TakenScore] = field(default_factory=dict)
    _started_at: str = field(default_factory=timestamp)

    def generate(self, provider: BaseProvider, prompt: str | None = None) -> Completion:
        """Get a completion of the case, or of another prompt.

        Raises:
            CallError: The call failed.
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
        """Return every answer to the case, in the order of the samples, without failed ones.

        Args:
            answer: The only answer, where the test has made it itself.

        Raises:
            NotSent: A call was not allowed, or is not recorded.
        """
        if self.samples is None:
            return (answer,)
        return self.samples.answers()

    def begin(
        self, provider: BaseProvider, wanted: Iterable[Wanted], is_spare: bool = False
    ) -> None:
        """Request the answer and the scores of its judges before the test needs them.

        Args:
            provider: The provider that answers.
            wanted: Scores that the test will take, with their parameters; metrics are skipped.
            is_spare: Whether another process may run the test and need the answer.

        Raises:
            InputError: The prompt cannot be made, or there is no such scorer.
        """
        # The samples come first: a scorer may send further requests to this provider.
        samples = self._new_samples(provider)
        samples.begin(replace(self.plan.call_context, is_spare=is_spare), self._judges(wanted))
        self.samples = samples

    def begin_scores(self, wanted: Iterable[Wanted]) -> None:
        """Request more scores of the requested answers."""
        if self.samples is not None:
            self.samples.begin_scores(self._judges(wanted))

    def wait(self) -> None:
        """Wait until every requested call has ended."""
        if self.samples is not None:
            self.samples.wait()

    @property
    def is_waiting(self) -> bool:
        """Whether a requested call has not ended yet."""
        return self.samples is not None and self.samples.is_waiting

    def score(
        self,
        name: str,
        answer: Completion | str,
        params: Mapping[str, Any] | None = None,
        case: Case | None = None,
    ) -> TakenScore:
        """Score an answer; a scorer scores the same answer once.

        Args:
            name: Metric or judge.
            answer: A completion, or any text.
            params: Parameters of the scorer.
            case: The case of the answer; by default the case of the test.

        Raises:
            InputError: There is no such scorer, or none is configured.
        """
        params = params or {}
        subject = case or self.plan.case
        if isinstance(answer, str):
            answer = Completion(answer, endpoint="test", cost_usd=0.0)
        key = ScorerKey.of(name, params)
        question = (subject.prompt, subject.expected)
        is_about_case = question == (self.plan.case.prompt, self.plan.case.expected)
        samples = self.samples if is_about_case else None
        sample = samples.sample_of(answer) if samples is not None else None
        if sample is not None and sample.answer is not None:
            self.completion = self.completion or sample.answer
            self._note(name, params)
            score = sample.score(key, self._scorer(name, params))
            return _take(score, key, subject, sample.answer)
        if isinstance(answer, SampleAnswer):
            # The answer belongs to another case, or the test has changed it.
            answer = answer.completion()
        self.completion = self.completion or answer
        if answer != self._answer:
            samples = None
        is_reduced = samples is not None and samples.are_several
        identity = (key, *question, answer.text, is_reduced)
        if identity not in self._scores:
            scorer = self._scorer(name, params)
            if samples is not None:
                score = samples.score(key, scorer)
            else:
                score = self._score_now(scorer, subject, answer)
            self._scores[identity] = _take(score, key, subject, answer, samples is not None)
            if case is None and answer == self.completion:
                self._note(name, params)
        return self._scores[identity]

    def conclude(self) -> Conclusion:
        """Take the declared scores that the test has not taken, and decide by the thresholds.

        Raises:
            Unjudged: No threshold is missed, but a score with one is unscored.
            Undecided: A case that must pass misses a threshold, and further samples are
                inconclusive.
            NotSent: A sample was not allowed, or is not recorded.
            InputError: The test made no answer to score, or a declared score has no scorer.
        """
        held = self._held()
        missed = missed_by(held)
        if missed and self._is_flaky(missed):
            self.conclusion = Conclusion()
        else:
            self.conclusion = conclude(self.plan.case, held, self.recorded_samples())
        if self.conclusion.error is not None:
            raise self.conclusion.error
        return self.conclusion

    def result(self, conclusion: Conclusion, duration_s: float, worker: str) -> CaseResult:
        """Make the record of this test, complete or not."""
        samples = self.recorded_samples()
        scores: list[Score] = []
        for taken in self._scores.values():
            score = taken.plain()
            if samples and taken.is_of_samples:
                # The samples hold these calls, and a result lists a call once.
                score = replace(score, calls=())
            scores.append(score)
        request_key, basis = self._identity()
        result = CaseResult(
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
            request_key=request_key,
            basis=basis,
        )
        return self.session.secrets.hide_in(result)

    def _identity(self) -> tuple[str, Mapping[str, str]]:
        """Return what a later run compares with: the key of the request, and its basis."""
        if self._request is None:
            return "", {}
        if self._sent is None or self._provider is None:
            return "", sampling_basis(self.plan)
        basis = basis_of(self.session, self.plan, self._provider, self._sent)
        return lasting_key(self._provider, self._sent), basis

    def recorded_samples(self) -> tuple[Sample, ...]:
        """Return every sample if there are several; none before the test has its answer."""
        if self.samples is None or self._answer is None:
            return ()
        return self.samples.records()

    def _new_samples(self, provider: BaseProvider) -> Samples:
        """Make the samples of the case without requesting them."""
        return Samples(self.session, self.plan, provider, self._request_of(provider))

    def _request_of(self, provider: BaseProvider, prompt: str | None = None) -> Request:
        """Make a request for the case or for another prompt; the result shows the first one."""
        case = self.plan.case
        if prompt is not None:
            case = replace(case, prompt=prompt, messages=())
        request = self.session.request(provider, case, self.plan.settings)
        if self._request is None:
            self._request = _shown_request(provider, case, request)
            self._provider = provider
            self._sent = request if prompt is None else None
        return request

    def _scorer(self, name: str, params: Mapping[str, Any]) -> ReadyScorer:
        """Make a scorer that can call the system under test again."""
        ready = self.session.scorer(name, params, self.plan.settings)
        if self._provider is None:
            return ready
        respondent = _Respondent(self.session, self.plan, self._provider)
        return replace(ready, scorer=ready.scorer.with_respondent(respondent.respond))

    def _judges(self, wanted: Iterable[Wanted]) -> dict[ScorerKey, ReadyScorer]:
        """Make those of the scorers that call a model, by their keys."""
        scorers = {ScorerKey.of(name, params): (name, params) for name, params in wanted}
        ready = {key: self._scorer(*pair) for key, pair in scorers.items()}
        return {key: scorer for key, scorer in ready.items() if scorer.is_awaited}

    def _score_now(self, scorer: ReadyScorer, case: Case, answer: Completion) -> Score:
        with call_context(replace(self.plan.call_context, purpose=scorer.name)):
            return self.session.score(scorer, case, answer)

    def _note(self, name: str, params: Mapping[str, Any]) -> None:
        """Note a score that the body took: the next cases of its function will take it, too."""
        if (name, params) not in self.taken:
            self.taken.append((name, params))

    def _held(self) -> list[tuple[Threshold, TakenScore]]:
        """Pair every threshold with the scores that it applies to; take missing scores."""
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

    def _is_flaky(self, missed: Iterable[tuple[Threshold, Score]]) -> bool:
        """Return whether a case that must pass misses a threshold by chance only."""
        thresholds: list[Threshold] = []
        for threshold, score in missed:
            if not isinstance(score, TakenScore) or not score.is_of_samples:
                # The test scored another answer, which has no samples.
                return False
            thresholds.append(threshold)
        if self.samples is None or not self.plan.case.must_pass:
            return False
        scorers = {
            threshold.scorer: self._scorer(threshold.metric, threshold.params)
            for threshold in self.plan.thresholds
        }
        return not is_broken(self.plan, self.samples, scorers, thresholds)

    def _checks(self) -> tuple[Check, ...]:
        """Make the check of each threshold from the scores that were taken."""
        checks: list[Check] = []
        for threshold in self.plan.thresholds:
            key = threshold.scorer
            taken = [
                (index, score)
                for index, score in enumerate(self._scores.values())
                if score.key == key
            ]
            checks.append(check_scores(threshold, taken))
        return tuple(checks)

    def _is_due(self, threshold: Threshold) -> bool:
        """Return whether a threshold needs a score that the body has not taken."""
        # A threshold on all cases of a run skips tests without a golden case or an answer.
        if threshold.origin in ("row", "marker"):
            return True
        return self.plan.is_golden and self.completion is not None

    def _declared(self, name: str, params: Mapping[str, Any], is_due: bool) -> list[TakenScore]:
        """Return the scores of this name, after scoring the answer of a golden case."""
        # A threshold is on the answer, so it is scored even if the body scored another text.
        key = ScorerKey.of(name, params)
        is_taken = any(score.key == key for score in self._scores.values())
        if is_due and self.completion is not None and (self.plan.is_golden or not is_taken):
            self.score(name, self.completion, params)
        taken = [score for score in self._scores.values() if score.key == key]
        if taken or not is_due:
            return taken
        raise InputError(
            f"{self.plan.nodeid}: {name} has a threshold, but the test made no answer to score. "
            "Request the fixture llm_completion, or score your own text with llm_judge or "
            "llm_metric."
        )


@dataclass(frozen=True)
class _Respondent:
    """The system under test, for scorers that call it with further cases."""

    session: Session
    plan: Plan
    provider: BaseProvider

    async def respond(self, case: Case) -> Completion:
        """Answer another case."""
        request = self.session.request(self.provider, case, self.plan.settings)
        return await answer_request(self.session, self.plan, self.provider, request)


def _take(
    score: Score, key: ScorerKey, case: Case, completion: Completion, is_of_samples: bool = False
) -> TakenScore:
    values = {row.name: getattr(score, row.name) for row in fields(Score)}
    return TakenScore(
        **values, key=key, case=case, completion=completion, is_of_samples=is_of_samples
    )


def _shown_request(provider: BaseProvider, case: Case, request: Request) -> Request:
    """Return the request that the result shows: a plain function never sees the prompt."""
    from pytest_llmeval.goldens.prompting import messages_for

    if provider.sees_messages:
        return request
    return Request(messages_for(case, None, None))
