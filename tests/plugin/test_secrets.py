"""Secrets and places: whatever a server, a library or an application says, no output and no file holds one.

Each run shows every place at once: terminal with locals and debug log, live log, log file, JUnit,
run log, store, recordings, JSON, HTML, CSV, Markdown, GitLab. The table below names the secrets.
"""

from __future__ import annotations

import base64
import html
import json
from collections.abc import Iterator
from urllib.parse import quote

import pytest

from tests.mock_endpoint import MockEndpoint, Reply
from tests.plugin.conftest import Project

KEY = "sk-proj-Zq8xW3vB7nM2kL5jH9gF4d+S6a/P1oI0uY"
SECRETS = {
    "the key of the model": KEY,
    "the key of the judge": "judge-key-5fGh7JkL9mNp1QrS",
    "a key in the query of the base URL": "QSECRETtoken42abcdef",
    "a short parameter of the base URL": "k=s3cr3t",
    "the password of a proxy": "pr0xyPassw0rd",
    "the key of another service of the application": "sk-ant-9Xy8Wv7Ut6Sr5Qp4",
    "a key in the extra body": "body-t0ken-8h7g6f5d",
    "a key in the path of the judge's URL": "PathKey7Qw8Er9Ty0Ui1Op2As",
}
EVERYWHERE = (
    "-vv", "--showlocals", "--full-trace", "--log-level=DEBUG", "-o", "log_cli=true",
    "--log-file=debug.log", "--log-file-level=DEBUG", "--junitxml=junit.xml",
    "--llm-record", "new_episodes", "--llm-csv", "results.csv", "--llm-summary", "summary.md",
    "--llm-code-quality", "gitlab.json", "--llm-retries", "0", "--llm-model", "mock",
)  # fmt: skip
TEST = """
import logging, os
import pytest

@pytest.mark.llm_golden("golden/rows.csv")
def test_answer(llm_completion, llm_judge):
    key = os.environ["OPENAI_API_KEY"]
    header = {"authorization": f"Bearer {key}", "x-api-key": os.environ["ANTHROPIC_API_KEY"]}
    print(header)
    logging.getLogger("mine").warning("calling with %s", header)
    assert llm_judge(llm_completion) >= 9, f"{llm_completion.text} {header}"
"""
APP = """
import os

def answer(case):
    raise ValueError(f"401 for {os.environ['ANTHROPIC_API_KEY']} and {os.environ['OPENAI_API_KEY']}")
"""


def echoes() -> list[Reply]:
    """What servers make of a key: an answer, and errors of every form."""
    bearer = f"Bearer {KEY}"
    said = json.dumps({"choices": [{"message": {"content": f"your key is {KEY}"}}], "model": KEY})
    encoded = base64.b64encode(bearer.encode()).decode()
    return [
        Reply(200, said),
        Reply(400, json.dumps({"error": {"message": f"bad header {bearer}", "code": KEY}})),
        Reply(
            401, json.dumps({"error": {"message": f"Incorrect API key: {KEY[:7]}***{KEY[-4:]}"}})
        ),
        Reply(
            500, f"<html><h1>{html.escape(bearer)}</h1></html>", (("content-type", "text/html"),)
        ),
        Reply(400, json.dumps({"error": {"message": f"auth {encoded}"}})),
        Reply(400, json.dumps({"you": {"sent": [quote(KEY, safe=""), bearer.encode().hex()]}})),
        Reply(200, f"{KEY} is no JSON"),
    ]


def shown(secret: str) -> set[str]:
    """A secret as it could stand in a file."""
    return {
        secret,
        quote(secret, safe=""),
        html.escape(secret),
        json.dumps(secret)[1:-1],
        base64.b64encode(secret.encode()).decode().rstrip("=")[:-2],
        base64.b64encode(f"Bearer {secret}".encode()).decode().rstrip("=")[12:-2],
        secret.encode().hex(),
    }


def leaks(project: Project, output: str) -> list[str]:
    """Where a secret stands: its name, and the output or the file."""
    texts = {"the output": output.encode()}
    for path in project.path.rglob("*"):
        if path.is_file() and path.suffix != ".pyc":
            texts[str(path.relative_to(project.path))] = path.read_bytes()
    return [
        f"{name} in {place}"
        for name, secret in SECRETS.items()
        for form in shown(secret)
        for place, data in texts.items()
        if form.encode() in data
    ]


@pytest.fixture
def secretive(project: Project, monkeypatch: pytest.MonkeyPatch) -> Iterator[Project]:
    """A project whose settings and environment hold every secret, and a server that echoes keys."""
    names = list(SECRETS.values())
    monkeypatch.setenv("OPENAI_API_KEY", names[0])
    monkeypatch.setenv("LLMEVAL_JUDGE_API_KEY", names[1])
    monkeypatch.setenv("OPENAI_BASE_URL", f"{project.endpoint.url}?key={names[2]}&{names[3]}")
    monkeypatch.setenv("HTTPS_PROXY", f"http://me:{names[4]}@127.0.0.1:9")
    monkeypatch.setenv("ANTHROPIC_API_KEY", names[5])
    monkeypatch.setenv("LLMEVAL_EXTRA_BODY", json.dumps({"metadata": {"api_key": names[6]}}))
    project.rows(len(echoes()) + 1)
    project.endpoint.replies.extend(echoes())
    with MockEndpoint() as judge:
        judge.judge = lambda request: json.dumps({"reason": f"see {names[1]}", "score": 1})
        address = judge.url.replace("/v1", f"/{names[7]}/v1")
        monkeypatch.setenv("LLMEVAL_JUDGE_BASE_URL", address)
        yield project


@pytest.mark.parametrize(("style", "workers"), [("long", "0"), ("native", "2")])
def test_no_place_shows_a_secret(secretive: Project, style: str, workers: str) -> None:
    secretive.write("test_answers.py", TEST)

    run = secretive.run("test_answers.py", *EVERYWHERE, f"--tb={style}", "-n", workers)

    sent = secretive.endpoint.requests[0]
    assert SECRETS["a key in the query of the base URL"] in sent.path
    assert sent.body["metadata"]["api_key"] == SECRETS["a key in the extra body"]
    assert run.ret == 1
    text = run.stdout.str() + run.stderr.str()
    assert "your key is [hidden]" in text, "the answer that repeats the key is shown without it"
    assert {path.name for path in secretive.path.iterdir()} >= {
        "debug.log", "junit.xml", "results.csv", "summary.md", "gitlab.json",
    }  # fmt: skip
    assert not leaks(secretive, text)


def test_no_place_shows_the_secret_of_an_application(secretive: Project) -> None:
    secretive.write("app.py", APP)
    provider = ("--llm-provider", "python:app:answer")

    run = secretive.run("golden/rows.csv", *EVERYWHERE, *provider)

    assert "raised ValueError: 401 for [hidden] and [hidden]" in run.stdout.str()
    assert not leaks(secretive, run.stdout.str() + run.stderr.str())


@pytest.mark.parametrize(
    ("option", "workers"),
    [
        (("--llm-base-url", "{}"), "0"),
        (("--llm-base-url", "{}", "--llm-jury", "model@{}"), "2"),
        (("--llm-judge-base-url", "{}", "--llm-judge-model", "j"), "0"),
        (("--llm-jury", "model@{}"), "0"),
        (("--llm-provider", "{}"), "0"),
        (("--llm-model", "{}", "--llm-base-url", "{}"), "0"),
    ],
)
def test_a_password_in_an_address_is_refused_before_anything_is_sent(
    project: Project, endpoint: MockEndpoint, option: tuple[str, ...], workers: str
) -> None:
    password = "hunter/2@pass"
    address = endpoint.url.replace("://", f"://me:{password}@")
    arguments = [text.format(address) for text in option]

    bounds = ("--llm-threshold", "jury>=0", "--min-score", "1", "-vv", "--showlocals")
    run = project.run("golden/faq.csv", "--llm-model", "m", *arguments, *bounds, "-n", workers)

    assert run.ret == 4
    text = run.stdout.str() + run.stderr.str()
    assert "hunter" not in text
    assert "2@pass" not in text
    assert endpoint.count() == 0
    for path in project.path.rglob("*"):
        assert not path.is_file() or b"hunter" not in path.read_bytes()


WARNING = """
import os, warnings

def test_warns(llm_completion):
    warnings.warn("deprecated client " + os.environ["OPENAI_API_KEY"])
"""
IMPORTED = """
import os, sys, warnings

print("importing with", os.environ["OPENAI_API_KEY"])
warnings.warn("deprecated import " + os.environ["OPENAI_API_KEY"])

def test_nothing():
    pass
"""
INTERNAL = """
import os

def pytest_runtest_logreport(report):
    raise RuntimeError("plugin with " + os.environ["OPENAI_API_KEY"])
"""


@pytest.mark.parametrize("workers", ["0", "2"])
def test_no_warning_of_an_application_shows_a_key(
    project: Project, monkeypatch: pytest.MonkeyPatch, workers: str
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    project.write(
        "test_warns.py",
        WARNING.replace(
            "def test", "import pytest\n@pytest.mark.llm_golden('golden/faq.csv')\ndef test"
        ),
    )
    project.write("test_imported.py", IMPORTED)

    shown = project.run("--llm-model", "m", "--junitxml=j.xml", "-n", workers)
    raised = project.run("--llm-model", "m", "-W", "error", "--junitxml=j.xml", "-n", workers)

    assert shown.ret == 0
    assert "deprecated client [hidden]" in shown.stdout.str()
    assert "deprecated import [hidden]" in shown.stdout.str()
    assert raised.ret != 0
    assert "deprecated import [hidden]" in raised.stdout.str()
    for run in (shown, raised):
        assert KEY not in run.stdout.str() + run.stderr.str()
    assert KEY not in (project.path / "j.xml").read_text(encoding="utf-8")


def test_no_error_of_a_plugin_shows_a_key(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    project.write("conftest.py", INTERNAL)

    run = project.run("golden/faq.csv", "--llm-model", "m")

    text = run.stdout.str() + run.stderr.str()
    assert "plugin with [hidden]" in text
    assert KEY not in text


SECRET = "Zq7secretPW99"


@pytest.mark.parametrize(
    ("arguments", "workers"),
    [
        (("--llm-base-url", "http://u:a'{}@127.0.0.1:1/v1"), "0"),
        (("--llm-base-url", "https//u:{}@host"), "0"),
        (("--llm-base-url", "http:/u:{}@host"), "2"),
        (("--llm-base-url", "u:{}@host:1/v1"), "0"),
        (("--llm-base-url", "http://u:{} @host"), "0"),
        (("--llm-base-url", "http://host/v1 key={}"), "0"),
        (("--llm-judge-model", "j", "--llm-judge-base-url", "host/v1?key={}"), "0"),
        (("--llm-jury", "m@https//u:{}@host", "--llm-threshold", "jury>=0"), "0"),
        (("--llm-jury", "m@https//u:{}@host", "--llm-threshold", "jury>=0"), "2"),
        (("--llm-model", "https//u:{}@host"), "0"),
        (("--llm-log", "postgresql//u:{}@127.0.0.1:1/db"), "0"),
        (("--llm-json", "s3://u:{}@bucket/report.json"), "0"),
        (("--llm-extra-body", '{{"api_key": "{}"'), "0"),
        (("--llm-timeout", "{}"), "0"),
    ],
)
def test_no_error_of_a_setting_shows_its_secret(
    project: Project, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], workers: str
) -> None:
    monkeypatch.setenv("MY_TOKEN", SECRET)
    monkeypatch.setenv("LLMEVAL_MODEL", "m")
    texts = [text.format(SECRET) for text in arguments]

    run = project.run(
        "golden/faq.csv", *texts, "--llm-min-score", "1", "-n", workers
    )  # fmt: skip

    assert run.ret == 4
    assert project.endpoint.count() == 0
    assert SECRET not in run.stdout.str() + run.stderr.str()
    for path in project.path.rglob("*"):
        assert SECRET not in str(path)
        assert not path.is_file() or SECRET.encode() not in path.read_bytes()


def test_a_parameter_of_the_path_is_sent_and_not_shown(project: Project) -> None:
    run = project.run(
        "golden/faq.csv", "--llm-model=m", "--llm-base-url", f"{project.endpoint.url};token={SECRET}",
        "--llm-retries", "0", "-vv", "--showlocals",
    )  # fmt: skip

    assert SECRET in project.endpoint.requests[0].path
    assert SECRET not in run.stdout.str() + run.stderr.str()
    for path in project.path.rglob("*"):
        assert not path.is_file() or SECRET.encode() not in path.read_bytes()
