"""A second process on a store, for the tests: does what its arguments say, and prints each result as a JSON line."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

from pytest_llmeval.records.call import Completion
from pytest_llmeval.store.sqlite import SqliteStore


def say(result: object) -> None:
    sys.stdout.write(json.dumps(result) + "\n")
    sys.stdout.flush()


def wait() -> None:
    sys.stdin.readline()


def add_one(document: dict[str, Any]) -> int:
    document["count"] = document.get("count", 0) + 1
    return int(document["count"])


async def hold(store: SqliteStore, key: str) -> None:
    """Claim a key and keep it."""
    say(await store.claim(key))
    wait()


async def leave(store: SqliteStore, key: str) -> None:
    """Put a completion, write a document, and stay."""
    await store.claim(key)
    await store.put(key, Completion("theirs"))
    say(await store.change("spent", add_one))
    wait()


async def share(store: SqliteStore, count: str) -> None:
    """Claim all keys at once, and put those that were got."""
    keys = [f"key {number}" for number in range(int(count))]
    say("ready")
    wait()
    got = await asyncio.gather(*(store.claim(key) for key in keys))
    mine = [key for key, is_mine in zip(keys, got, strict=True) if is_mine]
    await asyncio.gather(*(store.put(key, Completion(store.member)) for key in mine))
    say(mine)
    await store.close()


async def increment(store: SqliteStore, count: str) -> None:
    """Add one, so many times, each in a transaction of its own."""
    say("ready")
    wait()
    for _ in range(int(count)):
        await store.change("spent", add_one)
    say("done")
    await store.close()


async def fill(store: SqliteStore, count: str) -> None:
    """Store long completions where files may not grow beyond so many bytes."""
    import resource

    await store.claim("first")
    resource.setrlimit(resource.RLIMIT_FSIZE, (int(count), int(count)))
    puts = (store.put(f"key {number}", Completion("x" * 1000)) for number in range(1000))
    outcomes = await asyncio.gather(*puts, return_exceptions=True)
    say([str(outcome) for outcome in outcomes if outcome is not None][:1])
    say(len(outcomes))


async def main(path: str, run: str, member: str, what: str, argument: str) -> None:
    store = SqliteStore(Path(path), run, member=member)
    await {"hold": hold, "leave": leave, "share": share, "increment": increment, "fill": fill}[
        what
    ](store, argument)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
