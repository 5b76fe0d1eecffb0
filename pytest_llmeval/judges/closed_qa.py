"""The judge ``closed_qa``: does the answer meet a criterion, yes or no.

Source: OpenAI evals (``modelgraded/closedqa.yaml``).
"""

from __future__ import annotations

from pytest_llmeval.errors import SettingError
from pytest_llmeval.judges.choosing import Choice, ChoiceJudge
from pytest_llmeval.judges.kind import Kind
from pytest_llmeval.judges.means import Means
from pytest_llmeval.records import UNIT_SCALE

CLOSED_QA = Choice(
    "closed_qa", "closed_qa.json", "closed_qa_system.jinja", "answer", "Does the answer meet the criterion?"
)


def make_closed_qa(means: Means, criteria: str) -> ChoiceJudge:
    """A judge of one yes-or-no question.

    Raises:
        SettingError: The criterion is empty.
    """
    if not criteria.strip():
        raise SettingError("closed_qa criteria", criteria, "text that is not empty", "Say what the answer must meet.")
    return ChoiceJudge(means, CLOSED_QA, criteria.strip())


CLOSED_QA_KIND = Kind(
    "closed_qa",
    make_closed_qa,
    UNIT_SCALE,
    "whether the answer meets a criterion: 1 yes, 0 no",
    "OpenAI evals (closedqa)",
)
