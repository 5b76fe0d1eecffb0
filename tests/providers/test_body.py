"""A body is what its bytes say, whatever the headers claim."""

from __future__ import annotations

import asyncio
import gzip
import json
import zlib

import pytest

from pytest_llmeval.errors import BadReply, CallError, CallRefused, EndpointDown
from pytest_llmeval.providers.openai.provider import OpenAIProvider
from pytest_llmeval.providers.spec import Timeouts
from pytest_llmeval.records.call import Completion, Request
from tests.mock_endpoint import MockEndpoint, Reply

TEXT = "Zürich, 東京 🙂"
DOCUMENT = {"choices": [{"message": {"content": TEXT}, "finish_reason": "stop"}]}
PLAIN = json.dumps(DOCUMENT, ensure_ascii=False)
UTF_8 = PLAIN.encode()
LATIN_1 = PLAIN.replace(TEXT, "Zürich").encode("latin-1")


def typed(charset: str) -> tuple[str, str]:
    return ("content-type", f"application/json; charset={charset}")


def encoded(encoding: str) -> tuple[str, str]:
    return ("content-encoding", encoding)


def answer(
    endpoint: MockEndpoint, body: str | bytes, status: int, *headers: tuple[str, str]
) -> Completion:
    endpoint.replies.append(Reply(status, body, headers))
    provider = OpenAIProvider(endpoint.url, "sk-test", Timeouts())

    async def once() -> Completion:
        try:
            return await provider.complete(Request(({"role": "user", "content": "hi"},), model="m"))
        finally:
            await provider.close()

    return asyncio.run(once())


def packed(data: bytes) -> bytes:
    """Compress bytes, always to the same ones: they name the test."""
    return gzip.compress(data, mtime=0)


def raw_deflate(data: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(data) + packer.flush()


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        (UTF_8, ()),
        (UTF_8, (typed("ISO-8859-1"),)),
        (UTF_8, (typed("ascii"),)),
        (UTF_8, (typed("nonsense"),)),
        (UTF_8, (("content-type", "text/html"),)),
        (b"\xef\xbb\xbf" + UTF_8, ()),
        (b"\xef\xbb\xbf" + UTF_8, (typed("ISO-8859-1"),)),
        (PLAIN.encode("utf-16"), ()),
        (PLAIN.encode("utf-16-le"), ()),
        (PLAIN.encode("utf-32"), ()),
        (b"\n\n  " + UTF_8 + b"\n", ()),
        (UTF_8, (encoded("gzip"),)),
        (UTF_8, (encoded("deflate"),)),
        (UTF_8, (encoded("br"),)),
        (UTF_8, (encoded("zstd"),)),
        (UTF_8, (encoded("identity"),)),
        (UTF_8, (encoded("nonsense"),)),
        (packed(UTF_8), (encoded("gzip"),)),
        (packed(UTF_8), ()),
        (packed(UTF_8), (encoded("deflate"),)),
        (packed(UTF_8), (encoded("br"),)),
        (packed(UTF_8), (encoded("identity"),)),
        (packed(b"\xef\xbb\xbf" + UTF_8), (encoded("gzip"), typed("ISO-8859-1"))),
        (zlib.compress(UTF_8), (encoded("deflate"),)),
        (raw_deflate(UTF_8), (encoded("deflate"),)),
        (packed(packed(UTF_8)), (encoded("gzip, gzip"),)),
    ],
)
def test_an_answer_is_read_as_its_bytes_say(
    endpoint: MockEndpoint, body: bytes, headers: tuple[tuple[str, str], ...]
) -> None:
    assert answer(endpoint, body, 200, *headers).text == TEXT


def test_a_body_that_is_no_utf_8_is_read_as_its_header_says(endpoint: MockEndpoint) -> None:
    assert answer(endpoint, LATIN_1, 200, typed("ISO-8859-1")).text == "Zürich"


@pytest.mark.parametrize(
    ("body", "headers", "said"),
    [
        (LATIN_1, (), "text neither in UTF-8 nor in the encoding of its header"),
        (packed(UTF_8)[:-20], (encoded("gzip"),), "broken off or not valid"),
        (b"\x00\x01\x02\x03", (encoded("gzip"),), "the body cannot be decoded"),
        (b"", (), "the body is empty"),
        (b"", (encoded("gzip"),), "the body is empty"),
        (UTF_8[:-9], (), "broken off or not valid"),
        (UTF_8 + UTF_8, (), "several JSON documents"),
        (UTF_8 + b"\n" + UTF_8, (), "several JSON documents"),
        (b"data: " + UTF_8 + b"\n\ndata: [DONE]\n\n", (), "a stream of events"),
        (b"<html><title>Sign in &amp; go</title></html>", (), "a web page: 'Sign in & go'"),
        (packed(b"<html><title>Sign in</title></html>"), (), "a web page: 'Sign in'"),
        (b"<?xml version='1.0'?><Error><Code>AccessDenied</Code></Error>", (), "a web page: 'AccessDenied'"),
        (b"OK", (), "found no JSON; the reply begins 'OK'"),
    ],
)  # fmt: skip
def test_a_body_that_holds_no_answer_says_what_it_is(
    endpoint: MockEndpoint, body: bytes, headers: tuple[tuple[str, str], ...], said: str
) -> None:
    with pytest.raises(BadReply) as caught:
        answer(endpoint, body, 200, *headers)
    assert said in str(caught.value)
    assert str(caught.value).startswith(f"{endpoint.url}, model 'm': found no chat completion: ")


ERROR = json.dumps({"error": {"message": "Zu viele Wörter"}}, ensure_ascii=False).encode()


@pytest.mark.parametrize(
    ("status", "body", "headers", "error", "said"),
    [
        (502, b"<html><head><title>502 Bad Gateway</title></head><body>nginx</body></html>", (), EndpointDown,
         "HTTP 502: 502 Bad Gateway"),
        (404, b"<html><body><h1>Not Found</h1></body></html>", (), CallRefused, "HTTP 404: Not Found"),
        (403, b"<!DOCTYPE html><script>x()</script><p>Blocked by the proxy</p>", (), CallRefused,
         "HTTP 403: Blocked by the proxy"),
        (400, ERROR, (typed("ISO-8859-1"),), CallRefused, "HTTP 400: Zu viele Wörter"),
        (400, b"\xef\xbb\xbf" + ERROR, (), CallRefused, "HTTP 400: Zu viele Wörter"),
        (400, ERROR, (encoded("gzip"),), CallRefused, "HTTP 400: Zu viele Wörter"),
        (400, packed(ERROR), (), CallRefused, "HTTP 400: Zu viele Wörter"),
        (400, packed(ERROR), (encoded("gzip"),), CallRefused, "HTTP 400: Zu viele Wörter"),
        (400, b"\x1f\x8bbroken", (encoded("gzip"),), CallRefused, "HTTP 400: the body cannot be decoded"),
        (500, b"", (), EndpointDown, "HTTP 500: no text"),
        (500, b"upstream connect error", (), EndpointDown, "HTTP 500: upstream connect error"),
    ],
)  # fmt: skip
def test_an_error_is_read_as_its_bytes_say(
    endpoint: MockEndpoint,
    status: int,
    body: bytes,
    headers: tuple[tuple[str, str], ...],
    error: type[CallError],
    said: str,
) -> None:
    with pytest.raises(error) as caught:
        answer(endpoint, body, status, *headers)
    assert said in str(caught.value)
