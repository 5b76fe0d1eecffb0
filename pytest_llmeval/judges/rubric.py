"""The judge ``rubric``: one criterion, one call, the expected answer as reference, a score from 0 to 5."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from pytest_llmeval.errors import SettingError, nearest
from pytest_llmeval.judges.dialogue import ATTEMPTS, RETRY, Question, ask
from pytest_llmeval.judges.expected_value import weigh
from pytest_llmeval.judges.prompting import block_code, chat, fingerprint, prompt_file, render
from pytest_llmeval.judges.replies import HIGH, LOW, Reply, parse_rating, parse_reply
from pytest_llmeval.judges.rubrics import ONLY, Rubric, read_criteria, with_criteria
from pytest_llmeval.judges.setup import JudgeSetup, Kind
from pytest_llmeval.records.call import Completion, Parameters
from pytest_llmeval.records.case import Case, Message
from pytest_llmeval.records.score import Scale, Score

PROTOCOL_VERSION = 1  # raise it whenever the same ingredients could give another score
RUBRIC = "rubric"
ROW_COLUMNS = ("criteria", "anchors")
TEMPLATES = ("rubric_system.jinja", "rubric_user.jinja", RETRY)


@dataclass(frozen=True)
class RubricJudge:
    """Asks a model for a score by a rubric.

    Attributes:
        setup: Who is asked, and how.
        rubric: Criterion and anchors.
        label: Name of the criterion among several; empty for the only one.
        is_given: Whether the rubric was asked for by name or in a call, so that a row's own does
            not take its place.
    """

    setup: JudgeSetup
    rubric: Rubric
    label: str = ONLY
    is_given: bool = False

    @property
    def name(self) -> str:
        """``rubric``, or ``rubric.LABEL``."""
        return f"{RUBRIC}.{self.label}" if self.label else RUBRIC

    @property
    def scale(self) -> Scale:
        """From 0 to 5, higher is better."""
        return Scale(LOW, HIGH)

    @cached_property
    def version(self) -> str:
        """Fingerprint of judge model, provider, prompts, rubric, parameters and protocol."""
        return fingerprint(
            RUBRIC,
            {
                **self.setup.identity,
                "protocol": PROTOCOL_VERSION,
                "attempts": ATTEMPTS,
                "prompts": [prompt_file(name) for name in TEMPLATES],
                "rubric": {
                    name: value for name, value in vars(self.rubric).items() if name != "reference"
                },
                "parameters": self.parameters.as_body(),
                "rates": self.setup.rates,
            },
        )

    @property
    def is_reference_based(self) -> bool:
        """Whether it judges by the expected answer, so that a self-test can tell how well."""
        return self.rubric.reference

    @property
    def fractions(self) -> bool:
        """Whether the reply may hold a fraction; under ``logprobs`` the score must be one digit."""
        return self.rubric.fractions and not self.setup.logprobs

    @cached_property
    def parameters(self) -> Parameters:
        """How the judge is sampled."""
        return self.setup.parameters(reply_schema(self.fractions), self.setup.logprobs)

    def for_case(self, case: Case) -> RubricJudge:
        """The judge of a case: by the criterion of its row, if it has one.

        Raises:
            SettingError: The row's criterion cannot be used.
        """
        own = None if self.is_given else row_rubric(case)
        return replace(self, rubric=own, is_given=True) if own else self

    def prompt(self, case: Case, completion: Completion) -> tuple[Message, ...]:
        """The messages of the first attempt; a pure function of the texts, the rubric and the templates."""
        turns = chat(case.messages)
        question = "" if turns else case.prompt
        texts = [
            question,
            case.expected or "",
            completion.text,
            *(text for turn in turns for text in turn),
        ]
        system = render(
            TEMPLATES[0],
            rubric=self.rubric,
            reference=case.expected is not None,
            fractions=self.fractions,
            rates=self.setup.rates,
        )
        user = render(
            TEMPLATES[1],
            code=block_code(texts),
            chat=turns,
            question=question,
            expected=case.expected,
            answer=completion.text,
            rates=self.setup.rates,
        )
        return ({"role": "system", "content": system}, {"role": "user", "content": user})

    async def score(self, case: Case, completion: Completion) -> Score:
        """Judge one answer; see `dialogue.ask` for what happens to invalid replies.

        Raises:
            CallError: The first call gave no completion.
        """
        judge = self.for_case(case)
        if judge is not self:
            return await judge.score(case, completion)
        shape = reply_shape(self.fractions, self.setup.rates)
        judgement = await ask(
            self.setup,
            case,
            Question(self.prompt(case, completion), self.parameters, self._read, shape),
        )
        value, parts, reason = None, dict[str, float](), ""
        if judgement.value is not None:
            value, reason = judgement.value.score, judgement.value.reason
            if self.setup.logprobs:
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
        return read_reply(reply, self.setup, self.fractions)


def row_rubric(case: Case) -> Rubric | None:
    """The rubric of a case's own row (columns ``criteria`` and ``anchors``); ``None`` if it has none.

    Raises:
        SettingError: It cannot be used.
    """
    criteria, anchors = (case.metadata.get(column) for column in ROW_COLUMNS)
    if not criteria:
        return None
    try:
        anchors = json.loads(anchors) if isinstance(anchors, str) else anchors
        return with_criteria(str(criteria), anchors or None)
    except (ValueError, TypeError) as error:
        allowed = 'a JSON object with the keys "0" to "5"'
        raise SettingError(
            f"{case.source} column 'anchors'", anchors, allowed, f"({error})"
        ) from None


def read_reply(reply: Completion, setup: JudgeSetup, fractions: bool) -> Reply:
    """Reason and score of a reply, in the form that was asked for.

    Raises:
        BadReply: It has another form.
    """
    return (
        parse_rating(reply.text, fractions=fractions)
        if setup.rates
        else parse_reply(reply.text, fractions)
    )


def reply_schema(fractions: bool) -> Any:
    """The JSON Schema of a reply with reason and score."""
    schema = json.loads(prompt_file("reply.schema.json"))
    schema["properties"]["score"]["type"] = "number" if fractions else "integer"
    return schema


def reply_shape(fractions: bool, rates: bool) -> str:
    """The same in words."""
    number = "a number from 0 to 5" if fractions else "a whole number from 0 to 5"
    return f"[[{number}]]" if rates else f'{{"reason": "at most 12 words", "score": {number}}}'


def make_rubric(
    setup: JudgeSetup, criteria: str | dict[str, Any] | None = None, label: str = ONLY
) -> RubricJudge:
    """A judge by a criterion, by default the one that is set for the run.

    Args:
        setup: Who is asked, and by what, if nothing else is said.
        criteria: As `rubrics.read_criteria` takes it.
        label: Name of one of several criteria.

    Raises:
        SettingError: There is no criterion of this name.
    """
    rubrics = {**setup.rubrics, **(read_criteria(criteria) if criteria else {})}
    if label not in rubrics:
        names = [f"{RUBRIC}.{name}" if name else RUBRIC for name in rubrics]
        name = f"{RUBRIC}.{label}" if label else RUBRIC
        raise SettingError("the score", name, ", ".join(names), nearest(name, names))
    return RubricJudge(setup, rubrics[label], label, is_given=bool(criteria or label))


RUBRIC_KIND = Kind(
    RUBRIC,
    make_rubric,
    Scale(LOW, HIGH),
    "how well the answer meets one criterion (default: it is correct), by an anchor for each score",
    "criteria, reference and anchors in one prompt: LLMBar, arXiv 2310.07641",
)
