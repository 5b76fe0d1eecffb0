from __future__ import annotations

import asyncio
import json
import traceback

import pytest

from pytest_llmeval.errors import CallError, InputError
from pytest_llmeval.providers.keys import HIDDEN, NO_KEY, Keys, read_keys, redacted
from pytest_llmeval.providers.openai import OpenAIProvider, Timeouts
from pytest_llmeval.records import Request
from tests.mock_endpoint import MockEndpoint, Reply

KEY = "sk-proj-Tq7LmZ02xWbN5vRc"
AZURE = {"AZURE_OPENAI_ENDPOINT": "https://x.openai.azure.com", "AZURE_OPENAI_API_KEY": "azure", "OPENAI_API_KEY": "o"}


@pytest.mark.parametrize(
    ("environ", "base_url", "model", "judge"),
    [
        ({}, None, None, None),
        ({"OPENAI_API_KEY": "o"}, None, "o", "o"),
        ({"OPENAI_API_KEY": "o", "LLMEVAL_API_KEY": "m"}, None, "m", "m"),
        ({"OPENAI_API_KEY": "o", "LLMEVAL_JUDGE_API_KEY": "j"}, None, "o", "j"),
        ({"LLMEVAL_API_KEY": "", "OPENAI_API_KEY": " o\n"}, None, "o", "o"),
        (AZURE, None, "azure", "azure"),
        (AZURE, "http://127.0.0.1:1/v1", "o", "o"),
        ({**AZURE, "LLMEVAL_API_KEY": "m"}, None, "m", "m"),
    ],
)
def test_the_most_specific_variable_wins(
    environ: dict[str, str], base_url: str | None, model: str | None, judge: str | None
) -> None:
    assert read_keys(environ, base_url) == Keys(model, judge)


def test_keys_do_not_show_in_a_repr() -> None:
    assert KEY not in repr(Keys(KEY, KEY))


@pytest.mark.parametrize("value", [f"{KEY} {KEY}", f"“{KEY}”", f"{KEY}\nx"])
def test_what_cannot_be_a_key_is_refused_by_its_name_and_not_shown(value: str) -> None:
    with pytest.raises(InputError, match="LLMEVAL_API_KEY: found a space or a character") as caught:
        read_keys({"LLMEVAL_API_KEY": value})
    assert KEY not in str(caught.value)


@pytest.mark.parametrize(
    "echo",
    [
        KEY,
        f"Bearer {KEY}",
        f"{KEY[:12]}",
        f"…{KEY[-8:]}",
        "sk-proj-****5vRc",
        "sk-p************5vRc",
        "sk-...vRc",
        "***5vRc",
        f"{KEY}{KEY}",
    ],
)
def test_a_key_is_hidden_whole_in_pieces_and_masked(echo: str) -> None:
    hidden = redacted(f"Incorrect API key provided: {echo}. See https://example.com/keys.", [KEY])
    assert HIDDEN in hidden
    assert "vRc" not in hidden
    assert "sk-" not in hidden
    assert hidden.startswith("Incorrect API key provided: ")


def test_a_text_without_the_key_stays_as_it_is() -> None:
    text = "Incorrect API key provided... (unused). See https://example.com/account/api-keys."
    assert redacted(text, [KEY, NO_KEY, ""]) == text


def test_a_short_key_is_hidden_as_a_word_only() -> None:
    assert redacted("key abc is not in abcdef", ["abc"]) == f"key {HIDDEN} is not in abcdef"


@pytest.mark.parametrize(
    "reply",
    [
        Reply(401, json.dumps({"error": {"message": f"Incorrect API key provided: {KEY}.", "code": KEY}})),
        Reply(401, f"<html>{KEY}</html>"),
        Reply(400, json.dumps({"you": {"sent": [f"Bearer {KEY}"]}})),
        Reply(429, json.dumps({"error": {"message": f"{KEY} is too fast"}})),
        Reply(500, json.dumps({"error": {"message": f"bad header {KEY}"}})),
        Reply(200, json.dumps({"error": f"no model for {KEY}"})),
        Reply(200, f"{KEY} is no JSON"),
    ],
)
def test_a_server_that_echoes_the_key_cannot_get_it_into_an_error(endpoint: MockEndpoint, reply: Reply) -> None:
    endpoint.replies.append(reply)
    provider = OpenAIProvider(endpoint.url, KEY, Timeouts())

    async def call() -> None:
        try:
            await provider.complete(Request(({"role": "user", "content": "hi"},)))
        finally:
            await provider.close()

    with pytest.raises(CallError) as caught:
        asyncio.run(call())
    assert endpoint.requests[0].headers["authorization"] == f"Bearer {KEY}"
    del reply
    shown = traceback.TracebackException.from_exception(caught.value, capture_locals=True)
    frames = [frame for frame in shown.stack if "pytest_llmeval" in frame.filename]
    assert frames
    assert KEY not in f"{caught.value} {[frame.locals for frame in frames]}"
    assert caught.value.__cause__ is caught.value.__context__ is None, "an exception of the SDK holds the request"
