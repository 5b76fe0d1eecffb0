"""Judges of a text by a yes-or-no question, scored by the probability of yes.

They are ``toxicity`` and ``bias``. Source of reading the answer from token probabilities: Kadavath
et al., "Language Models (Mostly) Know What They Know", arXiv 2207.05221.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import chain

from pytest_llmeval.judges.base import Judge
from pytest_llmeval.judges.dialogue import with_room
from pytest_llmeval.judges.expected_value import alternatives
from pytest_llmeval.judges.prompting import block_code, prompt_file, render, request
from pytest_llmeval.judges.setup import JudgeSetup, Kind
from pytest_llmeval.metrics.as_score import EMPTY
from pytest_llmeval.providers.reasoning import split_reasoning
from pytest_llmeval.records.call import LENGTH, Completion, Parameters, TokenLogprob
from pytest_llmeval.records.case import Case, Message
from pytest_llmeval.records.score import Scale, Score
from pytest_llmeval.text import shows_something

_MIN_MASS = 0.5  # below it, the model answered neither yes nor no
_SCALE = Scale(0.0, 1.0, higher_is_better=False)
_ANSWER_TOKENS = 3
_YES, _NO = "yes", "no"
_WORDS = (_YES, _NO)
_NO_LOGPROBS = "the endpoint sends no logprobs, so the written word counts"
_SHOWN = 40  # characters of a reply in an error
_CAPABLE = "a judge endpoint that sends logprobs and a model that answers yes or no"


@dataclass(frozen=True)
class _YesNo:
    """One yes-or-no question.

    Attributes:
        name: Name of the score.
        prompts: System message, template of a text, examples.
        remedy: Remedy if the model's probabilities are unavailable.
    """

    name: str
    prompts: tuple[str, str, str]
    remedy: str


@dataclass(frozen=True)
class _YesNoJudge(Judge):
    """Asks a model yes or no about a text, after examples. 0 is no, 1 is yes.

    The score is the probability of yes. Where the endpoint sends no logprobs, it is the written
    word: 0 or 1.
    """

    scale = _SCALE
    question: _YesNo

    @property
    def kind(self) -> str:
        """Name of the question."""
        return self.question.name

    @property
    def prompt_files(self) -> tuple[str, ...]:
        """The system message, the template of a text, and the examples."""
        return self.question.prompts

    @cached_property
    def parameters(self) -> Parameters:
        """Sampling parameters: one word with its probabilities."""
        parameters = self.setup.parameters(None, logprobs=True)
        return replace(parameters, max_tokens=_ANSWER_TOKENS, response_format=None)

    def ingredients(self) -> dict[str, object]:
        """Return nothing more: every reply is valid, so there is no retry."""
        return {}

    def prompt(self, text: str) -> tuple[Message, ...]:
        """Return the messages about a text, a pure function of text and data files."""
        system, _, examples = map(prompt_file, self.question.prompts)
        shots = (
            (
                {"role": "user", "content": self._block(shot["text"])},
                {"role": "assistant", "content": shot["answer"]},
            )
            for shot in json.loads(examples)["examples"]
        )
        first = {"role": "system", "content": system.rstrip()}
        return (first, *chain.from_iterable(shots), {"role": "user", "content": self._block(text)})

    async def judge_answer(self, case: Case, completion: Completion) -> Score:
        """Return p(yes) / (p(yes) + p(no)) of the first word; unscored for an empty answer.

        Without logprobs, the first word itself counts.

        Raises:
            CallError: The provider returned no completion.
        """
        if not shows_something(completion.text):
            return self.make_score(None, error=EMPTY)
        messages = self.prompt(completion.text)
        first = await self._ask(case, messages, self.parameters)
        score = self._read(first, (first,))
        if score.value is not None or first.finish_reason != LENGTH:
            return score
        # The model may reason before it says the word.
        longer = await self._ask(case, messages, with_room(self.parameters))
        return self._read(longer, (first, longer))

    async def _ask(
        self, case: Case, messages: tuple[Message, ...], parameters: Parameters
    ) -> Completion:
        setup = self.setup
        return await setup.provider.complete(
            request(setup.provider, setup.model, messages, parameters, case)
        )

    def _read(self, reply: Completion, calls: tuple[Completion, ...]) -> Score:
        """Make the Score of a reply."""
        word = _first_word(split_reasoning(reply.text, is_of_judge=True).answer)
        if not reply.logprobs and word in _WORDS:
            value = float(word == _YES)
            return self.make_score(value, _NO_LOGPROBS, raw=reply.text, calls=calls)
        yes, no = answer_probabilities(reply.logprobs)
        parts = {"yes": yes, "no": no}
        if yes + no < _MIN_MASS:
            error = self._unscored_reason(reply, yes + no)
            return self.make_score(None, error=error, raw=reply.text, parts=parts, calls=calls)
        return self.make_score(yes / (yes + no), raw=reply.text, parts=parts, calls=calls)

    def _block(self, text: str) -> str:
        return render(self.question.prompts[1], code=block_code([text]), text=text)

    def _unscored_reason(self, reply: Completion, mass: float) -> str:
        if not reply.logprobs:
            written = f"replied {reply.text[:_SHOWN]!r}, which is neither yes nor no"
            return f"the judge's endpoint sent no logprobs and {written}: {self.question.remedy}"
        given = f"yes and no together have probability {mass:.2f}; required >= {_MIN_MASS:g}"
        return f"{given}: {self.question.remedy}"


def answer_probabilities(tokens: tuple[TokenLogprob, ...]) -> tuple[float, float]:
    """Return the probability of ``yes`` and ``no`` at the first token that is not blank.

    The tokens of a leading block of reasoning do not count.
    """
    first = next((token for token in _after_reasoning(tokens) if token.token.strip()), None)
    probabilities = dict.fromkeys(_WORDS, 0.0)
    for text, logprob in alternatives(first).items() if first else ():
        word = text.strip().casefold()
        if word in probabilities:
            probabilities[word] += math.exp(logprob)
    return probabilities[_YES], probabilities[_NO]


def _after_reasoning(tokens: tuple[TokenLogprob, ...]) -> Iterator[TokenLogprob]:
    """Yield the tokens of the answer, without those of the reasoning before it."""
    text = "".join(token.token for token in tokens)
    start = text.rfind(split_reasoning(text, is_of_judge=True).answer)
    position = 0
    for token in tokens:
        if position >= start:
            yield token
        position += len(token.token)


def _first_word(text: str) -> str:
    """Return the first word of a text in small letters, without marks such as ``**``."""
    words = re.findall(r"\w+", text.casefold())
    return words[0] if words else ""


_BIAS_QUESTION = _YesNo(
    "bias",
    ("bias_system.txt", "bias_text.jinja", "bias_examples.json"),
    f"use --llm-bias counterfactual, or {_CAPABLE}",
)


def _make_bias(setup: JudgeSetup) -> _YesNoJudge:
    """Make a judge of bias in a text, with three examples."""
    return _YesNoJudge(setup, _BIAS_QUESTION)


BIAS_KIND = Kind(
    "bias",
    _make_bias,
    _SCALE,
    "probability that the answer is biased against a group, with --llm-bias judge",
    "yes or no by logprobs, after examples; grounds of bias: BBQ, arXiv 2110.08193",
    only="Parts of bias need --llm-bias counterfactual.",
)

_TOXICITY_QUESTION = _YesNo(
    "toxicity",
    ("toxicity_system.txt", "toxicity_text.jinja", "toxicity_examples.json"),
    f"use --llm-toxicity detoxify, or {_CAPABLE}",
)


def make_toxicity(setup: JudgeSetup) -> _YesNoJudge:
    """Make a judge of toxicity of a text, with two examples."""
    return _YesNoJudge(setup, _TOXICITY_QUESTION)


TOXICITY_KIND = Kind(
    "toxicity",
    make_toxicity,
    _SCALE,
    "probability that the answer is toxic, with --llm-toxicity judge",
    "yes or no by logprobs, after two examples",
    only="Labels and models need --llm-toxicity detoxify.",
)
