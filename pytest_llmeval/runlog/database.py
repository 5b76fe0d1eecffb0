"""The database behind a run log: opened from a path or URL, its errors told in our words."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Hashable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from pytest_llmeval.errors import MissingExtraError, RunLogError, SettingError
from pytest_llmeval.store.folder import make_folder

if TYPE_CHECKING:
    from sqlalchemy import URL, Connection, Engine


OPTION = "--llm-log"
# how long to wait while another process writes; a hundred results take about ten milliseconds
BUSY_S = 30.0
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
            exclusive: Keep other writers out from the beginning (SQLite; others order their writers
                themselves).

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
            raise RunLogError(
                f"run log {self.shown}: {' '.join(hidden.split()).rstrip('.')}. {REMEDY}"
            ) from None

    def close(self) -> None:
        """Close all connections."""
        self._engine.dispose()

    def _prepare(self, file: Path, must_exist: bool) -> None:
        if must_exist and not file.exists():
            raise RunLogError(
                f"run log {self.shown}: there is no such file. Run pytest first, or name another log."
            )
        try:
            make_folder(file.parent)
        except OSError as error:
            raise RunLogError(
                f"run log {self.shown}: {error.strerror or error}. {REMEDY}"
            ) from None


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


def shown_address(place: str) -> str:
    """The place of a log as a report may show it: a path as it is, of a URL, which may hold a password, its kind."""
    return f"{place.partition('://')[0]}://…" if "://" in place else place


def _shown(url: str, parsed: URL) -> str:
    """The URL without what may be secret: the password, and the query, which can hold one too."""
    return parsed.set(query={}).render_as_string(hide_password=True) if "://" in url else url


def _file(parsed: URL) -> Path | None:
    """The file of a SQLite database; ``None`` for one in memory, for a ``file:`` URI and for a server."""
    database = parsed.database or ":memory:"
    is_file = (
        parsed.get_backend_name() == "sqlite"
        and database != ":memory:"
        and not database.startswith("file:")
    )
    return Path(database) if is_file else None


def _engine(parsed: URL, shown: str) -> Engine:
    from sqlalchemy import create_engine, event
    from sqlalchemy.exc import ArgumentError

    is_sqlite = parsed.get_backend_name() == "sqlite"
    try:
        engine = create_engine(parsed, connect_args={"timeout": BUSY_S} if is_sqlite else {})
    except ImportError as error:
        package = error.name or str(error)
        raise MissingExtraError(
            f"{OPTION} {shown} needs the package {package}", f"pip install {package}"
        ) from None
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


Row = Mapping[str, Any]
ESCAPED = 'escaped:"'  # starts a text that the database could not hold as it is


def as_json(value: object) -> str | None:
    """A list or map as JSON; nothing for an empty one."""
    return json.dumps(value, ensure_ascii=False) if value else None


def from_json(text: str | None, empty: Any) -> Any:
    """The list or map that `as_json` wrote."""
    return json.loads(text) if text else empty


def storable(row: dict[str, Any]) -> dict[str, Any]:
    """The row, with the texts that a database could not hold as they are as JSON strings."""
    if _is_plain(_texts(row)):
        return row
    return {
        name: _escaped(value) if isinstance(value, str) else value for name, value in row.items()
    }


def restored(row: Row) -> Row:
    """The row that `storable` was given."""
    if ESCAPED not in _texts(row):
        return row
    return {
        name: unescaped(value) if isinstance(value, str) else value for name, value in row.items()
    }


def _texts(row: Row) -> str:
    """All texts of a row: to look through them at once is quicker."""
    return "\n".join([value for value in row.values() if isinstance(value, str)])


def _is_plain(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return "\0" not in text and ESCAPED not in text


def _escaped(text: str) -> str:
    return text if _is_plain(text) else ESCAPED[:-1] + json.dumps(text)


def unescaped(text: str) -> str:
    """A text as it was before a database made it be escaped."""
    return json.loads(text[len(ESCAPED) - 1 :]) if text.startswith(ESCAPED) else text


T = TypeVar("T")

SIZE = 100
AGE_S = 0.2


class Batch(Generic[T]):
    """Collects items and hands them over: 100 at once, or all there are 0.2 s after the first of them.

    Items whose handing over failed wait on. Whoever adds or flushes next tries again, and gets the
    error.

    Args:
        write: Takes the items, in a thread of its own where they had to wait. One call at a time.
        is_timed: Whether time counts too, not only how many there are.
    """

    def __init__(self, write: Callable[[list[T]], None], is_timed: bool) -> None:
        self._write = write
        self._is_timed = is_timed
        self._items: dict[Hashable, T] = {}
        self._timer: threading.Timer | None = None
        self._is_overdue = False
        self._lock = threading.RLock()

    def add(self, key: Hashable, item: T) -> None:
        """Collect an item. One of the same key that still waits is replaced.

        Raises:
            RunLogError: The items cannot be written; they wait on.
        """
        with self._lock:
            self._items[key] = item
            if len(self._items) >= SIZE or self._is_overdue:
                self.flush()
            elif self._is_timed and self._timer is None:
                self._timer = threading.Timer(AGE_S, self._flush_late)
                self._timer.start()

    def flush(self) -> None:
        """Hand over what waits now.

        Raises:
            RunLogError: The items cannot be written; they wait on.
        """
        with self._lock:
            self._stop_timer()
            if self._items:
                self._is_overdue = True
                self._write(list(self._items.values()))
                self._items.clear()
            self._is_overdue = False

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _flush_late(self) -> None:
        """In the timer's thread, which nobody waits for: the next to add or flush meets the same error."""
        with suppress(RunLogError):
            self.flush()
