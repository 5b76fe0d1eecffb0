"""An OpenAI-compatible endpoint to measure against: ``python -m benchmarks.endpoint --help``.

One process, one thread, the standard library: above 3,000 requests a second on one core. ``GET
/stats`` tells what it has counted, ``POST /mark`` counts anew, ``POST /reset`` forgets everything,
``POST /config`` changes the behaviour.
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
from benchmarks.replies import completion

REASONS = {
    "200": "OK",
    "404": "Not Found",
    "429": "Too Many Requests",
    "500": "Internal Server Error",
}
ERRORS = {
    "429": {"message": "Rate limit reached", "type": "requests", "code": "rate_limit_exceeded"},
    "500": {"message": "The server had an error", "type": "server_error", "code": None},
}
RESET_AT_CLOSE = struct.pack("ii", 1, 0)


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
        self.ledger, self.bucket = Ledger(), Bucket(self.behaviour)

    def control(self, path: str, body: bytes) -> dict[str, Any] | None:
        """Serve a path that is none of the API; ``None`` where there is no such path."""
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
    """One connection: reads requests, one after another, and answers each after the latency.

    Args:
        endpoint: What it belongs to.
    """

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint
        self._buffer = b""
        self._open: tuple[Ledger, str] | None = None
        self._timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def connection_lost(self, error: Exception | None) -> None:
        if self._timer:
            self._timer.cancel()
        if self._open:
            ledger, key = self._open
            ledger.dropped(key)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        if self._open:
            return  # the next request waits for the reply to this one
        head, found, rest = self._buffer.partition(b"\r\n\r\n")
        length = _content_length(head) if found else 0
        if found and len(rest) >= length:
            self._buffer = rest[length:]
            self._serve(head.split(b" ", 2)[1].decode(), rest[:length])

    def _serve(self, path: str, body: bytes) -> None:
        if path.endswith("/chat/completions"):
            return self._chat(body)
        told = self._endpoint.control(path, body)
        self._send(
            "404" if told is None else "200",
            json.dumps(told or {"error": {"message": f"no path {path}"}}),
        )

    def _chat(self, body: bytes) -> None:
        key = hashlib.blake2b(body, digest_size=12).hexdigest()
        ledger, behaviour = self._endpoint.ledger, self._endpoint.behaviour
        attempt = ledger.arrived(key)
        self._open = ledger, key
        told = ""
        if behaviour.rpm:
            wait_s = self._endpoint.bucket.wait_s()
            told = self._endpoint.bucket.headers()
            if wait_s:
                patience = f"retry-after: {math.ceil(wait_s)}\r\nretry-after-ms: {math.ceil(wait_s * 1000)}\r\n"
                return self._fail("429", told + patience)
        fault = behaviour.fault(key, attempt)
        if fault != "hang":
            later = asyncio.get_running_loop().call_later
            self._timer = later(behaviour.latency_ms / 1000, self._reply, body, key, fault, told)

    def _reply(self, body: bytes, key: str, fault: str, told: str) -> None:
        if fault == "reset":
            return self._reset()
        if fault in ERRORS:
            patience = (
                f"retry-after: {self._endpoint.behaviour.retry_after_s:g}\r\n"
                if fault == "429"
                else ""
            )
            return self._fail(fault, told + patience)
        text, *tokens = completion(
            json.loads(body), key, int(self._endpoint.behaviour.lowest_score)
        )
        ledger, _ = self._closed()
        if fault == "badjson":
            ledger.ended(fault)
            text = text[: len(text) // 2]
        else:
            ledger.answered(key, *tokens)
        self._send("200", text, told)

    def _fail(self, status: str, headers: str) -> None:
        ledger, _ = self._closed()
        ledger.ended(status)
        self._send(status, json.dumps({"error": ERRORS[status]}), headers)

    def _reset(self) -> None:
        ledger, _ = self._closed()
        ledger.ended("reset")
        wire: socket.socket = self._transport.get_extra_info("socket")
        wire.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_AT_CLOSE)
        self._transport.abort()

    def _closed(self) -> tuple[Ledger, str]:
        """The request that was open, which no longer is."""
        assert self._open
        request, self._open = self._open, None
        return request

    def _send(self, status: str, body: str, headers: str = "") -> None:
        data = body.encode()
        head = f"HTTP/1.1 {status} {REASONS[status]}\r\ncontent-type: application/json\r\n{headers}"
        self._transport.write(f"{head}content-length: {len(data)}\r\n\r\n".encode() + data)
        if self._buffer:
            self.data_received(b"")


def _content_length(head: bytes) -> int:
    _, found, rest = head.lower().partition(b"\r\ncontent-length:")
    return int(rest.split(b"\r\n", 1)[0]) if found else 0


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
