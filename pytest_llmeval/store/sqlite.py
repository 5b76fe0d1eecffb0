"""The completion store of a host: one SQLite file that all processes share.

It is cache, single flight between processes, resume after a kill, and the state that the workers of
a run share.
"""

from __future__ import annotations

import asyncio
import json
import math
import sqlite3
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

from pytest_llmeval.errors import StoreError
from pytest_llmeval.records.call import CALLS, Completion
from pytest_llmeval.records.process import ALONE
from pytest_llmeval.records.run import Traffic
from pytest_llmeval.records.wire import from_wire, to_wire
from pytest_llmeval.store.commits import GroupCommit
from pytest_llmeval.store.database import open_database, refusal, transaction
from pytest_llmeval.store.owners import Owners, member_of, process_of, run_of

_T = TypeVar("_T")

_ALIVE = "alive "
"""Begins the names of the documents in which the holders of claims show that they work."""

_BEAT_S = 2.0
_STILL_S = 15.0
"""Seconds between two signs of life of a holder, and without any after which it stands still."""

_TRANSIENT = "run:"
"""Begins the key of a completion that no other run may use."""

_CLAIM = (
    "INSERT INTO claims SELECT :key, :owner WHERE :replaces OR NOT EXISTS"
    " (SELECT 1 FROM completions WHERE key = :key AND (made_at >= :since OR run = :run))"
    " ON CONFLICT (key) DO NOTHING"
)
_RELEASE = "DELETE FROM claims WHERE key = ? AND owner = ?"
_RELEASE_ALL = "DELETE FROM claims WHERE owner = ?"


class SqliteStore:
    """Both `CompletionStore` and `SharedState` over one file.

    All verbs are awaited on one event loop. Nothing is made on disk before the first of them.

    Args:
        path: The file; beside it lies a folder ``<path>.owners`` of lock files.
        run: Id of the run, the same in all its processes.
        member: Name of this process in the run.
        max_age_s: Age in seconds beyond which a completion counts as not stored; ``None`` for any.
        transient: Neither use completions of other runs nor keep any after this one.
    """

    def __init__(
        self,
        path: Path,
        run: str,
        *,
        member: str = ALONE,
        max_age_s: float | None = None,
        transient: bool = False,
    ) -> None:
        self._path = path
        self._run = run
        self._member = member
        self._max_age_s = max_age_s
        self._is_transient = transient
        self._owners = Owners.of(path)
        self._commits = GroupCommit(path, self._open)
        self._claims: set[str] = set()
        self._beating: asyncio.Task[None] | None = None

    @property
    def member(self) -> str:
        """Name of this process in the run."""
        return self._member

    async def get(self, key: str) -> Completion | None:
        """Return the stored completion or ``None``; it is ``cached`` if an earlier run made it.

        Raises:
            StoreError: The store cannot be read.
        """
        query = (
            "SELECT completion, run FROM completions WHERE key = ? AND (made_at >= ? OR run = ?)"
        )
        values = (self._scoped(key), self._since(), self._run)
        row = await self._commits.read(lambda db: db.execute(query, values).fetchone())
        if row is None:
            return None
        try:
            completion = from_wire(Completion, row[0])
        except ValueError as error:
            raise StoreError(
                f"completion store {self._path}: found no completion of this release "
                f"under the key {key}: run llmeval cache clear"
            ) from error
        return completion if row[1] == self._run else replace(completion, cached=True)

    async def claim(self, key: str, replaces: bool = False, is_overdue: bool = False) -> bool:
        """Claim a call; ``False`` if it is claimed already, or has been made.

        A claim of a process that is dead counts for nothing. Whoever is cancelled here has no
        claim.

        Args:
            key: The key of the call.
            replaces: Whether a stored completion does not count, because it is no answer.
            is_overdue: Whether to take over the claim of a process that stands still, too.

        Raises:
            StoreError: The store cannot be written.
        """
        scoped = self._scoped(key)
        future = self._commits.submit(
            lambda db: self._claim(db, scoped, replaces, is_overdue), droppable=True
        )
        try:
            is_mine = await future
            if is_mine:
                self._claims.add(scoped)
                self._beat_soon()
            return is_mine
        except asyncio.CancelledError:
            if (
                future.done()
                and not future.cancelled()
                and not future.exception()
                and future.result()
            ):
                self._release(key)
            raise

    async def holder(self, key: str) -> str:
        """Describe the process of another run, or one that stands still, that holds a claim.

        Raises:
            StoreError: The store cannot be read.
        """
        scoped = self._scoped(key)
        return await self._commits.read(lambda db: self._describe_holder(db, scoped))

    async def put(self, key: str, completion: Completion) -> None:
        """Store the completion of a claimed key and end the claim. Rate limits are not kept.

        Raises:
            StoreError: The store cannot be written.
        """
        scoped = self._scoped(key)
        row = (
            scoped,
            to_wire(replace(completion, rate_limits=None)),
            _storable(completion.model),
            _storable(completion.endpoint),
            _timestamp(completion.made_at),
            self._run,
            scoped.startswith(_TRANSIENT),
        )
        self._claims.discard(scoped)
        await self._commits.submit(lambda db: _put(db, row))

    async def release(self, key: str) -> None:
        """End a claim without a completion, so that another may try.

        Raises:
            StoreError: The store cannot be written.
        """
        await self._release(key)

    async def change(self, name: str, change: Callable[[dict[str, Any]], _T]) -> _T:
        """Read, change and write one document of this run, with nobody else in between.

        Args:
            name: Name of the document; one that nobody has written is empty.
            change: Gets the document, a JSON object, and may change it in place; a fresh one
                whenever the transaction has to be tried again. It must neither wait nor raise.

        Returns:
            What ``change`` returned.

        Raises:
            StoreError: The store cannot be written.
        """
        return await self._commits.submit(lambda db: _change(db, self._run, name, change))

    async def alive(self, members: Iterable[str]) -> set[str]:
        """Select the members whose process lives and has this store open, with this one.

        Raises:
            StoreError: The lock files cannot be read.
        """
        try:
            living = {
                member_of(owner) for owner in self._owners.living() if run_of(owner) == self._run
            }
        except OSError as error:
            raise refusal(self._path, error) from error
        return (living | {self._member}) & set(members)

    async def traffic(self) -> Traffic:
        """Add up the calls of this run whose completions are stored, whichever process made them.

        Raises:
            StoreError: The store cannot be read.
        """
        query = "SELECT completion FROM completions WHERE run = ?"
        return await self._commits.read(lambda db: _traffic(db.execute(query, (self._run,))))

    async def end_run(self) -> None:
        """Delete what was for this run alone. For its main process, when the others are done.

        Raises:
            StoreError: The store cannot be written.
        """
        if self._commits.is_open or self._path.exists():
            await self._commits.submit(lambda db: _delete_run(db, self._run))

    async def close(self) -> None:
        """Write what waits, release the claims of this process, and close.

        Raises:
            StoreError: The store cannot be written. It is closed nevertheless.
        """
        if self._beating is not None:
            self._beating.cancel()
        try:
            if self._commits.is_open and not self._commits.closed:
                await self._commits.submit(lambda db: _write(db, _RELEASE_ALL, self._owners.owner))
        finally:
            self._commits.close()
            self._owners.drop()

    def _open(self) -> sqlite3.Connection:
        db = open_database(self._path)
        try:
            with transaction(db):
                self._owners.take(self._run, self._member)
                _sweep(db, self._owners)
        except BaseException:
            db.close()
            self._owners.drop()
            raise
        return db

    def _claim(self, db: sqlite3.Connection, key: str, replaces: bool, is_overdue: bool) -> bool:
        values = {
            "key": key,
            "owner": self._owners.owner,
            "since": self._since(),
            "run": self._run,
            "replaces": replaces,
        }
        if db.execute(_CLAIM, values).rowcount == 1:
            return True
        holder = db.execute("SELECT owner FROM claims WHERE key = ?", (key,)).fetchone()
        if holder is None:
            return False
        lives = self._owners.lives(holder[0])
        if lives and not (is_overdue and _silence_s(db, holder[0]) > _STILL_S):
            return False
        if not lives:
            self._owners.forget(holder[0])
        db.execute("DELETE FROM claims WHERE key = ?", (key,))
        return db.execute(_CLAIM, values).rowcount == 1

    def _describe_holder(self, db: sqlite3.Connection, key: str) -> str:
        row = db.execute("SELECT owner FROM claims WHERE key = ?", (key,)).fetchone()
        if row is None or row[0] == self._owners.owner:
            return ""
        owner = row[0]
        text = f"process {process_of(owner)} of the run {run_of(owner)}"
        if _silence_s(db, owner) > _STILL_S:
            return f"{text}, which stands still"
        # A worker of this run has its calls in flight, or in its queue, and that is as usual.
        return "" if run_of(owner) == self._run else text

    def _beat_soon(self) -> None:
        """Show that this process works, as long as it holds a claim."""
        if self._beating is None or self._beating.done():
            self._beating = asyncio.ensure_future(self._beat())

    async def _beat(self) -> None:
        name = _ALIVE + self._owners.owner
        while self._claims and not self._commits.closed:
            with suppress(StoreError):  # whoever writes an answer meets the same error
                await self.change(name, lambda document: document.update(at=time.time()))
            await asyncio.sleep(_BEAT_S)

    def _release(self, key: str) -> asyncio.Future[None]:
        scoped = self._scoped(key)
        self._claims.discard(scoped)
        return self._commits.submit(lambda db: _write(db, _RELEASE, scoped, self._owners.owner))

    def _scoped(self, key: str) -> str:
        """Return the key in the file, which names the run for a completion of this run only."""
        return (
            f"{_TRANSIENT}{self._run}:{key}"
            if self._is_transient or key.startswith(_TRANSIENT)
            else key
        )

    def _since(self) -> float:
        """Return the Unix time since which a completion must have been made to count."""
        return float("-inf") if self._max_age_s is None else time.time() - self._max_age_s


def _silence_s(db: sqlite3.Connection, owner: str) -> float:
    """Return the seconds since the last sign of life of an owner of claims."""
    query = "SELECT document FROM shared WHERE run = ? AND name = ?"
    row = db.execute(query, (run_of(owner), _ALIVE + owner)).fetchone()
    return time.time() - json.loads(row[0])["at"] if row else math.inf


def _write(db: sqlite3.Connection, statement: str, *values: object) -> None:
    db.execute(statement, values)


def _put(db: sqlite3.Connection, row: tuple[object, ...]) -> None:
    db.execute("INSERT OR REPLACE INTO completions VALUES (?, ?, ?, ?, ?, ?, ?)", row)
    db.execute("DELETE FROM claims WHERE key = ?", row[:1])


def _change(
    db: sqlite3.Connection, run: str, name: str, change: Callable[[dict[str, Any]], _T]
) -> _T:
    row = db.execute(
        "SELECT document FROM shared WHERE run = ? AND name = ?", (run, name)
    ).fetchone()
    before = row[0] if row else "{}"
    document = json.loads(before)
    result = change(document)
    after = json.dumps(document)
    if after != before:
        db.execute("INSERT OR REPLACE INTO shared VALUES (?, ?, ?)", (run, name, after))
    return result


def _traffic(rows: Iterable[tuple[str]]) -> Traffic:
    """Count completions as calls; one that an application made by other calls costs nothing."""
    traffic = Traffic()
    for (text,) in rows:
        completion = from_wire(Completion, text)
        if not completion.call.startswith(CALLS):
            cost = completion.cost_usd
            traffic += Traffic(calls=1, attempts=1, usd=cost or 0.0, unpriced=int(cost is None))
    return traffic


def _sweep(db: sqlite3.Connection, owners: Owners) -> None:
    """Delete what runs have left that no longer live."""
    living = owners.living()
    runs = {run_of(owner) for owner in living}
    left = db.execute(
        "SELECT run FROM completions WHERE transient UNION SELECT run FROM shared"
    ).fetchall()
    for (run,) in left:
        if run not in runs:
            _delete_run(db, run)
    for (owner,) in db.execute("SELECT DISTINCT owner FROM claims").fetchall():
        if owner not in living:
            db.execute("DELETE FROM claims WHERE owner = ?", (owner,))
    owners.forget_dead()


def _delete_run(db: sqlite3.Connection, run: str) -> None:
    db.execute("DELETE FROM completions WHERE transient AND run = ?", (run,))
    db.execute("DELETE FROM shared WHERE run = ?", (run,))


def _timestamp(made_at: str) -> float:
    """Return the Unix time of an ISO date; now, if there is none that can be read."""
    try:
        return datetime.fromisoformat(made_at.replace("Z", "+00:00")).timestamp()
    except ValueError:
        return time.time()


def _storable(text: str) -> str:
    """Escape lone surrogates, which SQLite refuses."""
    return text.encode("utf-8", "backslashreplace").decode()
