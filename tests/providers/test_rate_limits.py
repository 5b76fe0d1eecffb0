from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Mapping
from email.utils import formatdate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_llmeval.errors import RateLimited
from pytest_llmeval.providers.openai.provider import OpenAIProvider
from pytest_llmeval.providers.openai.rate_limits import (
    read_rate_limits,
    retry_after_s,
    seconds_until,
)
from pytest_llmeval.providers.spec import Timeouts
from pytest_llmeval.records.call import Completion, Quota, RateLimits, Request
from tests.mock_endpoint import MockEndpoint, Reply


def told(of: str, limit: str | None, remaining: str | None, reset: str | None) -> dict[str, str]:
    texts = {"limit": limit, "remaining": remaining, "reset": reset}
    return {f"x-ratelimit-{what}-{of}": text for what, text in texts.items() if text is not None}


NOW = 1_780_000_000.0
"""Unix time of the endpoint's clock in these tests: May 2026."""

MONTH_S = 31 * 86_400.0


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("1s", 1.0),
        ("6m0s", 360.0),
        ("120ms", 0.12),
        ("6ms", 0.006),
        ("1.500s", 1.5),
        ("1h2m3s", 3723.0),
        ("1m30.5s", 90.5),
        ("1m 30s", 90.5 - 0.5),
        ("1 minute", 60.0),
        ("2 hours, 5 seconds", 7205.0),
        ("1M30S", 90.0),
        ("1d", 86400.0),
        ("250µs", 0.00025),
        ("0s", 0.0),
        ("12", 12.0),
        ("0.25", 0.25),
        (" 7 ", 7.0),
        ("3600", 3600.0),
        ("60000", 60.0),
        ("1500000", 1500.0),
        ("1780000003", 3.0),
        ("1780000003.5", 3.5),
        ("1780000003000", 3.0),
        ("1780000003000000", 3.0),
        ("1780000003000000000", 3.0),
        ("1779999000", 0.0),
        ("2026-05-28T20:26:50Z", 10.0),
        ("2026-05-28T20:26:50.123456789Z", 10.123456),
        ("2026-05-28T22:26:50+02:00", 10.0),
        ("2026-05-28T20:26:50", 10.0),
        ("Thu, 28 May 2026 20:26:50 GMT", 10.0),
        ("Wed, 21 Oct 2015 07:28:00 GMT", 0.0),
        ("Wed, 21 Oct 2065 07:28:00 GMT", None),
        ("9999-12-31T23:59:59Z", None),
        ("100000h", None),
        ("99999999999999999999999", None),
        ("1e300", None),
        ("1e9", 1_000_000.0),
        ("", None),
        ("soon", None),
        ("1s later", None),
        ("1 fortnight", None),
        ("-1", None),
        ("-1s", None),
        ("nan", None),
        ("inf", None),
        ("1970-13-45T99:99:99Z", None),
        (None, None),
    ],
)
def test_a_reset_is_read_in_any_form(text: str | None, seconds: float | None) -> None:
    found = seconds_until(text, NOW, is_reset=True)
    assert found == (None if seconds is None else pytest.approx(seconds, abs=1e-5))


@pytest.mark.parametrize(
    ("text", "seconds"), [("60000", 60_000.0), ("34123", 34_123.0), ("2678401", None)]
)
def test_retry_after_is_in_seconds_however_long(text: str, seconds: float | None) -> None:
    assert seconds_until(text, NOW) == seconds


@given(st.text() | st.floats().map(str) | st.integers().map(str) | st.datetimes().map(str))
def test_no_text_is_an_error_or_a_wait_of_more_than_a_month(text: str) -> None:
    seconds = seconds_until(text, NOW, is_reset=True)
    assert seconds is None or 0 <= seconds <= MONTH_S


def test_a_date_is_read_by_the_clock_of_the_endpoint() -> None:
    headers = {
        "date": "Thu, 28 May 2026 20:26:40 GMT",
        "retry-after": "Thu, 28 May 2026 20:26:47 GMT",
        **told("requests", "60", "0", "1780000003"),
    }
    assert retry_after_s(headers) == 7
    assert read_rate_limits(headers) == RateLimits(Quota(60, 0, 3, is_window=True))


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
        (told("requests", "60", "-1", "1s"), None),
        (told("requests", "60", "nan", "1s"), None),
        (told("requests", "1e300", "0", "1s"), None),
        (told("requests", "60", "0", "100000h"), None),
        (told("requests", "10", "99", "1s"), RateLimits(Quota(10, 10, 1), None)),
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
    waited = retry_after_s({"retry-after": formatdate(time.time() + 3600, usegmt=True)})
    assert waited is not None
    assert 3500 < waited <= 3600


def completion_with(
    endpoint: MockEndpoint, *headers: tuple[str, str], status: int = 200, content: str = "hi"
) -> Completion:
    body = json.dumps({"choices": [{"message": {"content": "hello"}}]})
    endpoint.replies.append(Reply(status, body, headers))

    async def call() -> Completion:
        provider = OpenAIProvider(endpoint.url, "k", Timeouts())
        try:
            return await provider.complete(Request(({"role": "user", "content": content},), "m"))
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


@pytest.mark.parametrize("size", ["small", "large"])
def test_headers_of_any_bytes_cost_no_answer_and_no_retry(
    endpoint: MockEndpoint, size: str
) -> None:
    odd = "\u0663".encode().decode("latin-1") + "\xff\x80"
    headers = (("Retry-After", odd), ("X-RateLimit-Reset-Requests", odd), ("X-Odd", "\xe9"),
               ("Set-Cookie", f"a={odd}"), ("Server", odd))  # fmt: skip
    content = "hi" if size == "small" else "long " * 20_000
    assert completion_with(endpoint, *headers, content=content).text == "hello"
    with pytest.raises(RateLimited) as caught:
        completion_with(endpoint, *headers, status=429, content=content)
    assert caught.value.retry_after_s is None


@pytest.mark.parametrize("digits", ["\u0663", "\uff15", "\u096a", "\u0663s"])
def test_digits_of_other_scripts_are_no_wait(digits: str) -> None:
    assert seconds_until(digits, NOW) is None


def test_a_completion_of_an_endpoint_that_says_nothing_has_no_limits(
    endpoint: MockEndpoint,
) -> None:
    assert completion_with(endpoint).rate_limits is None
