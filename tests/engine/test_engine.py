from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from pytest_llmeval.engine.budget import Budget
from pytest_llmeval.engine.caller import CallPolicy, LiveCaller
from pytest_llmeval.engine.context import CallContext, call_context
from pytest_llmeval.engine.engine import Engine
from pytest_llmeval.engine.keys import request_key
from pytest_llmeval.engine.lane_rules import Ceilings
from pytest_llmeval.engine.pricing import Prices
from pytest_llmeval.engine.retries import RetryPolicy
from pytest_llmeval.errors import (
    BudgetSpent,
    CallError,
    CallRefused,
    CallTimeout,
    EndpointDown,
    NotRecorded,
    RateLimited,
    Stopped,
)
from pytest_llmeval.protocols import BaseProvider, CompletionStore, Provider
from pytest_llmeval.records.call import Completion, Parameters, Request, Usage
from pytest_llmeval.records.case import Case, Source
from pytest_llmeval.records.run import Traffic
from pytest_llmeval.store.memory import LocalState, MemoryStore
from pytest_llmeval.store.recordings.recordings import Recordings
from pytest_llmeval.store.sqlite import SqliteStore

PRICE = 0.036  # of one answer below: 1,000 tokens in at $30 and 100 out at $60 a million
HERE = CallContext(home="tests/test_shop.py", case="greets")


@dataclass(eq=False)
class Counting(BaseProvider):
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


@dataclass(eq=False)
class Gated(Counting):
    """Answers when the gate is opened."""

    started: threading.Event = field(default_factory=threading.Event)
    gate: asyncio.Event = field(default_factory=asyncio.Event)

    async def complete(self, request: Request) -> Completion:
        self.started.set()
        await self.gate.wait()
        return await super().complete(request)

    async def open(self) -> None:
        self.gate.set()


@dataclass(eq=False)
class Failing(Counting):
    """Raises these, one a call, before it answers."""

    errors: list[CallError] = field(default_factory=list)

    async def complete(self, request: Request) -> Completion:
        if self.errors:
            self.asked.append("in vain")
            raise self.errors.pop(0)
        return await super().complete(request)


@dataclass(eq=False)
class App(Counting):
    """An application: asks a model, twice, and answers with what it said."""

    model: Provider = field(default_factory=Counting)
    call_usd: float = 0.0

    async def complete(self, request: Request) -> Completion:
        self.asked.append(str(request.messages[-1]["content"]))
        said = [
            await self.model.complete(ask(f"{step} {self.asked[-1]}"))
            for step in ("plan", "answer")
        ]
        return Completion(" ".join(each.text for each in said))


def ask(prompt: str, **parameters: float) -> Request:
    return Request(({"role": "user", "content": prompt},), "gpt-4", Parameters(**parameters))  # type: ignore[arg-type]


def complete(engine: Engine, provider: BaseProvider, request: Request) -> Completion:
    return engine.run(engine.answer(provider, request))


Make = Callable[..., Engine]


@pytest.fixture
def make() -> Iterator[Make]:
    """Make an engine: ``make(concurrency=…, timeout_s=…, store=…, budget=…, recordings=…)``."""
    made: list[Engine] = []

    def engine(
        concurrency: int = 16,
        timeout_s: float = 30,
        store: CompletionStore | None = None,
        usd: float | None = None,
        **settings: Any,
    ) -> Engine:
        policy = CallPolicy(timeout_s, RetryPolicy(3, 60.0, lambda: 0.0), Ceilings(concurrency))
        state = store if isinstance(store, SqliteStore) else LocalState()
        budget = None if usd is None else Budget(usd, state)
        caller = LiveCaller(policy, Prices(["app = 0.5"]), state, budget)
        made.append(Engine(store or MemoryStore(), caller, "run", **settings))
        return made[-1]

    yield engine
    for each in made:
        each.close(drain_s=0)


@pytest.fixture
def engine(make: Make) -> Engine:
    return make()


def submit(engine: Engine, provider: BaseProvider, *prompts: str) -> list[Future[Completion]]:
    return [engine.submit(engine.answer(provider, ask(prompt))) for prompt in prompts]


def result(future: Future[Completion]) -> Completion:
    return future.result(timeout=30)


def test_the_same_request_is_paid_once(engine: Engine) -> None:
    provider = Counting()

    first, second = (complete(engine, provider, ask("Hi")) for _ in range(2))

    assert first == second
    assert (first.text, first.cached) == ("Hi!", False)
    assert provider.asked == ["Hi"]
    assert engine.traffic == Traffic(calls=1, attempts=1, usd=PRICE)


def test_callers_at_the_same_time_share_one_call(engine: Engine) -> None:
    provider = Counting()

    async def together() -> list[Completion]:
        return list(await asyncio.gather(*(engine.answer(provider, ask("Hi")) for _ in range(10))))

    assert [answer.text for answer in engine.run(together())] == ["Hi!"] * 10
    assert provider.asked == ["Hi"]


def test_threads_may_ask_at_once(engine: Engine) -> None:
    provider, texts = Counting(), list[str]()
    threads = [
        threading.Thread(
            target=lambda n=n: texts.append(complete(engine, provider, ask(f"{n % 3}")).text)
        )
        for n in range(9)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(texts) == sorted(f"{n % 3}!" for n in range(9))
    assert sorted(provider.asked) == ["0", "1", "2"]


def test_a_caller_that_gives_up_leaves_the_call_to_the_others(engine: Engine) -> None:
    provider = Gated()
    first, second = submit(engine, provider, "Hi", "Hi")
    assert provider.started.wait(30)

    first.cancel()
    engine.run(provider.open())

    assert result(second).text == "Hi!"
    assert provider.asked == ["Hi"]


def test_an_exception_reaches_everybody_who_waits(engine: Engine) -> None:
    provider = Counting()

    async def together() -> list[object]:
        return list(
            await asyncio.gather(
                *(engine.answer(provider, ask("broken")) for _ in range(10)), return_exceptions=True
            )
        )

    assert [str(error) for error in engine.run(together())] == ["out of order"] * 10
    assert provider.asked == ["broken"]


def test_a_failed_call_is_not_kept_and_may_be_tried_again(engine: Engine) -> None:
    provider = Counting()

    for _ in range(2):
        with pytest.raises(CallError, match="out of order"):
            complete(engine, provider, ask("broken"))

    assert provider.asked == ["broken", "broken"]


@pytest.mark.parametrize(
    "error", [EndpointDown("500"), RateLimited("429", 0.0), CallTimeout("late")], ids=str
)
def test_a_failure_that_may_pass_is_tried_again(engine: Engine, error: CallError) -> None:
    provider = Failing(errors=[error, error])

    assert complete(engine, provider, ask("Hi")).text == "Hi!"
    assert provider.asked == ["in vain", "in vain", "Hi"]
    assert engine.traffic == Traffic(calls=1, attempts=3, usd=PRICE)


def test_a_call_that_fails_too_often_says_how_often(engine: Engine) -> None:
    provider = Failing(errors=[EndpointDown("500.")] * 9)

    with pytest.raises(EndpointDown, match=r"^500\. Tried 4 times in 0 s\.$"):
        complete(engine, provider, ask("Hi"))


def test_a_call_that_is_refused_is_not_tried_again(engine: Engine) -> None:
    provider = Failing(errors=[CallRefused("no such model")])

    with pytest.raises(CallRefused, match=r"^no such model$"):
        complete(engine, provider, ask("Hi"))
    assert provider.asked == ["in vain"]


def test_a_call_may_take_so_long_in_all(make: Make) -> None:
    engine = make(timeout_s=0.01)
    with pytest.raises(
        CallTimeout, match=r"counting: no answer within 0\.01 s in all\. Raise --llm-timeout"
    ):
        complete(engine, Counting(), ask("hang"))


def test_no_more_calls_are_in_flight_than_allowed(make: Make) -> None:
    engine, in_flight, highest = make(concurrency=3), 0, 0

    class Gauge(Counting):
        async def complete(self, request: Request) -> Completion:
            nonlocal in_flight, highest
            in_flight += 1
            highest = max(highest, in_flight)
            await asyncio.sleep(0)
            in_flight -= 1
            return await super().complete(request)

    for future in submit(engine, Gauge(), *map(str, range(30))):
        result(future)
    assert highest == 3


def test_calls_of_earlier_tests_go_first(make: Make) -> None:
    engine, provider = make(concurrency=1), Gated()
    first = submit(engine, provider, "first")
    assert provider.started.wait(30)
    later = []
    for order in (3, 1, 2):
        with call_context(CallContext(order=order)):
            later += submit(engine, provider, str(order))
    engine.run(provider.open())

    for future in (*first, *later):
        result(future)
    assert provider.asked == ["first", "1", "2", "3"]


def test_a_known_model_has_its_price_and_an_unknown_one_none(engine: Engine) -> None:
    assert complete(engine, Counting(), ask("Hi")).cost_usd == pytest.approx(PRICE)

    class Unknown(Counting):
        async def complete(self, request: Request) -> Completion:
            return Completion("x", model="no-such-model", usage=Usage(1, 1))

    request = Request(ask("Hi").messages)
    assert complete(engine, Unknown(fingerprint="u"), request).cost_usd is None
    assert engine.traffic == Traffic(calls=2, attempts=2, usd=PRICE, unpriced=1)


def test_a_spent_budget_is_an_error_and_nothing_is_sent(make: Make) -> None:
    engine, provider = make(usd=PRICE / 2), Counting()
    complete(engine, provider, ask("Hi", max_tokens=100))

    with pytest.raises(BudgetSpent, match="is spent"):
        complete(engine, provider, ask("Ho", max_tokens=100))
    assert complete(engine, provider, ask("Hi", max_tokens=100)).text == "Hi!"
    assert provider.asked == ["Hi"]


def test_a_budget_without_a_price_is_refused(make: Make) -> None:
    with pytest.raises(CallRefused, match="the price of 'no-such-model' is unknown"):
        complete(make(usd=1), Counting(), Request((), "no-such-model"))


def test_completions_of_two_providers_without_a_fingerprint_are_kept_apart(engine: Engine) -> None:
    first, second = Counting(fingerprint=None), Counting(fingerprint=None)

    for provider in (first, second, first):
        complete(engine, provider, ask("Hi"))

    assert (first.asked, second.asked) == (["Hi"], ["Hi"])


def test_a_metered_provider_goes_through_the_engine(engine: Engine) -> None:
    provider = Counting()
    metered = engine.metered(provider)

    engine.run(metered.complete(ask("Hi")))
    complete(engine, provider, ask("Hi"))

    assert (metered.fingerprint, metered.sees_case) == ("counting", False)
    assert metered is engine.metered(provider)
    assert provider.asked == ["Hi"]


def test_a_metered_provider_may_be_metered_again(engine: Engine) -> None:
    provider = Counting(fingerprint=None)
    twice = engine.metered(engine.metered(provider))

    engine.run(twice.complete(ask("Hi")))
    complete(engine, twice, ask("Hi"))
    complete(engine, provider, ask("Hi"))

    assert provider.asked == ["Hi"]
    assert engine.traffic.calls == 1


@pytest.mark.parametrize("fingerprint", [None, "app"])
def test_an_application_may_ask_models_where_one_call_at_a_time_is_allowed(
    make: Make, fingerprint: str | None
) -> None:
    engine, model = make(concurrency=1), Counting()
    app = App(fingerprint, model=engine.metered(model))

    texts = [result(future).text for future in submit(engine, app, "a", "b", "c")]

    assert texts == [f"plan {prompt}! answer {prompt}!" for prompt in "abc"]
    assert len(model.asked) == 6


def test_the_calls_of_an_application_are_priced_once(engine: Engine) -> None:
    app = App("app", model=engine.metered(Counting()))

    completion = complete(engine, app, ask("Hi"))

    assert completion.cost_usd == pytest.approx(2 * PRICE)
    assert engine.traffic == Traffic(calls=2, attempts=2, usd=2 * PRICE)


def test_an_application_without_metered_calls_has_its_own_price(engine: Engine) -> None:
    assert complete(engine, App("app"), ask("Hi")).cost_usd == 0.5


def test_at_the_end_what_waits_is_not_sent_and_what_is_in_flight_ends(make: Make) -> None:
    store = MemoryStore()
    engine, provider = make(concurrency=1, store=store), Gated()
    first, second = submit(engine, provider, "first", "second")
    assert provider.started.wait(30)

    closing = threading.Thread(target=engine.close)
    closing.start()

    with pytest.raises(Stopped, match="the run is shutting down"):
        result(second)
    engine.run(provider.open())
    assert result(first).text == "first!"
    closing.join(30)
    assert provider.asked == ["first"]
    assert asyncio.run(store.claim(engine.key(provider, ask("second"))))


def test_closing_an_engine_that_has_done_nothing_does_nothing(engine: Engine) -> None:
    engine.close()
    engine.close()


def test_closing_waits_for_what_is_in_flight_and_keeps_it(make: Make) -> None:
    store = MemoryStore()
    engine, provider = make(store=store), Gated()
    [future] = submit(engine, provider, "Hi")
    assert provider.started.wait(30)
    closing = threading.Thread(target=engine.close)
    closing.start()
    engine.run(provider.open())
    closing.join(30)

    assert result(future).text == "Hi!"
    assert provider.closed
    assert asyncio.run(store.get(engine.key(provider, ask("Hi")))) == result(future)


def test_closing_cancels_what_takes_too_long_and_gives_its_claim_back(make: Make) -> None:
    store = MemoryStore()
    engine, provider = make(store=store), Gated()
    [future] = submit(engine, provider, "hang")
    assert provider.started.wait(30)

    engine.close(drain_s=0)

    assert future.cancelled()
    assert provider.closed
    assert asyncio.run(store.claim(engine.key(provider, ask("hang"))))


@pytest.fixture
def two(make: Make, tmp_path: Path) -> list[Engine]:
    """Engines of two processes of a run."""
    return [
        make(store=SqliteStore(tmp_path / "store.sqlite", "run", member=name))
        for name in ("gw0", "gw1")
    ]


def test_two_processes_make_each_call_once(two: list[Engine]) -> None:
    provider = Counting()
    prompts = [str(number) for number in range(30)]

    futures = [future for engine in two for future in submit(engine, provider, *prompts)]

    assert [result(future).text for future in futures] == [f"{prompt}!" for prompt in prompts] * 2
    assert sorted(provider.asked) == sorted(prompts)
    assert not any(result(future).cached for future in futures)
    assert sum(engine.traffic.calls for engine in two) == 30


def test_a_failure_in_one_process_lets_the_other_try(two: list[Engine]) -> None:
    broken, sound = Gated(), Counting()
    [first] = submit(two[0], broken, "broken")
    assert broken.started.wait(30)
    with call_context(CallContext(order=1)):
        second = two[1].submit(two[1].answer(sound, ask("broken")))

    two[0].run(broken.open())

    for future in (first, second):
        with pytest.raises(CallError, match="out of order"):
            result(future)
    assert (broken.asked, sound.asked) == (["broken"], ["broken"])


def test_what_is_asked_ahead_is_left_to_the_process_that_makes_it(two: list[Engine]) -> None:
    theirs, mine = Gated(), Counting()
    [first] = submit(two[0], theirs, "Hi")
    assert theirs.started.wait(30)

    with (
        call_context(CallContext(is_spare=True)),
        pytest.raises(Stopped, match="another process makes this call"),
    ):
        complete(two[1], mine, ask("Hi"))
    [second] = submit(two[1], mine, "Hi")
    two[0].run(theirs.open())

    assert result(first) == result(second)
    assert mine.asked == []


def test_a_test_waits_for_what_was_given_up_ahead(two: list[Engine]) -> None:
    """Who waits joins the flight of one who asked ahead, and does not give up with it."""
    theirs, mine = Gated(), Counting()
    [first] = submit(two[0], theirs, "Hi")
    assert theirs.started.wait(30)

    async def ahead_and_waiting() -> list[object]:
        with call_context(CallContext(is_spare=True)):
            ahead = asyncio.ensure_future(two[1].answer(mine, ask("Hi")))
        waiting = asyncio.ensure_future(two[1].answer(mine, ask("Hi")))
        await asyncio.wait([ahead])
        two[0].submit(theirs.open())
        return list(await asyncio.gather(ahead, waiting, return_exceptions=True))

    ahead, waited = two[1].submit(ahead_and_waiting()).result(timeout=30)
    assert isinstance(ahead, Stopped)
    assert waited == result(first)


def test_another_run_finds_what_was_answered(make: Make, tmp_path: Path) -> None:
    first, second = Counting(), Counting()
    for run, provider in (("one", first), ("two", second)):
        engine = make(store=SqliteStore(tmp_path / "store.sqlite", run))
        answer = complete(engine, provider, ask("Hi"))
        engine.close()

    assert (answer.text, answer.cached, second.asked) == ("Hi!", True, [])


def record(
    make: Make, root: Path, provider: BaseProvider, *prompts: str, mode: str = "once"
) -> Engine:
    recordings = Recordings(mode, root, None)
    engine = make(recordings=recordings)
    model = getattr(provider, "model", None)
    if model is not None:
        provider.model = engine.metered(model)  # type: ignore[attr-defined]
    with call_context(HERE):
        for prompt in prompts:
            complete(engine, provider, ask(prompt))
    engine.close()
    recordings.save(whole_run=True)
    return engine


def test_what_is_recorded_is_replayed_without_a_call(make: Make, tmp_path: Path) -> None:
    record(make, tmp_path, Counting(), "Hi")
    silent, engine = Counting(), make(recordings=Recordings("none", tmp_path, None))

    with call_context(HERE):
        answer = complete(engine, silent, ask("Hi"))

    assert (answer.text, answer.cached, silent.asked) == ("Hi!", True, [])
    assert engine.traffic == Traffic()


def test_what_is_not_recorded_is_not_sent(make: Make, tmp_path: Path) -> None:
    record(make, tmp_path, Counting(), "Hi")
    silent, engine = Counting(), make(recordings=Recordings("none", tmp_path, None))

    with call_context(HERE), pytest.raises(NotRecorded, match="--llm-record"):
        complete(engine, silent, ask("Ho"))
    assert silent.asked == []


def test_a_failed_call_is_not_recorded(make: Make, tmp_path: Path) -> None:
    with suppress(CallError):
        record(make, tmp_path, Counting(), "broken")
    assert list(tmp_path.iterdir()) == []


def test_an_application_runs_again_on_replay_and_its_calls_are_replayed(
    make: Make, tmp_path: Path
) -> None:
    record(make, tmp_path, App("app", model=Counting()), "Hi")
    app = App("app", model=Counting())

    record(make, tmp_path, app, "Hi", mode="none")

    assert app.asked == ["Hi"]
    assert app.model.provider.asked == []  # type: ignore[attr-defined]


def test_an_application_that_asks_no_recorded_model_is_replayed_itself(
    make: Make, tmp_path: Path
) -> None:
    record(make, tmp_path, Counting("app"), "Hi")
    app = Counting("app")

    record(make, tmp_path, app, "Hi", mode="none")

    assert app.asked == []


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
