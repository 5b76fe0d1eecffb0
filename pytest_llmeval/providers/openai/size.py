"""A limit on the size of a reply: a compressed one may unpack to a thousand times its size."""

from __future__ import annotations

from typing import Any

from pytest_llmeval.errors import BadReply

MOST_BYTES = 32 * 2**20
"""Size of the largest reply. An answer of 100,000 tokens has half a megabyte, with log
probabilities some twenty."""


_OF_TRANSFER = (b"content-encoding", b"content-length", b"transfer-encoding")
"""Headers of the way on which a reply came."""


def limited(client_class: Any) -> Any:
    """Return a class of HTTP clients that stop reading a reply which is too large."""

    class LimitedClient(client_class):  # type: ignore[misc]  # the class is known at run time only
        async def send(self, request: Any, **options: Any) -> Any:
            response = await super().send(request, **{**options, "stream": True})
            body = await _read(response)
            # What was unpacked on the way must not be unpacked again.
            headers = [
                (name, value)  # as bytes: a header may hold any
                for name, value in response.headers.raw
                if name.lower() not in _OF_TRANSFER
            ]
            return type(response)(
                response.status_code,
                headers=headers,
                content=body,
                request=response.request,
                extensions=response.extensions,
                history=response.history,
            )

    return LimitedClient


async def _read(response: Any) -> bytes:
    """Read the whole body, unpacked, and close the response."""
    body = bytearray()
    try:
        async for part in response.aiter_bytes():
            body += part
            if len(body) > MOST_BYTES:
                raise too_large()
    finally:
        await response.aclose()
    return bytes(body)


def too_large() -> BadReply:
    """Make the error of a reply that is too large; another attempt would not be smaller."""
    error = BadReply(
        f"the reply is larger than {MOST_BYTES // 2**20} MiB, unpacked. "
        "Lower --llm-max-tokens or --llm-n, or leave out log probabilities"
    )
    error.is_transient = False
    return error
