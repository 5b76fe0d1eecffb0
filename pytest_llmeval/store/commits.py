"""Group commit, which puts all work of one tick of the event loop into one transaction.

SQLite's busy handler blocks the thread and its loop (measured: up to 1.1 s). A batch that meets a
locked database is therefore rolled back, and retried a moment later with the work that has come in.
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

_T = TypeVar("_T")
_Work = Callable[[sqlite3.Connection], _T]

_RETRY_S = 0.002
PATIENCE_S = 30.0
"""Seconds for which another process may lock the database; a write takes a millisecond."""


class GroupCommit:
    """Runs work on a database, which opens with the first work, for one event loop.

    Args:
        path: The file, for messages.
        open_database: Function that opens it, and may raise SQLite's and the file system's errors.
    """

    def __init__(self, path: Path, open_database: Callable[[], sqlite3.Connection]) -> None:
        self.closed = False
        self._path = path
        self._open = open_database
        self._db: sqlite3.Connection | None = None
        self._waiting: list[tuple[_Work[Any], asyncio.Future[Any], bool]] = []
        self._busy_since: float | None = None
        self._broken: StoreError | None = None

    @property
    def is_open(self) -> bool:
        """Whether any work was done or is waiting."""
        return self._db is not None or bool(self._waiting)

    def submit(self, work: _Work[_T], droppable: bool = False) -> asyncio.Future[_T]:
        """Do the work in the transaction of this tick, in the order of submission.

        Args:
            work: Called once for every attempt at the transaction.
            droppable: Whether work that nobody waits for any longer is left undone.

        Returns:
            What ``work`` returned, once that is committed; or StoreError; or what ``work`` raised.
        """
        self._check()
        loop = asyncio.get_running_loop()
        future: asyncio.Future[_T] = loop.create_future()
        if not self._waiting:
            loop.call_soon(self._flush)
        self._waiting.append((work, future, droppable))
        return future

    async def read(self, work: _Work[_T]) -> _T:
        """Do work that only reads, now.

        Raises:
            StoreError: The database cannot be read.
        """
        self._check()
        since = None
        while True:
            try:
                return work(self._connection())
            except (sqlite3.Error, OSError) as error:
                since = since or time.monotonic()
                if not is_busy(error):
                    raise refusal(self._path, error) from error
                if time.monotonic() - since > PATIENCE_S:
                    raise self._out_of_patience(error) from error
            await asyncio.sleep(_pause())

    def close(self) -> None:
        """Close the database, and fail the work that still waits."""
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
        # The work may have failed since this flush was scheduled.
        if not self._waiting:
            return
        batch = [item for item in self._waiting if not (item[2] and item[1].cancelled())]
        try:
            outcomes = _run(self._connection(), batch)
        except Exception as error:
            if not is_busy(error):
                self._fail(error)
            elif self._is_out_of_patience():
                self._fail(self._out_of_patience(error))
            else:
                asyncio.get_running_loop().call_later(_pause(), self._flush)
            return
        self._waiting = []
        self._busy_since = None
        for (_, future, _), (result, raised) in zip(batch, outcomes, strict=True):
            if future.done():
                continue
            if raised is None:
                future.set_result(result)
            else:
                future.set_exception(raised)

    def _check(self) -> None:
        if self.closed:
            raise self._closed_error()
        # Whoever comes next does not wait for as long again.
        if self._broken is not None:
            raise refusal(self._path, self._broken)

    def _out_of_patience(self, error: Exception) -> StoreError:
        self._broken = refusal(self._path, error)
        return self._broken

    def _is_out_of_patience(self) -> bool:
        now = time.monotonic()
        self._busy_since = self._busy_since or now
        return now - self._busy_since > PATIENCE_S

    def _fail(self, error: Exception) -> None:
        failed = self._waiting
        self._waiting = []
        self._busy_since = None
        for _, future, _ in failed:
            if not future.done():
                # Raising an exception changes it, so every waiter gets a new one.
                refused = refusal(self._path, error)
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
            # An error in one piece of work does not concern the rest of the transaction.
            except Exception as error:
                outcomes.append((None, error))
    return outcomes
