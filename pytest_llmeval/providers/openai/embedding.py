"""Embeddings of an OpenAI-compatible endpoint, as completions with the vector as text."""

from __future__ import annotations

import base64
import math
import struct
from collections.abc import Mapping
from typing import Any

from pytest_llmeval.errors import BadReply
from pytest_llmeval.providers.openai.body import EXCERPT, read_document
from pytest_llmeval.providers.openai.exchange import Api
from pytest_llmeval.providers.openai.reply import check_error
from pytest_llmeval.providers.usage import read_usage, usage_of
from pytest_llmeval.records.call import Completion, Request, Usage

_FLOAT_BYTES = 4


def _body(request: Request) -> dict[str, Any]:
    """Make a body for one text, without a format: digits are what every endpoint can write."""
    return {"input": str(request.messages[-1]["content"])}


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
        return Completion(
            text=_packed(_vector(reply["data"])),
            model=str(reply.get("model") or model),
            endpoint=endpoint,
            usage=_usage(usage_of(reply)),
            latency_s=latency_s,
        )
    except (
        ValueError,
        LookupError,
        TypeError,
        AttributeError,
        RecursionError,
        OverflowError,
        struct.error,
    ) as error:
        raise BadReply(
            f"{type(error).__name__}: {error}; the reply begins {text[:EXCERPT]!r}"
        ) from None


def _usage(usage: Any) -> Usage | None:
    """Read the usage of a call that writes nothing, so that its total is its prompt."""
    if isinstance(usage, Mapping) and not read_usage(usage, writes_text=False):
        total = usage.get("total_tokens") or usage.get("totalTokens")
        return read_usage({"prompt_tokens": total}, writes_text=False)
    return read_usage(usage, writes_text=False)


def _vector(data: Any) -> list[float]:
    """Return the only vector of a reply, as numbers.

    Raises:
        ValueError: There are several, or one of its members is no number.
    """
    if len(data) != 1:
        raise ValueError(f"{len(data)} vectors for one text")
    vector = data[0]["embedding"]
    if isinstance(vector, str):
        vector = _unpacked(vector)
    elif len(vector) == 1 and isinstance(vector[0], list):
        vector = vector[0]  # llama.cpp wraps the vector of a text in a list of one
    if not vector:
        raise ValueError("a vector without numbers")
    for number in vector:
        if isinstance(number, bool) or not isinstance(number, (int, float)):
            raise ValueError(f"{number!r} is no number")
        if not math.isfinite(number):
            raise ValueError(f"{number!r} is not finite")
    return list(vector)


def _unpacked(text: str) -> tuple[float, ...]:
    data = base64.b64decode(text, validate=True)
    if len(data) % _FLOAT_BYTES:
        raise ValueError(f"{len(data)} bytes are not 32-bit floats")
    return struct.unpack(f"<{len(data) // _FLOAT_BYTES}f", data)


def _packed(vector: list[float]) -> str:
    return base64.b64encode(struct.pack(f"<{len(vector)}f", *vector)).decode()


EMBEDDINGS = Api("embedding", "/embeddings", _body, read_embedding, "/embeddings")
"""``POST /embeddings``, one text a call."""
