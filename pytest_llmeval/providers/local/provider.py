"""A GGUF model in this process, without a key or a network: ``local:PATH``."""

from __future__ import annotations

import dataclasses
import hashlib
from functools import cached_property
from pathlib import Path
from threading import Lock
from typing import Any

from pytest_llmeval.errors import CallRefused, SettingError
from pytest_llmeval.extras import Extra
from pytest_llmeval.protocols import BaseProvider
from pytest_llmeval.providers.finish import is_answer
from pytest_llmeval.providers.local.models import known_models, local_file, models_folder
from pytest_llmeval.providers.openai.keys import NO_KEY
from pytest_llmeval.providers.openai.provider import OpenAIProvider
from pytest_llmeval.providers.python import in_thread
from pytest_llmeval.providers.reading import LOCAL
from pytest_llmeval.providers.spec import ProviderRequest, Timeouts
from pytest_llmeval.records.call import Completion, Request
from pytest_llmeval.records.case import Message

SYSTEM_MESSAGE: Message = {
    "role": "system",
    "content": "You are a helpful assistant. Answer correctly and briefly.",
}
"""First message of a chat without one. The model's template would insert its vendor's."""

_CONTEXT_TOKENS = 4096
"""Tokens of prompt and answer together. More of them cost memory."""

_ENDS = 1 << 20
"""Bytes at each end of the file in its fingerprint: the header and the last weights."""

_EXTRA = Extra("local", ("xllamacpp",))

_TIMEOUTS = Timeouts(connect_s=10, read_s=3600, write_s=60)
"""The server takes one request at a time, so an answer may start late. The engine limits calls."""


class LocalProvider(BaseProvider):
    """Answers with a model file through llama.cpp's own server, which runs inside this process.

    The server starts with the first request and takes one request at a time, on one CPU thread.
    More threads make it many times slower on a busy machine.

    Args:
        path: The GGUF file.
        base_url: Server of another process for the same file. Then none is started here.
        origin: The setting that holds the path, for error texts.
        sha256: Hash of the whole file, if known.
        is_called: Whether it will be called. Otherwise, as in a run that only replays, the file may
            be missing.

    Raises:
        SettingError: The file is not a GGUF file.
        MissingExtraError: ``xllamacpp`` is not installed.
    """

    sees_case = False
    concurrency = 1
    call_usd = 0.0

    def __init__(
        self,
        path: Path,
        base_url: str | None = None,
        origin: str = "--llm-provider",
        sha256: str | None = None,
        is_called: bool = True,
    ) -> None:
        if is_called:
            _check(path, base_url, origin)
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
        """Fingerprint of the file and the system message, by the hash of the file if known.

        Without a hash, it covers name, size, first and last MiB. Hashing a gigabyte takes seconds
        in every process, and two models of the same name and size hardly differ only in the middle.
        """
        if self._sha256 is not None:
            known = hashlib.sha256(f"{self._sha256} {SYSTEM_MESSAGE}".encode())
            return f"{LOCAL}{known.hexdigest()}"
        digest = hashlib.sha256(
            f"{self._path.name}\n{self._path.stat().st_size}\n{SYSTEM_MESSAGE}\n".encode()
        )
        with self._path.open("rb") as file:
            digest.update(file.read(_ENDS))
            file.seek(-min(_ENDS, self._path.stat().st_size), 2)
            digest.update(file.read())
        return f"{LOCAL}{digest.hexdigest()}"

    def serve(self) -> str:
        """Return the server's base URL and start the server once. Any thread may call this.

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
                f"local:{self._path.name}: found n={request.parameters.n}; allowed: 1, "
                "since a local model gives one choice per call. Leave --llm-n unset."
            )
        if self._provider is None:
            url = await in_thread(self.serve)
            # A concurrent call may have made it during the start.
            self._provider = self._provider or OpenAIProvider(url, NO_KEY, _TIMEOUTS)
        completion = await self._provider.complete(_with_system_message(request))
        endpoint = f"local:{self._path.name}"
        return dataclasses.replace(
            completion, model=self._path.stem, endpoint=endpoint, cost_usd=0.0
        )

    def is_answer(self, completion: Completion) -> bool:
        """Return whether a stored completion is an answer: it says something, and is whole."""
        return is_answer(completion)

    async def close(self) -> None:
        """Close the connections, and stop the server if this process started it."""
        if self._provider is not None:
            await self._provider.close()
        self._provider = None
        if self._server is not None:
            self._server = self._base_url = None  # without a reference, the server stops


def make_local(request: ProviderRequest) -> BaseProvider:
    """Make the provider of a model file, by path or name.

    Raises:
        InputError: The file, or a package to run it, is missing.
    """
    model = known_models().get(request.rest)
    served_url = request.served_url
    if model is not None and not request.is_called:
        path = models_folder() / model.file
        return LocalProvider(path, served_url, request.origin, model.sha256, is_called=False)
    path = local_file(request.rest, request.origin)
    return LocalProvider(path, served_url, request.origin, model.sha256 if model else None)


def _check(path: Path, base_url: str | None, origin: str) -> None:
    """Refuse a missing file, a file of another format, or a missing package."""
    if not path.is_file() or _first_bytes(path, 4) != b"GGUF":
        raise SettingError(origin, f"local:{path}", "the path of a GGUF file")
    if base_url is None:
        _EXTRA.require(f"{origin}: a local model")


def _with_system_message(request: Request) -> Request:
    if any(message["role"] == "system" for message in request.messages):
        return request
    return dataclasses.replace(request, messages=(SYSTEM_MESSAGE, *request.messages))


def _start(path: Path) -> Any:
    import xllamacpp

    params = xllamacpp.CommonParams()
    params.model.path = str(path)
    params.n_ctx = _CONTEXT_TOKENS
    params.n_parallel = 1
    params.warmup = params.ui = False
    params.verbosity = 0
    for threads in (params.cpuparams, params.cpuparams_batch):
        threads.n_threads = 1
        threads.poll = 0  # polling threads starve each other on a busy machine
    try:
        return xllamacpp.Server(params)
    except RuntimeError as error:
        raise CallRefused(
            f"local:{path}: llama.cpp cannot load this file ({error}). "
            "Check that it is complete and a chat model."
        ) from error


def _first_bytes(path: Path, count: int) -> bytes:
    with path.open("rb") as file:
        return file.read(count)
