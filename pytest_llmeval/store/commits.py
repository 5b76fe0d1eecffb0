"""Group commit: everything that one tick of the event loop asks for is one transaction.

SQLite's own busy handler blocks the thread, and with it the loop (measured: up to 1.1 s). So a
batch that finds the database locked is rolled back and tried again as a whole a moment later,
together with what has come meanwhile.
"""

from __future__ import annotations

import asyncio
import random
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from pytest_llmeval.errors import StoreError
from pytest_llmeval.store.database import is_busy, refusal, transaction

T = TypeVar("T")
_Work = Callable[[sqlite3.Connection], T]

_RETRY_S = 0.002
PATIENCE_S = 30.0
"""How long another process may keep the database locked; a write of ours takes a millisecond."""


class GroupCommit:
    """Runs work on a database that is opened with the first of it. For one event loop.

    Args:
        path: The file, for messages.
        open_database: Opens it; may raise what SQLite and the file system raise.
    """

    def __init__(self, path: Path, open_database: Callable[[], sqlite3.Connection]) -> None:
        self.closed = False
        self._path, self._open = path, open_database
        self._db: sqlite3.Connection | None = None
        self._waiting: list[tuple[_Work[Any], asyncio.Future[Any], bool]] = []
        self._busy_since: float | None = None

    @property
    def is_open(self) -> bool:
        """Whether there was any work so far, or there is some waiting."""
        return self._db is not None or bool(self._waiting)

    def submit(self, work: _Work[T], droppable: bool = False) -> asyncio.Future[T]:
        """Do the work in the transaction of this tick, in the order of submission.

        Args:
            work: Called once for every attempt at the transaction.
            droppable: Whether work that nobody waits for any longer is left undone.

        Returns:
            What ``work`` returned, once that is committed; or StoreError; or what ``work`` raised.
        """
        if self.closed:
            raise self._closed_error()
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()
        if not self._waiting:
            loop.call_soon(self._flush)
        self._waiting.append((work, future, droppable))
        return future

    async def read(self, work: _Work[T]) -> T:
        """Do work that only reads, now.

        Raises:
            StoreError: The database cannot be read.
        """
        if self.closed:
            raise self._closed_error()
        since = None
        while True:
            try:
                return work(self._connection())
            except (sqlite3.Error, OSError) as error:
                since = since or time.monotonic()
                if not is_busy(error) or time.monotonic() - since > PATIENCE_S:
                    raise refusal(self._path, error) from error
            await asyncio.sleep(_pause())

    def close(self) -> None:
        """Close the database. Work is taken no longer; what still waits fails."""
        self.closed = True
        self._fail(self._closed_error())
        if self._db is not None:
            self._db.close()
            self._db = None

    def _connection(self) -> sqlite3.Connection:
        if self._db is None:
            self._db = self._open()
        return self._db

    def _closed_error(self) -> StoreError:
        return StoreError(f"completion store {self._path}: used after it was closed")

    def _flush(self) -> None:
        if not self._waiting:  # failed meanwhile
            return
        batch = [item for item in self._waiting if not (item[2] and item[1].cancelled())]
        try:
            outcomes = _run(self._connection(), batch)
        except Exception as error:
            if not is_busy(error) or self._is_out_of_patience():
                self._fail(error)
            else:
                asyncio.get_running_loop().call_later(_pause(), self._flush)
            return
        self._waiting, self._busy_since = [], None
        for (_, future, _), (result, raised) in zip(batch, outcomes, strict=True):
            if future.done():
                continue
            if raised is None:
                future.set_result(result)
            else:
                future.set_exception(raised)

    def _is_out_of_patience(self) -> bool:
        now = time.monotonic()
        self._busy_since = self._busy_since or now
        return now - self._busy_since > PATIENCE_S

    def _fail(self, error: Exception) -> None:
        failed, self._waiting, self._busy_since = self._waiting, [], None
        for _, future, _ in failed:
            if not future.done():
                refused = refusal(
                    self._path, error
                )  # each waiter gets its own: a raised exception is changed
                refused.__cause__ = error
                future.set_exception(refused)


def _pause() -> float:
    return _RETRY_S * random.uniform(1, 2)


def _run(
    db: sqlite3.Connection, batch: list[tuple[_Work[Any], asyncio.Future[Any], bool]]
) -> list[tuple[Any, Exception | None]]:
    outcomes: list[tuple[Any, Exception | None]] = []
    with transaction(db):
        for work, _, _ in batch:
            try:
                outcomes.append((work(db), None))
            except (sqlite3.Error, OSError):
                raise
            except (
                Exception
            ) as error:  # a mistake in one piece of work is not for those who share the transaction
                outcomes.append((None, error))
    return outcomes
