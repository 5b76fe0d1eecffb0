"""Judges that choose one of a few words, each with a value: ``factuality`` and ``closed_qa``."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from pytest_llmeval.errors import SettingError
from pytest_llmeval.judges import prompting, replies
from pytest_llmeval.judges.base import Judge
from pytest_llmeval.judges.dialogue import RETRY, Question, ask
from pytest_llmeval.judges.prompting import Block, in_blocks, prompt_file, render
from pytest_llmeval.judges.setup import JudgeSetup, Kind
from pytest_llmeval.records.call import Completion, Parameters
from pytest_llmeval.records.case import Case, Message
from pytest_llmeval.records.score import UNIT_SCALE, Score
from pytest_llmeval.text import is_blank

_NO_EXPECTED = (
    "no expected answer to compare with: add one to the case, or use closed_qa with a criterion"
)
_EMPTY = "empty answer"


@dataclass(frozen=True)
class _Choice:
    """The words to choose from, and the prompt that asks for one.

    Attributes:
        name: Name of the score.
        data: Data file with ``choices``: the ``label``, ``value`` and meaning of each word.
        system: Template of the system message.
        key: Member of the reply with the word.
        task: Last sentence of the user message.
        by_expected: Whether the answer is compared with the expected answer.
    """

    name: str
    data: str
    system: str
    key: str
    task: str
    by_expected: bool = False

    @property
    def choices(self) -> dict[str, Any]:
        """Label, value and meaning of each word."""
        choices: dict[str, Any] = json.loads(prompt_file(self.data))["choices"]
        return choices


@dataclass(frozen=True)
class ChoiceJudge(Judge):
    """Asks a model to choose a word.

    Attributes:
        choice: The words to choose from.
        criteria: The criterion, if the choice has none itself.
    """

    choice: _Choice
    criteria: str = ""

    @property
    def kind(self) -> str:
        """Name of the choice."""
        return self.choice.name

    @cached_property
    def is_reference_based(self) -> bool:  # type: ignore[override]  # computed
        """Whether the expected answer decides, so that a self-test is possible."""
        return self.choice.by_expected

    @property
    def prompt_files(self) -> tuple[str, ...]:
        """The words, the system message, the blocks of texts, and the retry message."""
        return (self.choice.data, self.choice.system, *prompting.FILES, RETRY)

    def ingredients(self) -> dict[str, object]:
        """Return the task and the criterion."""
        return {**super().ingredients(), "task": self.choice.task, "criteria": self.criteria}

    @cached_property
    def parameters(self) -> Parameters:
        """Sampling parameters of a call."""
        return self.setup.parameters(
            replies.choice_schema(self.choice.key, list(self.choice.choices))
        )

    @property
    def shape(self) -> str:
        """Form of a valid reply, in words."""
        words = " or ".join(f'"{word}"' for word in self.choice.choices)
        return f'{{"reason": "at most 12 words", "{self.choice.key}": {words}}}'

    def prompt(self, case: Case, completion: Completion) -> tuple[Message, ...]:
        """Return the messages of the first attempt, a pure function of texts and data files."""
        system = render(
            self.choice.system,
            choices=self.choice.choices,
            criteria=self.criteria,
            rules=prompting.rules(),
            shape=self.shape,
        )
        blocks = [Block("answer", completion.text)]
        if self.choice.by_expected:
            blocks.insert(0, Block("expected", case.expected or "", is_marked=False))
        user = in_blocks(case, blocks, self.choice.task)
        return ({"role": "system", "content": system}, {"role": "user", "content": user})

    async def judge_answer(self, case: Case, completion: Completion) -> Score:
        """Judge one answer. An empty one is 0 without a call if it has an expected answer.

        Raises:
            CallError: The first call returned no completion.
        """
        if self.choice.by_expected and is_blank(case.expected or ""):
            return self.make_score(None, error=_NO_EXPECTED)
        if self.choice.by_expected and not completion.text.strip():
            return self.make_score(0.0, _EMPTY)
        messages = self.prompt(case, completion)
        question = Question(messages, self.parameters, self._read, self.shape)
        judgement = await ask(self.setup, case, question)
        if judgement.value is None:
            return self.unjudged(judgement)
        value, reason = judgement.value
        return self.make_score(value, reason, raw=judgement.raw, calls=judgement.calls)

    def _read(self, reply: Completion) -> tuple[float, str]:
        choices = self.choice.choices
        reason, word = replies.read_choice(reply.text, self.choice.key, choices)
        label = choices[word]["label"]
        return float(choices[word]["value"]), f"{label}: {reason}" if label else reason


_CLOSED_QA = _Choice(
    "closed_qa",
    "closed_qa.json",
    "closed_qa_system.jinja",
    "answer",
    "Does the answer meet the criterion?",
)


def make_closed_qa(setup: JudgeSetup, criteria: str) -> ChoiceJudge:
    """Make a judge of one yes-or-no question.

    Raises:
        SettingError: The criterion is empty.
    """
    if not criteria.strip():
        raise SettingError(
            "closed_qa criteria",
            criteria,
            "text that is not empty",
            "Write the criterion that the answer must meet.",
        )
    return ChoiceJudge(setup, _CLOSED_QA, criteria.strip())


CLOSED_QA_KIND = Kind(
    "closed_qa",
    make_closed_qa,
    UNIT_SCALE,
    "whether the answer meets a criterion: 1 yes, 0 no",
    "OpenAI evals (closedqa)",
)

_FACTUALITY = _Choice(
    "factuality",
    "factuality.json",
    "factuality_system.jinja",
    "choice",
    "Compare the answer with the expected answer.",
    by_expected=True,
)


def make_factuality(setup: JudgeSetup) -> ChoiceJudge:
    """Make a judge that compares facts with the expected answer."""
    return ChoiceJudge(setup, _FACTUALITY)


FACTUALITY_KIND = Kind(
    "factuality",
    make_factuality,
    UNIT_SCALE,
    "facts compared with the expected answer: 1 the same, 0.6 a superset, 0.4 a subset, "
    "0 a contradiction or nothing",
    "five relations of OpenAI evals (fact), values of autoevals",
)
