from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping

import pytest

from pytest_llmeval.providers.openai.provider import OpenAIProvider
from pytest_llmeval.providers.openai.rate_limits import duration_s, read_rate_limits, retry_after_s
from pytest_llmeval.providers.spec import Timeouts
from pytest_llmeval.records.call import Completion, Quota, RateLimits, Request
from tests.mock_endpoint import MockEndpoint, Reply


def told(of: str, limit: str | None, remaining: str | None, reset: str | None) -> dict[str, str]:
    texts = {"limit": limit, "remaining": remaining, "reset": reset}
    return {f"x-ratelimit-{what}-{of}": text for what, text in texts.items() if text is not None}


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("1s", 1.0),
        ("6m0s", 360.0),
        ("120ms", 0.12),
        ("1.500s", 1.5),
        ("1h2m3s", 3723.0),
        ("1m30.5s", 90.5),
        ("1d", 86400.0),
        ("250µs", 0.00025),
        ("0s", 0.0),
        ("12", 12.0),
        ("0.25", 0.25),
        (" 7 ", 7.0),
        ("", None),
        ("soon", None),
        ("1s later", None),
        ("-1", None),
        ("-1s", None),
        ("nan", None),
        ("inf", None),
        ("Wed, 21 Oct 2015 07:28:00 GMT", None),
        (None, None),
    ],
)
def test_a_duration_is_read_as_endpoints_write_it(text: str | None, seconds: float | None) -> None:
    assert duration_s(text) == (None if seconds is None else pytest.approx(seconds))


@pytest.mark.parametrize(
    ("headers", "limits"),
    [
        ({}, None),
        (told("requests", "60", "59", "1s"), RateLimits(Quota(60, 59, 1), None)),
        (told("tokens", "150000", "149984", "6m0s"), RateLimits(None, Quota(150000, 149984, 360))),
        (
            {**told("requests", "5", "0", "12"), **told("tokens", "9", "8", "8.64s")},
            RateLimits(Quota(5, 0, 12), Quota(9, 8, 8.64)),
        ),
        (told("requests", None, "59", None), None),
        (told("requests", "60", "59", None), None),
        (told("requests", None, "59", "1s"), None),
        (told("requests", "60", None, "1s"), None),
        (told("requests", "60", "many", "1s"), None),
        (told("requests", "0", "0", "1s"), None),
        (told("requests", "-1", "-1", "0s"), None),
        (
            {**told("requests", None, "59", None), **told("tokens", "9", "8", "1s")},
            RateLimits(None, Quota(9, 8, 1)),
        ),
    ],
)
def test_a_quota_needs_its_limit_what_remains_and_when_it_is_back(
    headers: Mapping[str, str], limits: RateLimits | None
) -> None:
    assert read_rate_limits(headers) == limits


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "1.5"}, 1.5),
        ({"retry-after-ms": "250", "retry-after": "9"}, 0.25),
        ({"retry-after-ms": "soon", "retry-after": "9"}, 9.0),
        ({"retry-after": "Wed, 21 Oct 2015 07:28:00 GMT"}, 0.0),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "-1"}, None),
        ({"retry-after": "inf"}, None),
        ({}, None),
    ],
)
def test_the_time_to_wait_is_read_in_every_form(
    headers: Mapping[str, str], seconds: float | None
) -> None:
    assert retry_after_s(headers) == seconds


def test_a_date_to_come_is_the_seconds_until_then() -> None:
    waited = retry_after_s({"retry-after": "Fri, 01 Jan 2100 00:00:00 GMT"})
    assert waited is not None
    assert waited > 1e6


def completion_with(endpoint: MockEndpoint, *headers: tuple[str, str]) -> Completion:
    body = json.dumps({"choices": [{"message": {"content": "hello"}}]})
    endpoint.replies.append(Reply(200, body, headers))

    async def call() -> Completion:
        provider = OpenAIProvider(endpoint.url, "k", Timeouts())
        try:
            return await provider.complete(Request(({"role": "user", "content": "hi"},), model="m"))
        finally:
            await provider.close()

    return asyncio.run(call())


def test_a_completion_carries_what_the_headers_say(endpoint: MockEndpoint) -> None:
    headers = {
        "X-RateLimit-Limit-Requests": "600",
        "X-RateLimit-Remaining-Requests": "599",
        "X-RateLimit-Reset-Requests": "120ms",
    }
    completion = completion_with(endpoint, *headers.items())
    assert (completion.text, completion.rate_limits) == (
        "hello",
        RateLimits(requests=Quota(600, 599, 0.12)),
    )


def test_a_completion_of_an_endpoint_that_says_nothing_has_no_limits(
    endpoint: MockEndpoint,
) -> None:
    assert completion_with(endpoint).rate_limits is None
