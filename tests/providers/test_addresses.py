"""Names of models and URLs with any legal character."""

from __future__ import annotations

import asyncio

import pytest

from pytest_llmeval.assembly.roles import answering_role, judging_role, jury_roles
from pytest_llmeval.errors import SettingError
from pytest_llmeval.providers.openai.addresses import split_model
from pytest_llmeval.providers.openai.endpoints import read_endpoints
from pytest_llmeval.providers.openai.provider import OpenAIProvider
from pytest_llmeval.providers.spec import Timeouts
from pytest_llmeval.records.call import Request
from pytest_llmeval.settings.table import Settings
from tests.mock_endpoint import MockEndpoint

URL = "http://127.0.0.1:8000/v1"


@pytest.mark.parametrize(
    ("entry", "model", "url"),
    [
        (URL, "", URL),
        ("gpt-4", "gpt-4", ""),
        (f"gpt-4@{URL}", "gpt-4", URL),
        ("claude-3-5-sonnet@20240620", "claude-3-5-sonnet@20240620", ""),
        (f"claude-3-5-sonnet@20240620@{URL}", "claude-3-5-sonnet@20240620", URL),
        ("@cf/meta/llama-3-8b-instruct", "@cf/meta/llama-3-8b-instruct", ""),
        (f"@cf/meta/llama-3-8b-instruct@{URL}", "@cf/meta/llama-3-8b-instruct", URL),
        (f"meta-llama/Llama-3:free@{URL}", "meta-llama/Llama-3:free", URL),
        (f"ft:gpt-4o:org::id@{URL}", "ft:gpt-4o:org::id", URL),
        (f"a model with spaces@{URL}", "a model with spaces", URL),
        ("d@azure:https://x.example?api-version=1", "d", "azure:https://x.example?api-version=1"),
        ("AZURE:https://x.example", "", "AZURE:https://x.example"),
        ("m@HTTPS://Host/v1", "m", "HTTPS://Host/v1"),
        ("http://[::1]:8000/v1", "", "http://[::1]:8000/v1"),
        ("m@2@http://[fe80::1%25eth0]:8000/v1", "m@2", "http://[fe80::1%25eth0]:8000/v1"),
        ("https://gw.example/ai/@cf/v1", "", "https://gw.example/ai/@cf/v1"),
        ("m@https://gw.example/@cf/v1?to=a@http://b", "m", "https://gw.example/@cf/v1?to=a@http://b"),
        ("https://gw.example/v1?to=a@http://b", "", "https://gw.example/v1?to=a@http://b"),
    ],
)  # fmt: skip
def test_a_url_is_what_begins_with_a_scheme(entry: str, model: str, url: str) -> None:
    assert split_model(entry) == (model, url)


def test_jurors_have_models_and_addresses_of_any_form() -> None:
    jury = (f"claude@2024@{URL}", "@cf/meta/llama", f"a b@{URL}", "llama3:8b")
    roles = jury_roles(Settings(jury=jury, base_url="http://default/v1"))
    assert [(role.model, role.base_url) for role in roles] == [
        ("claude@2024", URL),
        ("@cf/meta/llama", "http://default/v1"),
        ("a b", URL),
        ("llama3:8b", "http://default/v1"),
    ]


@pytest.mark.parametrize("name", ["claude@20240620", "@cf/meta/llama", "a/b:c", "with spaces"])
def test_a_model_is_named_with_any_character(name: str) -> None:
    settings = Settings(model=name, judge_model=name)
    answering, judging = answering_role(settings), judging_role(settings)
    assert answering is not None
    assert judging is not None
    assert (answering.model, judging.model) == (name, name)


@pytest.mark.parametrize(
    "url",
    [
        "http://[::1]:8000/v1",
        "https://host/a,b;c=d/(e)/~f/%20/v1",
        "https://host:8443/v1?a=1&a=2&b=&c=%2F,x",
        "https://bücher.example/v1",
        "HTTPS://HOST/v1",
    ],
)
def test_an_address_may_have_any_legal_character(url: str) -> None:
    [endpoint] = read_endpoints(f"m@{url}", {}, "--llm-base-url")
    assert (endpoint.model, endpoint.url) == ("m", url)


@pytest.mark.parametrize(
    "url", ["http://[::1/v1", "http://a,http://b", "http://a/v1,", "m@2024", "http://h:x/v1", "m@"]
)
def test_an_address_that_is_none_is_an_error_and_no_traceback(url: str) -> None:
    with pytest.raises(SettingError, match="--llm-base-url: found"):
        read_endpoints(url, {}, "--llm-base-url")


@pytest.mark.parametrize("query", ["a=1&a=2&b=&c=%26,x", "key=a%20b+c", "api-version=1", "flag"])
def test_a_query_is_sent_as_it_was_written(endpoint: MockEndpoint, query: str) -> None:
    provider = OpenAIProvider(f"{endpoint.url}/?{query}", "k", Timeouts())

    async def call() -> None:
        await provider.complete(Request(({"role": "user", "content": "hi"},), "m"))
        await provider.close()

    asyncio.run(call())
    assert endpoint.requests[0].path == f"/v1/chat/completions?{query}"


@pytest.mark.parametrize(
    "entry",
    [
        "m@127.0.0.1:1/v1?key=Zq7secret", "m@localhost", "m@gw.example/v1", "m@[::1]:80/v1",
        "m@gpu-box:8000/v1", "m?key=Zq7secret",
    ],
)  # fmt: skip
def test_a_juror_whose_address_has_no_scheme_is_refused(entry: str) -> None:
    with pytest.raises(SettingError, match="begins with http") as caught:
        jury_roles(Settings(jury=(entry,)))
    assert "Zq7secret" not in str(caught.value)


@pytest.mark.parametrize(
    "url", ["http://u%3Apw%40host:1/v1", "http://u:pw%40host/v1", "https://host%2F/v1"]
)
def test_no_sign_of_a_host_is_encoded(url: str) -> None:
    with pytest.raises(SettingError, match="without user and password"):
        read_endpoints(url, {}, "--llm-base-url")
