from __future__ import annotations

import asyncio
import sys
import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from pytest_llmeval.errors import CallError, CallRefused, RateLimited, SettingError
from pytest_llmeval.protocols import Provider
from pytest_llmeval.providers.python import CallableProvider, as_provider, load_callable
from pytest_llmeval.providers.scripted import ScriptedProvider
from pytest_llmeval.records.call import Completion, Request, Usage
from pytest_llmeval.records.case import Case, Source

CASE = Case(id="capital", prompt="Capital of France?", source=Source("faq.csv", 2))
CHAT = Case(
    id="chat",
    prompt="And Spain?",
    messages=({"role": "user", "content": "And Spain?"},),
    source=CASE.source,
)


def upper(case: Case) -> str:
    return case.prompt.upper()


async def upper_later(case: Case) -> str:
    await asyncio.sleep(0)
    return case.prompt.upper()


class App:
    def __call__(self, case: Case) -> str:
        return case.prompt.upper()


class AsyncApp:
    async def __call__(self, case: Case) -> str:
        return await upper_later(case)


def answer(provider: Provider, case: Case = CASE) -> Completion:
    return asyncio.run(provider.complete(Request(case.messages, case=case)))


@pytest.mark.parametrize(
    "function",
    [
        upper,
        upper_later,
        partial(upper),
        partial(upper_later),
        lambda case: upper_later(case),
        App(),
        AsyncApp(),
    ],
)
def test_any_callable_answers_a_case(function: Callable[[Case], Any]) -> None:
    completion = answer(CallableProvider(function, "app"))
    assert (completion.text, completion.endpoint) == ("CAPITAL OF FRANCE?", "python:app")
    assert completion.latency_s > 0


def test_a_function_that_is_not_async_runs_in_another_thread() -> None:
    completion = answer(CallableProvider(lambda case: str(threading.get_ident()), "app"))
    assert completion.text != str(threading.get_ident())


def test_a_completion_is_kept_as_it_is_with_its_gaps_filled() -> None:
    given = Completion("Paris", contexts=("France …",), cost_usd=0.5)
    completion = answer(CallableProvider(lambda case: given, "app"))
    assert (completion.text, completion.contexts, completion.cost_usd) == (
        "Paris",
        ("France …",),
        0.5,
    )
    assert completion.endpoint == "python:app"


@pytest.mark.parametrize("returned", [None, 3, {"answer": "Paris"}, ["Paris"], b"Paris"])
def test_anything_else_is_a_bad_reply_that_says_what_came(returned: object) -> None:
    with pytest.raises(CallRefused, match=r"app returned .* allowed: str or Completion") as caught:
        answer(CallableProvider(lambda case: returned, "app"))
    assert type(returned).__name__ in str(caught.value)


def test_an_exception_of_the_function_becomes_the_cause() -> None:
    def broken(case: Case) -> str:
        raise KeyError("index is empty")

    with pytest.raises(CallError, match="app raised KeyError: 'index is empty'") as caught:
        answer(CallableProvider(broken, "app"))
    assert isinstance(caught.value.__cause__, KeyError)


def test_a_call_error_of_the_function_stays_what_it_is() -> None:
    def busy(case: Case) -> str:
        raise RateLimited("slow down", 2)

    with pytest.raises(RateLimited, match="slow down"):
        answer(CallableProvider(busy, "app"))


def test_a_request_without_a_case_shows_its_last_question_as_the_prompt() -> None:
    messages = ({"role": "system", "content": "s"}, {"role": "user", "content": "judge this"})
    completion = asyncio.run(CallableProvider(upper, "app").complete(Request(messages)))
    assert completion.text == "JUDGE THIS"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A user's folder, as the current one, with an application of a unique name."""
    (tmp_path / "llm_shop").mkdir()
    (tmp_path / "llm_shop" / "__init__.py").write_text("")
    (tmp_path / "llm_shop" / "broken.py").write_text("raise RuntimeError('no database')\n")
    (tmp_path / "llm_shop" / "needy.py").write_text("import a_library_that_is_not_here\n")
    (tmp_path / "llm_shop" / "app.py").write_text(
        "def answer(case):\n    return 'from ' + case.id\n\n"
        "answer.fingerprint = 'v1'\nNUMBER = 3\n\n"
        "class Bot:\n    def reply(self, case):\n        return 'bot'\n\n"
        "    def __call__(self, case):\n        return 'called'\n\n"
        "bot = Bot()\n\n"
        "class Needs:\n    def __init__(self, key):\n        pass\n"
    )
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    for name in [name for name in sys.modules if name.partition(".")[0] == "llm_shop"]:
        monkeypatch.delitem(sys.modules, name)
    return tmp_path


@pytest.mark.usefixtures("project")
@pytest.mark.parametrize(
    ("spec", "text"),
    [
        ("llm_shop.app:answer", "from capital"),
        ("llm_shop.app:bot.reply", "bot"),
        ("llm_shop.app:bot", "called"),
        ("llm_shop.app:Bot", "called"),
    ],
)
def test_a_name_in_the_current_folder_is_loaded(spec: str, text: str) -> None:
    assert answer(load_callable(spec)).text == text


@pytest.mark.usefixtures("project")
def test_a_declared_fingerprint_is_part_of_the_providers() -> None:
    assert load_callable("llm_shop.app:answer").fingerprint == "python:llm_shop.app:answer:v1"
    assert load_callable("llm_shop.app:bot").fingerprint is None


@pytest.mark.usefixtures("project")
@pytest.mark.parametrize(
    ("spec", "said"),
    [
        ("llm_shop.app", "allowed: python:package.module:name"),
        ("llm_shop.ap:answer", "There is no module 'llm_shop.ap'. Did you mean 'app'?"),
        (
            "llm_shopp.app:answer",
            "There is no module 'llm_shopp'. Did you mean 'llm_shop'? If it is not installed",
        ),
        ("llm_shop.app:anser", "a name in llm_shop.app. Did you mean 'answer'?"),
        ("llm_shop.broken:answer", "Importing llm_shop.broken raised RuntimeError: no database"),
        (
            "llm_shop.needy:answer",
            "raised ModuleNotFoundError: No module named 'a_library_that_is_not_here'",
        ),
        ("llm_shop.app:NUMBER", "found 'int'; allowed: a function (case) -> str or Completion"),
        (
            "llm_shop.app:Needs",
            "a class that needs no arguments. Needs() raised TypeError",
        ),
    ],
)
def test_what_cannot_be_loaded_says_why(spec: str, said: str) -> None:
    with pytest.raises(SettingError) as caught:
        load_callable(spec, "--llm-judge-provider")
    assert str(caught.value).startswith("--llm-judge-provider: found ")
    assert said in str(caught.value)


def test_a_provider_passes_as_it_is() -> None:
    provider = ScriptedProvider()
    assert as_provider(provider) is provider


def test_an_object_with_complete_alone_is_told_what_it_lacks() -> None:
    with pytest.raises(SettingError, match="It has complete, but not fingerprint and sees_case"):
        as_provider(SimpleNamespace(complete=upper))


def test_a_fingerprint_that_is_no_text_is_refused() -> None:
    app = App()
    app.fingerprint = 3  # type: ignore[attr-defined]
    with pytest.raises(SettingError, match="llm_provider fingerprint: found 3; allowed: text"):
        as_provider(app)


class Chain:
    """As a LangChain runnable: it has invoke and ainvoke."""

    def __init__(self, reply: object) -> None:
        self.reply = reply
        self.given: Any = None

    def invoke(self, given: Any) -> object:
        self.given = given
        return self.reply

    async def ainvoke(self, given: Any) -> object:
        return self.invoke(given)


def test_a_runnable_gets_the_prompt_or_the_chat() -> None:
    chain = Chain("Paris")
    assert answer(as_provider(chain)).text == "Paris"
    assert chain.given == "Capital of France?"
    answer(as_provider(chain), CHAT)
    assert chain.given == [{"role": "user", "content": "And Spain?"}]


def test_a_runnable_that_is_not_async_answers_too() -> None:
    assert (
        answer(as_provider(SimpleNamespace(invoke=lambda given: f"{given}!"))).text
        == "Capital of France?!"
    )


def test_the_message_of_a_runnable_is_read_with_its_usage() -> None:
    message = SimpleNamespace(
        content=["Pa", {"type": "text", "text": "ris"}],
        usage_metadata={"input_tokens": 5, "output_tokens": 2, "total_tokens": 7},
        response_metadata={"model_name": "m", "finish_reason": "stop"},
    )
    completion = answer(as_provider(Chain(message)))
    assert (completion.text, completion.usage, completion.model) == ("Paris", Usage(5, 2), "m")


def test_the_dict_of_a_runnable_is_a_bad_reply() -> None:
    with pytest.raises(CallRefused, match="Chain returned dict"):
        answer(as_provider(Chain({"answer": "Paris"})))
