"""The judge ``geval``: a score from 0 to 5 by evaluation steps, weighed by probability.

The user gives the steps, or the judge writes them once from the criterion. The score is Σ s·p(s)
over the probabilities of the digits if the endpoint sends them. Otherwise it is the mean of several
sampled replies. Source: G-Eval, arXiv 2303.16634, with a reason before the score.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from pytest_llmeval.errors import BadReply, CallError, CallRefused, SettingError
from pytest_llmeval.judges import prompting, replies
from pytest_llmeval.judges.dialogue import RETRY, Judgement, Question, ask
from pytest_llmeval.judges.expected_value import weigh
from pytest_llmeval.judges.prompting import Block, in_blocks, render
from pytest_llmeval.judges.replies import HIGH, LOW, Reply
from pytest_llmeval.judges.rubric import (
    CriterionJudge,
    make_rubric,
    read_reply,
    reply_schema,
    reply_shape,
)
from pytest_llmeval.judges.rubrics import ONLY
from pytest_llmeval.judges.setup import JudgeSetup, Kind
from pytest_llmeval.records.call import Completion, Parameters
from pytest_llmeval.records.case import Case, Message
from pytest_llmeval.records.score import Scale, Score

_GEVAL = "geval"
_SYSTEM, _STEPS = "geval_system.jinja", "geval_steps.jinja"
_MOST_STEPS = 8
_SAMPLING_TEMPERATURE = 1.0  # as in G-Eval, which estimates probabilities from samples
_STEPS_SHAPE = '{"steps": ["…", "…"]}'
_STEPS_TASK = "Write the steps. Reply with the JSON object only."
_TASK = "Go through the steps and judge the answer."


@dataclass(frozen=True)
class GEvalJudge(CriterionJudge):
    """Asks a model for a score by evaluation steps.

    Steps that the judge wrote are part of its fingerprint, so a score may have a different version
    than the judge that was called.

    Attributes:
        steps: The evaluation steps. Without any, the judge writes them.
    """

    steps: tuple[str, ...] = ()

    @property
    def kind(self) -> str:
        """Always ``geval``."""
        return _GEVAL

    @property
    def prompt_files(self) -> tuple[str, ...]:
        """The prompts for steps and for judging, the blocks of texts, the retry message."""
        return (_SYSTEM, _STEPS, *prompting.FILES, RETRY)

    @cached_property
    def parameters(self) -> Parameters:
        """Sampling parameters of the first call, with logprobs."""
        return self.setup.parameters(reply_schema(False), logprobs=True)

    def ingredients(self) -> dict[str, object]:
        """Return criterion, steps and number of samples."""
        return {**super().ingredients(), "steps": self.steps, "samples": self.setup.samples}

    def prompt(self, case: Case, completion: Completion) -> tuple[Message, ...]:
        """Return the messages of the first attempt, a pure function of texts and data files."""
        system = render(
            _SYSTEM,
            rubric=self.rubric,
            steps=self.steps,
            rules=prompting.rules(),
            shape=self._shape,
            rates=self.setup.rates,
        )
        blocks = [Block("answer", completion.text)]
        if case.expected is not None:
            blocks.insert(0, Block("expected", case.expected, is_marked=False))
        user = in_blocks(case, blocks, _TASK, self.setup.rates)
        return ({"role": "system", "content": system}, {"role": "user", "content": user})

    async def judge_answer(self, case: Case, completion: Completion) -> Score:
        """Judge one answer. Without given steps, the judge writes them first.

        Raises:
            CallError: The first call returned no completion.
        """
        if self.steps:
            return await self._score(case, completion)
        written = await self._write_steps(case)
        if written.value is None:
            return self._unscored(f"no evaluation steps: {written.error}", written.calls)
        score = await replace(self, steps=written.value)._score(case, completion)
        return replace(score, calls=(*written.calls, *score.calls))

    async def _write_steps(self, case: Case) -> Judgement[tuple[str, ...]]:
        """Let the judge write the steps. The call is the same for every case and so made once."""
        content = render(
            _STEPS,
            criteria=self.rubric.criteria,
            reference=self.rubric.reference,
            shape=_STEPS_SHAPE,
        )
        parameters = replace(self.setup, response_format=self._json_format).parameters(
            replies.texts_schema("steps", _MOST_STEPS)
        )
        messages = (
            {"role": "system", "content": content},
            {"role": "user", "content": _STEPS_TASK},
        )
        return await ask(
            self.setup, case, Question(messages, parameters, _read_steps, _STEPS_SHAPE)
        )

    @property
    def _json_format(self) -> str:
        return "text" if self.setup.rates else self.setup.response_format

    @property
    def _shape(self) -> str:
        return reply_shape(False, self.setup.rates)

    async def _score(self, case: Case, completion: Completion) -> Score:
        messages = self.prompt(case, completion)
        first = await self._first(case, messages)
        if first.value is None:
            return self._unscored(first.error, first.calls)
        weighed = weigh(first.value.score, first.calls[-1].logprobs)
        if weighed.mass or self.setup.samples == 1:
            return self._scored(weighed.value, first.value.reason, weighed.parts, first.calls)
        sampled = self.setup.parameters(reply_schema(False), temperature=_SAMPLING_TEMPERATURE)
        questions = [
            Question(messages, sampled, self._read, self._shape, number)
            for number in range(self.setup.samples)
        ]
        replies = await asyncio.gather(*(self._sample(case, question) for question in questions))
        return self._averaged(first, replies)

    async def _first(self, case: Case, messages: tuple[Message, ...]) -> Judgement[Reply]:
        """Ask at temperature 0, without logprobs if the endpoint refuses a request for them."""
        plain = self.setup.parameters(reply_schema(False))
        try:
            return await ask(
                self.setup, case, Question(messages, self.parameters, self._read, self._shape)
            )
        except CallRefused as error:
            if error.is_about_endpoint:
                raise
            return await ask(self.setup, case, Question(messages, plain, self._read, self._shape))

    async def _sample(self, case: Case, question: Question[Reply]) -> Judgement[Reply]:
        try:
            return await ask(self.setup, case, question)
        except CallError as error:
            return Judgement(None, f"{type(error).__name__}: {error}", ())

    def _averaged(self, first: Judgement[Reply], replies: Sequence[Judgement[Reply]]) -> Score:
        values = [reply.value.score for reply in replies if reply.value is not None]
        calls = (*first.calls, *(call for reply in replies for call in reply.calls))
        if not values or first.value is None:
            return self._unscored(
                f"none of {len(replies)} samples could be read: {replies[0].error}", calls
            )
        parts = {
            "integer": first.value.score,
            "samples": float(len(values)),
            "unscored": float(len(replies) - len(values)),
        }
        return self._scored(math.fsum(values) / len(values), first.value.reason, parts, calls)

    def _read(self, reply: Completion) -> Reply:
        return read_reply(reply, self.setup, fractions=False)

    def _scored(
        self, value: float, reason: str, parts: dict[str, float], calls: tuple[Completion, ...]
    ) -> Score:
        return self.make_score(value, reason, raw=calls[0].text, parts=parts, calls=calls)

    def _unscored(self, error: str, calls: tuple[Completion, ...]) -> Score:
        raw = calls[-1].text if calls else ""
        return self.make_score(None, error=error, raw=raw, calls=calls)


def _read_steps(reply: Completion) -> tuple[str, ...]:
    steps = replies.read_texts(reply.text, "steps", _MOST_STEPS)
    if not steps:
        raise BadReply('"steps" must hold at least one step')
    return steps


def make_geval(
    setup: JudgeSetup,
    criteria: str | dict[str, Any] | None = None,
    steps: list[str] | tuple[str, ...] = (),
) -> GEvalJudge:
    """Make a judge that scores by evaluation steps.

    Args:
        setup: The judge model and its provider.
        criteria: As for ``rubric``. By default, the criterion of the run.
        steps: The steps. Without any, the judge writes them.

    Raises:
        SettingError: A step is not a text, or there are several criteria.
    """
    if not all(isinstance(step, str) and step.strip() for step in steps):
        raise SettingError("geval steps", list(steps), "a list of texts that are not empty")
    return GEvalJudge(
        setup, make_rubric(setup, criteria, ONLY).rubric, bool(criteria), tuple(steps)
    )


GEVAL_KIND = Kind(
    _GEVAL,
    make_geval,
    Scale(LOW, HIGH),
    "score by evaluation steps, weighed by the judge's probabilities or averaged over samples",
    "G-Eval, arXiv 2303.16634",
)
