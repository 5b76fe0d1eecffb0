"""What a person does with the completion store: look, clear, prune."""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from pytest_llmeval.errors import StoreError
from pytest_llmeval.store.database import open_database, refusal, transaction
from pytest_llmeval.store.owners import Owners

_BUSY_TIMEOUT_S = 10.0
_DAY_S = 86_400.0


@dataclass(frozen=True)
class CacheInfo:
    """The content of a completion store.

    Attributes:
        completions: How many.
        models: How many of each model, the most frequent first; the model is empty where unknown.
        bytes: Size on disk.
        oldest: When the oldest was made, ISO 8601 in UTC; empty if there is none.
        newest: When the newest was made.
        living_claims: Calls that are being made now.
        dead_claims: Claims of processes that died; they block nobody.
    """

    completions: int
    models: Mapping[str, int]
    bytes: int
    oldest: str
    newest: str
    living_claims: int
    dead_claims: int


def info(path: Path) -> CacheInfo:
    """Summarise the content of the store.

    Raises:
        StoreError: There is no store, or it cannot be read.
    """
    with _opened(path) as db, transaction(db, "BEGIN"):
        models: dict[str, int] = dict(
            db.execute(
                "SELECT model, count(*) FROM completions"
                " GROUP BY model ORDER BY count(*) DESC, model"
            )
        )
        [[oldest, newest]] = db.execute("SELECT min(made_at), max(made_at) FROM completions")
        holders = [owner for (owner,) in db.execute("SELECT owner FROM claims")]
        owners = Owners.of(path)
        living = sum(owners.lives(owner) for owner in holders)
        size = sum(file.stat().st_size for file in (path, Path(f"{path}-wal")) if file.exists())
        return CacheInfo(
            sum(models.values()),
            models,
            size,
            _iso(oldest),
            _iso(newest),
            living,
            len(holders) - living,
        )


def shared_documents(path: Path, run: str) -> dict[str, dict[str, Any]]:
    """Read what the processes of a run share now, or nothing if the store cannot be read."""
    try:
        with closing(
            sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=0)
        ) as db:
            rows = db.execute("SELECT name, document FROM shared WHERE run = ?", (run,)).fetchall()
    except sqlite3.Error:
        return {}
    return {name: json.loads(document) for name, document in rows}


def clear(path: Path) -> int:
    """Delete all completions.

    Returns:
        How many there were.

    Raises:
        StoreError: A run uses the store, there is none, or it cannot be written.
    """
    owners = Owners.of(path)
    with _opened(path) as db:
        with transaction(db):
            if living := owners.living():
                names = ", ".join(sorted(living))
                raise StoreError(
                    f"completion store {path}: in use by {names}; try again when the run has ended"
                )
            count = db.execute("DELETE FROM completions").rowcount
            db.execute("DELETE FROM claims")
            db.execute("DELETE FROM shared")
            owners.forget_dead()
        db.execute("VACUUM")
    return count


def prune(path: Path, older_than_days: float) -> int:
    """Delete the completions that were made longer ago.

    Args:
        path: The store; a run may be using it.
        older_than_days: Age in days.

    Returns:
        How many were deleted.

    Raises:
        StoreError: There is no store, or it cannot be written.
    """
    before = time.time() - older_than_days * _DAY_S
    with _opened(path) as db:
        with transaction(db):
            count = db.execute("DELETE FROM completions WHERE made_at < ?", (before,)).rowcount
        db.execute("VACUUM")
    return count


@contextmanager
def _opened(path: Path) -> Iterator[sqlite3.Connection]:
    if not path.is_file():
        raise StoreError(f"completion store {path} does not exist; the first model call creates it")
    try:
        with closing(open_database(path, _BUSY_TIMEOUT_S)) as db:
            yield db
    except (sqlite3.Error, OSError, ValueError, TypeError, OverflowError) as error:
        raise refusal(path, error) from error


def _iso(timestamp: float | None) -> str:
    return (
        ""
        if timestamp is None
        else datetime.fromtimestamp(timestamp, timezone.utc).isoformat(timespec="seconds")
    )
