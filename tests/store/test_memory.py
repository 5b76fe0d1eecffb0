from __future__ import annotations

import asyncio

from pytest_llmeval.protocols import CompletionStore
from pytest_llmeval.records.call import Completion
from pytest_llmeval.store.memory import MemoryStore


def test_what_was_put_comes_back_as_it_was() -> None:
    async def scenario() -> None:
        store: CompletionStore = MemoryStore()
        assert await store.get("k") is None
        assert await store.claim("k")
        await store.put("k", Completion("text", latency_s=2.0))
        assert await store.get("k") == Completion("text", latency_s=2.0, cached=False)

    asyncio.run(scenario())


def test_a_claim_excludes_others_until_it_is_released() -> None:
    async def scenario() -> None:
        store = MemoryStore()
        assert [await store.claim(key) for key in ("k", "k", "other")] == [True, False, True]
        await store.release("k")
        assert await store.claim("k")

    asyncio.run(scenario())


def test_a_call_that_is_done_cannot_be_claimed_again() -> None:
    async def scenario() -> None:
        store = MemoryStore()
        await store.claim("k")
        await store.put("k", Completion("text"))
        assert not await store.claim("k")

    asyncio.run(scenario())


def test_of_many_tasks_one_gets_the_claim() -> None:
    async def scenario() -> None:
        store = MemoryStore()
        assert sum(await asyncio.gather(*(store.claim("k") for _ in range(8)))) == 1

    asyncio.run(scenario())
