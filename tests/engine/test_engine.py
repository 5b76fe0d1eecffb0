from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest

from pytest_llmeval.engine.engine import Engine
from pytest_llmeval.engine.keys import request_key
from pytest_llmeval.errors import CallError, CallTimeout
from pytest_llmeval.records import Case, Completion, Parameters, Request, Source, Usage
from pytest_llmeval.store.memory import MemoryStore


@dataclass
class Counting:
    """A provider that counts its calls; it fails those whose prompt is ``broken`` and never answers ``hang``."""

    fingerprint: str | None = "counting"
    sees_case: bool = False
    asked: list[str] = field(default_factory=list)
    closed: bool = False

    async def complete(self, request: Request) -> Completion:
        prompt = str(request.messages[-1]["content"])
        self.asked.append(prompt)
        if prompt == "hang":
            await asyncio.Event().wait()
        if prompt == "broken":
            raise CallError("out of order")
        return Completion(f"{prompt}!", model="gpt-4", usage=Usage(1000, 100))

    async def close(self) -> None:
        self.closed = True


def ask(prompt: str, **parameters: float) -> Request:
    return Request(({"role": "user", "content": prompt},), "gpt-4", Parameters(**parameters))  # type: ignore[arg-type]


@pytest.fixture
def engine() -> Iterator[Engine]:
    made = Engine(MemoryStore(), timeout_s=30)
    yield made
    made.close()


def test_the_same_request_is_paid_once(engine: Engine) -> None:
    provider = Counting()

    first, second = (engine.complete(provider, ask("Hi")) for _ in range(2))

    assert (first.text, first.cached) == ("Hi!", False)
    assert (second.text, second.cached) == ("Hi!", True)
    assert provider.asked == ["Hi"]


def test_callers_at_the_same_time_share_one_call(engine: Engine) -> None:
    provider, answers = Counting(), []

    async def together() -> list[Completion]:
        return list(await asyncio.gather(*(engine.answer(provider, ask("Hi")) for _ in range(10))))

    answers = engine.run(together())

    assert [answer.text for answer in answers] == ["Hi!"] * 10
    assert provider.asked == ["Hi"]


def test_threads_may_ask_at_once(engine: Engine) -> None:
    provider, texts = Counting(), []
    threads = [
        threading.Thread(target=lambda n=n: texts.append(engine.complete(provider, ask(f"{n % 3}")).text))
        for n in range(9)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(texts) == sorted(f"{n % 3}!" for n in range(9))
    assert sorted(provider.asked) == ["0", "1", "2"]


def test_a_failed_call_is_not_kept_and_may_be_tried_again(engine: Engine) -> None:
    provider = Counting()

    for _ in range(2):
        with pytest.raises(CallError, match="out of order"):
            engine.complete(provider, ask("broken"))

    assert provider.asked == ["broken", "broken"]


def test_a_call_may_take_so_long_in_all() -> None:
    engine = Engine(MemoryStore(), timeout_s=0.05)
    try:
        with pytest.raises(CallTimeout, match=r"counting: no answer within 0\.05 s in all\. Raise --llm-timeout"):
            engine.complete(Counting(), ask("hang"))
    finally:
        engine.close()


def test_a_known_model_has_its_price_and_an_unknown_one_none(engine: Engine) -> None:
    known = engine.complete(Counting(), ask("Hi"))

    assert known.cost_usd == pytest.approx(0.036)  # 1,000 tokens in at $30 and 100 out at $60 a million

    class Unknown(Counting):
        async def complete(self, request: Request) -> Completion:
            return Completion("x", model="no-such-model", usage=Usage(1, 1))

    assert engine.complete(Unknown(fingerprint="u"), ask("Hi")).cost_usd is None


def test_completions_of_two_providers_without_a_fingerprint_are_kept_apart(engine: Engine) -> None:
    first, second = Counting(fingerprint=None), Counting(fingerprint=None)

    engine.complete(first, ask("Hi"))
    engine.complete(second, ask("Hi"))
    engine.complete(first, ask("Hi"))

    assert (first.asked, second.asked) == (["Hi"], ["Hi"])


def test_a_metered_provider_goes_through_the_engine(engine: Engine) -> None:
    provider = Counting()
    metered = engine.metered(provider)

    engine.run(metered.complete(ask("Hi")))
    engine.complete(provider, ask("Hi"))

    assert (metered.fingerprint, metered.sees_case) == ("counting", False)
    assert provider.asked == ["Hi"]


def test_closing_closes_the_providers_and_cancels_what_still_runs() -> None:
    engine, provider = Engine(MemoryStore(), timeout_s=30), Counting()
    caught: list[BaseException] = []

    def wait() -> None:
        try:
            engine.complete(provider, ask("hang"))
        except BaseException as error:
            caught.append(error)

    engine.complete(provider, ask("Hi"))
    thread = threading.Thread(target=wait)
    thread.start()
    while "hang" not in provider.asked:
        engine.complete(provider, ask("Hi"))
    engine.close()
    thread.join()

    assert provider.closed
    assert len(caught) == 1
    engine.close()


BASE = Request(({"role": "user", "content": "Hi"},), "gpt-4", Parameters(temperature=0.5))


@pytest.mark.parametrize(
    "other",
    [
        Request(({"role": "user", "content": "Ho"},), "gpt-4", Parameters(temperature=0.5)),
        Request(BASE.messages, "gpt-5", BASE.parameters),
        Request(BASE.messages, "gpt-4", Parameters(temperature=0.6)),
        Request(BASE.messages, "gpt-4", Parameters(temperature=0.5, extra_body={"top_k": 1})),
        Request(BASE.messages, "gpt-4", BASE.parameters, sample=1),
        Request(BASE.messages, "gpt-4", BASE.parameters, case=Case("a", "Hi", Source("f", 1))),
    ],
    ids=["messages", "model", "parameter", "extra body", "sample", "case"],
)
def test_whatever_can_change_the_answer_changes_the_key(other: Request) -> None:
    assert request_key("p", BASE) == request_key("p", BASE)
    assert request_key("p", other) != request_key("p", BASE) != request_key("q", BASE)


def test_where_a_case_stands_does_not_change_the_key() -> None:
    here, there = (Request((), case=Case("a", "Hi", Source("f", line))) for line in (1, 2))

    assert request_key("p", here) == request_key("p", there)
