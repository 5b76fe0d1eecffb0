"""A GGUF model in this process, without a key and without a network: ``local:PATH``."""

from __future__ import annotations

import dataclasses
import hashlib
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path
from threading import Lock
from typing import Any

from pytest_llmeval.errors import CallRefused, MissingExtraError, SettingError
from pytest_llmeval.protocols import BaseProvider
from pytest_llmeval.providers.local.models import known_models, local_file, models_folder
from pytest_llmeval.providers.openai.keys import NO_KEY
from pytest_llmeval.providers.openai.provider import OpenAIProvider
from pytest_llmeval.providers.python import in_thread
from pytest_llmeval.providers.spec import ProviderRequest, Timeouts
from pytest_llmeval.records.call import Completion, Request
from pytest_llmeval.records.case import Message

SYSTEM_MESSAGE: Message = {
    "role": "system",
    "content": "You are a helpful assistant. Answer correctly and briefly.",
}
"""Put before a chat without one: the model's template would otherwise insert its vendor's."""

CONTEXT_TOKENS = 4096
"""Room for prompt and answer together; more costs memory."""

ENDS = 1 << 20
"""Bytes at each end of the file that its fingerprint hashes: header with tokenizer, and the last weights."""

TIMEOUTS = Timeouts(connect_s=10, read_s=3600, write_s=60)
"""The server answers one request after another, so the first byte may be long in coming; the engine bounds a call."""


class LocalProvider(BaseProvider):
    """Answers with a model file through llama.cpp's own server, which runs inside this process.

    The server starts with the first request and takes one request at a time, on one CPU thread:
    more threads make it many times slower where other work is running.

    Args:
        path: The GGUF file.
        base_url: A server of another process that runs already with this file; none is started
            here.
        place: Where the user wrote the path, for error texts.
        sha256: Hash of the whole file, where it is known.
        is_asked: Whether it will ever be asked; if not, as in a run that only replays, the file may
            be absent.

    Raises:
        SettingError: It is no GGUF file.
        MissingExtraError: ``xllamacpp`` is not installed.
    """

    sees_case = False
    concurrency = 1
    call_usd = 0.0

    def __init__(
        self,
        path: Path,
        base_url: str | None = None,
        place: str = "--llm-provider",
        sha256: str | None = None,
        is_asked: bool = True,
    ) -> None:
        if is_asked:
            _check(path, base_url, place)
        self._path = path
        self._base_url = base_url
        self._sha256 = sha256
        self._server: Any = None
        self._provider: OpenAIProvider | None = None
        self._starting = Lock()

    def __repr__(self) -> str:
        return f"LocalProvider({str(self._path)!r})"

    @cached_property
    def fingerprint(self) -> str | None:  # type: ignore[override]  # computed
        """Of the file, wherever it lies, and our system message: by its hash if that is known.

        Else by its name, size, first and last MiB: hashing a file of a gigabyte would take seconds
        in every process, and two models of the same name and size that differ only in the middle do
        not happen by accident.
        """
        if self._sha256 is not None:
            return (
                f"local:{hashlib.sha256(f'{self._sha256} {SYSTEM_MESSAGE}'.encode()).hexdigest()}"
            )
        digest = hashlib.sha256(
            f"{self._path.name}\n{self._path.stat().st_size}\n{SYSTEM_MESSAGE}\n".encode()
        )
        with self._path.open("rb") as file:
            digest.update(file.read(ENDS))
            file.seek(-min(ENDS, self._path.stat().st_size), 2)
            digest.update(file.read())
        return f"local:{digest.hexdigest()}"

    def serve(self) -> str:
        """The server's base URL; starts it, once, if need be. May be called from any thread.

        Raises:
            CallRefused: The model cannot be loaded.
        """
        with self._starting:
            if self._base_url is None:
                self._server = _start(self._path)
                self._base_url = f"{self._server.listening_address}/v1"
            return self._base_url

    async def complete(self, request: Request) -> Completion:
        """Answer one request.

        Raises:
            CallError: As `OpenAIProvider.complete`; CallRefused for more than one choice.
        """
        if (request.parameters.n or 1) > 1:
            raise CallRefused(
                f"local:{self._path.name}: found n={request.parameters.n}; allowed: 1, since a local model gives one "
                "choice a call. Leave --llm-n unset."
            )
        if self._provider is None:
            url = await in_thread(self.serve)
            self._provider = self._provider or OpenAIProvider(
                url, NO_KEY, TIMEOUTS
            )  # another call may have been first
        completion = await self._provider.complete(_with_system_message(request))
        endpoint = f"local:{self._path.name}"
        return dataclasses.replace(
            completion, model=self._path.stem, endpoint=endpoint, cost_usd=0.0
        )

    async def close(self) -> None:
        """Close the connections, and stop the server if it is ours."""
        if self._provider is not None:
            await self._provider.close()
        self._provider = None
        if self._server is not None:
            self._server = self._base_url = None  # the server stops when nothing refers to it


def make_local(request: ProviderRequest) -> BaseProvider:
    """The provider of a model file, by its path or its name.

    Raises:
        InputError: The file, or what is needed to run it, cannot be had.
    """
    model, served_url = known_models().get(request.rest), request.served_url
    if model is not None and not request.is_called:
        path = models_folder() / model.file
        return LocalProvider(path, served_url, request.place, model.sha256, is_asked=False)
    path = local_file(request.rest, request.place)
    return LocalProvider(path, served_url, request.place, model.sha256 if model else None)


def _check(path: Path, base_url: str | None, place: str) -> None:
    """Whether the file and what is needed to run it are there."""
    if not path.is_file() or _first_bytes(path, 4) != b"GGUF":
        raise SettingError(place, f"local:{path}", "the path of a GGUF file")
    if base_url is None and find_spec("xllamacpp") is None:
        raise MissingExtraError(
            f"{place}: a local model needs xllamacpp, which is not installed",
            'pip install "pytest-llm-golden[local]"',
        )


def _with_system_message(request: Request) -> Request:
    if any(message["role"] == "system" for message in request.messages):
        return request
    return dataclasses.replace(request, messages=(SYSTEM_MESSAGE, *request.messages))


def _start(path: Path) -> Any:
    import xllamacpp

    params = xllamacpp.CommonParams()
    params.model.path = str(path)
    params.n_ctx = CONTEXT_TOKENS
    params.n_parallel = 1
    params.warmup = params.ui = False
    params.verbosity = 0
    for threads in (params.cpuparams, params.cpuparams_batch):
        threads.n_threads, threads.poll = (
            1,
            0,
        )  # polling threads starve each other on a busy machine
    try:
        return xllamacpp.Server(params)
    except RuntimeError as error:
        message = f"local:{path}: llama.cpp cannot load this file ({error}). Is it whole, and a chat model?"
        raise CallRefused(message) from error


def _first_bytes(path: Path, count: int) -> bytes:
    with path.open("rb") as file:
        return file.read(count)
