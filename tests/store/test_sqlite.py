from __future__ import annotations

import asyncio
import re
import sqlite3
import sys
from collections.abc import Awaitable, Callable
from contextlib import closing
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from pytest_llmeval.errors import StoreError
from pytest_llmeval.protocols import CompletionStore, SharedState
from pytest_llmeval.records.call import Completion, Quota, RateLimits, Usage
from pytest_llmeval.store import commits, owners
from pytest_llmeval.store.database import VERSION
from pytest_llmeval.store.sqlite import SqliteStore

ANSWER = Completion(
    "Paris", model="m", endpoint="http://localhost/v1", usage=Usage(3, 1), cost_usd=0.25, call="1"
)


def in_store(store: SqliteStore, scenario: Callable[[SqliteStore], Awaitable[Any]]) -> Any:
    """What the scenario returns; the store is closed afterwards, as at the end of a process."""

    async def run() -> Any:
        try:
            return await scenario(store)
        finally:
            await store.close()

    return asyncio.run(run())


async def pay(store: SqliteStore, key: str, completion: Completion = ANSWER) -> None:
    assert await store.claim(key)
    await store.put(key, completion)


def add_one(document: dict[str, Any]) -> int:
    document["count"] = document.get("count", 0) + 1
    return int(document["count"])


def rows(path: Path, query: str) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(path)) as db:
        return db.execute(query).fetchall()


def lock_files(path: Path) -> int:
    return len(list(path.with_name(f"{path.name}.owners").iterdir()))


def test_nothing_is_made_before_the_first_verb_nor_by_closing(path: Path) -> None:
    async def nothing(store: SqliteStore) -> None:
        await store.end_run()

    in_store(SqliteStore(path, "run"), nothing)
    assert not path.parent.exists()


def test_an_answer_is_cached_for_the_next_run_and_not_for_its_own(path: Path) -> None:
    async def first(store: CompletionStore) -> Completion | None:
        assert await store.get("k") is None
        assert await store.claim("k")
        limits = RateLimits(requests=Quota(10, 9, 1.0))
        await store.put("k", replace(ANSWER, rate_limits=limits))
        return await store.get("k")

    assert in_store(SqliteStore(path, "first"), first) == ANSWER
    assert in_store(SqliteStore(path, "second"), lambda store: store.get("k")) == replace(
        ANSWER, cached=True
    )


def test_a_claim_excludes_others_until_it_is_released_or_put(path: Path) -> None:
    async def scenario(store: SqliteStore) -> None:
        assert await asyncio.gather(*(store.claim(key) for key in ("k", "k", "other"))) == [
            True,
            False,
            True,
        ]
        await store.release("k")
        assert await store.claim("k")
        await store.put("k", ANSWER)
        assert not await store.claim("k")

    in_store(SqliteStore(path, "run"), scenario)


def test_the_claim_of_another_is_not_released(path: Path) -> None:
    async def scenario(store: SqliteStore) -> bool:
        other = SqliteStore(path, "run", member="gw1")
        await store.claim("k")
        await other.release("k")
        got = await other.claim("k")
        await other.close()
        return got

    assert not in_store(SqliteStore(path, "run", member="gw0"), scenario)


def test_closing_releases_own_claims_and_leaves_no_lock_file(path: Path) -> None:
    in_store(SqliteStore(path, "run"), lambda store: store.claim("k"))
    assert rows(path, "SELECT * FROM claims") == []
    assert lock_files(path) == 0


def test_what_was_asked_before_closing_is_written(path: Path) -> None:
    async def scenario(store: SqliteStore) -> None:
        putting = asyncio.ensure_future(store.put("k", ANSWER))
        await asyncio.sleep(0)  # the task has asked, and nothing is committed yet
        await store.close()
        await putting

    in_store(SqliteStore(path, "run"), scenario)
    assert in_store(SqliteStore(path, "run"), lambda store: store.get("k")) == ANSWER


def test_a_closed_store_refuses(path: Path) -> None:
    async def scenario(store: SqliteStore) -> None:
        await store.close()
        for verb in (store.get("k"), store.claim("k"), store.release("k")):
            with pytest.raises(StoreError, match="after it was closed"):
                await verb

    in_store(SqliteStore(path, "run"), scenario)


@pytest.mark.parametrize("text", ["\ud83d lone", "\u0000", "유저 🎈", "line\u2028end"])
def test_any_text_survives(path: Path, text: str) -> None:
    odd = Completion(text, raw_text=text, model=text, endpoint=text)
    in_store(SqliteStore(path, "run"), lambda store: pay(store, "k", odd))
    assert in_store(SqliteStore(path, "run"), lambda store: store.get("k")) == odd


def test_an_old_answer_counts_as_none_and_is_replaced(path: Path) -> None:
    old = (datetime.now(timezone.utc) - timedelta(days=3)).isoformat()
    in_store(SqliteStore(path, "old"), lambda store: pay(store, "k", replace(ANSWER, made_at=old)))

    async def scenario(store: SqliteStore) -> Completion | None:
        assert await store.get("k") is None
        await pay(store, "k", replace(ANSWER, text="new"))
        assert not await store.claim("k")
        return await store.get("k")

    week = SqliteStore(path, "new", max_age_s=7 * 86_400)
    assert in_store(week, lambda store: store.get("k")) is not None
    day = SqliteStore(path, "new", max_age_s=86_400)
    assert in_store(day, scenario) == replace(ANSWER, text="new")


def test_a_row_of_another_release_names_the_remedy(path: Path) -> None:
    in_store(SqliteStore(path, "run"), lambda store: pay(store, "k"))
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("UPDATE completions SET completion = '{}'")
    with pytest.raises(StoreError, match=r"completions.sqlite.*key k.*llmeval cache clear"):
        in_store(SqliteStore(path, "run"), lambda store: store.get("k"))


# --- several processes


def test_two_processes_get_each_of_the_same_keys_once(
    path: Path, start: Callable[..., Any]
) -> None:
    processes = [start("run", member, "share", "200") for member in ("gw0", "gw1")]
    assert [process.says() for process in processes] == ["ready", "ready"]
    for process in processes:
        process.go()
    got = [key for process in processes for key in process.says()]
    assert sorted(got) == sorted(f"key {number}" for number in range(200))
    assert rows(path, "SELECT count(*) FROM completions") == [(200,)]


def test_no_change_of_two_processes_is_lost(path: Path, start: Callable[..., Any]) -> None:
    processes = [start("run", member, "increment", "200") for member in ("gw0", "gw1")]
    assert [process.says() for process in processes] == ["ready", "ready"]

    async def scenario(store: SqliteStore) -> int:
        assert await store.change("spent", dict) == {}
        for process in processes:
            process.go()
        assert [process.says() for process in processes] == ["done", "done"]
        return int((await store.change("spent", dict))["count"])

    assert in_store(SqliteStore(path, "run"), scenario) == 400


def test_the_claim_of_a_killed_process_is_taken_over(
    path: Path, start: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(owners, "RECHECK_S", 0.0)  # for the time it takes, nobody has to wait here
    other = start("run", "gw0", "hold", "k")
    assert other.says() is True

    async def scenario(store: SqliteStore) -> None:
        await store.claim(
            "another"
        )  # opened while the other lives, so that opening does not clear it away
        other.kill()
        assert await store.claim("k")
        assert not await store.claim("k")
        assert lock_files(path) == 1

    in_store(SqliteStore(path, "run", member="gw1"), scenario)


def test_the_claim_of_a_living_process_stands(path: Path, start: Callable[..., Any]) -> None:
    other = start("run", "gw0", "hold", "k")
    assert other.says() is True
    assert not in_store(SqliteStore(path, "run", member="gw1"), lambda store: store.claim("k"))


def test_the_claim_of_a_process_that_stands_still_is_taken_over_when_it_is_overdue(
    path: Path, start: Callable[..., Any]
) -> None:
    other = start("run", "gw0", "hold", "k")  # it blocks its event loop, as a stopped one would
    assert other.says() is True

    async def scenario(store: SqliteStore) -> None:
        assert not await store.claim("k")
        assert re.fullmatch(
            r"process \d+ of the run run, which stands still", await store.holder("k")
        )
        assert await store.claim("k", is_overdue=True)
        assert await store.holder("k") == ""
        await store.put("k", Completion("mine"))

    in_store(SqliteStore(path, "run", member="gw1"), scenario)


def test_the_claim_of_a_process_that_works_stands_however_overdue(path: Path) -> None:
    async def scenario(store: SqliteStore) -> None:
        mine, other = SqliteStore(path, "run", member="gw1"), SqliteStore(path, "other run")
        try:
            assert await store.claim("k")
            await store.change("written", dict)  # after the first sign of life
            for waiting in (mine, other):
                assert not await waiting.claim("k", is_overdue=True)
            assert await mine.holder("k") == "", "a worker of the same run has it in its queue"
            assert "of the run run" in await other.holder("k")
            assert "stands still" not in await other.holder("k")
        finally:
            await mine.close()
            await other.close()

    in_store(SqliteStore(path, "run", member="gw0"), scenario)


def test_members_are_alive_until_they_are_killed(path: Path, start: Callable[..., Any]) -> None:
    gone, stranger = start("run", "gw0", "hold", "k"), start("other run", "gw2", "hold", "k2")
    assert [gone.says(), stranger.says()] == [True, True]
    members = ["main", "gw0", "gw1", "gw2"]

    def ask() -> set[str]:
        state: SharedState = SqliteStore(path, "run")
        return asyncio.run(state.alive(members))

    assert ask() == {"main", "gw0"}
    gone.kill()
    assert ask() == {"main"}


# --- what is for one run alone


def test_what_is_transient_is_for_its_run_alone_and_goes_with_it(path: Path) -> None:
    async def scenario(store: SqliteStore) -> None:
        other = SqliteStore(path, "other")
        await pay(store, "run:k")
        assert await store.get("run:k") == ANSWER
        assert await other.get("run:k") is None
        await pay(other, "run:k", replace(ANSWER, text="other"))
        assert await store.change("spent", add_one) == 1
        assert await other.change("spent", add_one) == 1
        await pay(store, "kept")
        await store.end_run()
        assert [await store.get("run:k"), await store.get("kept")] == [None, ANSWER]
        assert await store.change("spent", dict) == {}
        assert await other.get("run:k") == replace(ANSWER, text="other")
        assert await other.change("spent", dict) == {"count": 1}
        await other.close()

    in_store(SqliteStore(path, "run"), scenario)


def test_a_transient_store_neither_uses_nor_keeps_answers(path: Path) -> None:
    async def scenario(store: SqliteStore) -> None:
        assert await store.get("k") is None
        await pay(store, "k", replace(ANSWER, text="anew"))
        assert await store.get("k") == replace(ANSWER, text="anew")
        await store.end_run()

    in_store(SqliteStore(path, "first"), lambda store: pay(store, "k"))
    in_store(SqliteStore(path, "second", transient=True), scenario)
    assert in_store(SqliteStore(path, "first"), lambda store: store.get("k")) == ANSWER


def test_what_a_killed_run_left_is_gone_at_the_next_opening(
    path: Path, start: Callable[..., Any]
) -> None:
    killed, living = (
        start("killed", "gw0", "leave", "run:k"),
        start("living", "gw0", "leave", "run:k"),
    )
    assert [killed.says(), living.says()] == [1, 1]
    killed.kill()

    async def scenario(store: SqliteStore) -> None:
        await store.get("k")
        assert rows(path, "SELECT run FROM completions") == [("living",)]
        assert rows(path, "SELECT run FROM shared") == [("living",)]
        assert lock_files(path) == 2

    in_store(SqliteStore(path, "next"), scenario)


# --- a database that is locked for a while, tasks that are cancelled


def test_work_is_done_once_though_the_database_is_locked_at_first(path: Path) -> None:
    async def scenario(store: SqliteStore) -> None:
        await store.claim("k")
        with closing(sqlite3.connect(path, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            tasks = [asyncio.ensure_future(store.change("spent", add_one)) for _ in range(5)]
            done, _ = await asyncio.wait(tasks, timeout=0.02)
            assert not done
            other.execute("ROLLBACK")
        assert await asyncio.gather(*tasks) == [1, 2, 3, 4, 5]

    in_store(SqliteStore(path, "run"), scenario)


def test_a_change_is_made_anew_on_a_fresh_document_when_its_batch_was_rolled_back(
    path: Path,
) -> None:
    seen = []

    async def scenario(store: SqliteStore) -> int:
        await store.change("spent", add_one)

        def change(document: dict[str, Any]) -> int:
            seen.append(dict(document))
            add_one(document)
            if len(seen) == 1:
                raise sqlite3.OperationalError("database is locked")
            return add_one(document)

        before, changed = await asyncio.gather(
            store.change("spent", add_one), store.change("spent", change)
        )
        assert (before, changed) == (2, 4)
        return int((await store.change("spent", dict))["count"])

    assert in_store(SqliteStore(path, "run"), scenario) == 4
    assert seen == [{"count": 2}, {"count": 2}]


def test_a_change_that_raises_harms_nobody_else(path: Path) -> None:
    def mistake(document: dict[str, Any]) -> None:
        raise KeyError("x")

    async def scenario(store: SqliteStore) -> None:
        verbs: list[Awaitable[Any]] = [
            store.claim("k"),
            store.change("spent", mistake),
            store.change("spent", add_one),
        ]
        claimed, raised, count = await asyncio.gather(*verbs, return_exceptions=True)
        assert (claimed, count) == (True, 1)
        assert isinstance(raised, KeyError)

    in_store(SqliteStore(path, "run"), scenario)


def test_a_lock_that_does_not_end_is_an_error(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(commits, "PATIENCE_S", 0.01)
    in_store(SqliteStore(path, "run"), lambda store: store.claim("k"))
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreError, match="locked"):
            in_store(SqliteStore(path, "run"), lambda store: store.claim("k"))


@pytest.mark.parametrize("steps", [1, 2, 3])
def test_a_cancelled_claim_leaves_none_behind(path: Path, steps: int) -> None:
    """Cancelled before its transaction (1), and after it but before it is told (2), or too late (3)."""

    async def scenario(store: SqliteStore) -> None:
        await store.claim("another")
        task = asyncio.ensure_future(store.claim("k"))
        for _ in range(steps):
            await asyncio.sleep(0)
        cancelled = task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        assert cancelled == task.cancelled() == (steps < 3)
        assert await store.claim("k") == cancelled

    in_store(SqliteStore(path, "run"), scenario)


def test_a_cancelled_put_is_done_all_the_same(path: Path) -> None:
    async def scenario(store: SqliteStore) -> Completion | None:
        await store.claim("k")
        task = asyncio.ensure_future(store.put("k", ANSWER))
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        return await store.get("k")

    assert in_store(SqliteStore(path, "run"), scenario) == ANSWER


# --- files that cannot be used


def test_a_newer_version_is_refused(path: Path) -> None:
    in_store(SqliteStore(path, "run"), lambda store: pay(store, "k"))
    with closing(sqlite3.connect(path)) as db:
        db.execute(f"PRAGMA user_version = {VERSION + 1}")
    for verb in (lambda store: store.get("k"), lambda store: store.claim("k")):
        with pytest.raises(
            StoreError, match=rf"completions.sqlite.*found version {VERSION + 1}.*--llm-store"
        ):
            in_store(SqliteStore(path, "run"), verb)


def test_a_file_that_is_no_database_is_refused_and_left_as_it_is(path: Path) -> None:
    path.parent.mkdir()
    path.write_text("id,prompt\n" * 200)
    with pytest.raises(
        StoreError, match=r"completions.sqlite is not an SQLite database.*delete it.*--llm-store"
    ):
        in_store(SqliteStore(path, "run"), lambda store: store.get("k"))
    assert path.read_text() == "id,prompt\n" * 200


def test_a_database_of_something_else_is_refused_and_left_as_it_is(path: Path) -> None:
    path.parent.mkdir()
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("CREATE TABLE runs (id TEXT)")
    before = path.read_bytes()
    with pytest.raises(StoreError, match=r"belongs to another program.*--llm-store"):
        in_store(SqliteStore(path, "run"), lambda store: store.claim("k"))
    assert path.read_bytes() == before


def test_a_folder_that_cannot_be_made_is_told_to_everybody_who_waits(path: Path) -> None:
    path.parent.write_text("a file where the folder should be")

    async def scenario(store: SqliteStore) -> list[Any]:
        verbs = (
            store.claim("k"),
            store.put("k", ANSWER),
            store.change("spent", add_one),
            store.get("k"),
        )
        return list(await asyncio.gather(*verbs, return_exceptions=True))

    outcomes = in_store(SqliteStore(path, "run"), scenario)
    assert [type(outcome) for outcome in outcomes] == [StoreError] * 4
    assert "completions.sqlite" in str(outcomes[0])


@pytest.mark.skipif(sys.platform == "win32", reason="limits the size of files by setrlimit")
def test_a_full_disk_is_told_to_everybody_who_waits(path: Path, start: Callable[..., Any]) -> None:
    process = start("run", "main", "fill", "100000")
    [message] = process.says()
    assert "completion store" in message
    assert "--llm-store" in message
    assert process.says() == 1000
