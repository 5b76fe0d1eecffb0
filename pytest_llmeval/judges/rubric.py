"""The judge ``rubric``: one criterion, one call, the expected answer as reference, a score from 0 to 5."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from pytest_llmeval.judges.asking import ATTEMPTS, RETRY, Question, ask
from pytest_llmeval.judges.expected_value import weigh
from pytest_llmeval.judges.fingerprints import fingerprint
from pytest_llmeval.judges.kind import Kind
from pytest_llmeval.judges.means import Means
from pytest_llmeval.judges.parsing import HIGH, LOW, Reply, parse_reply
from pytest_llmeval.judges.prompting import block_code, chat, prompt_file, render
from pytest_llmeval.judges.rubrics import Rubric, with_criteria
from pytest_llmeval.records import Case, Completion, Message, Parameters, Scale, Score

PROTOCOL_VERSION = 1  # raise it whenever the same ingredients could give another score
TEMPLATES = ("rubric_system.jinja", "rubric_user.jinja", RETRY)


@dataclass(frozen=True)
class RubricJudge:
    """Asks a model for a score by a rubric.

    Attributes:
        means: Who is asked, and how.
        rubric: Criterion and anchors.
    """

    means: Means
    rubric: Rubric

    @property
    def name(self) -> str:
        """Always ``rubric``."""
        return "rubric"

    @property
    def scale(self) -> Scale:
        """From 0 to 5, higher is better."""
        return Scale(LOW, HIGH)

    @cached_property
    def version(self) -> str:
        """Fingerprint of judge model, provider, prompts, rubric, parameters and protocol."""
        return fingerprint(
            "rubric",
            {
                **self.means.identity,
                "protocol": PROTOCOL_VERSION,
                "attempts": ATTEMPTS,
                "prompts": [prompt_file(name) for name in TEMPLATES],
                "rubric": {name: value for name, value in vars(self.rubric).items() if name != "reference"},
                "parameters": self.parameters.as_body(),
            },
        )

    @property
    def is_reference_based(self) -> bool:
        """Whether it judges by the expected answer, so that a self-test can tell how well."""
        return self.rubric.reference

    @property
    def fractions(self) -> bool:
        """Whether the reply may hold a fraction; under ``logprobs`` the score must be one digit."""
        return self.rubric.fractions and not self.means.logprobs

    @cached_property
    def parameters(self) -> Parameters:
        """How the judge is sampled."""
        return self.means.parameters(reply_schema(self.fractions), self.means.logprobs)

    def prompt(self, case: Case, completion: Completion) -> tuple[Message, ...]:
        """The messages of the first attempt; a pure function of the texts, the rubric and the templates."""
        turns = chat(case.messages)
        question = "" if turns else case.prompt
        texts = [question, case.expected or "", completion.text, *(text for turn in turns for text in turn)]
        system = render(TEMPLATES[0], rubric=self.rubric, reference=case.expected is not None, fractions=self.fractions)
        user = render(
            TEMPLATES[1],
            code=block_code(texts),
            chat=turns,
            question=question,
            expected=case.expected,
            answer=completion.text,
        )
        return ({"role": "system", "content": system}, {"role": "user", "content": user})

    async def score(self, case: Case, completion: Completion) -> Score:
        """Judge one answer; see `asking.ask` for what happens to invalid replies.

        Raises:
            CallError: The first call gave no completion.
        """
        question = Question(self.prompt(case, completion), self.parameters, self._read, reply_shape(self.fractions))
        judgement = await ask(self.means, case, question)
        value, parts, reason = None, dict[str, float](), ""
        if judgement.value is not None:
            value, reason = judgement.value.score, judgement.value.reason
            if self.means.logprobs:
                weighed = weigh(value, judgement.calls[-1].logprobs)
                value, parts = weighed.value, weighed.parts
        return Score(
            self.name,
            value,
            self.scale,
            reason,
            self.version,
            error=judgement.error or None,
            raw=judgement.raw,
            parts=parts,
            calls=judgement.calls,
        )

    def _read(self, reply: Completion) -> Reply:
        return parse_reply(reply.text, self.fractions)


def reply_schema(fractions: bool) -> Any:
    """The JSON Schema of a reply with reason and score."""
    schema = json.loads(prompt_file("reply.schema.json"))
    schema["properties"]["score"]["type"] = "number" if fractions else "integer"
    return schema


def reply_shape(fractions: bool) -> str:
    """The same in words."""
    number = "a number from 0 to 5" if fractions else "a whole number from 0 to 5"
    return f'{{"reason": "at most 12 words", "score": {number}}}'


def make_rubric(means: Means, criteria: str | None = None) -> RubricJudge:
    """A judge by a criterion, by default the one that is set for the run."""
    return RubricJudge(means, with_criteria(criteria) if criteria else means.rubric)


KIND = Kind(
    "rubric",
    make_rubric,
    Scale(LOW, HIGH),
    "how well the answer meets one criterion (default: it is correct), by an anchor for each score",
    "criteria, reference and anchors in one prompt: LLMBar, arXiv 2310.07641",
)
