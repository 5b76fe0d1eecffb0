from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_llmeval.engine.pricing import LONGEST_ANSWER, Prices, likely_tokens, most_tokens
from pytest_llmeval.errors import SettingError
from pytest_llmeval.protocols import BaseProvider
from pytest_llmeval.records.call import Completion, Parameters, Request, Usage

SCHEMA = {
    "type": "json_schema",
    "json_schema": {"name": "verdict", "schema": {"enum": ["word"] * 500}},
}
TEXTS = {
    "English": ("The quick brown fox jumps over the lazy dog. " * 20, 200),
    "Chinese": ("敏捷的棕色狐狸跳过了懒狗。" * 20, 20 * 20),
    "code": ("for (i = 0; i < n; i++) { a[i] += b[i]; }\n" * 20, 20 * 22),
    "numbers": ("3.14159 2.71828 " * 20, 20 * 8),
    "a lone surrogate": ("\ud800", 3),
}


@dataclass
class Named(BaseProvider):
    """A provider that has only a name."""

    fingerprint: str | None = None
    sees_case: bool = False

    async def complete(self, request: Request) -> Completion:
        raise NotImplementedError


@dataclass
class At(Named):
    """A provider with an endpoint."""

    endpoint: str = "https://llm.example"


class Flat(Named):
    """A provider whose calls cost the same whatever is asked."""

    call_usd = 0.25


def ask(text: str = "Hi", model: str = "gpt-4", **parameters: Any) -> Request:
    return Request(({"role": "user", "content": text},), model, Parameters(**parameters))


def test_a_known_model_has_its_published_price() -> None:
    assert Prices().cost_usd(["gpt-4"], Usage(1000, 100)) == pytest.approx(0.036)


@pytest.mark.parametrize(
    "model", ["text-embedding-3-small", "text-embedding-3-large", "text-embedding-ada-002"]
)
def test_an_embedding_model_costs_only_what_it_reads(model: str) -> None:
    prices = {
        "text-embedding-3-small": 0.02,
        "text-embedding-3-large": 0.13,
        "text-embedding-ada-002": 0.1,
    }
    assert Prices().cost_usd([model], Usage(1_000_000)) == pytest.approx(prices[model])
    assert Prices().cost_usd([model], Usage(1_000_000, LONGEST_ANSWER)) == pytest.approx(
        prices[model]
    )


@pytest.mark.parametrize(
    ("model", "usage", "usd"),
    [
        ("gpt-4o", Usage(2000, 5, cached_tokens=1920), 0.00265),
        ("gpt-4o", Usage(2000, 5), 0.00505),
        ("claude-sonnet-4-5", Usage(3000, 10, 1000, 1000), 0.0072),
        ("gpt-4o-mini", Usage(1000, 10, 500), 0.0001185),
        ("gemini-2.5-flash", Usage(1000, 10, 500), 0.00019),
        ("gemini-2.5-flash", Usage(1000, 10, reasoning_tokens=8), 0.000325),
    ],
)
def test_what_comes_from_a_cache_has_the_price_that_the_provider_takes(
    model: str, usage: Usage, usd: float
) -> None:
    assert Prices().cost_usd([model], usage) == pytest.approx(usd)


def test_counts_that_contradict_each_other_have_no_price() -> None:
    assert Prices().cost_usd(["gpt-4o"], Usage(100, 1, cached_tokens=500)) is None


def test_the_users_price_may_name_that_of_cached_input() -> None:
    usage = Usage(1_000_000, 0, cached_tokens=500_000)
    assert Prices(["m = 2 1"]).cost_usd(["m"], usage) == 2
    assert Prices(["m = 2 1 0.5"]).cost_usd(["m"], usage) == 1.25


def test_the_users_price_comes_before_the_published_one() -> None:
    prices = Prices(["gpt-4 = 1 2.5", "my-app = 0.02"])
    assert prices.cost_usd(["gpt-4"], Usage(1_000_000, 1_000_000)) == 3.5
    assert prices.cost_usd(["my-app"], None) == 0.02
    assert prices.cost_usd(["", "unheard-of", "my-app"], Usage(5, 5)) == 0.02


def test_the_price_of_a_model_may_be_zero_and_its_name_have_any_sign() -> None:
    assert Prices(["org/model=v2:free = 0 0"]).cost_usd(["org/model=v2:free"], Usage(5, 5)) == 0.0


@pytest.mark.parametrize(
    ("names", "usage"), [(["no-such-model"], Usage(1, 1)), (["gpt-4"], None), ([], Usage(1, 1))]
)
def test_what_is_not_known_is_not_guessed(names: list[str], usage: Usage | None) -> None:
    assert Prices(["gpt-4 = 1 1"]).cost_usd(names, usage) is None


@pytest.mark.parametrize(
    "line", ["gpt-4", "gpt-4 =", "= 1 2", "m = a", "m = 1 2 3 4", "m = -1", "m = nan", "m = inf 1"]
)
def test_a_line_that_cannot_be_read_is_shown(line: str) -> None:
    with pytest.raises(
        SettingError, match=r"ini llm_prices: found .*allowed: MODEL = INPUT OUTPUT"
    ):
        Prices([line])


@pytest.mark.parametrize(("text", "tokens"), TEXTS.values(), ids=TEXTS)
def test_the_worst_case_is_no_less_than_what_is_paid(text: str, tokens: int) -> None:
    prices, request = Prices(["m = 1 2"]), ask(text, "m", max_tokens=100)
    paid = prices.cost_usd(["m"], Usage(tokens + 7, 100))
    worst = prices.worst_usd(Named(), request)
    assert paid is not None
    assert worst is not None
    assert paid <= worst


@given(st.text(), st.text())
def test_a_longer_request_never_has_fewer_tokens(text: str, more: str) -> None:
    assert most_tokens(ask(text)) <= most_tokens(ask(text + more))
    assert likely_tokens(ask(text).messages) <= most_tokens(ask(text))


@pytest.mark.parametrize(
    ("parameters", "longest"),
    [
        ({}, LONGEST_ANSWER),
        ({"max_tokens": 10}, 10),
        ({"max_tokens": 10, "n": 3}, 30),
        ({"extra_body": {"max_completion_tokens": 50_000}}, 50_000),
    ],
    ids=str,
)
def test_the_longest_answer_is_counted(parameters: dict[str, Any], longest: int) -> None:
    assert Prices(["m = 0 1000000"]).worst_usd(Named(), ask(model="m", **parameters)) == longest


def test_what_is_sent_beside_the_messages_is_counted() -> None:
    call = {"role": "assistant", "content": None, "tool_calls": [{"arguments": "word " * 500}]}
    assert most_tokens(ask(response_format=SCHEMA)) > most_tokens(ask()) + 500
    assert most_tokens(Request((call,))) > 500


@pytest.mark.parametrize(
    ("provider", "name"),
    [(Named(), "Named"), (Named("app-1"), "app-1"), (At("x"), "https://llm.example")],
    ids=["type", "fingerprint", "endpoint"],
)
def test_the_name_in_the_message_of_a_missing_price_is_one_that_can_be_priced(
    provider: BaseProvider, name: str
) -> None:
    assert Prices().worst_usd(provider, ask(model="")) is None
    assert Prices([f"{name} = 0.5"]).worst_usd(provider, ask(model="")) == 0.5


def test_a_call_may_have_one_price_whatever_is_asked() -> None:
    assert Prices().worst_usd(Flat(), ask(model="unheard-of")) == 0.25


def test_of_several_models_the_dearest_counts_and_one_without_a_price_leaves_it_open() -> None:
    class Several(Named):
        models = ("cheap", "dear")

    assert Prices(["cheap = 1", "dear = 3"]).worst_usd(Several(), ask()) == 3
    assert Prices(["cheap = 1"]).worst_usd(Several(), ask()) is None
