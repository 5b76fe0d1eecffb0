"""The judge ``rubric``: one criterion, one call, the expected answer as reference, a score from 0 to 5."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from pytest_llmeval.errors import BadReply, CallError, SettingError, nearest
from pytest_llmeval.judges.expected_value import weigh
from pytest_llmeval.judges.fingerprints import fingerprint
from pytest_llmeval.judges.parsing import HIGH, LOW, Reply, parse_reply
from pytest_llmeval.judges.prompting import block_code, chat, prompt_file, render, request
from pytest_llmeval.judges.rubrics import Rubric
from pytest_llmeval.protocols import Provider
from pytest_llmeval.records import Case, Completion, Message, Parameters, Scale, Score

PROTOCOL_VERSION = 1  # raise it whenever the same ingredients could give another score
ATTEMPTS = 3  # an invalid reply is retried twice
TOP_LOGPROBS = 10  # room for the six digits and their spellings with a space
FORMATS = ("json_schema", "json_object", "text")
TEMPLATES = ("rubric_system.jinja", "rubric_user.jinja", "rubric_retry.jinja")


@dataclass(frozen=True)
class RubricJudge:
    """Asks a model for a score by a rubric.

    Attributes:
        provider: What answers for the judge.
        model: Name of the judge model.
        rubric: Criterion and anchors.
        response_format: ``json_schema``, ``json_object``, or ``text`` for an endpoint that has neither.
        logprobs: Ask for whole scores and weigh 0 to 5 by their probability (see `expected_value`).
        max_tokens: Longest reply, in tokens.

    Raises:
        SettingError: ``response_format`` is none of the three.
    """

    provider: Provider
    model: str
    rubric: Rubric
    response_format: str = "json_schema"
    logprobs: bool = False
    max_tokens: int = 200

    def __post_init__(self) -> None:
        if self.response_format not in FORMATS:
            remedy = nearest(self.response_format, FORMATS)
            raise SettingError("the judge's response format", self.response_format, " or ".join(FORMATS), remedy)

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
        """Fingerprint of judge model, provider, prompts, rubric, parameters and protocol.

        Where the provider has no fingerprint, only what is sent to it is covered.
        """
        return fingerprint(
            "rubric",
            {
                "protocol": PROTOCOL_VERSION,
                "attempts": ATTEMPTS,
                "model": self.model,
                "provider": self.provider.fingerprint,
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
        return self.rubric.fractions and not self.logprobs

    @cached_property
    def parameters(self) -> Parameters:
        """How the judge is sampled."""
        return Parameters(
            temperature=0.0,
            max_tokens=self.max_tokens,
            logprobs=True if self.logprobs else None,
            top_logprobs=TOP_LOGPROBS if self.logprobs else None,
            response_format=self._format(),
        )

    def _format(self) -> dict[str, Any] | None:
        if self.response_format != "json_schema":
            return {"type": "json_object"} if self.response_format == "json_object" else None
        schema = json.loads(prompt_file("reply.schema.json"))
        schema["properties"]["score"]["type"] = "number" if self.fractions else "integer"
        return {"type": "json_schema", "json_schema": {"name": "judgement", "strict": True, "schema": schema}}

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
        """Judge one answer.

        An invalid reply is retried twice with the parser's complaint; then the Score is unscored and holds the last
        reply. ``Score.calls`` holds every call that was made.

        Raises:
            CallError: The first call gave no completion. (A later one makes an unscored Score, which keeps the calls.)
        """
        messages = self.prompt(case, completion)
        calls: list[Completion] = []
        complaint = ""
        while len(calls) < ATTEMPTS:
            try:
                reply = await self.provider.complete(
                    request(self.provider, self.model, messages, self.parameters, case)
                )
            except CallError as error:
                if not calls:
                    raise
                return self._unscored(
                    f"{type(error).__name__}: {error}; before it an invalid reply: {complaint}", calls
                )
            calls.append(reply)
            try:
                return self._scored(parse_reply(reply.text, self.fractions), calls)
            except BadReply as error:
                complaint = str(error)
                messages = (*messages, *self._again(reply, complaint))
        return self._unscored(f"invalid reply after {ATTEMPTS} attempts: {complaint}{self._remedy(calls[-1])}", calls)

    def _again(self, reply: Completion, complaint: str) -> tuple[Message, Message]:
        asked = render(TEMPLATES[2], complaint=complaint, cut=reply.finish_reason == "length", fractions=self.fractions)
        # Some endpoints refuse an empty assistant message.
        return {"role": "assistant", "content": reply.text or "(empty)"}, {"role": "user", "content": asked}

    def _remedy(self, reply: Completion) -> str:
        if reply.finish_reason != "length":
            return ""
        return f"; it was cut off at {self.max_tokens} tokens: raise --llm-judge-max-tokens"

    def _scored(self, reply: Reply, calls: list[Completion]) -> Score:
        value, parts = reply.score, {}
        if self.logprobs:
            weighed = weigh(reply.score, calls[-1].logprobs)
            value, parts = weighed.value, weighed.parts
        return Score(
            self.name,
            value,
            self.scale,
            reply.reason,
            self.version,
            raw=calls[-1].text,
            parts=parts,
            calls=tuple(calls),
        )

    def _unscored(self, error: str, calls: list[Completion]) -> Score:
        return Score(
            self.name, None, self.scale, version=self.version, error=error, raw=calls[-1].text, calls=tuple(calls)
        )
