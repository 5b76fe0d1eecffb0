"""The judge ``factuality``: which of five relations holds between the facts of the answer and of the expected answer.

Source: the five relations are those of OpenAI evals (``modelgraded/fact.yaml``), their values those of autoevals
(``templates/factuality.yaml``). Both are in ``prompts/factuality.json``, each value with the reason for it.
"""

from __future__ import annotations

from pytest_llmeval.judges.choosing import Choice, ChoiceJudge
from pytest_llmeval.judges.kind import Kind
from pytest_llmeval.judges.means import Means
from pytest_llmeval.records import UNIT_SCALE

FACTUALITY = Choice(
    "factuality",
    "factuality.json",
    "factuality_system.jinja",
    "choice",
    "Compare the answer with the expected answer.",
    by_expected=True,
)


def make_factuality(means: Means) -> ChoiceJudge:
    """A judge of facts against the expected answer."""
    return ChoiceJudge(means, FACTUALITY)


FACTUALITY_KIND = Kind(
    "factuality",
    make_factuality,
    UNIT_SCALE,
    "facts against the expected answer: 1 the same, 0.6 and more, 0.4 only part, 0 contradicted or nothing",
    "five relations of OpenAI evals (fact), values of autoevals",
)
