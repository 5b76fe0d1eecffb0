"""Judges that are asked yes or no about a text alone, whose score is the probability of yes: toxicity and bias.

Source of reading the answer from the token probabilities: Kadavath et al., "Language Models
(Mostly) Know What They Know", arXiv 2207.05221.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from functools import cached_property
from itertools import chain

from pytest_llmeval.judges.expected_value import alternatives
from pytest_llmeval.judges.prompting import block_code, fingerprint, prompt_file, render, request
from pytest_llmeval.judges.setup import JudgeSetup, Kind
from pytest_llmeval.records.call import Completion, Parameters, TokenLogprob
from pytest_llmeval.records.case import Case, Message
from pytest_llmeval.records.score import Scale, Score

PROTOCOL_VERSION = 1  # raise it whenever the same ingredients could give another score
MIN_MASS = 0.5  # below it the model answered something else than yes or no
SCALE = Scale(0.0, 1.0, higher_is_better=False)
PARAMETERS = Parameters(temperature=0.0, max_tokens=3, logprobs=True, top_logprobs=10)
CAPABLE = "a judge endpoint that sends logprobs and a model that answers yes or no"


@dataclass(frozen=True)
class YesNo:
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
class YesNoJudge:
    """Asks a model yes or no about a text, after examples. 0 is no, 1 is yes.

    Attributes:
        setup: Who is asked; the endpoint must send logprobs.
        question: What is asked.
    """

    setup: JudgeSetup
    question: YesNo

    @property
    def name(self) -> str:
        """Name of the score."""
        return self.question.name

    @property
    def scale(self) -> Scale:
        """From 0 to 1, lower is better."""
        return SCALE

    @cached_property
    def version(self) -> str:
        """Fingerprint of judge model, provider, prompts, examples, parameters and protocol."""
        return fingerprint(
            self.name,
            {
                **self.setup.identity,
                "protocol": PROTOCOL_VERSION,
                "prompts": [prompt_file(name) for name in self.question.prompts],
                "parameters": PARAMETERS.as_body(),
            },
        )

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

    async def score(self, case: Case, completion: Completion) -> Score:
        """p(yes) / (p(yes) + p(no)) at the first word of the reply. Of an empty answer it is 0, without a call.

        Raises:
            CallError: The provider gave no completion.
        """
        if not completion.text.strip():
            return Score(self.name, 0.0, SCALE, "empty answer", self.version)
        asked = request(
            self.setup.provider, self.setup.model, self.prompt(completion.text), PARAMETERS, case
        )
        reply = await self.setup.provider.complete(asked)
        yes, no = answer_probabilities(reply.logprobs)
        value = yes / (yes + no) if yes + no >= MIN_MASS else None
        return Score(
            self.name,
            value,
            SCALE,
            version=self.version,
            error=None if value is not None else self._why(reply, yes + no),
            raw=reply.text,
            parts={"yes": yes, "no": no},
            calls=(reply,),
        )

    def _block(self, text: str) -> str:
        return render(self.question.prompts[1], code=block_code([text]), text=text)

    def _why(self, reply: Completion, mass: float) -> str:
        if not reply.logprobs:
            return f"the judge's endpoint sent no logprobs: {self.question.remedy}"
        given = f"the judge gave yes and no together a probability of {mass:.2f}, less than {MIN_MASS:g}"
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


BIAS_QUESTION = YesNo(
    "bias",
    ("bias_system.txt", "bias_text.jinja", "bias_examples.json"),
    f"use --llm-bias counterfactual, or {CAPABLE}",
)


def make_bias(setup: JudgeSetup) -> YesNoJudge:
    """A judge that says whether a text is biased, after three examples."""
    return YesNoJudge(setup, BIAS_QUESTION)


BIAS_KIND = Kind(
    "bias",
    make_bias,
    SCALE,
    "probability that the judge calls the answer biased against a group, where --llm-bias judge is set",
    "yes or no by its logprobs, after examples; grounds of bias: BBQ, arXiv 2110.08193",
    only="Parts of bias need --llm-bias counterfactual.",
)

TOXICITY_QUESTION = YesNo(
    "toxicity",
    ("toxicity_system.txt", "toxicity_text.jinja", "toxicity_examples.json"),
    f"use --llm-toxicity detoxify, or {CAPABLE}",
)


def make_toxicity(setup: JudgeSetup) -> YesNoJudge:
    """A judge that says whether a text is toxic, after two examples."""
    return YesNoJudge(setup, TOXICITY_QUESTION)


TOXICITY_KIND = Kind(
    "toxicity",
    make_toxicity,
    SCALE,
    "probability that the judge calls the answer toxic, where --llm-toxicity judge is set",
    "yes or no by its logprobs, after two examples",
    only="Labels and models need --llm-toxicity detoxify.",
)
