from __future__ import annotations

import asyncio
import json
import traceback

import pytest

from pytest_llmeval.errors import CallError, InputError
from pytest_llmeval.providers.openai.endpoints import endpoint_keys, read_endpoints
from pytest_llmeval.providers.openai.keys import (
    default_key,
    juror_environment,
)
from pytest_llmeval.providers.openai.provider import OpenAIProvider
from pytest_llmeval.providers.spec import Timeouts
from pytest_llmeval.records.call import Request
from pytest_llmeval.redaction import HIDDEN, Secrets
from tests.mock_endpoint import MockEndpoint, Reply

KEY = "sk-proj-Tq7LmZ02xWbN5vRc"
AZURE = {
    "AZURE_OPENAI_ENDPOINT": "https://x.openai.azure.com",
    "AZURE_OPENAI_API_KEY": "azure",
    "OPENAI_API_KEY": "o",
}


LOCAL, OTHER = "http://127.0.0.1:1/v1", "http://127.0.0.1:2/v1"
OPENAI_URL, AZURE_URL = (
    "https://api.openai.com/v1",
    "azure:https://x.openai.azure.com?api-version=1",
)


@pytest.mark.parametrize(
    ("environ", "model", "judge"),
    [
        ({}, None, None),
        ({"OPENAI_API_KEY": "o"}, "o", "o"),
        ({"OPENAI_API_KEY": "o", "LLMEVAL_API_KEY": "m"}, "m", "m"),
        ({"OPENAI_API_KEY": "o", "LLMEVAL_JUDGE_API_KEY": "j"}, "o", "j"),
        ({"LLMEVAL_API_KEY": "", "OPENAI_API_KEY": " o\n"}, "o", "o"),
        (AZURE, "azure", "azure"),
        ({**AZURE, "LLMEVAL_API_KEY": "m"}, "m", "m"),
    ],
)
def test_the_most_specific_variable_wins(
    environ: dict[str, str], model: str | None, judge: str | None
) -> None:
    assert (default_key(environ, is_judge=False), default_key(environ, is_judge=True)) == (
        model,
        judge,
    )


@pytest.mark.parametrize(
    ("environ", "urls", "keys"),
    [
        ({}, LOCAL, [None]),
        ({"OPENAI_API_KEY": "o"}, LOCAL, ["o"]),
        (AZURE, LOCAL, ["o"]),
        (AZURE, AZURE_URL, ["azure"]),
        ({"OPENAI_API_KEY": "o"}, AZURE_URL, [None]),
        ({**AZURE, "LLMEVAL_API_KEY": "m"}, AZURE_URL, ["m"]),
        ({"LLMEVAL_API_KEY": "m"}, f"{LOCAL} {OTHER}", ["m", None]),
        ({"LLMEVAL_API_KEY": "m"}, f"{LOCAL} {OTHER} a@{LOCAL}", ["m", None, "m"]),
        (
            {"LLMEVAL_API_KEY": "m", "LLMEVAL_API_KEY_2": "n"},
            f"{LOCAL} {OTHER} {OTHER}",
            ["m", "n", "n"],
        ),
        (
            {"LLMEVAL_API_KEY": "m", "LLMEVAL_API_KEY_2": "n"},
            f"{LOCAL} a@{LOCAL} b@{LOCAL}",
            ["m", "n", "m"],
        ),
        (
            {"LLMEVAL_API_KEY": "m", **AZURE},
            f"{LOCAL} {AZURE_URL} {OPENAI_URL}",
            ["m", "azure", "o"],
        ),
        ({"LLMEVAL_API_KEY": "m"}, f"{OPENAI_URL} https://api.openai.com:443/v2", ["m", "m"]),
        ({"LLMEVAL_API_KEY": "m"}, f"{OPENAI_URL} http://api.openai.com/v1", ["m", None]),
    ],
)
def test_each_endpoint_of_a_list_has_its_key(
    environ: dict[str, str], urls: str, keys: list[str | None]
) -> None:
    assert (
        endpoint_keys(environ, read_endpoints(urls, {}, "--llm-base-url"), is_judge=False) == keys
    )


@pytest.mark.parametrize(
    ("environ", "shares_list", "keys"),
    [
        (
            {
                "LLMEVAL_JUDGE_API_KEY": "j",
                "LLMEVAL_JUDGE_API_KEY_2": "k",
                "LLMEVAL_API_KEY_2": "n",
            },
            True,
            ["j", "k"],
        ),
        ({"LLMEVAL_API_KEY": "m", "LLMEVAL_API_KEY_2": "n"}, True, ["m", "n"]),
        ({"LLMEVAL_API_KEY": "m", "LLMEVAL_API_KEY_2": "n"}, False, ["m", None]),
    ],
)
def test_a_judge_takes_the_models_numbered_keys_only_for_the_same_list(
    environ: dict[str, str], shares_list: bool, keys: list[str | None]
) -> None:
    endpoints = read_endpoints(f"{LOCAL} {OTHER}", {}, "--llm-judge-base-url")
    assert endpoint_keys(environ, endpoints, is_judge=True, shares_list=shares_list) == keys


@pytest.mark.parametrize("value", [f"{KEY} {KEY}", f"“{KEY}”", f"{KEY}\nx"])
def test_what_cannot_be_a_key_is_refused_by_its_name_and_not_shown(value: str) -> None:
    with pytest.raises(InputError, match="LLMEVAL_API_KEY: found a space or a character") as caught:
        default_key({"LLMEVAL_API_KEY": value}, is_judge=False)
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
    text = f"Incorrect API key provided: {echo}. See https://example.com/keys."
    hidden = Secrets([KEY]).hide_reply(text)
    assert HIDDEN in hidden
    assert "vRc" not in hidden
    assert "sk-" not in hidden
    assert hidden.startswith("Incorrect API key provided: ")


def test_a_text_without_the_key_stays_as_it_is() -> None:
    text = "Incorrect API key provided... (unused). See https://example.com/account/api-keys."
    assert Secrets([KEY, ""]).hide_reply(text) == text


def test_a_short_key_is_hidden_as_a_word_only() -> None:
    shown = Secrets(["abc"]).hide_reply("key abc is not in abcdef")
    assert shown == f"key {HIDDEN} is not in abcdef"


@pytest.mark.parametrize(
    "reply",
    [
        Reply(
            401,
            json.dumps({"error": {"message": f"Incorrect API key provided: {KEY}.", "code": KEY}}),
        ),
        Reply(401, f"<html>{KEY}</html>"),
        Reply(400, json.dumps({"you": {"sent": [f"Bearer {KEY}"]}})),
        Reply(429, json.dumps({"error": {"message": f"{KEY} is too fast"}})),
        Reply(500, json.dumps({"error": {"message": f"bad header {KEY}"}})),
        Reply(200, json.dumps({"error": f"no model for {KEY}"})),
        Reply(200, f"{KEY} is no JSON"),
    ],
)
def test_a_server_that_echoes_the_key_cannot_get_it_into_an_error(
    endpoint: MockEndpoint, reply: Reply
) -> None:
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
    assert caught.value.__cause__ is caught.value.__context__ is None, (
        "an exception of the SDK holds the request"
    )


ENVIRONMENT = {
    "LLMEVAL_API_KEY": "sk-model",
    "LLMEVAL_JUDGE_API_KEY": "sk-judge",
    "OPENAI_API_KEY": "sk-openai",
    "LLMEVAL_JURY_API_KEY": "sk-first",
    "HOME": "/home",
}


def test_a_juror_has_a_key_of_its_own_and_no_other() -> None:
    first = juror_environment(ENVIRONMENT, 1, ())

    assert {name: key for name, key in first.items() if key.startswith("sk-")} == {
        "LLMEVAL_JUDGE_API_KEY": "sk-first",
        "LLMEVAL_JURY_API_KEY": "sk-first",
    }
    assert first["HOME"] == "/home"


def test_a_juror_without_a_key_has_those_that_are_made_for_where_it_is_asked() -> None:
    elsewhere = juror_environment(ENVIRONMENT, 2, ())
    at_the_judge = juror_environment(ENVIRONMENT, 2, ("LLMEVAL_JUDGE_API_KEY",))

    assert not {"LLMEVAL_API_KEY", "LLMEVAL_JUDGE_API_KEY", "OPENAI_API_KEY"} & elsewhere.keys()
    assert at_the_judge["LLMEVAL_JUDGE_API_KEY"] == "sk-judge"
    assert "OPENAI_API_KEY" not in at_the_judge
