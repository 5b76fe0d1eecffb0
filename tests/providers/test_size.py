"""A reply that is too large ends its call, whatever it says of itself."""

from __future__ import annotations

import asyncio
import gzip
import json
import zlib

import pytest

from pytest_llmeval.errors import BadReply, CallError, EndpointDown
from pytest_llmeval.providers.openai.provider import OpenAIProvider
from pytest_llmeval.providers.openai.size import MOST_BYTES
from pytest_llmeval.providers.spec import Timeouts
from pytest_llmeval.records.call import Completion, Request
from tests.mock_endpoint import MockEndpoint, Reply

JSON = ("content-type", "application/json")


def saying(text: str) -> bytes:
    return json.dumps({"choices": [{"message": {"content": text}}]}).encode()


def answered(endpoint: MockEndpoint, reply: Reply, prompt: str = "hi") -> Completion:
    endpoint.replies.append(reply)
    provider = OpenAIProvider(endpoint.url, "k", Timeouts())

    async def call() -> Completion:
        try:
            return await provider.complete(Request(({"role": "user", "content": prompt},)))
        finally:
            await provider.close()

    return asyncio.run(call())


@pytest.mark.parametrize(
    ("encoding", "prompt"),
    [("gzip", "hi"), ("gzip", "long " * 20_000), (None, "hi")],
    ids=["packed, aiohttp", "packed, httpx", "plain"],
)
def test_a_reply_beyond_the_limit_is_an_error_that_another_attempt_would_not_mend(
    endpoint: MockEndpoint, encoding: str | None, prompt: str
) -> None:
    body = saying("x" * MOST_BYTES)
    headers: tuple[tuple[str, str], ...] = (JSON,)
    if encoding:
        body, headers = gzip.compress(body, 1), (JSON, ("content-encoding", encoding))
    with pytest.raises(BadReply, match="the reply is larger than 32 MiB, unpacked") as caught:
        answered(endpoint, Reply(200, body, headers), prompt)
    assert not caught.value.is_transient


def test_the_body_of_an_error_is_read_no_further_than_the_limit(endpoint: MockEndpoint) -> None:
    body = gzip.compress(b"E" * 2 * MOST_BYTES, 1)
    with pytest.raises(EndpointDown, match="HTTP 500: the reply is larger than 32 MiB, unpacked"):
        answered(endpoint, Reply(500, body, (JSON, ("content-encoding", "gzip"))))


@pytest.mark.parametrize("encoding", ["gzip", "deflate", None])
def test_a_large_answer_within_the_limit_is_an_answer(
    endpoint: MockEndpoint, encoding: str | None
) -> None:
    text = "words " * 20_000
    bodies = {
        "gzip": gzip.compress(saying(text)),
        "deflate": zlib.compress(saying(text)),
        None: saying(text),
    }
    headers = (JSON, *([("content-encoding", encoding)] if encoding else []))
    assert answered(endpoint, Reply(200, bodies[encoding], headers)).text == text


def test_a_body_that_is_not_what_its_encoding_says_is_an_error(endpoint: MockEndpoint) -> None:
    with pytest.raises(CallError):
        answered(endpoint, Reply(200, b"\x1f\x8bnonsense", (JSON, ("content-encoding", "gzip"))))
