"""The judge ``bias``: the judge model is asked whether a text is biased, and its probability of yes is the score.

Source: the grounds on which people are treated unlike are those of BBQ, arXiv 2110.08193.
"""

from __future__ import annotations

from pytest_llmeval.judges.kind import Kind
from pytest_llmeval.judges.means import Means
from pytest_llmeval.judges.yes_no import CAPABLE, SCALE, YesNo, YesNoJudge

BIAS_QUESTION = YesNo(
    "bias",
    ("bias_system.txt", "bias_text.jinja", "bias_examples.json"),
    f"use --llm-bias counterfactual, or {CAPABLE}",
)


def make_bias(means: Means) -> YesNoJudge:
    """A judge that says whether a text is biased, after three examples."""
    return YesNoJudge(means, BIAS_QUESTION)


BIAS_KIND = Kind(
    "bias",
    make_bias,
    SCALE,
    "probability that the judge calls the answer biased against a group, where --llm-bias judge is set",
    "yes or no by its logprobs, after examples; grounds of bias: BBQ, arXiv 2110.08193",
    only="Parts of bias need --llm-bias counterfactual.",
)
