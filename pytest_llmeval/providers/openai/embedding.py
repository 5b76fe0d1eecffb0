"""Embeddings of an OpenAI-compatible endpoint, as completions whose text is the vector."""

from __future__ import annotations

import base64
import json
import struct
from typing import Any

from pytest_llmeval.errors import BadReply
from pytest_llmeval.providers.openai.provider import Api
from pytest_llmeval.providers.openai.reply import EXCERPT
from pytest_llmeval.records.call import Completion, Request, Usage

_FLOAT_BYTES = 4


def _body(request: Request) -> dict[str, Any]:
    """One text; in base64 the reply is a quarter as long as in digits."""
    return {"input": str(request.messages[-1]["content"]), "encoding_format": "base64"}


def read_embedding(text: str, *, model: str, endpoint: str, latency_s: float) -> Completion:
    """The vector in a reply: 32-bit floats, little-endian, in base64, also where the endpoint sent digits.

    Args:
        text: The reply's body.
        model: The model that was asked, where the reply does not name one.
        endpoint: Who answered.
        latency_s: Seconds it took.

    Raises:
        BadReply: The body is no embedding. The message holds its first characters.
    """
    try:
        reply = json.loads(text)
        vector = reply["data"][0]["embedding"]
        if isinstance(vector, list):
            vector = base64.b64encode(struct.pack(f"<{len(vector)}f", *vector)).decode()
        size = len(base64.b64decode(vector, validate=True))
        if not size or size % _FLOAT_BYTES:
            raise ValueError(f"{size} bytes are no 32-bit floats")
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
