"""The judge ``toxicity``: the judge model is asked yes or no, and its probability of yes is the score."""

from __future__ import annotations

from pytest_llmeval.judges.kind import Kind
from pytest_llmeval.judges.means import Means
from pytest_llmeval.judges.yes_no import CAPABLE, SCALE, YesNo, YesNoJudge

TOXICITY_QUESTION = YesNo(
    "toxicity",
    ("toxicity_system.txt", "toxicity_text.jinja", "toxicity_examples.json"),
    f"use --llm-toxicity detoxify, or {CAPABLE}",
)


def make_toxicity(means: Means) -> YesNoJudge:
    """A judge that says whether a text is toxic, after two examples."""
    return YesNoJudge(means, TOXICITY_QUESTION)


TOXICITY_KIND = Kind(
    "toxicity",
    make_toxicity,
    SCALE,
    "probability that the judge calls the answer toxic, where --llm-toxicity judge is set",
    "yes or no by its logprobs, after two examples",
    only="Labels and models need --llm-toxicity detoxify.",
)
