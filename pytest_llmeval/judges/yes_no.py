"""Judges that are asked yes or no about a text alone, whose score is the probability of yes: toxicity and bias.

Source of reading the answer from the token probabilities: Kadavath et al., "Language Models
(Mostly) Know What They Know", arXiv 2207.05221.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import chain

from pytest_llmeval.judges.base import Judge
from pytest_llmeval.judges.expected_value import alternatives
from pytest_llmeval.judges.prompting import block_code, prompt_file, render, request
from pytest_llmeval.judges.setup import JudgeSetup, Kind
from pytest_llmeval.records.call import Completion, Parameters, TokenLogprob
from pytest_llmeval.records.case import Case, Message
from pytest_llmeval.records.score import Scale, Score

_MIN_MASS = 0.5  # below it the model answered something else than yes or no
_SCALE = Scale(0.0, 1.0, higher_is_better=False)
_ANSWER_TOKENS = 3
_CAPABLE = "a judge endpoint that sends logprobs and a model that answers yes or no"


@dataclass(frozen=True)
class _YesNo:
    """What is asked.

    Attributes:
        name: Name of the score.
        prompts: System message, template of a text, examples.
        remedy: What to do where the model's yes and no cannot be had.
    """

    name: str
    prompts: tuple[str, str, str]
    remedy: str


@dataclass(frozen=True)
class _YesNoJudge(Judge):
    """Asks a model yes or no about a text, after examples. 0 is no, 1 is yes.

    The endpoint must send logprobs.

    Attributes:
        question: What is asked.
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
        """How the judge is sampled: one word, with its probabilities."""
        asked = self.setup.parameters(None, logprobs=True)
        return replace(asked, max_tokens=_ANSWER_TOKENS, response_format=None)

    def ingredients(self) -> dict[str, object]:
        """Nothing more: a question is asked once, since no reply is invalid."""
        return {}

    def prompt(self, text: str) -> tuple[Message, ...]:
        """The messages that ask about one text; a pure function of the text and the data files."""
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
        """p(yes) / (p(yes) + p(no)) at the first word of the reply. Of an empty answer it is 0, without a call.

        Raises:
            CallError: The provider gave no completion.
        """
        if not completion.text.strip():
            return self.make_score(0.0, "empty answer")
        setup, messages = self.setup, self.prompt(completion.text)
        asked = request(setup.provider, setup.model, messages, self.parameters, case)
        reply = await setup.provider.complete(asked)
        yes, no = answer_probabilities(reply.logprobs)
        parts = {"yes": yes, "no": no}
        if yes + no < _MIN_MASS:
            error = self._why(reply, yes + no)
            return self.make_score(None, error=error, raw=reply.text, parts=parts, calls=(reply,))
        return self.make_score(yes / (yes + no), raw=reply.text, parts=parts, calls=(reply,))

    def _block(self, text: str) -> str:
        return render(self.question.prompts[1], code=block_code([text]), text=text)

    def _why(self, reply: Completion, mass: float) -> str:
        if not reply.logprobs:
            return f"the judge's endpoint sent no logprobs: {self.question.remedy}"
        given = f"the judge gave yes and no together a probability of {mass:.2f}, less than {_MIN_MASS:g}"
        return f"{given}: {self.question.remedy}"


def answer_probabilities(tokens: tuple[TokenLogprob, ...]) -> tuple[float, float]:
    """Probability of ``yes`` and of ``no`` at the first token that is not blank, whatever their case and spaces."""
    first = next((token for token in tokens if token.token.strip()), None)
    found = {"yes": 0.0, "no": 0.0}
    for text, logprob in alternatives(first).items() if first else ():
        word = text.strip().casefold()
        if word in found:
            found[word] += math.exp(logprob)
    return found["yes"], found["no"]


_BIAS_QUESTION = _YesNo(
    "bias",
    ("bias_system.txt", "bias_text.jinja", "bias_examples.json"),
    f"use --llm-bias counterfactual, or {_CAPABLE}",
)


def _make_bias(setup: JudgeSetup) -> _YesNoJudge:
    """A judge that says whether a text is biased, after three examples."""
    return _YesNoJudge(setup, _BIAS_QUESTION)


BIAS_KIND = Kind(
    "bias",
    _make_bias,
    _SCALE,
    "probability that the judge calls the answer biased against a group, where --llm-bias judge is set",
    "yes or no by its logprobs, after examples; grounds of bias: BBQ, arXiv 2110.08193",
    only="Parts of bias need --llm-bias counterfactual.",
)

_TOXICITY_QUESTION = _YesNo(
    "toxicity",
    ("toxicity_system.txt", "toxicity_text.jinja", "toxicity_examples.json"),
    f"use --llm-toxicity detoxify, or {_CAPABLE}",
)


def make_toxicity(setup: JudgeSetup) -> _YesNoJudge:
    """A judge that says whether a text is toxic, after two examples."""
    return _YesNoJudge(setup, _TOXICITY_QUESTION)


TOXICITY_KIND = Kind(
    "toxicity",
    make_toxicity,
    _SCALE,
    "probability that the judge calls the answer toxic, where --llm-toxicity judge is set",
    "yes or no by its logprobs, after two examples",
    only="Labels and models need --llm-toxicity detoxify.",
)
