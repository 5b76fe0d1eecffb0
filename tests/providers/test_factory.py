from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from pytest_llmeval.errors import InputError, SettingError
from pytest_llmeval.protocols import Provider
from pytest_llmeval.providers.column import ColumnProvider
from pytest_llmeval.providers.openai.provider import OpenAIProvider
from pytest_llmeval.providers.registry import find_spec, make_provider
from pytest_llmeval.providers.spec import ProviderRequest
from pytest_llmeval.records.call import Request
from pytest_llmeval.settings.table import OPTIONS
from tests.mock_endpoint import MockEndpoint

AZURE = {"AZURE_OPENAI_ENDPOINT": "https://x.openai.azure.com", "OPENAI_API_VERSION": "2024-10-21"}
NOTHING: Mapping[str, str] = {}


def made(
    spec: str | None = None,
    base_url: str | None = None,
    environ: Mapping[str, str] = NOTHING,
    place: str = "--llm-provider",
) -> Provider:
    request = ProviderRequest(
        spec or "openai",
        place,
        environ,
        base_url,
        is_judge=place != "--llm-provider",
        juror=int(place == "--llm-jury"),
        url_origin=place.replace("provider", "base-url"),
    )
    return make_provider(request)


def test_the_help_of_the_settings_names_every_kind_of_provider() -> None:
    help_of = {row.name: row.help for row in OPTIONS}
    with pytest.raises(SettingError) as caught:
        made("nonsense:x")
    allowed = str(caught.value).partition("allowed: ")[2].rstrip(".")
    forms = allowed.replace(" or ", ", ").split(", ")
    prefixes = {form.partition(":")[0] for form in forms}
    assert "openai" in prefixes
    for prefix in prefixes:
        spec = find_spec(prefix)
        assert spec is not None
        form = f"{prefix}:" if spec.takes_rest else f"{prefix} (default)"
        assert form in help_of["provider"]
        assert (f"{prefix}:" in help_of["jury"]) == (spec.is_model and spec.takes_rest)


@pytest.mark.parametrize(
    ("spec", "base_url", "environ", "fingerprint"),
    [
        (None, None, NOTHING, "openai:https://api.openai.com/v1"),
        ("openai", "http://127.0.0.1:1/v1/", NOTHING, "openai:http://127.0.0.1:1/v1"),
        (None, None, AZURE, "openai:https://x.openai.azure.com?api-version=2024-10-21"),
        (None, "http://127.0.0.1:1/v1", AZURE, "openai:http://127.0.0.1:1/v1"),
        (None, "m@http://127.0.0.1:1/v1", AZURE, "openai:m@http://127.0.0.1:1/v1"),
        (
            None,
            "azure:https://y.example.com?api-version=1",
            AZURE,
            "openai:https://y.example.com?api-version=1",
        ),
        (
            None,
            "d@azure:https://y.example.com",
            AZURE,
            "openai:d@https://y.example.com?api-version=2024-10-21",
        ),
        (
            None,
            "http://a/v1\n ft:m:org@http://b",
            NOTHING,
            "openai:http://a/v1 openai:ft:m:org@http://b",
        ),
    ],
)
def test_a_base_url_goes_before_azure_and_azure_before_openai_itself(
    spec: str | None, base_url: str | None, environ: Mapping[str, str], fingerprint: str
) -> None:
    assert made(spec, base_url, {**environ, "LLMEVAL_API_KEY": "k"}).fingerprint == fingerprint


def test_an_endpoint_of_ones_own_needs_no_key(endpoint: MockEndpoint) -> None:
    provider = made(base_url=endpoint.url)
    assert isinstance(provider, OpenAIProvider)

    async def call(provider: OpenAIProvider) -> None:
        await provider.complete(Request(({"role": "user", "content": "hi"},)))
        await provider.close()

    asyncio.run(call(provider))
    assert endpoint.requests[0].headers["authorization"] == "Bearer unused"


@pytest.mark.parametrize(
    ("environ", "place", "names"),
    [
        (
            NOTHING,
            "--llm-provider",
            ("api.openai.com", "LLMEVAL_API_KEY or OPENAI_API_KEY", "--llm-base-url"),
        ),
        (
            NOTHING,
            "--llm-judge-provider",
            ("LLMEVAL_JUDGE_API_KEY or OPENAI_API_KEY", "--llm-judge-base-url"),
        ),
        (
            AZURE,
            "--llm-provider",
            ("x.openai.azure.com", "LLMEVAL_API_KEY or AZURE_OPENAI_API_KEY"),
        ),
    ],
)
def test_without_a_key_the_variables_are_named(
    environ: Mapping[str, str], place: str, names: tuple[str, ...]
) -> None:
    with pytest.raises(InputError) as caught:
        made(environ=environ, place=place)
    assert str(caught.value).startswith(f"{place}: found no API key for ")
    assert all(name in str(caught.value) for name in names)


def test_azure_needs_its_version() -> None:
    with pytest.raises(
        SettingError, match=r"OPENAI_API_VERSION: found ''; .* for example 2024-10-21"
    ):
        made(
            environ={"AZURE_OPENAI_ENDPOINT": "https://x.openai.azure.com", "LLMEVAL_API_KEY": "k"}
        )


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("localhost:8000/v1", "allowed: one URL such as http://127.0.0.1:8000/v1"),
        ("ftp://host/v1", "allowed: one URL"),
        ("http:///v1", "allowed: one URL"),
        ("http://a/v1,http://b/v1", "allowed: one URL"),
        (" ", "allowed: one URL"),
        ("http://a/v1 b", "allowed: one URL"),
        ("http://a:99999/v1", "The port must be between 1 and 65535"),
        ("@http://a/v1", "Only the name of a model may precede the @"),
        ("http://me:pass@https://host/v1", "Only the name of a model may precede the @"),
        ("m@http://me:pass@host/v1", "without user and password"),
        ("azure:https://me:pass@x.openai.azure.com?api-version=1", "without user and password"),
        ("azure:https://x.openai.azure.com?key=pass@1", "Only api-version may follow"),
        ("azure:x.openai.azure.com", "allowed: azure:https://NAME.openai.azure.com"),
        (
            "http://me:pass@host/v1",
            "without user and password. The key belongs in LLMEVAL_API_KEY.",
        ),
        ("http://host/v1/chat/completions/", "Leave out /chat/completions."),
    ],
)
def test_a_base_url_that_cannot_work_is_refused_without_its_password(url: str, said: str) -> None:
    with pytest.raises(SettingError) as caught:
        made(base_url=url, place="--llm-judge-provider")
    assert str(caught.value).startswith("--llm-judge-base-url: found ")
    assert said in str(caught.value)
    assert "pass@" not in str(caught.value)


@pytest.mark.parametrize(
    ("base_url", "said"),
    [
        (
            "azure:https://x.openai.azure.com?api-version=1",
            "x.openai.azure.com; .* LLMEVAL_API_KEY or AZURE_OPENAI_",
        ),
        (
            "http://a/v1 https://api.openai.com/v1",
            "https://api.openai.com/v1; .* LLMEVAL_API_KEY_2 or OPENAI_API_KEY",
        ),
    ],
)
def test_an_endpoint_that_cannot_do_without_a_key_names_its_variables(
    base_url: str, said: str
) -> None:
    with pytest.raises(InputError, match=f"--llm-provider: found no API key for .*{said}"):
        made(base_url=base_url)


def test_azure_in_a_list_needs_its_version_beside_it_or_in_the_environment() -> None:
    with pytest.raises(
        SettingError, match=r"OPENAI_API_VERSION: .* in --llm-base-url, or set OPENAI_API_VERSION"
    ):
        made(base_url="azure:https://x.openai.azure.com")


def test_a_column_is_read_from_the_golden_file() -> None:
    assert isinstance(made("column:actual_output"), ColumnProvider)


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        ("opnai", "Did you mean 'openai'?"),
        ("pyton:app:answer", "Did you mean 'python'?"),
        ("column:", "column:NAME"),
        ("openai:gpt-4", "allowed: openai, local:PATH"),
        ("http:localhost", "column:NAME"),
        ("http://localhost:1/v1", "Write the URL of an endpoint in --llm-base-url."),
        ("local:qwen2.5-coder-1.5b-instrct", "Did you mean 'qwen2.5-coder-1.5b-instruct'?"),
        ("local:hf:Qwen/Model", "allowed: local:hf:OWNER/REPOSITORY/FILE"),
    ],
)
def test_a_specification_that_cannot_be_used_says_what_is_allowed(spec: str, said: str) -> None:
    with pytest.raises(SettingError) as caught:
        made(spec)
    assert str(caught.value).startswith("--llm-provider: found ")
    assert said in str(caught.value)


def test_a_file_that_is_no_model_is_refused(tmp_path: Path) -> None:
    (tmp_path / "model.gguf").write_text("hello")
    with pytest.raises(SettingError, match="allowed: the path of a GGUF file"):
        made(f"local:{tmp_path / 'model.gguf'}")


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, str], None]:
    """Install a package that offers a kind of provider: ``installed(prefix, name in its module)``."""

    def install(prefix: str, name: str) -> None:
        (tmp_path / "llm_echo.py").write_text(
            "from pytest_llmeval import BaseProvider, Completion\n"
            "from pytest_llmeval.providers.spec import ProviderSpec\n"
            "class Echo(BaseProvider):\n"
            "    async def complete(self, request):\n"
            "        return Completion(request.messages[-1]['content'])\n"
            "SPEC = ProviderSpec('echo', 'echo:NAME', lambda request: Echo(), is_model=True)\n"
            "SOMETHING = 1\n",
            "utf-8",
        )
        info = tmp_path / "llm_echo-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text("Metadata-Version: 2.1\nName: llm-echo\nVersion: 1.0\n")
        point = f"[pytest_llmeval.providers]\n{prefix} = llm_echo:{name}\n"
        (info / "entry_points.txt").write_text(point, "utf-8")
        monkeypatch.syspath_prepend(str(tmp_path))
        monkeypatch.delitem(sys.modules, "llm_echo", raising=False)

    return install


def test_an_installed_package_can_bring_a_kind_of_provider(
    installed: Callable[[str, str], None],
) -> None:
    installed("echo", "SPEC")
    request = Request(({"role": "user", "content": "hi"},))
    assert asyncio.run(made("echo:x").complete(request)).text == "hi"
    spec = find_spec("echo:x")
    assert spec is not None
    assert spec.is_model
    with pytest.raises(SettingError, match="column:NAME or echo:…"):
        made("ecko:x")


@pytest.mark.parametrize(
    ("prefix", "name", "message"),
    [
        ("nothing", "MISSING", r"provider 'nothing' \(llm_echo:MISSING\) cannot be loaded: Attrib"),
        ("number", "SOMETHING", r"provider 'number' .*: found int; allowed: a ProviderSpec"),
    ],
)
def test_a_kind_of_provider_that_cannot_be_loaded_names_its_package(
    prefix: str, name: str, message: str, installed: Callable[[str, str], None]
) -> None:
    installed(prefix, name)
    with pytest.raises(InputError, match=message):
        made(f"{prefix}:x")
