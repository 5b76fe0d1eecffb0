"""Calls that reach no endpoint: certificates, names of hosts, closed ports, proxies.

The certificates in ``tls/`` are for these tests alone, valid for a hundred years or expired.
"""

from __future__ import annotations

import asyncio
import json
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from pytest_llmeval.errors import CallError, CallRefused, EndpointDown
from pytest_llmeval.providers.openai.provider import OpenAIProvider
from pytest_llmeval.providers.spec import Timeouts
from pytest_llmeval.records.call import Completion, Request

TLS = Path(__file__).parent / "tls"
SMALL, LARGE = "hi", "long " * 20_000
BOTH_CLIENTS = pytest.mark.parametrize("prompt", [SMALL, LARGE], ids=["aiohttp", "httpx"])


class Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["content-length"]))
        data = json.dumps({"choices": [{"message": {"content": "hello"}}]}).encode()
        self.send_response(200)
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


class Server(ThreadingHTTPServer):
    def handle_error(self, request: object, client_address: object) -> None:
        """A client that does not trust us hangs up."""


@contextmanager
def served(
    certificate: str | None, handler: type[BaseHTTPRequestHandler] = Handler
) -> Iterator[int]:
    """Serve on loopback, with TLS where a certificate is named; yield the port."""
    server = Server(("127.0.0.1", 0), handler)
    if certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(TLS / certificate)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()


def called(url: str, prompt: str) -> Completion:
    provider = OpenAIProvider(url, "k", Timeouts(), url_origin="OPENAI_BASE_URL")

    async def call() -> Completion:
        try:
            return await provider.complete(Request(({"role": "user", "content": prompt},), "m"))
        finally:
            await provider.close()

    return asyncio.run(call())


def refusal(url: str, prompt: str) -> str:
    """The text of an error that no other attempt would mend."""
    with pytest.raises(CallRefused) as caught:
        called(url, prompt)
    assert not caught.value.is_transient
    assert caught.value.is_about_endpoint
    return str(caught.value)


@BOTH_CLIENTS
def test_a_certificate_that_nobody_vouches_for_is_refused_with_a_remedy_that_works(
    prompt: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with served("self_signed.pem") as port:
        said = refusal(f"https://127.0.0.1:{port}/v1", prompt)
        assert "the certificate of the endpoint cannot be verified (self" in said
        assert "SSL_CERT_FILE (REQUESTS_CA_BUNDLE is not read)" in said
        monkeypatch.setenv("SSL_CERT_FILE", str(TLS / "self_signed.pem"))
        assert called(f"https://127.0.0.1:{port}/v1", prompt).text == "hello"


@pytest.mark.parametrize(
    ("certificate", "trusted", "remedy"),
    [
        ("expired.pem", "expired.pem", "It has expired: renew it on the endpoint."),
        ("other_host.pem", "authority.pem", "made for another host: check the base URL (OPENAI_"),
    ],
)
@BOTH_CLIENTS
def test_a_certificate_that_trust_does_not_mend_has_another_remedy(
    prompt: str, certificate: str, trusted: str, remedy: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(TLS / trusted))
    with served(certificate) as port:
        said = refusal(f"https://127.0.0.1:{port}/v1", prompt)
    assert remedy in said
    assert "SSL_CERT_FILE" not in said


@BOTH_CLIENTS
def test_an_endpoint_without_tls_behind_https_is_refused(prompt: str) -> None:
    with served(None) as port:
        said = refusal(f"https://127.0.0.1:{port}/v1", prompt)
    assert "does not speak TLS" in said
    assert "Write http:// instead of https:// in the base URL (OPENAI_BASE_URL)" in said


@BOTH_CLIENTS
def test_a_host_without_an_address_is_refused(prompt: str) -> None:
    said = refusal("http://no-such-host.invalid/v1", prompt)
    assert "the name of the host cannot be resolved" in said
    assert "Check the base URL (OPENAI_BASE_URL)" in said


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of the SDK's use of aiohttp
@BOTH_CLIENTS
def test_a_proxy_where_nobody_listens_is_named_without_its_password(
    prompt: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with closed_port() as port:
        monkeypatch.setenv("HTTP_PROXY", f"http://me:hunter2pass@127.0.0.1:{port}")
        monkeypatch.delenv("NO_PROXY", raising=False)
        monkeypatch.delenv("no_proxy", raising=False)
        with pytest.raises(EndpointDown) as caught:
            called("http://no-such-host.invalid/v1", prompt)
    assert caught.value.is_unreachable
    assert "hunter2pass" not in str(caught.value)


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("SSL_CERT_FILE", "/no/such/file.pem"),
        ("HTTPS_PROXY", "gopher://me:hunter2pass@host:1"),
        ("HTTP_PROXY", "http://me:hunter2pass@127.0.0.1:port"),
        ("ALL_PROXY", "http://me:hunter2pass@127.0.0.1:99999"),
        ("HTTPS_PROXY", "me:hunter2pass@[::1"),
        ("HTTP_PROXY", "http://"),
    ],
)
def test_a_client_that_cannot_be_made_names_the_variables(
    variable: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(CallRefused, match=f"no client can be made .*{variable}") as caught:
        called("https://127.0.0.1:1/v1", SMALL)
    assert "hunter2pass" not in str(caught.value)
    assert caught.value.__cause__ is caught.value.__context__ is None


class Redirects(Handler):
    """Answers each request with a redirect to the path of ``location``."""

    location = ""
    requests = 0

    def do_POST(self) -> None:
        type(self).requests += 1
        self.rfile.read(int(self.headers["content-length"]))
        self.send_response(307)
        self.send_header("location", self.location)
        self.send_header("content-length", "0")
        self.end_headers()


@BOTH_CLIENTS
@pytest.mark.parametrize(
    ("location", "said", "requests"),
    [
        ("/v1/x?key=hunter2pass", "in a loop: 5 redirects were followed", 6),
        ("ftp://host/x", "to what is no address of the web", 1),
    ],
)
def test_redirects_without_an_end_are_final_and_named(
    prompt: str, location: str, said: str, requests: int
) -> None:
    handler = type("Loop", (Redirects,), {"location": location, "requests": 0})
    with served(None, handler) as port:
        text = refusal(f"http://127.0.0.1:{port}/v1", prompt)
    assert handler.requests == requests  # type: ignore[attr-defined]
    assert said in text
    assert "Write the address behind it in the base URL (OPENAI_BASE_URL)" in text
    assert "hunter2pass" not in text


@contextmanager
def closed_port() -> Iterator[int]:
    """A port that is taken and where nobody listens."""
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))
        yield reserved.getsockname()[1]


@BOTH_CLIENTS
@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_a_refused_port_is_down_and_known_to_be_unreachable(host: str, prompt: str) -> None:
    with closed_port() as port, pytest.raises(EndpointDown) as caught:
        called(f"http://{host}:{port}/v1", prompt)
    assert caught.value.is_unreachable
    assert "no connection" in str(caught.value)
    assert "base URL (OPENAI_BASE_URL)" in str(caught.value)


@pytest.mark.parametrize("make", [EndpointDown, CallRefused])
def test_other_errors_are_not_of_the_connection(make: Callable[[str], CallError]) -> None:
    assert not make("x").is_unreachable
