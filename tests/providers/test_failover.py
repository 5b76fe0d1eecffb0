from __future__ import annotations

import asyncio
import dataclasses
import json
import socket
from collections.abc import Awaitable, Callable, Iterator, Mapping
from typing import TypeVar

import pytest

from pytest_llmeval.errors import (
    BadReply,
    CallError,
    CallRefused,
    CallTimeout,
    EndpointDown,
    NoAnswer,
    RateLimited,
    RequestAdapted,
)
from pytest_llmeval.providers.openai.failover import COOL_DOWN_S, FailoverProvider
from pytest_llmeval.providers.openai.provider import OpenAIProvider
from pytest_llmeval.providers.registry import make_provider
from pytest_llmeval.providers.spec import ProviderRequest, Timeouts
from pytest_llmeval.records.call import Completion, Parameters, Request
from tests.mock_endpoint import MockEndpoint, Reply

T = TypeVar("T")
HI = Request(({"role": "user", "content": "hi"},), model="m")


class Clock:
    """Time that a test sets."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def second() -> Iterator[MockEndpoint]:
    with MockEndpoint() as server:
        yield server


@pytest.fixture
def dead_url() -> Iterator[str]:
    """A port where nobody listens."""
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{reserved.getsockname()[1]}/v1"


def chain(clock: Clock, *urls: str, timeouts: Timeouts | None = None) -> FailoverProvider:
    providers = [OpenAIProvider(url, "k", timeouts or Timeouts()) for url in urls]
    return FailoverProvider(providers, clock)


def in_loop(provider: FailoverProvider, scenario: Callable[[], Awaitable[T]]) -> T:
    async def run() -> T:
        try:
            return await scenario()
        finally:
            await provider.close()

    return asyncio.run(run())


def answered(provider: FailoverProvider, request: Request = HI) -> Completion:
    return in_loop(provider, lambda: provider.complete(request))


def failure(status: int, message: str = "no", code: str | None = None, **headers: str) -> Reply:
    named = tuple((name.replace("_", "-"), text) for name, text in headers.items())
    return Reply(status, json.dumps({"error": {"message": message, "code": code}}), named)


def test_the_first_endpoint_answers_and_the_second_is_not_asked(
    endpoint: MockEndpoint, second: MockEndpoint, clock: Clock
) -> None:
    assert answered(chain(clock, endpoint.url, second.url)).endpoint == endpoint.url
    assert second.count() == 0


def test_where_the_first_is_down_the_second_answers(
    second: MockEndpoint, dead_url: str, clock: Clock
) -> None:
    assert answered(chain(clock, dead_url, second.url)).endpoint == second.url


@pytest.mark.parametrize(
    "reply",
    [
        failure(429),
        failure(500),
        failure(503),
        failure(408),
        failure(409),
        failure(425),
        failure(401),
        failure(402),
        failure(403),
        failure(404),
        failure(429, code="insufficient_quota"),
        failure(400, "API key not valid. Please pass a valid API key."),
        Reply(200, "<html>Welcome"),
    ],
)
def test_a_failure_of_the_endpoints_own_is_no_failure_of_the_list(
    endpoint: MockEndpoint, second: MockEndpoint, clock: Clock, reply: Reply
) -> None:
    endpoint.replies.append(reply)
    provider = chain(clock, endpoint.url, second.url)

    async def twice() -> list[str]:
        return [(await provider.complete(HI)).endpoint for _ in range(2)]

    assert in_loop(provider, twice) == [second.url, second.url]
    assert endpoint.count() == 1, "it cools down"


@pytest.mark.parametrize(
    "reply",
    [
        failure(400, "maximum context length is 4096 tokens", "context_length_exceeded"),
        failure(400, "triggered the content management policy", "content_filter"),
        failure(400, "Unsupported parameter: 'max_tokens'", "unsupported_parameter"),
        failure(413, "too large"),
        failure(422, "messages: at least one"),
    ],
)
def test_what_another_endpoint_would_say_too_is_final(
    endpoint: MockEndpoint, second: MockEndpoint, clock: Clock, reply: Reply
) -> None:
    endpoint.replies.append(reply)
    provider = chain(clock, endpoint.url, second.url)

    async def refused_and_asked_again() -> str:
        with pytest.raises(CallRefused) as caught:
            await provider.complete(HI)
        assert not caught.value.is_about_endpoint
        return (await provider.complete(HI)).endpoint

    assert in_loop(provider, refused_and_asked_again) == endpoint.url
    assert second.count() == 0


@pytest.mark.parametrize(
    ("headers", "cool_down_s"),
    [({}, COOL_DOWN_S), ({"retry_after": "5"}, 5.0), ({"retry_after": "90"}, 90.0)],
)
def test_an_endpoint_is_asked_again_when_it_has_cooled_down(
    endpoint: MockEndpoint,
    second: MockEndpoint,
    clock: Clock,
    headers: Mapping[str, str],
    cool_down_s: float,
) -> None:
    endpoint.replies.append(failure(503, **headers))
    provider = chain(clock, endpoint.url, second.url)

    async def scenario() -> list[str]:
        first = await provider.complete(HI)
        clock.now += cool_down_s - 0.1
        before = await provider.complete(HI)
        clock.now += 0.1
        after = await provider.complete(HI)
        return [completion.endpoint for completion in (first, before, after)]

    assert in_loop(provider, scenario) == [second.url, second.url, endpoint.url]


def test_while_all_cool_down_the_one_whose_time_ends_first_is_asked(
    endpoint: MockEndpoint, second: MockEndpoint, clock: Clock
) -> None:
    endpoint.replies.append(failure(429, retry_after="20"))
    second.replies.append(failure(429, retry_after="10"))
    provider = chain(clock, endpoint.url, second.url)

    async def scenario() -> str:
        with pytest.raises(RateLimited) as caught:
            await provider.complete(HI)
        assert caught.value.retry_after_s == 10
        assert caught.value.is_overload
        return (await provider.complete(HI)).endpoint

    assert in_loop(provider, scenario) == second.url


def test_while_all_cool_down_one_that_refused_is_asked_last(
    endpoint: MockEndpoint, second: MockEndpoint, clock: Clock
) -> None:
    endpoint.replies.append(failure(401))
    second.replies.append(failure(429, retry_after="90"))
    provider = chain(clock, endpoint.url, second.url)

    async def scenario() -> str:
        with pytest.raises(RateLimited):
            await provider.complete(HI)
        return (await provider.complete(HI)).endpoint

    assert in_loop(provider, scenario) == second.url
    assert endpoint.count() == 1


@pytest.mark.parametrize(
    ("first_says", "second_says", "error"),
    [
        (failure(429), failure(500), EndpointDown),
        (failure(500), failure(429), RateLimited),
        (failure(429), failure(401), RateLimited),
        (failure(401), failure(408), CallTimeout),
        (failure(404), Reply(200, "{}"), BadReply),
        (failure(401), failure(404), CallRefused),
    ],
)
def test_where_all_fail_the_last_error_worth_another_attempt_is_raised_and_names_all(
    endpoint: MockEndpoint,
    second: MockEndpoint,
    clock: Clock,
    first_says: Reply,
    second_says: Reply,
    error: type[CallError],
) -> None:
    endpoint.replies.append(first_says)
    second.replies.append(second_says)
    with pytest.raises(CallError) as caught:
        answered(chain(clock, endpoint.url, second.url))
    assert type(caught.value) is error
    assert str(caught.value).startswith(
        f"None of 2 endpoints answered: (1) {endpoint.url}, model 'm': "
    )
    assert f"; (2) {second.url}, model 'm': " in str(caught.value)
    assert caught.value.__cause__ is caught.value.__context__ is None


def test_an_endpoint_that_hangs_until_the_caller_gives_up_cools_down(
    endpoint: MockEndpoint, second: MockEndpoint, clock: Clock
) -> None:
    provider = chain(clock, endpoint.url, second.url)
    hangs_at_first = Request(({"role": "user", "content": "[[fault=hang:1]]"},), model="m")

    async def scenario() -> str:
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(provider.complete(hangs_at_first), 0.2)
        return (await provider.complete(HI)).endpoint

    assert in_loop(provider, scenario) == second.url


def made(
    base_url: str, environ: Mapping[str, str], place: str = "--llm-provider"
) -> FailoverProvider:
    is_judge = place != "--llm-provider"
    provider = make_provider(ProviderRequest("openai", place, environ, base_url, is_judge=is_judge))
    assert isinstance(provider, FailoverProvider)
    return provider


def test_each_endpoint_may_have_a_model_of_its_own(
    endpoint: MockEndpoint, second: MockEndpoint
) -> None:
    endpoint.replies.append(failure(404))
    provider = made(f"{endpoint.url} big@{second.url}", {})
    assert answered(provider).model == "big"
    assert [server.requests[0].body["model"] for server in (endpoint, second)] == ["m", "big"]
    assert provider.fingerprint == f"openai:{endpoint.url} openai:big@{second.url}"


def test_an_azure_resource_can_stand_behind_an_endpoint(
    endpoint: MockEndpoint, second: MockEndpoint
) -> None:
    origin = second.url.removesuffix("/v1")
    endpoint.replies.append(failure(500))
    provider = made(
        f"{endpoint.url}\n my-deployment@azure:{origin}?api-version=2024-10-21",
        {"LLMEVAL_API_KEY": "first-key", "AZURE_OPENAI_API_KEY": "azure-key"},
    )
    assert answered(provider).endpoint == origin
    [request] = second.requests
    assert (
        request.path == "/openai/deployments/my-deployment/chat/completions?api-version=2024-10-21"
    )
    assert request.headers["api-key"] == "azure-key"
    assert "first-key" not in str(request.headers)
    assert (
        provider.fingerprint
        == f"openai:{endpoint.url} openai:my-deployment@{origin}?api-version=2024-10-21"
    )


@pytest.mark.parametrize(
    ("environ", "sent"),
    [
        ({"LLMEVAL_API_KEY": "first-key"}, "Bearer unused"),
        ({"OPENAI_API_KEY": "first-key"}, "Bearer unused"),
        ({"LLMEVAL_API_KEY": "first-key", "LLMEVAL_API_KEY_2": "second-key"}, "Bearer second-key"),
    ],
)
def test_the_key_of_one_host_is_never_sent_to_another(
    endpoint: MockEndpoint, second: MockEndpoint, environ: Mapping[str, str], sent: str
) -> None:
    endpoint.replies.append(failure(401, "Incorrect API key provided: first-key"))
    second.replies.append(failure(401, "Incorrect API key provided: second-key"))
    provider = made(f"{endpoint.url} {second.url}", environ)
    with pytest.raises(CallRefused) as caught:
        answered(provider)
    assert endpoint.requests[0].headers["authorization"] == "Bearer first-key"
    assert second.requests[0].headers["authorization"] == sent
    shown = f"{caught.value} {provider!r} {provider.fingerprint}"
    assert "first-key" not in shown
    assert sent not in shown


def test_the_same_host_gets_the_same_key(endpoint: MockEndpoint) -> None:
    endpoint.replies.append(failure(404))
    answered(made(f"{endpoint.url} small@{endpoint.url}", {"LLMEVAL_API_KEY": "first-key"}))
    assert [request.headers["authorization"] for request in endpoint.requests] == [
        "Bearer first-key"
    ] * 2


@pytest.mark.parametrize("reason", ["content_filter", "stop"])
def test_a_reply_without_an_answer_is_no_reason_to_leave_an_endpoint(
    endpoint: MockEndpoint, second: MockEndpoint, clock: Clock, reason: str
) -> None:
    choice = {"message": {"content": ""}, "finish_reason": reason}
    endpoint.replies.append(Reply(200, json.dumps({"choices": [choice]})))
    provider = chain(clock, endpoint.url, second.url)

    async def twice() -> Completion:
        with pytest.raises(NoAnswer):
            await provider.complete(HI)
        return await provider.complete(HI)

    assert in_loop(provider, twice).endpoint == endpoint.url
    assert second.count() == 0


def test_a_refused_parameter_is_learned_for_its_endpoint_alone(
    endpoint: MockEndpoint, second: MockEndpoint, clock: Clock
) -> None:
    endpoint.replies.append(failure(400, "Unsupported parameter: 'temperature' is not supported."))
    provider = chain(clock, endpoint.url, second.url)
    request = dataclasses.replace(HI, parameters=Parameters(temperature=0.0))

    async def twice() -> Completion:
        with pytest.raises(RequestAdapted):
            await provider.complete(request)
        return await provider.complete(request)

    completion = in_loop(provider, twice)
    assert (completion.endpoint, completion.adapted) == (endpoint.url, ("temperature left out",))
    assert "temperature" not in endpoint.requests[-1].body
    assert second.count() == 0
