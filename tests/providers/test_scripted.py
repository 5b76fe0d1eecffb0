from __future__ import annotations

import asyncio

import pytest

from pytest_llmeval.errors import CallError, RateLimited
from pytest_llmeval.protocols import Provider
from pytest_llmeval.providers.scripted import ScriptedProvider
from pytest_llmeval.records.call import Completion, Request


def ask(provider: ScriptedProvider, prompt: str) -> Completion:
    messages = ({"role": "user", "content": prompt}, {"role": "assistant", "content": "…"})
    return asyncio.run(provider.complete(Request(messages, model="m")))


def test_it_is_a_provider_of_a_bare_model() -> None:
    assert isinstance(ScriptedProvider(), Provider)
    assert not ScriptedProvider().sees_case


def test_answers_are_found_by_the_last_user_message() -> None:
    provider = ScriptedProvider({"a": "1", "b": Completion("2", model="x")}, default="?")
    assert [ask(provider, prompt).text for prompt in "abc"] == ["1", "2", "?"]
    assert [ask(provider, prompt).model for prompt in "ab"] == ["m", "x"]
    assert len(provider.requests) == 5


def test_a_list_answers_in_order_and_then_ends() -> None:
    provider = ScriptedProvider(["1", RateLimited("wait"), "3"])
    assert ask(provider, "x").text == "1"
    with pytest.raises(RateLimited):
        ask(provider, "x")
    assert ask(provider, "x").text == "3"
    with pytest.raises(CallError, match="Number of requests: 4"):
        ask(provider, "x")


def test_a_function_answers_from_the_request() -> None:
    provider = ScriptedProvider(lambda request: f"{request.model}!", fingerprint="f1")
    assert ask(provider, "x").text == "m!"
    assert provider.fingerprint == "f1"


def test_a_prompt_that_is_not_scripted_names_the_nearest() -> None:
    with pytest.raises(
        CallError, match=r"found no answer for the prompt 'Capitol\?'.*Did you mean 'Capital\?'"
    ):
        ask(ScriptedProvider({"Capital?": "Paris"}), "Capitol?")
