"""A small OpenAI-compatible endpoint on loopback for tests: real HTTP, deterministic, steered by the prompt.

A request with a JSON response format, or with ``"score"`` in its text, is a judge call; one to
``/embeddings`` gets a vector in which each word of the text counts. Directives anywhere in the
messages:

- ``[[answer=TEXT]]`` the generated text; ``[[score=3]]`` and ``[[reason=TEXT]]`` the judge's
  verdict
- ``[[answers=A/B/C]]`` the same for each sample of a case: by the seed where one is sent, else in
  order of arrival; the last one is for all that follow. ``[[scores=5/0/5]]`` answers "Sample 0.",
  "Sample 1." and so on, and judges each so
- ``[[yes=0.9]]`` probability of "yes" where the prompt asks "yes or no"
- ``[[latency=250]]`` milliseconds until the answer
- ``[[after=3]]`` the answer comes when that many requests have come in all; ``[[judge_after=3]]``
  the judge's alone
- ``[[fault=429|500|503|401|reset|malformed|badjson|hang]]`` every attempt fails;
  ``[[fault=429:2]]`` a body's first two
- ``[[judge_fault=…]]`` the same for judge calls alone, ``[[answer_fault=…]]`` for generations alone
"""

from __future__ import annotations

import base64
import hashlib
import json
import math
import re
import socket
import struct
import threading
from collections import Counter, deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any

PATIENCE_S = 20.0
"""Seconds after which a request that waits for others is given up, so that a failing test ends."""
SAMPLE = re.compile(r"Sample (\d+)\.")
DIRECTIVE = re.compile(r"\[\[(\w+)=([^\]]*)\]\]")
BLOCK = re.compile(r"<([\w-]+)-([0-9a-f]{16,})>\n(.*?)\n</\1-\2>", re.DOTALL)
STATUS_FAULTS = {
    "429": (429, "Rate limit reached", "rate_limit_exceeded"),
    "500": (500, "The server had an error", "server_error"),
    "503": (503, "The server is overloaded", "overloaded"),
    "401": (401, "Incorrect API key provided", "invalid_api_key"),
}


@dataclass(frozen=True)
class Received:
    """One request as it came in; ``kind`` is ``judge``, ``generation`` or ``embedding``, header names in lower case.

    ``attempt`` counts those with the same body.
    """

    kind: str
    path: str
    headers: dict[str, str]
    body: dict[str, Any]
    attempt: int = 0

    @property
    def sample(self) -> int:
        """Which sample of its case it asks for, or judges."""
        if self.kind == "judge":
            return int((SAMPLE.findall(self.text) or ["0"])[-1])
        return int(self.body.get("seed", self.attempt))

    @property
    def text(self) -> str:
        """The text of all messages, or what is to be embedded."""
        if "input" in self.body:
            return str(self.body["input"])
        return "\n".join(
            str(message.get("content") or "") for message in self.body.get("messages", [])
        )

    @property
    def directives(self) -> dict[str, str]:
        """What the text asks of this server."""
        return dict(DIRECTIVE.findall(self.text))


@dataclass(frozen=True)
class Reply:
    """A whole HTTP reply, for `MockEndpoint.replies`."""

    status: int
    body: str | bytes
    headers: tuple[tuple[str, str], ...] = (("content-type", "application/json"),)


class MockEndpoint:
    """The server; use it as a context manager.

    Args:
        judge_score: The judge's score where the prompt does not say.
        retry_after: Value of the header ``Retry-After`` of every 429; ``None`` for none.
    """

    def __init__(self, judge_score: float = 5, retry_after: str | None = "0") -> None:
        self.judge_score, self.retry_after = judge_score, retry_after
        self.requests: list[Received] = []
        self.replies: deque[Reply] = deque()
        """Sent first, in order, whatever is asked."""
        self.judge: Callable[[Received], str] | None = None
        """Where set, what it returns is the reply to a judge call, instead of a scripted verdict."""
        self.answer: Callable[[Received], str] | None = None
        """Where set, what it returns is the generated text."""
        self.model = ""
        """Where set, the name of the model in each reply, instead of the requested one."""
        self.system_fingerprint = ""
        """Where set, the configuration in each reply."""
        self.gathering: threading.Barrier | None = None
        """Where set, a request is answered only when as many as its parties are in flight."""
        self.highest_in_flight = 0
        self.hanging = threading.Event()
        """Set when a request hangs that asked for it."""
        self.closing = threading.Event()
        self._lock, self._in_flight, self._attempts = threading.Condition(), 0, Counter[str]()
        self._connections: set[socket.socket] = set()
        self._server = _Server(self)

    @property
    def url(self) -> str:
        """The base URL, for ``--llm-base-url``."""
        return f"http://127.0.0.1:{self._server.server_port}/v1"

    def count(self, kind: str | None = None) -> int:
        """How many requests came, of one kind or in all."""
        return sum(kind in (None, request.kind) for request in self.requests)

    def __enter__(self) -> MockEndpoint:
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        with self._lock:
            self.closing.set()
            self._lock.notify_all()
            for connection in self._connections:
                _hang_up(connection)  # ends a handler that waits for a next request
        self._server.server_close()

    def opened(self, connection: socket.socket) -> None:
        """Note an opened connection."""
        with self._lock:
            self._connections.add(connection)
            if self.closing.is_set():
                _hang_up(connection)

    def closed(self, connection: socket.socket) -> None:
        """Note a closed connection."""
        with self._lock:
            self._connections.discard(connection)

    def arrived(self, request: Received) -> tuple[Reply | None, str]:
        """Note a request.

        Returns:
            The scripted reply, if any, and the fault to show, if any.
        """
        with self._lock:
            self.requests.append(request)
            self._lock.notify_all()
            self._in_flight += 1
            self.highest_in_flight = max(self.highest_in_flight, self._in_flight)
            reply = self.replies.popleft() if self.replies else None
        own = "judge_fault" if request.kind == "judge" else "answer_fault"
        fault, _, times = request.directives.get(
            own, request.directives.get("fault", "")
        ).partition(":")
        return reply, fault if not times or request.attempt < int(times) else ""

    def linger(self, request: Received, fault: str) -> None:
        """Wait as long as the test asked for."""
        if self.gathering is not None:
            self.gathering.wait()
        if fault == "hang":
            self.hanging.set()
            self.closing.wait()
        with self._lock:
            own = "judge_after" if request.kind == "judge" else ""
            least = int(request.directives.get(own, request.directives.get("after", 0)))
            self._lock.wait_for(
                lambda: len(self.requests) >= least or self.closing.is_set(), PATIENCE_S
            )
        self.closing.wait(float(request.directives.get("latency", 0)) / 1000)

    def attempt(self, body: dict[str, Any]) -> int:
        """Which request of the same body this is, from 0."""
        key = json.dumps(body, sort_keys=True)
        with self._lock:
            attempt, self._attempts[key] = self._attempts[key], self._attempts[key] + 1
        return attempt

    def left(self) -> None:
        """Note the end of a request."""
        with self._lock:
            self._in_flight -= 1


def _hang_up(connection: socket.socket) -> None:
    with suppress(OSError):  # the client was quicker
        connection.shutdown(socket.SHUT_RDWR)


class _Server(ThreadingHTTPServer):
    daemon_threads = False  # so that server_close waits for them
    request_queue_size = 128

    def __init__(self, endpoint: MockEndpoint) -> None:
        self.endpoint = endpoint
        super().__init__(("127.0.0.1", 0), _Handler)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hung up is no error of ours."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Server

    def setup(self) -> None:
        super().setup()
        self.server.endpoint.opened(self.connection)

    def finish(self) -> None:
        self.server.endpoint.closed(self.connection)
        super().finish()

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        kind = "embedding" if "input" in body else "judge" if _is_judge(body) else "generation"
        headers = {name.lower(): text for name, text in self.headers.items()}
        request = Received(kind, self.path, headers, body, self.server.endpoint.attempt(body))
        reply, fault = self.server.endpoint.arrived(request)
        try:
            self.server.endpoint.linger(request, fault)
        finally:
            # before the answer goes out, which may bring the next request
            self.server.endpoint.left()
        self._answer(request, reply, fault)

    def _answer(self, request: Received, reply: Reply | None, fault: str) -> None:
        endpoint = self.server.endpoint
        if reply is not None:
            self._send(reply)
        elif not request.path.split("?")[0].endswith(
            "/embeddings" if "input" in request.body else "/chat/completions"
        ):
            self._send(Reply(404, json.dumps({"error": {"message": f"no route {request.path}"}})))
        elif fault in STATUS_FAULTS:
            status, message, code = STATUS_FAULTS[fault]
            patience = (
                [("retry-after", endpoint.retry_after)]
                if status == 429 and endpoint.retry_after
                else []
            )
            self._send(
                Reply(
                    status,
                    json.dumps({"error": {"message": message, "code": code}}),
                    tuple(patience),
                )
            )
        elif fault == "hang":
            self.close_connection = True
        elif fault == "reset":
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.close_connection = True
        else:
            is_short = fault == "malformed"
            made = _embedding(request, is_short) if request.kind == "embedding" else None
            whole = json.dumps(made or _completion(request, endpoint, malformed=is_short))
            self._send(Reply(200, whole[: len(whole) // 2] if fault == "badjson" else whole))

    def _send(self, reply: Reply) -> None:
        data = reply.body if isinstance(reply.body, bytes) else reply.body.encode()
        self.send_response(reply.status)
        for name, text in {"content-type": "application/json", **dict(reply.headers)}.items():
            self.send_header(name, text)
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


def answer_for(prompt: str) -> str:
    """The text generated for a prompt without directives."""
    return f"Answer {hashlib.sha256(prompt.encode()).hexdigest()[:8]}."


def _embedding(request: Received, malformed: bool) -> dict[str, Any]:
    """A vector of 64 numbers: how often words occur that fall upon each of them."""
    vector = [0.0] * 64
    for word in re.findall(r"\w+", request.text.lower()):
        vector[hashlib.sha256(word.encode()).digest()[0] % 64] += 1.0
    packed = struct.pack("<64f", *vector)
    is_packed = request.body.get("encoding_format") == "base64"
    shown: Any = (
        base64.b64encode(packed[: 33 if malformed else None]).decode() if is_packed else vector
    )
    tokens = len(request.text) // 4 + 1
    return {
        "object": "list",
        "model": request.body.get("model", "mock"),
        "data": [{"object": "embedding", "index": 0, "embedding": shown}],
        "usage": {"prompt_tokens": tokens, "total_tokens": tokens},
    }


def _is_judge(body: dict[str, Any]) -> bool:
    wanted = (body.get("response_format") or {}).get("type", "text")
    return wanted != "text" or any(
        '"score"' in str(message.get("content")) for message in body.get("messages", [])
    )


def judged_texts(request: Received) -> dict[str, str]:
    """The texts that a judge is shown, by the names of their blocks."""
    found = BLOCK.findall(str(request.body["messages"][1]["content"]))
    return {
        name: "\n".join(line.removeprefix("|").strip() for line in inside.strip().splitlines())
        for name, _, inside in found
    }


def honest_judge(request: Received) -> str:
    """The reply of a judge that gives 5 to the expected answer and 0 to any other."""
    texts = judged_texts(request)
    is_right = texts["answer"] == texts.get("expected")
    return json.dumps(
        {"reason": "the same" if is_right else "another", "score": 5 if is_right else 0}
    )


def _completion(request: Received, endpoint: MockEndpoint, malformed: bool) -> dict[str, Any]:
    body, asked = request.body, request.directives
    odds: dict[str, float] = {}
    if request.kind == "judge" and endpoint.judge is not None:
        text = endpoint.judge(request)
    elif request.kind == "judge":
        score = float(_of_sample(request, "scores") or asked.get("score", endpoint.judge_score))
        text = json.dumps(_verdict(body, score, asked.get("reason", "as scripted")))
    elif endpoint.answer is not None:
        text = endpoint.answer(request)
    elif "scores" in asked:
        text = f"Sample {request.sample}."
    elif "answers" in asked:
        text = _of_sample(request, "answers")
    elif "answer" not in asked and "yes or no" in request.text.lower():
        yes = float(asked.get("yes", 0.1))
        odds = {" yes": yes, " no": 1 - yes}
        text = max(odds, key=odds.__getitem__)
    else:
        text = asked.get("answer", answer_for(str(body["messages"][-1]["content"])))
    text = text[: len(text) // 2] if malformed else text
    choice: dict[str, Any] = {
        "message": {"role": "assistant", "content": text},
        "finish_reason": "stop",
    }
    if body.get("logprobs"):
        pieces = [text] if odds else re.findall(r"\d|[^\W\d]+|\W", text)
        choice["logprobs"] = {"content": [_token(piece, odds) for piece in pieces]}
    named = {"system_fingerprint": endpoint.system_fingerprint}
    return {
        "object": "chat.completion",
        "model": endpoint.model or body.get("model", "mock"),
        **(named if endpoint.system_fingerprint else {}),
        "choices": [{"index": index, **choice} for index in range(body.get("n") or 1)],
        "usage": {
            "prompt_tokens": len(request.text) // 4 + 1,
            "completion_tokens": len(text) // 4 + 1,
        },
    }


def _of_sample(request: Received, directive: str) -> str:
    """What a directive says for the sample that a request is about; empty if there is none."""
    each = request.directives.get(directive, "").split("/")
    return each[min(request.sample, len(each) - 1)]


def _token(token: str, odds: dict[str, float]) -> dict[str, Any]:
    """One token with its likeliest rivals; a digit has nine tenths, its lower neighbour the rest."""
    if token.isdigit():
        odds = {token: 0.9, "1" if token == "0" else str(int(token) - 1): 0.1}
    odds = odds or {token: 1.0}
    top = [{"token": rival, "logprob": math.log(max(odd, 1e-9))} for rival, odd in odds.items()]
    return {"token": token, "logprob": math.log(max(odds[token], 1e-9)), "top_logprobs": top}


def _verdict(body: dict[str, Any], score: float, reason: str) -> dict[str, Any]:
    """A judge's reply that fits the schema asked for, the score at every number and the reason at every text."""
    number = int(score) if score == int(score) else score
    schema = (body.get("response_format") or {}).get("json_schema", {}).get("schema", {})
    properties: dict[str, Any] = schema.get("properties") or {
        "reason": {"type": "string"},
        "score": {},
    }
    values = {"string": reason, "boolean": score >= 4}
    return {name: values.get(str(rule.get("type")), number) for name, rule in properties.items()}
