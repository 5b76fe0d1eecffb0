from __future__ import annotations

import asyncio
import json
import math
import socket
import threading
from collections.abc import Awaitable, Callable, Iterator
from typing import Any, TypeVar

import pytest

from pytest_llmeval.errors import (
    BadReply,
    CallError,
    CallRefused,
    CallTimeout,
    EndpointDown,
    RateLimited,
)
from pytest_llmeval.providers.openai.provider import Azure, OpenAIProvider
from pytest_llmeval.providers.spec import Timeouts
from pytest_llmeval.records.call import Completion, Parameters, Request, Usage
from tests.mock_endpoint import MockEndpoint, Reply, answer_for

T = TypeVar("T")
DEFAULT = Timeouts()
IMPATIENT = Timeouts(connect_s=1, read_s=0.2, write_s=0.2)


def ask(text: str, **parameters: Any) -> Request:
    message = {"role": "user", "content": text}
    return Request((message,), model="m", parameters=Parameters(**parameters))


def answered(provider: OpenAIProvider, *requests: Request) -> list[Completion]:
    async def all_of_them() -> list[Completion]:
        try:
            return await asyncio.gather(*map(provider.complete, requests))
        finally:
            await provider.close()

    return asyncio.run(all_of_them())


def at(endpoint: MockEndpoint, timeouts: Timeouts = DEFAULT) -> OpenAIProvider:
    return OpenAIProvider(endpoint.url, "sk-test", timeouts)


def test_an_answer_carries_all_that_the_endpoint_said(endpoint: MockEndpoint) -> None:
    [completion] = answered(at(endpoint), ask("Capital of France?"))
    assert completion.text == answer_for("Capital of France?")
    assert (completion.model, completion.finish_reason, completion.endpoint) == (
        "m",
        "stop",
        endpoint.url,
    )
    assert completion.usage == Usage(prompt_tokens=5, completion_tokens=5)
    assert completion.choices == ()
    assert 0 < completion.latency_s < 60
    assert not completion.cached


def test_every_parameter_reaches_the_endpoint_and_unset_ones_do_not(endpoint: MockEndpoint) -> None:
    parameters = {
        "temperature": 0.0, "top_p": 0.5, "max_tokens": 7, "stop": ("END",), "seed": 3, "frequency_penalty": 0.1,
        "presence_penalty": -0.1, "n": 2, "logprobs": True, "top_logprobs": 2,
        "response_format": {"type": "json_object"}, "extra_body": {"top_k": 4},
    }  # fmt: skip
    answered(at(endpoint), ask("all", **parameters), ask("none"))
    bodies = {request.body["messages"][0]["content"]: request.body for request in endpoint.requests}
    assert bodies["none"] == {"model": "m", "messages": [{"role": "user", "content": "none"}]}
    expected = {**parameters, "stop": ["END"], "top_k": 4}
    assert {
        name: value for name, value in bodies["all"].items() if name not in ("model", "messages")
    } == {name: value for name, value in expected.items() if name != "extra_body"}


def test_several_choices_are_all_kept_and_the_first_is_the_text(endpoint: MockEndpoint) -> None:
    [completion] = answered(at(endpoint), ask("[[answer=one]]", n=3))
    assert (completion.text, completion.choices) == ("one", ("one", "one", "one"))


def test_logprobs_of_a_yes_or_no_question_hold_the_rivals(endpoint: MockEndpoint) -> None:
    [completion] = answered(
        at(endpoint), ask("Toxic? yes or no [[yes=0.8]]", logprobs=True, top_logprobs=2)
    )
    [token] = completion.logprobs
    assert (completion.text, token.token) == (" yes", " yes")
    assert {word: round(math.exp(logprob), 3) for word, logprob in token.top.items()} == {
        " yes": 0.8,
        " no": 0.2,
    }


def test_logprobs_of_a_judgement_hold_the_digit(endpoint: MockEndpoint) -> None:
    [completion] = answered(
        at(endpoint), ask("[[score=4]]", response_format={"type": "json_object"}, logprobs=True)
    )
    [digit] = [token for token in completion.logprobs if token.token.isdigit()]
    assert json.loads(completion.text) == {"reason": "as scripted", "score": 4}
    assert set(digit.top) == {"4", "3"}


def test_calls_run_at_the_same_time_over_one_client(endpoint: MockEndpoint) -> None:
    endpoint.gathering = threading.Barrier(20, timeout=30)
    completions = answered(at(endpoint), *(ask(f"question {number}") for number in range(20)))
    assert [completion.text for completion in completions] == [
        answer_for(f"question {n}") for n in range(20)
    ]
    assert endpoint.highest_in_flight == 20


@pytest.mark.parametrize(
    ("fault", "error", "said"),
    [
        ("401", CallRefused, "Set a valid key in LLMEVAL_API_KEY"),
        ("429", RateLimited, "HTTP 429: Rate limit reached"),
        ("500", EndpointDown, "HTTP 500: The server had an error"),
        ("reset", EndpointDown, "no connection"),
        ("badjson", BadReply, "the reply begins"),
        ("hang", CallTimeout, "no answer in time"),
    ],
)
def test_each_fault_is_an_error_of_its_own_kind(
    endpoint: MockEndpoint, fault: str, error: type[CallError], said: str
) -> None:
    with pytest.raises(error, match=said) as caught:
        answered(at(endpoint, IMPATIENT), ask(f"[[fault={fault}]]"))
    assert str(caught.value).startswith(f"{endpoint.url}, model 'm'")
    assert endpoint.count() == 1, "retries live in the engine"


def test_a_call_can_be_made_again_after_a_fault(endpoint: MockEndpoint) -> None:
    provider = at(endpoint)
    request = ask("[[fault=429:1]] [[answer=now]]")

    async def twice() -> str:
        with pytest.raises(RateLimited):
            await provider.complete(request)
        completion = await provider.complete(request)
        await provider.close()
        return completion.text

    assert asyncio.run(twice()) == "now"


@pytest.mark.parametrize(
    ("status", "error", "is_overload"),
    [
        (408, CallTimeout, False),
        (409, EndpointDown, False),
        (425, EndpointDown, False),
        (429, RateLimited, True),
        (500, EndpointDown, False),
        (503, EndpointDown, True),
        (529, EndpointDown, True),
    ],
)
def test_what_may_pass_says_how_long_to_wait_and_whether_it_is_overload(
    endpoint: MockEndpoint, status: int, error: type[CallError], is_overload: bool
) -> None:
    endpoint.replies.append(
        Reply(status, '{"error": {"message": "slow down"}}', (("retry-after", "1.5"),))
    )
    with pytest.raises(error) as caught:
        answered(at(endpoint), ask("hi"))
    assert (caught.value.retry_after_s, caught.value.is_transient) == (1.5, True)
    assert caught.value.is_overload == is_overload


@pytest.mark.parametrize(
    ("status", "message", "code", "remedy"),
    [
        (
            400,
            "maximum context length is 4096 tokens",
            "context_length_exceeded",
            "shorten the prompt",
        ),
        (
            400,
            "triggered the content management policy",
            "content_filter",
            "content filter refused",
        ),
        (
            400,
            "API key not valid. Please pass a valid API key.",
            None,
            "Set a valid key in LLMEVAL_API_KEY",
        ),
        (402, "Insufficient balance", None, "no credit"),
        (403, "no access", None, "may not use this model"),
        (404, "model not found", "model_not_found", "base URL, which often ends in /v1"),
        (413, "too large", None, "shorten the prompt"),
        (429, "You exceeded your current quota", "insufficient_quota", "no credit"),
        (429, "Your account is suspended", "exceeded_current_quota_error", "no credit"),
        (429, "Billing hard limit has been reached", None, "no credit"),
        (400, "Your credit balance is too low to access the API", None, "no credit"),
    ],
)
def test_a_refusal_says_what_to_do(
    endpoint: MockEndpoint, status: int, message: str, code: str | None, remedy: str
) -> None:
    endpoint.replies.append(
        Reply(status, json.dumps({"error": {"message": message, "code": code}}))
    )
    with pytest.raises(CallRefused) as caught:
        answered(at(endpoint), ask("hi"))
    assert f"HTTP {status}: {message}" in str(caught.value)
    assert remedy in str(caught.value)


def test_a_quota_that_is_used_up_is_known_by_its_type_and_that_of_a_minute_passes(
    endpoint: MockEndpoint,
) -> None:
    said = {"message": "You exceeded your current quota, please check your plan and billing."}
    used_up = json.dumps({"error": {**said, "type": "insufficient_quota"}})
    of_a_minute = json.dumps({"error": {**said, "status": "RESOURCE_EXHAUSTED", "code": 429}})
    endpoint.replies.extend([Reply(429, used_up), Reply(429, of_a_minute)])
    provider = at(endpoint)
    with pytest.raises(CallRefused, match="no credit left") as caught:
        answered(provider, ask("hi"))
    assert caught.value.is_about_endpoint
    with pytest.raises(RateLimited):
        answered(provider, ask("hi"))


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ('{"detail": "model is loading"}', "model is loading"),
        ('{"why": "none"}', '{"why": "none"}'),
        ("<html>\n<h1>Bad\ngateway</h1>" + "x" * 999, "Bad gateway"),
        ("", "no text"),
    ],
)
def test_an_error_page_of_any_shape_is_shown_in_short(
    endpoint: MockEndpoint, body: str, said: str
) -> None:
    endpoint.replies.append(Reply(503, body))
    with pytest.raises(EndpointDown) as caught:
        answered(at(endpoint), ask("hi"))
    assert f"HTTP 503: {said}" in str(caught.value)
    assert len(str(caught.value)) < 500


def test_a_page_that_is_no_completion_is_shown_in_short(endpoint: MockEndpoint) -> None:
    endpoint.replies.append(
        Reply(200, "<html>Welcome" + "x" * 999, (("content-type", "text/html"),))
    )
    with pytest.raises(BadReply, match="Check the base URL") as caught:
        answered(at(endpoint), ask("hi"))
    assert "found a web page: 'Welcomexxx" in str(caught.value)
    assert len(str(caught.value)) < 500


def test_a_port_where_nobody_listens_is_down_and_no_time_out() -> None:
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{reserved.getsockname()[1]}/v1"
        for prompt in ("hi", "long " * 20_000):
            with pytest.raises(EndpointDown, match="nothing listens there") as caught:
                answered(OpenAIProvider(url, "k", DEFAULT), ask(prompt))
            assert caught.value.is_unreachable


@pytest.fixture
def deaf_url() -> Iterator[str]:
    """A server that accepts connections and never reads."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        yield f"http://127.0.0.1:{server.getsockname()[1]}/v1"


def test_a_large_request_that_nobody_reads_times_out(deaf_url: str) -> None:
    patient_reader = Timeouts(connect_s=1, read_s=60, write_s=0.2)
    with pytest.raises(CallTimeout):
        answered(OpenAIProvider(deaf_url, "k", patient_reader), ask("x" * 20_000_000))


def test_a_large_request_is_answered(endpoint: MockEndpoint) -> None:
    [completion] = answered(at(endpoint), ask("[[answer=long]]" + "x" * 300_000))
    assert completion.text == "long"


def test_a_prompt_that_is_no_text_is_refused_and_not_sent(endpoint: MockEndpoint) -> None:
    with pytest.raises(CallRefused, match="cannot make the request"):
        answered(at(endpoint), ask("lone surrogate \ud800"))
    assert endpoint.count() == 0


def test_azure_is_asked_at_the_deployment(endpoint: MockEndpoint) -> None:
    origin = endpoint.url.removesuffix("/v1")
    provider = OpenAIProvider(None, "azure-key", DEFAULT, Azure(f"{origin}/", "2024-10-21"))
    [completion] = answered(
        provider, Request(({"role": "user", "content": "hi"},), model="my-deployment")
    )
    [request] = endpoint.requests
    assert (
        request.path == "/openai/deployments/my-deployment/chat/completions?api-version=2024-10-21"
    )
    assert request.headers["api-key"] == "azure-key"
    assert completion.endpoint == origin
    assert provider.fingerprint == f"openai:{origin}?api-version=2024-10-21"


def test_the_query_of_a_base_url_is_sent_and_not_shown(endpoint: MockEndpoint) -> None:
    provider = OpenAIProvider(f"{endpoint.url}/?tenant=secret-tenant", "k", DEFAULT)
    [completion] = answered(provider, ask("hi"))
    assert endpoint.requests[0].path == "/v1/chat/completions?tenant=secret-tenant"
    assert completion.endpoint == endpoint.url
    assert "secret-tenant" not in f"{provider!r} {provider.fingerprint}"


def test_the_fingerprint_is_the_endpoint_and_openai_itself_by_default() -> None:
    assert OpenAIProvider(None, "k", DEFAULT).fingerprint == "openai:https://api.openai.com/v1"


def test_a_provider_works_again_after_it_was_closed(endpoint: MockEndpoint) -> None:
    provider = at(endpoint)
    assert answered(provider, ask("a"))[0].text != answered(provider, ask("b"))[0].text


def test_a_cancelled_call_is_cancelled(endpoint: MockEndpoint) -> None:
    async def cancelled(call: Callable[[Request], Awaitable[Completion]]) -> None:
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(call(ask("[[fault=hang]]")), 0.1)
        await provider.close()

    provider = at(endpoint)
    asyncio.run(cancelled(provider.complete))
