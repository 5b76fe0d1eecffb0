"""An OpenAI-compatible endpoint to measure against: ``python -m benchmarks.endpoint --help``.

One process, one thread, the standard library: above 3,000 requests a second on one core.
``GET /stats`` reports its counts, ``POST /mark`` starts them again, ``POST /reset`` forgets
everything, ``POST /config`` changes the behaviour.
"""

from __future__ import annotations

import argparse
import asyncio
import dataclasses
import hashlib
import json
import math
import socket
import struct
from typing import Any

from benchmarks.behaviour import Behaviour, Bucket, add_options
from benchmarks.ledger import Ledger
from benchmarks.replies import UnreadableRequest, completion, is_judge_call, judged_texts

REASONS = {
    "200": "OK",
    "400": "Bad Request",
    "404": "Not Found",
    "429": "Too Many Requests",
    "500": "Internal Server Error",
}
ERRORS: dict[str, dict[str, Any]] = {
    "429": {
        "message": "Rate limit reached",
        "type": "requests",
        "code": "rate_limit_exceeded",
    },
    "500": {"message": "The server had an error", "type": "server_error", "code": None},
}
RESET_AT_CLOSE = struct.pack("ii", 1, 0)


@dataclasses.dataclass(frozen=True)
class Open:
    """A request that waits for its reply.

    Attributes:
        ledger: Where it is counted; a reset of the endpoint does not change that.
        key: What identifies its body.
        request: The body.
    """

    ledger: Ledger
    key: str
    request: dict[str, Any]


class Endpoint:
    """What all connections share.

    Args:
        behaviour: How to answer.
    """

    def __init__(self, behaviour: Behaviour) -> None:
        self.behaviour = behaviour
        self.reset()

    def reset(self) -> None:
        """Forget every request, and fill the bucket."""
        self.ledger = Ledger()
        self.bucket = Bucket(self.behaviour)

    def control(self, path: str, body: bytes) -> dict[str, Any] | None:
        """Serve a path outside the API; ``None`` where there is no such path."""
        if path == "/mark":
            self.ledger.mark()
        elif path == "/reset":
            self.reset()
        elif path == "/config":
            self.behaviour = dataclasses.replace(self.behaviour, **json.loads(body or b"{}"))
            self.bucket = Bucket(self.behaviour)
            return dataclasses.asdict(self.behaviour)
        elif path != "/stats":
            return None
        return self.ledger.stats()


class Connection(asyncio.Protocol):
    """One connection: reads requests one by one, and answers after the latency.

    Args:
        endpoint: What it belongs to.
    """

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint
        self._buffer = b""
        self._open: Open | None = None
        self._timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def connection_lost(self, error: Exception | None) -> None:
        if self._timer:
            self._timer.cancel()
        if self._open:
            self._open.ledger.dropped(self._open.key)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        if self._open:
            return  # the next request waits for the reply to this one
        head, separator, rest = self._buffer.partition(b"\r\n\r\n")
        if not separator:
            return
        length = _content_length(head)
        if len(rest) >= length:
            self._buffer = rest[length:]
            self._serve(head.split(b" ", 2)[1].decode(), rest[:length])

    def _serve(self, path: str, body: bytes) -> None:
        if path.endswith("/chat/completions"):
            self._chat(body)
            return
        answer = self._endpoint.control(path, body)
        if answer is None:
            self._send("404", json.dumps({"error": {"message": f"no path {path}"}}))
        else:
            self._send("200", json.dumps(answer))

    def _chat(self, body: bytes) -> None:
        key = hashlib.blake2b(body, digest_size=12).hexdigest()
        behaviour = self._endpoint.behaviour
        self._open = Open(self._endpoint.ledger, key, json.loads(body))
        attempt = self._open.ledger.arrived(key)
        try:
            if is_judge_call(self._open.request):
                self._open.ledger.judged(judged_texts(self._open.request)["answer"])
        except UnreadableRequest as error:
            self._fail("400", {"message": str(error), "type": "invalid_request_error"})
            return
        limit = ""
        if behaviour.rpm:
            wait_s = self._endpoint.bucket.wait_s()
            limit = self._endpoint.bucket.headers()
            if wait_s:
                self._fail("429", ERRORS["429"], limit + _patience(wait_s))
                return
        fault = behaviour.fault(key, attempt)
        if fault != "hang":
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(behaviour.latency_ms / 1000, self._reply, fault, limit)

    def _reply(self, fault: str, limit: str) -> None:
        behaviour = self._endpoint.behaviour
        if fault == "reset":
            self._reset()
            return
        if fault in ERRORS:
            patience = ""
            if fault == "429":
                patience = f"retry-after: {behaviour.retry_after_s:g}\r\n"
            self._fail(fault, ERRORS[fault], limit + patience)
            return
        request = self._closed()
        lowest, highest = int(behaviour.lowest_score), int(behaviour.highest_score)
        reply = completion(request.request, request.key, lowest, highest)
        text = reply.body
        if fault == "badjson":
            request.ledger.ended(fault)
            text = text[: len(text) // 2]
        else:
            request.ledger.answered(
                request.key, reply.text, reply.prompt_tokens, reply.completion_tokens
            )
        self._send("200", text, limit)

    def _fail(self, status: str, error: dict[str, Any], headers: str = "") -> None:
        self._closed().ledger.ended(status)
        self._send(status, json.dumps({"error": error}), headers)

    def _reset(self) -> None:
        self._closed().ledger.ended("reset")
        wire: socket.socket = self._transport.get_extra_info("socket")
        wire.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_AT_CLOSE)
        self._transport.abort()

    def _closed(self) -> Open:
        """Take the request that was open, which no longer is."""
        assert self._open
        request = self._open
        self._open = None
        return request

    def _send(self, status: str, body: str, headers: str = "") -> None:
        data = body.encode()
        head = (
            f"HTTP/1.1 {status} {REASONS[status]}\r\n"
            f"content-type: application/json\r\n{headers}content-length: {len(data)}\r\n\r\n"
        )
        self._transport.write(head.encode() + data)
        if self._buffer:
            self.data_received(b"")


def _patience(wait_s: float) -> str:
    wait_ms = math.ceil(wait_s * 1000)
    return f"retry-after: {math.ceil(wait_s)}\r\nretry-after-ms: {wait_ms}\r\n"


def _content_length(head: bytes) -> int:
    _, separator, rest = head.lower().partition(b"\r\ncontent-length:")
    return int(rest.split(b"\r\n", 1)[0]) if separator else 0


async def serve(behaviour: Behaviour, port: int) -> None:
    """Serve until the process is ended; the first line printed is the URL."""
    endpoint = Endpoint(behaviour)
    server = await asyncio.get_running_loop().create_server(
        lambda: Connection(endpoint), "127.0.0.1", port, backlog=1024
    )
    print(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", flush=True)
    await server.serve_forever()


def main() -> None:
    """Read the command line and serve."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    add_options(parser)
    options = vars(parser.parse_args())
    port = options.pop("port")
    asyncio.run(serve(Behaviour(**options), port))


if __name__ == "__main__":
    main()
