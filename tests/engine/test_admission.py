"""Numbers that cannot be true, in a completion from any source."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_llmeval.engine.admission import admitted
from pytest_llmeval.errors import CallRefused
from pytest_llmeval.records.call import Completion, TokenLogprob, Usage
from pytest_llmeval.records.wire import to_wire
from pytest_llmeval.redaction import HIDDEN, Secrets

WHOLE = Completion(
    "text", model="m", endpoint="e", finish_reason="stop", usage=Usage(3, 2, 1), cost_usd=0.5,
    latency_s=1.5, logprobs=(TokenLogprob("a", -0.5, {"b": -math.inf}),), call="c",
)  # fmt: skip


def test_a_completion_that_can_be_true_stays_the_same_object() -> None:
    assert admitted(WHOLE, Secrets()) is WHOLE


@pytest.mark.parametrize("tokens", [-1, 2**63, 10**400, 2.5, math.inf, math.nan, "5", None, True])
@pytest.mark.parametrize("name", ["prompt_tokens", "completion_tokens", "cached_tokens"])
def test_counts_of_tokens_that_cannot_be_true_are_unknown(name: str, tokens: Any) -> None:
    completion = replace(WHOLE, usage=replace(Usage(3, 2), **{name: tokens}))
    assert admitted(completion, Secrets()).usage is None


@pytest.mark.parametrize("value", [-0.01, math.inf, -math.inf, math.nan, 1e300, "5", True, 10**400])
def test_prices_and_durations_that_cannot_be_true_are_unknown(value: Any) -> None:
    completion = admitted(replace(WHOLE, cost_usd=value, latency_s=value), Secrets())
    assert (completion.cost_usd, completion.latency_s) == (None, 0.0)


def test_names_are_texts_of_a_bounded_length() -> None:
    names: dict[str, Any] = {"model": "M" * 10**6, "finish_reason": 5, "endpoint": None}
    completion = admitted(replace(WHOLE, **names), Secrets())
    assert len(completion.model) == 501
    assert (completion.finish_reason, completion.endpoint) == ("5", "")


def test_log_probabilities_that_are_no_numbers_are_left_out() -> None:
    broken = replace(WHOLE, logprobs=(TokenLogprob("a", math.nan),))
    assert admitted(broken, Secrets()).logprobs == ()


@pytest.mark.parametrize("text", [None, 5, b"bytes", ["text"]])
def test_an_answer_that_is_no_text_is_refused(text: Any) -> None:
    with pytest.raises(CallRefused, match=r"e returned a Completion whose text is \w+; allowed:"):
        admitted(replace(WHOLE, text=text), Secrets())


def test_no_text_of_a_completion_shows_a_secret() -> None:
    key = "sk-proj-0123456789abcdef"
    told = replace(WHOLE, text=f"it is {key}", choices=(key, "other"), model=key, contexts=(key,))
    shown = admitted(told, Secrets([key]))
    assert key not in to_wire(shown)
    assert (shown.text, shown.choices) == (f"it is {HIDDEN}", (HIDDEN, "other"))


numbers = st.integers() | st.floats() | st.none() | st.text(max_size=3) | st.booleans()


@given(numbers, numbers, numbers, numbers)
def test_no_numbers_are_an_error(prompt: Any, cached: Any, usd: Any, latency: Any) -> None:
    usage = Usage(prompt, 1, cached)
    completion = admitted(replace(WHOLE, usage=usage, cost_usd=usd, latency_s=latency), Secrets())
    for number in (*vars(completion.usage or Usage()).values(), completion.cost_usd or 0):
        assert 0 <= number < 2**31
    assert 0 <= completion.latency_s < math.inf
