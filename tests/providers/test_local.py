from __future__ import annotations

import asyncio
import sys
from importlib.machinery import PathFinder
from importlib.util import find_spec
from pathlib import Path

import pytest

from pytest_llmeval.errors import CallRefused, MissingExtraError, SettingError
from pytest_llmeval.providers.local.models import find_model, models_folder
from pytest_llmeval.providers.local.provider import SYSTEM_MESSAGE, LocalProvider
from pytest_llmeval.records.call import Completion, Parameters, Request
from tests.mock_endpoint import MockEndpoint

SMALL_MODEL = models_folder() / find_model("qwen2.5-coder-0.5b-instruct").file
needs_xllamacpp = pytest.mark.skipif(
    find_spec("xllamacpp") is None, reason="xllamacpp is not installed"
)
needs_model = pytest.mark.skipif(
    not SMALL_MODEL.is_file(),
    reason="run `llmeval model qwen2.5-coder-0.5b-instruct` for the tests with a real model",
)


@pytest.fixture
def gguf(tmp_path: Path) -> Path:
    """A file that begins like a model and is none."""
    path = tmp_path / "tiny.gguf"
    path.write_bytes(b"GGUF" + b"\0" * 100)
    return path


def ask(text: str, *, system: str | None = None, **parameters: object) -> Request:
    messages = [{"role": "system", "content": system}] if system else []
    chat = (*messages, {"role": "user", "content": text})
    return Request(chat, model="m", parameters=Parameters(**parameters))  # type: ignore[arg-type]


def answered(provider: LocalProvider, *requests: Request) -> list[Completion]:
    async def all_of_them() -> list[Completion]:
        try:
            return await asyncio.gather(*map(provider.complete, requests))
        finally:
            await provider.close()

    return asyncio.run(all_of_them())


def test_a_chat_without_a_system_message_gets_ours(gguf: Path, endpoint: MockEndpoint) -> None:
    answered(LocalProvider(gguf, endpoint.url), ask("hi"), ask("ho", system="Be brief."))
    chats = {
        request.body["messages"][-1]["content"]: request.body["messages"]
        for request in endpoint.requests
    }
    assert chats["hi"] == [SYSTEM_MESSAGE, {"role": "user", "content": "hi"}]
    assert chats["ho"][0] == {"role": "system", "content": "Be brief."}


def test_a_running_server_is_used_and_the_file_is_named(gguf: Path, endpoint: MockEndpoint) -> None:
    provider = LocalProvider(gguf, endpoint.url)
    [completion] = answered(provider, ask("[[answer=Paris]]"))
    assert (completion.text, completion.model, completion.endpoint) == (
        "Paris",
        "tiny",
        "local:tiny.gguf",
    )
    assert provider.serve() == endpoint.url


def test_a_local_model_takes_one_call_at_a_time_and_costs_nothing(
    gguf: Path, endpoint: MockEndpoint
) -> None:
    provider = LocalProvider(gguf, endpoint.url)
    assert (provider.concurrency, provider.call_usd) == (1, 0.0)


def test_more_than_one_choice_is_refused(gguf: Path, endpoint: MockEndpoint) -> None:
    with pytest.raises(CallRefused, match="found n=2; allowed: 1"):
        answered(LocalProvider(gguf, endpoint.url), ask("hi", n=2))
    assert endpoint.count() == 0


def test_the_fingerprint_is_of_the_file_and_not_of_its_place(gguf: Path, tmp_path: Path) -> None:
    copy = tmp_path / "elsewhere" / gguf.name
    copy.parent.mkdir()
    copy.write_bytes(gguf.read_bytes())
    other = tmp_path / "other" / gguf.name
    other.parent.mkdir()
    other.write_bytes(b"GGUF" + b"\1" * 100)
    first, second, third = (
        LocalProvider(path, "http://x/v1").fingerprint for path in (gguf, copy, other)
    )
    assert first == second != third
    assert str(first).startswith("local:")


@pytest.mark.parametrize("content", [None, b"", b"GG", b"PK\3\4 a zip"])
def test_what_is_no_gguf_file_is_refused_at_once(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "model.gguf"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(
        SettingError, match=r"--llm-judge-provider: found 'local:.*allowed: the path of a GGUF file"
    ):
        LocalProvider(path, origin="--llm-judge-provider")


def test_without_xllamacpp_the_command_is_named(
    gguf: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        sys, "meta_path", [finder for finder in sys.meta_path if finder is not PathFinder]
    )
    monkeypatch.delitem(sys.modules, "xllamacpp", raising=False)
    with pytest.raises(MissingExtraError, match=r'pip install "pytest-llm-golden\[local\]"'):
        LocalProvider(gguf)


@needs_xllamacpp
def test_a_broken_model_file_is_refused(gguf: Path) -> None:
    with pytest.raises(CallRefused, match=r"llama\.cpp cannot load this file"):
        answered(LocalProvider(gguf), ask("hi"))


@needs_xllamacpp
@needs_model
def test_a_real_model_answers_the_same_twice_with_logprobs_and_then_stops() -> None:
    provider = LocalProvider(SMALL_MODEL)
    request = ask(
        "What is the capital of France? One word.",
        temperature=0.0,
        max_tokens=5,
        logprobs=True,
        top_logprobs=2,
    )
    first, second = answered(provider, request, request)
    assert "Paris" in first.text
    assert first.text == second.text
    assert first.usage is not None
    assert first.logprobs[0].logprob <= 0.0
    assert len(first.logprobs[0].top) == 2
    assert first.endpoint == f"local:{SMALL_MODEL.name}"
