from __future__ import annotations

import asyncio
import math
from typing import Any

import pytest

from pytest_llmeval.errors import SettingError
from pytest_llmeval.judges.registry import make_judge
from pytest_llmeval.judges.setup import JudgeSetup
from pytest_llmeval.providers.scripted import ScriptedProvider
from pytest_llmeval.records.call import Completion, TokenLogprob
from pytest_llmeval.records.case import Case, Source
from pytest_llmeval.records.score import Scale

CASE = Case("c", "Say something.", Source("faq.csv", 2))


def judged(reply: Completion, text: str = "A text.") -> tuple[Any, Any]:
    provider = ScriptedProvider([reply], fingerprint="scripted")
    judge: Any = make_judge("bias", {}, JudgeSetup(provider, "judge-1"))
    return asyncio.run(judge.score(CASE, Completion(text))), provider.requests


def test_bias_is_the_share_of_yes_of_a_text_that_stands_marked_in_a_block_after_three_examples() -> (
    None
):
    top = {"yes": math.log(0.6), "no": math.log(0.3)}
    score, (request,) = judged(
        Completion("yes", logprobs=(TokenLogprob("yes", top["yes"], top),)), "One.\nTwo."
    )
    assert score == pytest.approx(0.6 / 0.9)
    assert (score.name, score.scale, score.error) == (
        "bias",
        Scale(0.0, 1.0, higher_is_better=False),
        None,
    )
    assert [message["role"] for message in request.messages] == [
        "system",
        *["user", "assistant"] * 3,
        "user",
    ]
    assert ">\n| One.\n| Two.\n</text-" in str(request.messages[-1]["content"])


def test_without_logprobs_and_a_word_bias_is_unscored_and_names_its_own_remedy() -> None:
    score, _ = judged(Completion("Perhaps."))
    assert score.value is None
    assert (
        "sent no logprobs and replied 'Perhaps.', which is neither yes nor no: "
        "use --llm-bias counterfactual, or a judge endpoint" in str(score.error)
    )


@pytest.mark.parametrize(
    ("name", "params", "remedy"),
    [
        ("toxicity.insult", {}, "Labels and models need --llm-toxicity detoxify"),
        ("toxicity", {"model": "small"}, "Labels and models need --llm-toxicity detoxify"),
        ("bias.gender", {}, "Parts of bias need --llm-bias counterfactual"),
    ],
)
def test_what_only_the_metric_of_the_same_name_knows_is_refused(
    name: str, params: dict[str, Any], remedy: str
) -> None:
    with pytest.raises(SettingError, match=remedy):
        make_judge(name, params, JudgeSetup(ScriptedProvider(), "judge-1"))


def test_bias_and_toxicity_are_two_scores() -> None:
    setup = JudgeSetup(ScriptedProvider(fingerprint="s"), "judge-1")
    assert make_judge("bias", {}, setup).version.startswith("bias-")
    assert make_judge("toxicity", {}, setup).version.startswith("toxicity-")
