"""Embeddings of an OpenAI-compatible endpoint, as completions with the vector as text."""

from __future__ import annotations

import base64
import struct
from collections.abc import Mapping
from typing import Any

from pytest_llmeval.errors import BadReply
from pytest_llmeval.providers.openai.body import EXCERPT, read_document
from pytest_llmeval.providers.openai.exchange import Api
from pytest_llmeval.providers.openai.reply import check_error
from pytest_llmeval.records.call import Completion, Request, Usage

_FLOAT_BYTES = 4


def _body(request: Request) -> dict[str, Any]:
    """Make a body for one text. A base64 reply is a quarter as long as decimal digits."""
    return {"input": str(request.messages[-1]["content"]), "encoding_format": "base64"}


def read_embedding(
    text: str,
    *,
    model: str,
    endpoint: str,
    latency_s: float,
    body: Mapping[str, Any] | None = None,
) -> Completion:
    """Read the vector of a reply as 32-bit little-endian floats in base64.

    Args:
        text: The reply's body.
        model: The requested model, if the reply does not name one.
        endpoint: The endpoint that answered.
        latency_s: Duration of the call in seconds.
        body: The body of the request.

    Raises:
        ErrorInReply: The body holds an error.
        BadReply: The body is not an embedding. The message has its first characters.
    """
    reply = read_document(text)
    try:
        check_error(reply)
        vector = reply["data"][0]["embedding"]
        if isinstance(vector, list):
            vector = base64.b64encode(struct.pack(f"<{len(vector)}f", *vector)).decode()
        size = len(base64.b64decode(vector, validate=True))
        if not size or size % _FLOAT_BYTES:
            raise ValueError(f"{size} bytes are not 32-bit floats")
        usage = reply.get("usage")
        return Completion(
            text=vector,
            model=str(reply.get("model") or model),
            endpoint=endpoint,
            usage=Usage(int(usage.get("prompt_tokens") or 0)) if usage else None,
            latency_s=latency_s,
        )
    except (
        ValueError,
        LookupError,
        TypeError,
        AttributeError,
        RecursionError,
        struct.error,
    ) as error:
        raise BadReply(
            f"{type(error).__name__}: {error}; the reply begins {text[:EXCERPT]!r}"
        ) from None


EMBEDDINGS = Api("embedding", "/embeddings", _body, read_embedding, "/embeddings")
"""``POST /embeddings``, one text a call."""
