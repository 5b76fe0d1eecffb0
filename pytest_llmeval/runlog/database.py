"""The database of a run log: opened from a path or URL, with readable errors."""

from __future__ import annotations

import json
import math
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_llmeval.errors import MissingExtraError, RunLogError, SettingError
from pytest_llmeval.redaction import public_urls
from pytest_llmeval.store.folder import make_folder

if TYPE_CHECKING:
    from sqlalchemy import URL, Connection, Engine


_OPTION = "--llm-log"
_BUSY_S = 30.0
"""Seconds to wait while another process writes; a hundred results take about ten ms."""

_TABLES = "SELECT name FROM sqlite_master WHERE type = 'table'"
_OURS = frozenset({"schema_version", "runs", "cases"})
"""Tables of every version."""

_REMEDY = (
    "Allowed: a database that can be written and belongs to pytest_llmeval. "
    f"Name another with {_OPTION}."
)


class Database:
    """A database that is opened at the first use.

    Args:
        url: A path of a SQLite file, or a SQLAlchemy URL.
        must_exist: Refuse a missing SQLite file instead of making it.

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
        """Whether every thread sees the same data; not so for a SQLite database in memory."""
        from sqlalchemy.pool import SingletonThreadPool

        return not isinstance(self._engine.pool, SingletonThreadPool)

    @contextmanager
    def transaction(self, exclusive: bool = False) -> Iterator[Connection]:
        """Open a connection whose work is committed as a whole, or not at all.

        Args:
            exclusive: Keep other writers out from the beginning, and let a table be made anew
                though rows of others refer to it (SQLite only: servers do both themselves).

        Raises:
            RunLogError: The database reported an error.
        """
        from sqlalchemy.exc import DBAPIError, SQLAlchemyError

        try:
            with self._engine.connect() as connection:
                if exclusive and connection.dialect.name == "sqlite":
                    with _upgrade(connection):
                        yield connection
                else:
                    with connection.begin():
                        yield connection
        except (SQLAlchemyError, OverflowError) as error:
            reason = str(error.orig) if isinstance(error, DBAPIError) else str(error)
            hidden = reason.replace(self._password, "***") if self._password else reason
            raise RunLogError(
                f"run log {self.shown}: {' '.join(hidden.split()).rstrip('.')}. {_REMEDY}"
            ) from None

    def close(self) -> None:
        """Close all connections."""
        self._engine.dispose()

    def _prepare(self, file: Path, must_exist: bool) -> None:
        if must_exist and not file.exists():
            raise RunLogError(
                f"run log {self.shown}: there is no such file. Run pytest first, or name another "
                "log."
            )
        try:
            make_folder(file.parent)
        except OSError as error:
            raise RunLogError(
                f"run log {self.shown}: {error.strerror or error}. {_REMEDY}"
            ) from None


def _parsed(url: str) -> URL:
    from sqlalchemy import URL, make_url
    from sqlalchemy.exc import ArgumentError

    if "://" not in url:
        return URL.create("sqlite", database=url)
    try:
        return make_url(url)
    except (ArgumentError, ValueError):
        raise _bad_url(public_urls(url)) from None


def _bad_url(shown: str) -> SettingError:
    examples = "runs.sqlite, sqlite:///runs.sqlite or postgresql+psycopg://user@host/name"
    return SettingError(_OPTION, shown, f"a path or a SQLAlchemy URL, for example {examples}")


def shown_address(log: str) -> str:
    """Return the address of a log for a report: a URL, which may hold a password, is cut."""
    if "://" not in log:
        return log
    return f"{log.partition('://')[0]}://…"


def _shown(url: str, parsed: URL) -> str:
    """Return the URL without its possible secrets, the password and the query."""
    if "://" not in url:
        return url
    return parsed.set(query={}).render_as_string(hide_password=True)


def _file(parsed: URL) -> Path | None:
    """Return the file of a SQLite database; ``None`` in memory, for a URI and for a server."""
    database = parsed.database or ":memory:"
    if parsed.get_backend_name() != "sqlite":
        return None
    if database == ":memory:" or database.startswith("file:"):
        return None
    return Path(database)


def _engine(parsed: URL, shown: str) -> Engine:
    from sqlalchemy import create_engine, event
    from sqlalchemy.exc import ArgumentError

    is_sqlite = parsed.get_backend_name() == "sqlite"
    try:
        engine = create_engine(parsed, connect_args={"timeout": _BUSY_S} if is_sqlite else {})
    except ImportError as error:
        package = error.name or str(error)
        raise MissingExtraError(
            f"{_OPTION} {shown} needs the package {package}", f"pip install {package}"
        ) from None
    except ArgumentError:  # the base of NoSuchModuleError, for an unknown dialect
        raise _bad_url(shown) from None
    if is_sqlite:
        event.listen(engine, "connect", _tune)
    return engine


@contextmanager
def _upgrade(connection: Connection) -> Iterator[None]:
    """Open a transaction of SQLite in which a dropped table takes no rows of others with it."""
    connection.exec_driver_sql("PRAGMA foreign_keys = OFF")  # no effect within a transaction
    connection.rollback()
    try:
        with connection.begin():
            connection.exec_driver_sql("BEGIN IMMEDIATE")
            yield
    finally:
        connection.exec_driver_sql("PRAGMA foreign_keys = ON")
        connection.rollback()


def is_foreign(tables: Collection[str]) -> bool:
    """Return whether tables of these names are those of another program."""
    return bool(tables) and not _OURS.issubset(tables)


def _tune(connection: Any, _record: object) -> None:
    """Let readers work during a write; a power cut loses at most the last moments."""
    cursor = connection.cursor()
    mode = cursor.execute("PRAGMA journal_mode").fetchone()[0]
    tables = {name for (name,) in cursor.execute(_TABLES)}
    # The mode is kept in the file, and the file may be another program's.
    if mode not in ("wal", "memory") and not is_foreign(tables):
        cursor.execute("PRAGMA journal_mode = WAL")
    cursor.execute("PRAGMA synchronous = NORMAL")
    cursor.execute("PRAGMA foreign_keys = ON")
    cursor.close()


Row = Mapping[str, Any]
_WHOLE = 2**63
"""Whole numbers of a database are below this."""

_ESCAPED = 'escaped:"'
"""Beginning of a text that the database cannot hold as it is."""


def as_json(value: object) -> str | None:
    """Turn a list or map into JSON; an empty one becomes ``None``."""
    if not value:
        return None
    return json.dumps(value, ensure_ascii=False)


def from_json(text: str | None, empty: Any) -> Any:
    """Read a list or map that `as_json` wrote."""
    if not text:
        return empty
    return json.loads(text)


def storable(row: dict[str, Any]) -> dict[str, Any]:
    """Escape the texts of a row that a database cannot hold, and round its whole numbers."""
    if _is_plain(_texts(row)) and not any(map(_is_too_large, row.values())):
        return row
    return {name: _storable(value) for name, value in row.items()}


def _is_too_large(value: object) -> bool:
    return isinstance(value, int) and not -_WHOLE <= value < _WHOLE


def _storable(value: Any) -> Any:
    if isinstance(value, str):
        return _escaped(value)
    if not _is_too_large(value):
        return value
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf


def restored(row: Row) -> Row:
    """Undo `storable`."""
    if _ESCAPED not in _texts(row):
        return row
    return {
        name: unescaped(value) if isinstance(value, str) else value for name, value in row.items()
    }


def _texts(row: Row) -> str:
    """Join all texts of a row, because one search in them is faster than many."""
    return "\n".join([value for value in row.values() if isinstance(value, str)])


def _is_plain(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return "\0" not in text and _ESCAPED not in text


def _escaped(text: str) -> str:
    if _is_plain(text):
        return text
    return _ESCAPED[:-1] + json.dumps(text)


def unescaped(text: str) -> str:
    """Undo the escape of a text."""
    if not text.startswith(_ESCAPED):
        return text
    original: str = json.loads(text[len(_ESCAPED) - 1 :])
    return original
