"""Embeddings over real HTTP."""

from __future__ import annotations

import asyncio
import base64
import json
import struct

import pytest

from pytest_llmeval.errors import BadReply, RateLimited
from pytest_llmeval.protocols import Provider
from pytest_llmeval.providers.openai.embedding import read_embedding
from pytest_llmeval.providers.registry import make_provider
from pytest_llmeval.providers.spec import ProviderRequest
from pytest_llmeval.records.call import Completion, Request
from tests.mock_endpoint import MockEndpoint, Reply

NUMBERS = (0.25, -1.5, 3.0)
PACKED = base64.b64encode(struct.pack("<3f", *NUMBERS)).decode()


def embedder(*urls: str) -> Provider:
    return make_provider(
        ProviderRequest("openai", "--llm-embedding", base_url=" ".join(urls), service="embedding")
    )


def asked(provider: Provider, text: str) -> Completion:
    async def ask() -> Completion:
        try:
            return await provider.complete(
                Request(({"role": "user", "content": text},), "text-embedding-3-small")
            )
        finally:
            await provider.close()  # type: ignore[attr-defined]

    return asyncio.run(ask())


def test_one_text_is_one_call_and_its_vector_the_completion_s_text(endpoint: MockEndpoint) -> None:
    completion = asked(embedder(endpoint.url), "Free from 50 euros.")
    (request,) = endpoint.requests
    assert request.path == "/v1/embeddings"
    assert request.body == {"model": "text-embedding-3-small", "input": "Free from 50 euros."}
    vector = struct.unpack("<64f", base64.b64decode(completion.text))
    assert sum(vector) == 4
    assert completion.usage is not None
    assert (completion.model, completion.usage.completion_tokens) == ("text-embedding-3-small", 0)


def test_a_chat_model_that_the_list_of_endpoints_names_is_not_asked_for_a_vector(
    endpoint: MockEndpoint,
) -> None:
    asked(embedder(f"gpt-4@{endpoint.url}"), "Free.")
    assert endpoint.requests[0].body["model"] == "text-embedding-3-small"


def test_its_fingerprint_is_not_that_of_a_chat(endpoint: MockEndpoint) -> None:
    assert embedder(endpoint.url).fingerprint == f"openai:{endpoint.url}/embeddings"


@pytest.mark.parametrize("shown", [PACKED, list(NUMBERS), [list(NUMBERS)], [0.25, -1.5, 3]])
def test_digits_are_read_like_base64(shown: object) -> None:
    reply = json.dumps({"data": [{"embedding": shown}], "model": "m"})
    assert read_embedding(reply, model="", endpoint="here", latency_s=1).text == PACKED


@pytest.mark.parametrize(
    "body", ["", "[]", '{"data": []}', '{"data": [{"embedding": "AAA="}]}', '{"data": [{"embedding": []}]}',
             '{"data": [{"embedding": ["a"]}]}', '{"data": [{"embedding": null}]}', '{"data": {}}',
             '{"data": [{"embedding": [1, null]}]}', '{"data": [{"embedding": [true]}]}',
             '{"data": [{"embedding": [NaN]}]}', '{"data": [{"embedding": [1e300]}]}',
             '{"data": [{"embedding": [[1], [2]]}]}', '{"data": [{"embedding": [1]}, {"embedding": [2]}]}',
             '{"data": [{"embedding": "AADAfw=="}]}', '{"data": [{"embedding": 5}]}'],
)  # fmt: skip
def test_a_reply_without_a_vector_is_a_bad_reply(endpoint: MockEndpoint, body: str) -> None:
    endpoint.replies.append(Reply(200, body))
    with pytest.raises(
        BadReply, match=r"found no embedding: .*(the reply begins|the body is empty)"
    ):
        asked(embedder(endpoint.url), "Free.")


def test_refusals_are_those_of_any_call(endpoint: MockEndpoint) -> None:
    with pytest.raises(RateLimited):
        asked(embedder(endpoint.url), "[[fault=429]]")
