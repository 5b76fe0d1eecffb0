"""The judge ``rubric``: a score from 0 to 5 by one criterion.

It makes one call, with the expected answer as reference.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from pytest_llmeval.errors import NoSuchScore, SettingError, nearest
from pytest_llmeval.judges.base import Judge
from pytest_llmeval.judges.dialogue import RETRY, Question, ask
from pytest_llmeval.judges.expected_value import weigh
from pytest_llmeval.judges.prompting import block_code, chat, prompt_file, render
from pytest_llmeval.judges.replies import HIGH, LOW, Reply, parse_rating, parse_reply
from pytest_llmeval.judges.rubrics import ONLY, Rubric, read_criteria, with_criteria
from pytest_llmeval.judges.setup import JudgeSetup, Kind
from pytest_llmeval.records.call import Completion, Parameters
from pytest_llmeval.records.case import Case, Message
from pytest_llmeval.records.score import Scale, Score
from pytest_llmeval.records.scorer import RUBRIC
from pytest_llmeval.records.wire import parse_json

_SCALE = Scale(LOW, HIGH)
ROW_COLUMNS = ("criteria", "anchors")
TEMPLATES = ("rubric_system.jinja", "rubric_user.jinja", RETRY)


@dataclass(frozen=True)
class CriterionJudge(Judge):
    """A judge with a criterion and a scale from 0 to 5. A row can replace the criterion.

    Attributes:
        rubric: Criterion and anchors.
        is_given: Whether a setting or a call names the criterion. Then a row's criterion does not
            replace it.
    """

    scale = _SCALE
    rubric: Rubric
    is_given: bool = False

    @cached_property
    def is_reference_based(self) -> bool:  # type: ignore[override]  # computed
        """Whether the expected answer decides, so that a self-test is possible."""
        return self.rubric.reference

    def ingredients(self) -> dict[str, object]:
        """Return criterion, anchors and form of the reply."""
        rubric = {name: value for name, value in vars(self.rubric).items() if name != "reference"}
        return {**super().ingredients(), "rubric": rubric, "rates": self.setup.rates}

    def for_case(self, case: Case) -> CriterionJudge:
        """Return the judge of a case, with the criterion of its row if there is one.

        Raises:
            SettingError: The row's criterion cannot be used.
        """
        rubric = None if self.is_given else _row_rubric(case)
        return replace(self, rubric=rubric, is_given=True) if rubric else self


@dataclass(frozen=True)
class RubricJudge(CriterionJudge):
    """Asks a model for a score by a rubric.

    Attributes:
        label: Name of the criterion among several; empty for a single one.
    """

    label: str = ONLY

    @property
    def kind(self) -> str:
        """Always ``rubric``."""
        return RUBRIC

    @cached_property
    def name(self) -> str:  # type: ignore[override]  # computed
        """``rubric``, or ``rubric.LABEL``."""
        return f"{RUBRIC}.{self.label}" if self.label else RUBRIC

    @property
    def prompt_files(self) -> tuple[str, ...]:
        """The system message, the user message, and the retry message."""
        return TEMPLATES

    @property
    def fractions(self) -> bool:
        """Whether a reply may hold a fraction. With ``logprobs``, the score must be one digit."""
        return self.rubric.fractions and not self.setup.logprobs

    @cached_property
    def parameters(self) -> Parameters:
        """Sampling parameters of a call."""
        return self.setup.parameters(reply_schema(self.fractions), self.setup.logprobs)

    def prompt(self, case: Case, completion: Completion) -> tuple[Message, ...]:
        """Return the messages of the first attempt, a pure function of texts and data files."""
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

    async def judge_answer(self, case: Case, completion: Completion) -> Score:
        """Judge one answer. `dialogue.ask` handles invalid replies.

        Raises:
            CallError: The first call returned no completion.
        """
        shape = reply_shape(self.fractions, self.setup.rates)
        question = Question(self.prompt(case, completion), self.parameters, self._read, shape)
        judgement = await ask(self.setup, case, question)
        if judgement.value is None:
            return self.unjudged(judgement)
        value = judgement.value.score
        parts: dict[str, float] = {}
        if self.setup.logprobs:
            weighed = weigh(value, judgement.calls[-1].logprobs)
            value = weighed.value
            parts = weighed.parts
        return self.make_score(
            value, judgement.value.reason, raw=judgement.raw, parts=parts, calls=judgement.calls
        )

    def _read(self, reply: Completion) -> Reply:
        return read_reply(reply, self.setup, self.fractions)


def _row_rubric(case: Case) -> Rubric | None:
    """Read the rubric of a case's row (columns ``criteria`` and ``anchors``), if any."""
    criteria, anchors = (case.metadata.get(column) for column in ROW_COLUMNS)
    if not criteria:
        return None
    try:
        anchors = parse_json(anchors) if isinstance(anchors, str) else anchors
        return with_criteria(str(criteria), anchors or None)
    except (ValueError, TypeError) as error:
        allowed = 'a JSON object with the keys "0" to "5"'
        raise SettingError(
            f"{case.source} column 'anchors'", anchors, allowed, f"({error})"
        ) from None


def read_reply(reply: Completion, setup: JudgeSetup, fractions: bool) -> Reply:
    """Read reason and score of a reply in the requested form.

    Raises:
        BadReply: The reply has a different form.
    """
    if setup.rates:
        return parse_rating(reply.text, fractions=fractions)
    return parse_reply(reply.text, fractions)


def reply_schema(fractions: bool) -> Any:
    """Return the JSON Schema of a reply with reason and score."""
    schema = json.loads(prompt_file("reply.schema.json"))
    schema["properties"]["score"]["type"] = "number" if fractions else "integer"
    return schema


def reply_shape(fractions: bool, rates: bool) -> str:
    """Describe the form of a reply with reason and score in words."""
    number = "a number from 0 to 5" if fractions else "a whole number from 0 to 5"
    return f"[[{number}]]" if rates else f'{{"reason": "at most 12 words", "score": {number}}}'


def make_rubric(
    setup: JudgeSetup, criteria: str | dict[str, Any] | None = None, label: str = ONLY
) -> RubricJudge:
    """Make a judge by a criterion, by default the criterion of the run.

    Args:
        setup: The judge model, its provider, and the rubrics of the run.
        criteria: Criteria as for `rubrics.read_criteria`.
        label: Name of one of several criteria.

    Raises:
        SettingError: No criterion has this name.
    """
    rubrics = {**setup.rubrics, **(read_criteria(criteria) if criteria else {})}
    if label not in rubrics:
        names = [f"{RUBRIC}.{name}" if name else RUBRIC for name in rubrics]
        name = f"{RUBRIC}.{label}" if label else RUBRIC
        raise NoSuchScore("the score", name, ", ".join(names), nearest(name, names))
    return RubricJudge(setup, rubrics[label], bool(criteria or label), label)


RUBRIC_KIND = Kind(
    RUBRIC,
    make_rubric,
    _SCALE,
    "how well the answer meets a criterion (default: correctness), with an anchor for each score",
    "criteria, reference and anchors in one prompt: LLMBar, arXiv 2310.07641",
)
