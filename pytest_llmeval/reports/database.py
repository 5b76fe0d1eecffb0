"""The database behind a run log: opened from a path or URL, its errors told in our words."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_llmeval.errors import MissingExtraError, RunLogError, SettingError
from pytest_llmeval.store.folder import make_folder

if TYPE_CHECKING:
    from sqlalchemy import URL, Connection, Engine

OPTION = "--llm-log"
BUSY_S = 30.0  # how long to wait while another process writes; a hundred results take about ten milliseconds
REMEDY = f"Allowed: a database that can be written and belongs to pytest_llmeval. Name another with {OPTION}."


class Database:
    """A database that is opened at the first use.

    Args:
        url: A path of a SQLite file, or a SQLAlchemy URL.
        must_exist: Refuse a SQLite file that is not there, instead of making it.

    Raises:
        SettingError: The URL cannot be read, or names no database that SQLAlchemy knows.
        MissingExtraError: The database's driver is not installed.
        RunLogError: The folder of the file cannot be made, or the file must exist and does not.
    """

    def __init__(self, url: str, must_exist: bool = False) -> None:
        parsed = _parsed(url)
        self._password = str(parsed.password or "")
        self.shown = _shown(url, parsed)
        file = _file(parsed)
        if file is not None:
            self._prepare(file, must_exist)
        self._engine = _engine(parsed, self.shown)

    @property
    def is_shared_by_threads(self) -> bool:
        """Whether every thread sees the same data. Of a SQLite database in memory, each thread would have its own."""
        from sqlalchemy.pool import SingletonThreadPool

        return not isinstance(self._engine.pool, SingletonThreadPool)

    @contextmanager
    def transaction(self, exclusive: bool = False) -> Iterator[Connection]:
        """A connection whose work is committed at the end, or not done at all.

        Args:
            exclusive: Keep other writers out from the beginning (SQLite; others order their writers themselves).

        Raises:
            RunLogError: The database refused something.
        """
        from sqlalchemy.exc import DBAPIError, SQLAlchemyError

        try:
            with self._engine.begin() as connection:
                if exclusive and connection.dialect.name == "sqlite":
                    connection.exec_driver_sql("BEGIN IMMEDIATE")
                yield connection
        except (SQLAlchemyError, OverflowError) as error:
            reason = str(error.orig) if isinstance(error, DBAPIError) else str(error)
            hidden = reason.replace(self._password, "***") if self._password else reason
            raise RunLogError(f"run log {self.shown}: {' '.join(hidden.split()).rstrip('.')}. {REMEDY}") from None

    def close(self) -> None:
        """Close all connections."""
        self._engine.dispose()

    def _prepare(self, file: Path, must_exist: bool) -> None:
        if must_exist and not file.exists():
            raise RunLogError(f"run log {self.shown}: there is no such file. Run pytest first, or name another log.")
        try:
            make_folder(file.parent)
        except OSError as error:
            raise RunLogError(f"run log {self.shown}: {error.strerror or error}. {REMEDY}") from None


def _parsed(url: str) -> URL:
    from sqlalchemy import URL, make_url
    from sqlalchemy.exc import ArgumentError

    if "://" not in url:
        return URL.create("sqlite", database=url)
    try:
        return make_url(url)
    except (ArgumentError, ValueError):
        raise _bad_url(re.sub("//.*@", "//***@", url)) from None


def _bad_url(shown: str) -> SettingError:
    examples = "runs.sqlite, sqlite:///runs.sqlite or postgresql+psycopg://user@host/name"
    return SettingError(OPTION, shown, f"a path or a SQLAlchemy URL, for example {examples}")


def shown_place(place: str) -> str:
    """The place of a log as a report may show it: a path as it is, of a URL, which may hold a password, its kind."""
    return f"{place.partition('://')[0]}://…" if "://" in place else place


def _shown(url: str, parsed: URL) -> str:
    """The URL without what may be secret: the password, and the query, which can hold one too."""
    return parsed.set(query={}).render_as_string(hide_password=True) if "://" in url else url


def _file(parsed: URL) -> Path | None:
    """The file of a SQLite database; ``None`` for one in memory, for a ``file:`` URI and for a server."""
    database = parsed.database or ":memory:"
    is_file = parsed.get_backend_name() == "sqlite" and database != ":memory:" and not database.startswith("file:")
    return Path(database) if is_file else None


def _engine(parsed: URL, shown: str) -> Engine:
    from sqlalchemy import create_engine, event
    from sqlalchemy.exc import ArgumentError

    is_sqlite = parsed.get_backend_name() == "sqlite"
    try:
        engine = create_engine(parsed, connect_args={"timeout": BUSY_S} if is_sqlite else {})
    except ImportError as error:
        package = error.name or str(error)
        raise MissingExtraError(f"{OPTION} {shown} needs the package {package}", f"pip install {package}") from None
    except ArgumentError:  # NoSuchModuleError, for a dialect that nobody knows, is one
        raise _bad_url(shown) from None
    if is_sqlite:
        event.listen(engine, "connect", _tune)
    return engine


def _tune(connection: Any, _record: object) -> None:
    """Let readers and one writer work side by side, and a power cut lose at most the last moments."""
    cursor = connection.cursor()
    if cursor.execute("PRAGMA journal_mode").fetchone()[0] not in ("wal", "memory"):
        cursor.execute("PRAGMA journal_mode = WAL")
    cursor.execute("PRAGMA synchronous = NORMAL")
    cursor.execute("PRAGMA foreign_keys = ON")
    cursor.close()
