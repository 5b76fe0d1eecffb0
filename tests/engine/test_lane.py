from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from pytest_llmeval.engine.lane import Lane
from pytest_llmeval.engine.lane_rules import Ceilings, Report, Sent
from pytest_llmeval.errors import Stopped, StoreError
from pytest_llmeval.protocols import SharedState
from pytest_llmeval.store.memory import LocalState
from pytest_llmeval.store.sqlite import SqliteStore


def lane(state: SharedState, concurrency: int = 1) -> Lane:
    return Lane("api", state, Ceilings(concurrency))


async def document(state: SharedState) -> dict[str, Any]:
    return await state.change("lane api", dict)


async def settled(state: SharedState, member: str) -> dict[str, Any]:
    """The document's entry of a member, when all that was begun has ended."""
    for _ in range(20):
        await state.change("another", dict)
        await asyncio.sleep(0)
    entry: dict[str, Any] = (await document(state)).get("members", {}).get(member, {})
    return {name: entry[name] for name in ("held", "wants") if name in entry}


@asynccontextmanager
async def two_stores(path: Path) -> AsyncIterator[tuple[SqliteStore, SqliteStore]]:
    stores = tuple(
        SqliteStore(path / "store.sqlite", "run", member=name) for name in ("gw0", "gw1")
    )
    try:
        yield stores[0], stores[1]
    finally:
        for store in stores:
            await store.close()


def test_calls_go_in_the_order_of_their_tests() -> None:
    async def scenario() -> None:
        way, went = lane(LocalState()), list[float]()

        async def call(order: float) -> None:
            sent = await way.acquire(order, 1)
            went.append(order)
            way.release(Report(sent, True))

        first = await way.acquire(0, 1)
        calls = [asyncio.ensure_future(call(order)) for order in (5, 3, 4, 3.5)]
        await asyncio.sleep(0)
        way.release(Report(first, True))
        await asyncio.gather(*calls)

        assert went == [3, 3.5, 4, 5]

    asyncio.run(scenario())


def test_a_call_knows_how_much_was_sent_before_it() -> None:
    async def scenario() -> None:
        way = lane(LocalState(), 10)
        sent = await asyncio.gather(
            *(way.acquire(order, tokens) for order, tokens in ((1, 10), (2, 20), (3, 30)))
        )
        assert [(each.requests, each.tokens) for each in sent] == [(1, 10), (2, 30), (3, 60)]
        assert (await way.acquire(4, 5))[1:] == (4, 65)

    asyncio.run(scenario())


def test_no_more_are_in_flight_than_allowed() -> None:
    async def scenario() -> None:
        way, in_flight, highest = lane(LocalState(), 3), 0, 0

        async def call(order: int) -> None:
            nonlocal in_flight, highest
            sent = await way.acquire(order, 1)
            in_flight += 1
            highest = max(highest, in_flight)
            await asyncio.sleep(0)
            in_flight -= 1
            way.release(Report(sent, order % 2 == 0))

        await asyncio.gather(*map(call, range(50)))
        assert highest == 3

    asyncio.run(scenario())


@pytest.mark.parametrize("ticks", range(4))
def test_a_cancelled_waiter_leaves_nothing_behind(ticks: int) -> None:
    """Whenever it is cancelled: while it waits, while it is admitted, or when it has been."""

    async def scenario() -> None:
        state = LocalState()
        way = lane(state)
        waiting = asyncio.ensure_future(way.acquire(0, 1))
        for _ in range(ticks):
            await asyncio.sleep(0)
        if waiting.done():
            way.release(Report(waiting.result(), True))
        waiting.cancel()

        assert await settled(state, "main") in ({}, {"held": 0, "wants": 0})
        async with in_time():
            await way.acquire(1, 1)

    asyncio.run(scenario())


def test_one_who_waited_in_vain_is_forgotten() -> None:
    async def scenario() -> None:
        state = LocalState()
        way = lane(state)
        await way.acquire(0, 1)
        waiting = asyncio.ensure_future(way.acquire(1, 1))
        assert await settled(state, "main") == {"held": 1, "wants": 1}
        waiting.cancel()
        assert await settled(state, "main") == {"held": 1, "wants": 0}

    asyncio.run(scenario())


def test_who_waits_when_all_is_stopped_is_told_so() -> None:
    async def scenario() -> None:
        state = LocalState()
        way = lane(state)
        first = await way.acquire(0, 1)
        waiting = [asyncio.ensure_future(way.acquire(order, 1)) for order in (1, 2)]
        await asyncio.sleep(0)

        way.stop()

        for each in (*waiting, way.acquire(3, 1)):
            with pytest.raises(Stopped, match="the run is shutting down"):
                await each
        way.release(Report(first, True))
        assert await settled(state, "main") == {"held": 0, "wants": 0}

    asyncio.run(scenario())


def test_who_leaves_gives_back_what_is_held_and_does_not_come_back() -> None:
    async def scenario() -> None:
        state = LocalState()
        way = lane(state)
        await way.acquire(0, 1)
        asyncio.ensure_future(way.acquire(1, 1)).add_done_callback(lambda done: done.exception())
        await asyncio.sleep(0)

        way.stop()
        await way.leave()

        assert (await document(state))["members"] == {}
        assert await settled(state, "main") == {}

    asyncio.run(scenario())


def test_two_processes_share_one_limit(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with two_stores(tmp_path) as stores, in_time():
            in_flight, highest, ended = 0, 0, {store.member: 0 for store in stores}

            async def call(way: Lane, order: int, member: str) -> None:
                nonlocal in_flight, highest
                sent = await way.acquire(order, 1)
                in_flight += 1
                highest = max(highest, in_flight)
                await asyncio.sleep(0)
                in_flight -= 1
                ended[member] += 1
                way.release(Report(sent, True))

            lanes = [lane(store, 4) for store in stores]
            calls = [
                call(way, n, store.member)
                for n in range(20)
                for way, store in zip(lanes, stores, strict=True)
            ]
            await asyncio.gather(*calls)
            for way in lanes:
                await way.leave()

            assert highest <= 4
            assert ended == {"gw0": 20, "gw1": 20}
            assert (await document(stores[0]))["members"] == {}

    asyncio.run(scenario())


def test_the_only_place_is_handed_from_one_process_to_the_other(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with two_stores(tmp_path) as stores, in_time():
            lanes, went = [lane(store) for store in stores], list[int]()

            async def call(number: int, sent: Sent | None = None) -> None:
                sent = sent or await lanes[number].acquire(0, 1)
                went.append(number)
                lanes[number].release(Report(sent, True))

            first = await lanes[0].acquire(0, 1)
            calls = [asyncio.ensure_future(call(number)) for number in (0, 0, 0, 1, 1, 1)]
            while len((await document(stores[0]))["members"]) < 2:
                await asyncio.sleep(0)
            await call(0, first)
            await asyncio.gather(*calls)

            assert went == [0, 1, 0, 1, 0, 1, 0]

    asyncio.run(scenario())


def test_what_a_dead_process_held_is_free_soon(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with two_stores(tmp_path) as (store, _), in_time():

            def leave_the_dead(found: dict[str, Any]) -> None:
                found["members"]["gw7"] = {"held": 1, "wants": 9, "seen": 0.0, "turn": 0.0}

            way = lane(store)
            sent = await way.acquire(0, 1)
            await store.change("lane api", leave_the_dead)
            way.release(Report(sent, True))

            await way.acquire(1, 1)

            assert set((await document(store))["members"]) == {"gw0"}

    asyncio.run(scenario())


def test_a_living_process_that_is_silent_for_long_keeps_its_place(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with two_stores(tmp_path) as (mine, other), in_time():
            now = [1000.0]
            ways = [Lane("api", store, Ceilings(1), lambda: now[0]) for store in (mine, other)]
            sent = await ways[1].acquire(0, 1)
            now[0] += 3600
            waiting = asyncio.ensure_future(ways[0].acquire(0, 1))
            while "gw0" not in (await document(mine))["members"]:
                await asyncio.sleep(0)
            await settled(mine, "gw0")
            assert set((await document(mine))["members"]) == {"gw0", "gw1"}
            assert not waiting.done()
            ways[1].release(Report(sent, True))
            await waiting

    asyncio.run(scenario())


def test_who_waits_is_told_when_the_shared_state_fails(tmp_path: Path) -> None:
    async def scenario() -> None:
        store = SqliteStore(tmp_path, "run")  # a folder is no database
        way = lane(store)
        waiting = [asyncio.ensure_future(way.acquire(order, 1)) for order in (1, 2)]
        for each in waiting:
            with pytest.raises(StoreError):
                await asyncio.wait_for(each, 30)
        await store.close()

    asyncio.run(scenario())


@asynccontextmanager
async def in_time() -> AsyncIterator[None]:
    """Ends a test that hangs."""
    task = asyncio.current_task()
    assert task is not None
    handle = asyncio.get_running_loop().call_later(30, task.cancel)
    try:
        yield
    finally:
        handle.cancel()
