"""Secrets are known in one object, which removes them from texts, records and log records."""

from __future__ import annotations

import base64
import html
import json
import logging
import re
import string
from random import Random
from urllib.parse import quote

import pytest

from pytest_llmeval.assembly.known_secrets import find_secrets
from pytest_llmeval.errors import SettingError
from pytest_llmeval.records.call import Completion, Parameters, Request
from pytest_llmeval.redaction import HIDDEN, LogGuard, Secrets, public_address, public_urls
from pytest_llmeval.settings.option import JsonObject
from pytest_llmeval.settings.table import Settings

KEY = "sk-proj-Zq8xW3vB7nM2&kL5j/H9gF+4dS6"


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("https://host/v1", "https://host/v1"),
        ("https://me:pass@host/v1", "https://host/v1"),
        ("https://me:pa/ss@host/v1", "https://host/v1"),
        ("https://me:p@ss@host:8000/v1?key=s#f", "https://host:8000/v1"),
        ("HTTP://me@[::1]:80/v1", "HTTP://[::1]:80/v1"),
        ("m@2024@https://me:pass@host/v1", "m@2024@https://host/v1"),
        ("https://gw/ai/@cf/v1", "https://gw/ai/@cf/v1"),
        ("https://[::1]:8000/@a", "https://[::1]:8000/@a"),
        ("azure:https://x.example?api-version=2024-10-21", "azure:https://x.example?api-version=2024-10-21"),
        ("azure:https://x.example?api-version=1&key=s", "azure:https://x.example"),
        ("http://a/v1?k=1 m@http://u:p@b/v1", "http://a/v1 m@http://b/v1"),
        ("postgresql://u:p@db/x", "postgresql://db/x"),
        ("gpt-4", "gpt-4"),
        ('{"doc":"https://h.x/v1?x=1","message":"bad key"}', '{"doc":"https://h.x/v1","message":"bad key"}'),
        ("'https://h.x/v1?x=1': refused", "'https://h.x/v1': refused"),
        ("see 'https://h.x/v1?x=1'", "see 'https://h.x/v1'"),
        ("https://u:a':b@h.x/v1", "https://h.x/v1"),
        ("https://u:a\",b@h.x/v1", "https://h.x/v1"),
    ],
)  # fmt: skip
def test_a_public_address_has_neither_password_nor_query(address: str, shown: str) -> None:
    assert public_address(address) == shown


PW = "Zq7secretPW99"


@pytest.mark.parametrize(
    "text",
    [
        f"http://u:a'{PW}@127.0.0.1:1/v1", f'http://u:"<{PW}>@h/v1', f"https//u:{PW}@host",
        f"http:/u:{PW}@host", f"http:u:{PW}@host", f"u:{PW}@host:1/v1", f"host/v1?key={PW}",
        f"http://host/v1 key={PW}", f"http://u:{PW} @host", f"http://u: {PW}@host",
        f"http://u:x {PW}@host/v1", f"http ://u:{PW}@host", f"http://host/v1;token={PW}",
        f"http://u%3A{PW}%40host/v1", f"http://host/v1%3Fkey%3D{PW}", f"http://u:{PW}@[::1]:1/v1",
        f"u:{PW}@[::1]:1", f"http://u:a@b@{PW}@h/v1", f"http:\\u:{PW}@host",
        f"http:\\host\\{PW}", f'"http://u:{PW}@host/v1"', f"m@http//u:{PW}@host",
        f"m@u:{PW}@host", f"hhtp://u:{PW}@host", f"HTTP//u:{PW}@h", f"azure:https//u:{PW}@h",
        f"azure:u:{PW}@h", f"http://u:/{PW}@h", f"http://u:?{PW}@h", f"http://u:#{PW}@h",
        f"http://h/v1,http://u:{PW}@h", f"http://host/v1&key={PW}", f"http://host/v1#{PW}",
        f"http://u:{PW}", f"{PW}@host", PW, f"key={PW}",
    ],
)  # fmt: skip
def test_a_url_setting_shows_no_password_however_it_is_mistyped(text: str) -> None:
    assert PW not in public_urls(text)


@pytest.mark.parametrize(
    "text",
    [
        "http://127.0.0.1:8000/v1", "localhost:8000/v1", "https//host/v1", "http:/host/v1",
        "m@http://a/v1 http://b/v1", "qwen:7b@http://localhost:1/v1", "api.example.com",
        "azure:https://x.example?api-version=2024-10-21", "https://gw/ai/@cf/v1",
        "@cf/meta/llama-3@https://gw/v1", "http://[::1]:80/v1",
    ],
)  # fmt: skip
def test_a_url_setting_without_secrets_is_shown_as_written(text: str) -> None:
    if not text.startswith("@"):
        assert public_urls(text) == text
    assert public_address(text) == text


@pytest.mark.parametrize(
    "value",
    [f"u:{PW}@host:1/v1", f"https//u:{PW}@h", f"openai:http:/u:{PW}@h", f"h/v1?api_key={PW}"],
)
def test_the_error_of_any_setting_shows_no_login(value: str) -> None:
    assert PW not in str(SettingError("--llm-provider", value, "another"))


@pytest.mark.parametrize(
    "value",
    ["claude@20240620", "@cf/meta/llama", "qwen2.5:7b", "local:/home/me/x.gguf", "{{ a }} b@c"],
)
def test_the_error_of_a_setting_quotes_what_is_no_address(value: str) -> None:
    assert repr(value) in str(SettingError("--llm-model", value, "another"))


def test_the_error_of_a_setting_shows_the_public_address() -> None:
    error = SettingError("--llm-provider", "https://me:hunter2@host/v1?key=abc", "another")
    assert str(error) == "--llm-provider: found 'https://host/v1'; allowed: another."


@pytest.mark.parametrize(
    "form",
    [
        KEY,
        quote(KEY, safe=""),
        html.escape(KEY),
        json.dumps(KEY)[1:-1],
        KEY.encode().hex(),
        *(base64.b64encode(b"x" * n + KEY.encode() + b"tail").decode() for n in range(3)),
        base64.urlsafe_b64encode(f"user:{KEY}".encode()).decode(),
    ],
)
def test_a_key_is_hidden_however_it_is_written(form: str) -> None:
    shown = Secrets([KEY]).hide(f"before {form} after")
    assert HIDDEN in shown
    assert form not in shown
    assert shown.startswith("before ")
    assert shown.endswith(" after")


@pytest.mark.parametrize("word", ["test", "ollama", "lm-studio", "not-needed", "unused", ""])
def test_a_key_that_is_an_ordinary_word_stays_in_answers(word: str) -> None:
    text = f"Use {word} for the test."
    assert Secrets([word]).hide(text) == text


@pytest.mark.parametrize(
    "key",
    [
        "sk-abc123def456ghi789", "hf_AbCdEfGhIjKlMnOpQr", "gsk_a1b2c3d4e5f6g7h8", "AIzaSyA1234567890abc",
        "0123456789abcdef0123456789abcdef", "Zx9Qp7Lm2Nb4Vc6Xa8Sd0", "KEY_Zx9Qp7Lm2Nb4Vc6Xa8Sd0-1",
        "bot123456:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw", "sk-abcdwxyzqrtplmnbvcxz",
        "r8_Zx9Qp7Lm2Nb4Vc6Xa8Sd0", "token-a1b2c3d4e5f6g7", "sk-proj-Zq8xW3vB7nM2",
    ],
)  # fmt: skip
@pytest.mark.parametrize("rest", ["", "/", "/v1/chat/completions", "?api-version=2024-02-01"])
def test_a_key_in_the_path_of_a_url_is_hidden_everywhere(key: str, rest: str) -> None:
    url = f"https://host/openai/{key}{rest}"
    secrets = Secrets()
    secrets.learn_addresses(url)

    assert public_urls(url) == public_address(url) == f"https://host/openai/{HIDDEN}{rest}"
    assert secrets.hide(f"invalid key {key}") == f"invalid key {HIDDEN}"


@pytest.mark.parametrize(
    "segment",
    [
        "gpt-4o-mini-2024-07-18", "meta-llama-3.1-70b-instruct-turbo", "text-embedding-ada-002",
        "mixtral-8x7b-instruct-hf", "3fa85f64-5717-4562-b3fc-2c963f66afa6", "internationalization",
        "Qwen2.5-Coder-1.5B-Instruct-GGUF", "claude-3-5-sonnet-20241022", "anthropic.claude-v2:1",
        "projects-123456789012", "sk-abc", "token-classification-server",
        "r8-llama-3-70b-instruct", "key-account-management-x", "hf-inference-endpoint-x",
        "sk-learn-classifier-v2", "hf-TextGenerationInferenceServer", "xai-grok-2-latest-model",
        "llama-v3p1-405b-instruct", "chatglm3-6b-128k", "team42-gpt4o-eu-west-1",
        "wizardlm-70b-v1.0-awq-4bit-32g-actorder_True", "DeepSeek-R1-Distill-Qwen-32B-Q4_K_M.gguf",
        "us.anthropic.claude-3-5-sonnet-20241022-v2:0", "ft:gpt-3.5-turbo-0125:my-org:custom-suffix:9AbCdEfG",
    ],
)  # fmt: skip
def test_a_name_in_the_path_of_a_url_is_shown(segment: str) -> None:
    url = f"https://host/openai/deployments/{segment}/chat"
    secrets = Secrets()
    secrets.learn_addresses(url)

    assert public_urls(url) == url
    assert secrets.hide(segment) == segment


LETTERS, HEXADECIMAL = string.ascii_letters + string.digits, "0123456789abcdef"


@pytest.mark.parametrize(
    ("form", "alphabet", "most"),
    [
        ("{24}", LETTERS, 0.01), ("{40}", LETTERS, 0.01), ("sk-{48}", LETTERS, 0), ("key-{16}", LETTERS, 0.01),
        ("xai-{20}", LETTERS, 0.01), ("token_{13}", LETTERS, 0.06), ("{43}", LETTERS + "-_", 0.01),
        ("{32}", HEXADECIMAL, 0), ("{8}.{32}", LETTERS, 0.01), ("eyJ{20}.{40}.{43}", LETTERS + "-_", 0),
        ("{40}==", LETTERS + "+", 0.01), ("{40}%3D", LETTERS, 0.01), ("/{32}", LETTERS, 0.01),
        ("{24}", string.ascii_lowercase + string.digits, 0.04), ("{32}", string.ascii_lowercase, 0.06),
    ],
)  # fmt: skip
def test_few_random_keys_in_the_path_of_a_url_pass_for_names(
    form: str, alphabet: str, most: float
) -> None:
    source = Random(7)

    def letters(size: re.Match[str]) -> str:
        return "".join(source.choices(alphabet, k=int(size[1])))

    shown = 0
    for _ in range(200):
        key = re.sub(r"\{(\d+)\}", letters, form)
        url = f"https://host/v1/{key}/chat"
        secrets = Secrets()
        secrets.learn_addresses(url)
        name = key.strip("/")
        shown += name in public_address(url) or name in secrets.hide(f"invalid key {name}")
    assert shown <= most * 200


@pytest.mark.parametrize(
    "segment",
    [
        "a1b2deploymentstaging77",
        "deployment20240718prod",
        "gpt4turbo2024preview",
        "eastUSGpt4oProd",
    ],
)
def test_a_segment_that_may_be_a_name_is_hidden_in_its_address_alone(segment: str) -> None:
    secrets = Secrets()
    secrets.learn_addresses(f"https://host/{segment}/v1")

    assert public_address(f"https://host/{segment}/v1") == f"https://host/{HIDDEN}/v1"
    assert secrets.hide(segment) == segment


def test_a_region_in_the_query_stays_in_answers_and_the_query_does_not() -> None:
    secrets = Secrets()
    secrets.learn_addresses("https://host/v1?region=us-east-1&code=s3cr3t-c0de")
    shown = secrets.hide("us-east-1: GET https://host/v1?region=us-east-1&code=s3cr3t-c0de")
    assert shown == f"us-east-1: GET https://host/v1?{HIDDEN}&{HIDDEN}"


def test_a_record_without_secrets_is_the_same_object() -> None:
    request = Request(({"role": "user", "content": "hi"},), "m", Parameters(stop=("x",)))
    assert Secrets([KEY]).hide_in(request) is request


def test_every_text_of_a_record_is_searched() -> None:
    request = Request(
        ({"role": "user", "content": [{"text": KEY}]},), "m", Parameters(extra_body={"a": [KEY]})
    )
    hidden = Secrets([KEY]).hide_in(request)
    assert KEY not in repr(hidden)
    assert hidden.messages[0]["content"] == [{"text": HIDDEN}]
    assert Secrets([KEY]).hide_in(Completion(KEY)).text == HIDDEN


def test_settings_and_environment_are_searched_for_secrets() -> None:
    settings = Settings(
        base_url="https://me:Passw0rdOne@host/v1?token=t0kenInUrl",
        judge_base_url="http://host/v1;token=p4thParameter",
        jury=("m@https://j/v1?sig=s1gnature99",),
        log="postgresql://me:l0gPassw0rd@db/x",
        extra_body=JsonObject({"metadata": {"apiKey": "k3yInTheBody"}, "user": "u5erNumber1"}),
    )
    environ = {
        "OPENAI_API_KEY": "sk-openai-123456789",
        "LLMEVAL_JURY_API_KEY_2": "sk-jury-123456789",
        "AZURE_OPENAI_AD_TOKEN": "ad-token-123456789",
        "MY_DB_PASSWORD": "db-pass-123456789",
        "https_proxy": "http://me:pr0xyPassw0rd@proxy:3128",
        "HTTP_PROXY": "me:pl4inProxyWord@proxy:3128",
        "HOME": "/home/someone-123456789",
    }
    secrets = find_secrets(settings, environ)
    hidden = (
        "Passw0rdOne", "t0kenInUrl", "s1gnature99", "l0gPassw0rd", "k3yInTheBody",
        "sk-openai-123456789", "sk-jury-123456789", "ad-token-123456789", "db-pass-123456789",
        "pr0xyPassw0rd", "pl4inProxyWord", "p4thParameter",
    )  # fmt: skip
    assert [secrets.hide(text) for text in hidden] == [HIDDEN] * len(hidden)
    shown = "u5erNumber1 /home/someone-123456789"
    assert secrets.hide(shown) == shown
    assert not any(text in repr((secrets, settings.explicit)) for text in hidden)


def test_a_log_record_of_any_library_passes_without_secrets(
    caplog: pytest.LogCaptureFixture,
) -> None:
    guard, before = LogGuard(Secrets([KEY])), logging.getLogRecordFactory()
    guard.install()
    try:
        with caplog.at_level(logging.DEBUG):
            logging.getLogger("httpx").info("GET %s", f"https://host/v1?key={quote(KEY, safe='')}")
            logging.getLogger("mine").debug("%d%% done", 5)
            try:
                raise ValueError(KEY)
            except ValueError:
                logging.getLogger("app").exception("failed")
    finally:
        guard.remove()
        guard.remove()
    assert KEY not in caplog.text
    assert quote(KEY, safe="") not in caplog.text
    assert f"GET https://host/v1?key={HIDDEN}" in caplog.text
    assert "5% done" in caplog.text
    assert f"ValueError: {HIDDEN}" in caplog.text
    assert logging.getLogRecordFactory() == before


def test_a_factory_that_was_installed_later_stays() -> None:
    guard, before = LogGuard(Secrets([KEY])), logging.getLogRecordFactory()
    guard.install()
    try:
        logging.setLogRecordFactory(logging.LogRecord)
        guard.remove()
        assert logging.getLogRecordFactory() is logging.LogRecord
    finally:
        logging.setLogRecordFactory(before)


@pytest.mark.parametrize(
    "text",
    [
        "prompt == 'mail: a@b.de' and",
        "prompt == 'mail:a@b.de' and",
        "metadata.key=='x' and",
        "length.tokens=5",
        "id == 'a' and: x@y",
    ],
)
def test_an_error_shows_an_expression(text: str) -> None:
    assert repr(text) in str(SettingError("--llm-where", text, "an expression"))


@pytest.mark.parametrize(
    "text", ["user:pass@host", "m@user:pass@host/v1", "api_key=abc123", "see user:pass@host"]
)
def test_an_error_shows_no_login(text: str) -> None:
    assert HIDDEN in str(SettingError("--llm-where", text, "an expression"))


@pytest.mark.parametrize(
    "address",
    [
        "http://u%3AZq7secretPW99%40host:1/v1",
        "http://u:Zq7secretPW99%40host/v1",
        "m@http://u%253AZq7secretPW99%2540host/v1",
    ],
)
def test_a_login_that_is_encoded_as_a_whole_is_hidden(address: str) -> None:
    secrets = find_secrets(Settings(jury=(address,)), {})
    for text in (address, "for Zq7secretPW99"):
        assert "Zq7secret" not in secrets.hide(text)


def test_members_of_lists_and_the_address_of_a_name_are_secrets() -> None:
    members = {"headers": {"X-Api-Key": ["Zq7secretPW99"]}, "hooks": [{"url": "https://u:hook9secretPW@h/x"}]}  # fmt: skip
    name = "https://ci:name7secretPW@host/branch"
    secrets = find_secrets(Settings(extra_body=JsonObject(members), name=name), {})
    shown = secrets.hide_in({"name": name, "texts": ["Zq7secretPW99", "hook9secretPW"]})
    assert "secret" not in str(shown)
