from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

from pytest_llmeval.protocols import CompletionStore
from pytest_llmeval.records import Completion
from pytest_llmeval.store.memory import MemoryStore


def test_what_was_put_comes_back_marked_as_cached() -> None:
    store: CompletionStore = MemoryStore()
    assert store.get("k") is None
    assert store.claim("k")
    store.put("k", Completion("text", latency_s=2.0))
    assert store.get("k") == Completion("text", latency_s=2.0, cached=True)


def test_a_claim_excludes_others_until_it_is_released() -> None:
    store = MemoryStore()
    assert [store.claim("k"), store.claim("k"), store.claim("other")] == [True, False, True]
    store.release("k")
    assert store.claim("k")


def test_a_call_that_is_done_cannot_be_claimed_again() -> None:
    store = MemoryStore()
    store.claim("k")
    store.put("k", Completion("text"))
    assert not store.claim("k")


def test_of_many_threads_one_gets_the_claim() -> None:
    store, start = MemoryStore(), Barrier(8)

    def claim(key: str) -> bool:
        start.wait(30)
        return store.claim(key)

    with ThreadPoolExecutor(8) as threads:
        assert sum(threads.map(claim, ["k"] * 8)) == 1
