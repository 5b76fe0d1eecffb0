"""The database file of the completion store: its tables, its opening and its checks."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pytest_llmeval.errors import StoreError
from pytest_llmeval.store.folder import make_folder

_APPLICATION_ID = 0x4C4C4D45
"""Mark of our files in SQLite's header, ``LLME`` in ASCII."""

VERSION = 1
"""Version of the tables, stored in ``user_version``."""

_TABLES = (
    "CREATE TABLE completions (key TEXT PRIMARY KEY, completion TEXT NOT NULL, model TEXT NOT NULL,"
    " endpoint TEXT NOT NULL, made_at REAL NOT NULL, run TEXT NOT NULL,"
    " transient INTEGER NOT NULL)",
    "CREATE TABLE claims (key TEXT PRIMARY KEY, owner TEXT NOT NULL) WITHOUT ROWID",
    "CREATE TABLE shared (run TEXT, name TEXT, document TEXT NOT NULL,"
    " PRIMARY KEY (run, name)) WITHOUT ROWID",
)
_REMEDY = "delete it, or name another with --llm-store"


def is_busy(error: BaseException) -> bool:
    """Return whether a retry may succeed; in Python 3.10 only the text of the error says so."""
    return isinstance(error, sqlite3.OperationalError) and "lock" in str(error)


def refusal(path: Path, error: BaseException) -> StoreError:
    """Make the error for a store that does not work."""
    if isinstance(error, StoreError):
        return StoreError(*error.args)
    problem = f"cannot be used ({error})"
    if "not a database" in str(error):
        problem = "is not an SQLite database"
    return StoreError(
        f"completion store {path} {problem}; "
        f"a file in a writable folder with free space is needed: {_REMEDY}"
    )


def open_database(path: Path, busy_timeout_s: float = 0.0) -> sqlite3.Connection:
    """Open the file, or make it with its tables.

    Args:
        path: The file.
        busy_timeout_s: How long SQLite itself may wait for another process. It blocks the thread.

    Raises:
        StoreError: The file is of a newer version, or belongs to another program.
        sqlite3.Error: It cannot be read or written, or (see `is_busy`) not now.
        OSError: Its folder cannot be made.
    """
    make_folder(path.parent)
    db = sqlite3.connect(path, timeout=busy_timeout_s, isolation_level=None)
    try:
        # One transaction gives the check a consistent view and changes nothing in a foreign file.
        with transaction(db, "BEGIN"):
            _check(db, path)
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("PRAGMA synchronous = NORMAL")
        with transaction(db):
            if not db.execute("PRAGMA user_version").fetchone()[0]:
                for statement in _TABLES:
                    db.execute(statement)
                db.execute(f"PRAGMA application_id = {_APPLICATION_ID}")
                db.execute(f"PRAGMA user_version = {VERSION}")
    except BaseException as error:
        db.close()
        if is_busy(error):
            _check_locks(path)
        raise
    return db


@contextmanager
def transaction(db: sqlite3.Connection, begin: str = "BEGIN IMMEDIATE") -> Iterator[None]:
    """Commit the whole block, or roll it back after an error."""
    db.execute(begin)
    try:
        yield
        db.execute("COMMIT")
    except BaseException:
        # Some errors have rolled back already.
        if db.in_transaction:
            db.execute("ROLLBACK")
        raise


def _check_locks(path: Path) -> None:
    """Raise OSError on a file system without locks, where SQLite reports a locked database."""
    try:
        import fcntl
    except ImportError:  # Windows
        return
    # Another file, because a process that closes one loses its locks on it.
    probe = path.with_name(f"{path.name}.probe")
    try:
        with probe.open("ab") as file:
            fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:  # another process probes, too
        return
    finally:
        probe.unlink(missing_ok=True)


def _check(db: sqlite3.Connection, path: Path) -> None:
    [[application]] = db.execute("PRAGMA application_id")
    [[version]] = db.execute("PRAGMA user_version")
    [[tables]] = db.execute("SELECT count(*) FROM sqlite_master")
    if tables and application != _APPLICATION_ID:
        raise StoreError(
            f"completion store {path} belongs to another program; "
            "name another file with --llm-store"
        )
    if version > VERSION:
        raise StoreError(
            f"completion store {path}: found version {version}; "
            f"this release reads up to {VERSION}: upgrade pytest-llm-golden, or {_REMEDY}"
        )
