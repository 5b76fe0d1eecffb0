"""The judge ``pairwise``: is the answer better than an opponent's?

The question is asked in both orders. Where the endpoint sends logprobs, the preference is weighed
by probability in each order and averaged over both (Wang et al., arXiv 2503.03064). Otherwise a
disagreement of the orders is a tie (MT-bench, arXiv 2306.05685, on the position bias of judges).
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, ClassVar

from pytest_llmeval.errors import CallError, CallRefused, LLMEvalError, NotConfiguredError
from pytest_llmeval.judges import prompting, replies
from pytest_llmeval.judges.base import Judge
from pytest_llmeval.judges.dialogue import RETRY, Judgement, Question, ask
from pytest_llmeval.judges.preference import WINNERS, Preference, preference
from pytest_llmeval.judges.prompting import Block, in_blocks, render
from pytest_llmeval.judges.replies import parse_winner
from pytest_llmeval.judges.rubric import make_rubric
from pytest_llmeval.judges.rubrics import Rubric
from pytest_llmeval.judges.setup import JudgeSetup, Kind, Opponent
from pytest_llmeval.records.call import Completion, Parameters
from pytest_llmeval.records.case import Case, Message
from pytest_llmeval.records.score import POSITION_BIAS, UNIT_SCALE, Score
from pytest_llmeval.stats.pairwise import TIE, averaged, combined, position_bias

_PAIRWISE = "pairwise"
_SYSTEM = "pairwise_system.jinja"
_SHAPE = '{"reason": "at most 12 words", "winner": "A" or "B" or "tie"}'
_SCHEMA = replies.choice_schema("winner", WINNERS)
_TASK = "Which answer is better by the criterion, A or B?"
_WINNER_BY_ORDER = {"A": ("ours", "theirs"), "B": ("theirs", "ours"), "tie": ("tie", "tie")}
"""Winner by reply, when our answer stands first and when it stands second."""
_NO_OPPONENT = (
    "pairwise: no opponent is set; allowed: --llm-judge-against column:NAME, "
    "run:ID (or run:latest) or model:NAME"
)


@dataclass(frozen=True)
class _Choice:
    """The choice of a judge in one order.

    Attributes:
        reason: The reason of the judge.
        winner: ``A``, ``B`` or ``tie``.
        preference: The preference by probability, if it is known.
    """

    reason: str
    winner: str
    preference: Preference


@dataclass(frozen=True)
class _PairwiseJudge(Judge):
    """Asks a model which of two answers is better: 1 is ours, 0 the opponent's, 0.5 neither.

    With logprobs of the endpoint the score lies between them.

    Attributes:
        rubric: The criterion. Its anchors are not shown.
        opponent: Source of the answers to compare with.
    """

    rubric: Rubric
    opponent: Opponent
    protocol: ClassVar[int] = 2

    @property
    def kind(self) -> str:
        """Always ``pairwise``."""
        return _PAIRWISE

    @property
    def prompt_files(self) -> tuple[str, ...]:
        """The system message, the blocks of texts, and the retry message."""
        return (_SYSTEM, *prompting.FILES, RETRY)

    def ingredients(self) -> dict[str, object]:
        """Return criterion, opponent and form of the reply."""
        return {
            **super().ingredients(),
            "criteria": self.rubric.criteria,
            "opponent": self.opponent.name,
            "rates": self.setup.rates,
        }

    @cached_property
    def parameters(self) -> Parameters:
        """Sampling parameters of a call, with logprobs."""
        return self.setup.parameters(_SCHEMA, logprobs=True)

    def prompt(self, case: Case, first: str, second: str) -> tuple[Message, ...]:
        """Return the messages of the first attempt, a pure function of texts and data files."""
        is_known = case.expected is not None
        system = render(
            _SYSTEM,
            rubric=self.rubric,
            reference=is_known,
            rules=prompting.rules(),
            shape=_SHAPE,
            rates=self.setup.rates,
        )
        expected = [Block("expected", case.expected or "", is_marked=False)] if is_known else []
        shown = [*expected, Block("answer-a", first), Block("answer-b", second)]
        user = in_blocks(case, shown, _TASK, self.setup.rates)
        return ({"role": "system", "content": system}, {"role": "user", "content": user})

    async def judge_answer(self, case: Case, completion: Completion) -> Score:
        """Compare an answer with the opponent's. Equal answers are a tie without a call.

        If one order fails, the score is unscored but has the calls of the second order.
        """
        try:
            rival = await self.opponent.answer(case)
        except LLMEvalError as error:
            return self.make_score(None, error=f"no answer to compare with: {error}")
        if rival.text == completion.text:
            return self.make_score(TIE, "the same answer")
        orders = ((completion.text, rival.text), (rival.text, completion.text))
        first, second = await asyncio.gather(*(self._ask(case, *order) for order in orders))
        calls = (*first.calls, *second.calls)
        # An opponent's answer from a table or a run costs nothing and is no call.
        if rival.cost_usd != 0 or rival.call:
            # How the opponent was called is no part of this judge's version.
            calls = (replace(rival, adapted=()), *calls)
        raw = f"{first.raw}\n{second.raw}"
        if first.value is None or second.value is None:
            return self.make_score(None, error=first.error or second.error, raw=raw, calls=calls)
        value, parts = _weighed(first.value, second.value)
        reason = _reason(first.value, second.value)
        return self.make_score(value, reason, raw=raw, parts=parts, calls=calls)

    async def _ask(self, case: Case, first: str, second: str) -> Judgement[_Choice]:
        messages = self.prompt(case, first, second)
        try:
            try:
                return await self._answer(case, messages, self.parameters)
            except CallRefused as error:
                if error.is_about_endpoint:
                    raise
                return await self._answer(case, messages, self.setup.parameters(_SCHEMA))
        except CallError as error:
            return Judgement(None, f"{type(error).__name__}: {error}", ())

    async def _answer(
        self, case: Case, messages: tuple[Message, ...], parameters: Parameters
    ) -> Judgement[_Choice]:
        shape = "[[A]], [[B]] or [[C]]" if self.setup.rates else _SHAPE
        return await ask(self.setup, case, Question(messages, parameters, self._read, shape))

    def _read(self, reply: Completion) -> _Choice:
        rates = self.setup.rates
        if rates:
            reason, winner = parse_winner(reply.text)
        else:
            reason, winner = replies.read_choice(reply.text, "winner", WINNERS)
        return _Choice(reason, winner, preference(winner, reply.logprobs, rates))


def _weighed(first: _Choice, second: _Choice) -> tuple[float, dict[str, float]]:
    """Return the preference for our answer, and the numbers for the log."""
    winners = _WINNER_BY_ORDER[first.winner][0], _WINNER_BY_ORDER[second.winner][1]
    written = combined(*winners)
    value = written
    orders = (combined(winners[0], winners[0]), combined(winners[1], winners[1]))
    if first.preference.is_known and second.preference.is_known:
        orders = (first.preference.first, 1 - second.preference.first)
        value = averaged(*orders)
    return value, {
        "first": orders[0],
        "second": orders[1],
        POSITION_BIAS: position_bias(*orders),
        "written": written,
        "mass": min(first.preference.mass, second.preference.mass),
    }


def _reason(first: _Choice, second: _Choice) -> str:
    """Return the common reason, or both reasons if the orders disagree."""
    if _WINNER_BY_ORDER[first.winner][0] == _WINNER_BY_ORDER[second.winner][1]:
        return first.reason
    return f"the orders disagree: {first.reason} / {second.reason}"


def _make_pairwise(
    setup: JudgeSetup, criteria: str | dict[str, Any] | None = None
) -> _PairwiseJudge:
    """Make a judge that compares two answers.

    Args:
        setup: The judge model, its provider and the opponent.
        criteria: As for ``rubric``. By default, the criterion of the run.

    Raises:
        NotConfiguredError: No opponent is set.
        SettingError: There are several criteria.
    """
    if setup.opponent is None:
        raise NotConfiguredError(_NO_OPPONENT)
    return _PairwiseJudge(setup, make_rubric(setup, criteria).rubric, setup.opponent)


PAIRWISE_KIND = Kind(
    _PAIRWISE,
    _make_pairwise,
    UNIT_SCALE,
    "1 if the answer is better than that of --llm-judge-against, 0 if it is worse, 0.5 if neither; "
    "between them by the judge's probabilities",
    "the mean of both orders by probability, arXiv 2503.03064; without logprobs a disagreement of "
    "the orders is a tie: MT-bench, arXiv 2306.05685",
)
