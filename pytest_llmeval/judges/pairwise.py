"""The judge ``pairwise``: is the answer better than an opponent's?

The question is asked in both orders, and a disagreement is a tie. Source: MT-bench, arXiv
2306.05685, on the position bias of judges.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from pytest_llmeval.errors import CallError, LLMEvalError, NotConfiguredError
from pytest_llmeval.judges import prompting, replies
from pytest_llmeval.judges.base import Judge
from pytest_llmeval.judges.dialogue import RETRY, Judgement, Question, ask
from pytest_llmeval.judges.prompting import Block, in_blocks, render
from pytest_llmeval.judges.replies import parse_winner
from pytest_llmeval.judges.rubric import make_rubric
from pytest_llmeval.judges.rubrics import Rubric
from pytest_llmeval.judges.setup import JudgeSetup, Kind, Opponent
from pytest_llmeval.records.call import Completion, Parameters
from pytest_llmeval.records.case import Case, Message
from pytest_llmeval.records.score import UNIT_SCALE, Score
from pytest_llmeval.stats.pairwise import TIE, combined

_PAIRWISE = "pairwise"
_SYSTEM = "pairwise_system.jinja"
_WINNERS = ("A", "B", "tie")
_SHAPE = '{"reason": "at most 12 words", "winner": "A" or "B" or "tie"}'
_TASK = "Which answer is better by the criterion, A or B?"
_WINNER_BY_ORDER = {"A": ("ours", "theirs"), "B": ("theirs", "ours"), "tie": ("tie", "tie")}
"""Winner by reply, when our answer stands first and when it stands second."""
_NO_OPPONENT = (
    "pairwise: no opponent is set; allowed: --llm-judge-against column:NAME, "
    "run:ID (or run:latest) or model:NAME"
)

_Winner = tuple[str, str]
"""The reason, and ``A``, ``B`` or ``tie``."""


@dataclass(frozen=True)
class _PairwiseJudge(Judge):
    """Asks a model which of two answers is better: 1 is ours, 0 the opponent's, 0.5 neither.

    Attributes:
        rubric: The criterion. Its anchors are not shown.
        opponent: Source of the answers to compare with.
    """

    rubric: Rubric
    opponent: Opponent

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
        """Sampling parameters of a call."""
        return self.setup.parameters(replies.choice_schema("winner", _WINNERS))

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
        winners = _WINNER_BY_ORDER[first.value[1]][0], _WINNER_BY_ORDER[second.value[1]][1]
        parts = {
            "first": combined(winners[0], winners[0]),
            "second": combined(winners[1], winners[1]),
        }
        reason = _reason(winners, first.value[0], second.value[0])
        return self.make_score(combined(*winners), reason, raw=raw, parts=parts, calls=calls)

    async def _ask(self, case: Case, first: str, second: str) -> Judgement[_Winner]:
        messages = self.prompt(case, first, second)
        shape = "[[A]], [[B]] or [[C]]" if self.setup.rates else _SHAPE
        try:
            return await ask(
                self.setup, case, Question(messages, self.parameters, self._read, shape)
            )
        except CallError as error:
            return Judgement(None, f"{type(error).__name__}: {error}", ())

    def _read(self, reply: Completion) -> _Winner:
        if self.setup.rates:
            return parse_winner(reply.text)
        return replies.read_choice(reply.text, "winner", _WINNERS)


def _reason(winners: tuple[str, str], first: str, second: str) -> str:
    """Return the common reason, or both reasons if the orders disagree."""
    return first if winners[0] == winners[1] else f"the orders disagree: {first} / {second}"


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
    "1 if the answer is better than that of --llm-judge-against, 0 if it is worse, 0.5 if neither",
    "both orders, a disagreement is a tie: MT-bench, arXiv 2306.05685",
)
