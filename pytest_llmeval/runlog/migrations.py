"""The versions of the tables of the run log, and the steps from one to the next."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timezone
from typing import TYPE_CHECKING

from pytest_llmeval.errors import RunLogError
from pytest_llmeval.runlog.complete_records import complete_records
from pytest_llmeval.runlog.database import Database, is_foreign
from pytest_llmeval.runlog.reading import reading
from pytest_llmeval.runlog.tables import schema

if TYPE_CHECKING:
    from sqlalchemy import Connection


_Migration = Callable[["Connection"], None]

_ADDED_2 = (
    ("runs", "calls INTEGER", "attempts INTEGER", "spent_usd DOUBLE PRECISION", "unpriced INTEGER"),
    ("cases", "generation_usd DOUBLE PRECISION", "judging_usd DOUBLE PRECISION"),
    ("completions", "call TEXT", "made_at TEXT"),
)
_USD_2 = "CASE WHEN cached THEN 0 ELSE cost_usd END"
_COSTS_2 = """
UPDATE cases SET {column} = (
    SELECT CASE WHEN COUNT(*) = COUNT({usd}) THEN COALESCE(SUM({usd}), 0) END
    FROM completions
    WHERE completions.case_number = cases.number AND text IS NOT NULL AND score_position IS {kind}
)
"""


def _add_costs(connection: Connection) -> None:
    """Upgrade to version 2: ids and times of calls, traffic of runs, costs of cases."""
    _add_columns(connection, _ADDED_2)
    for column, kind in (("generation_usd", "NULL"), ("judging_usd", "NOT NULL")):
        connection.exec_driver_sql(_COSTS_2.format(column=column, kind=kind, usd=_USD_2))


_ADDED_3 = (
    ("runs", "judges TEXT", "comparisons TEXT"),
    ("cases", "must_pass BOOLEAN"),
    ("completions", "sample INTEGER"),
    ("scores", "sample INTEGER"),
)
_MET_3 = "kept"
"""The column that is named ``met`` from version 5 on."""

_SAMPLES_3 = f"""
CREATE TABLE samples (
    case_number INTEGER NOT NULL, position INTEGER NOT NULL, number INTEGER NOT NULL,
    is_draw BOOLEAN, {_MET_3} BOOLEAN, error TEXT, PRIMARY KEY (case_number, position),
    FOREIGN KEY (case_number) REFERENCES cases (number) ON DELETE CASCADE
)
"""


_GATES_3 = """
CREATE TABLE gates (
    run_id TEXT NOT NULL, position INTEGER NOT NULL, rule TEXT NOT NULL, state TEXT NOT NULL,
    verdict TEXT, baseline TEXT, reason TEXT, value DOUBLE PRECISION, n INTEGER,
    PRIMARY KEY (run_id, position),
    FOREIGN KEY (run_id) REFERENCES runs (id) ON DELETE CASCADE
)
"""


def _add_judges_samples_and_gates(connection: Connection) -> None:
    """Upgrade to version 3: judges of a run, samples of a case, and gates."""
    _add_columns(connection, _ADDED_3)
    connection.exec_driver_sql(_SAMPLES_3)
    connection.exec_driver_sql(_GATES_3)


_BASELINES_4 = """
CREATE TABLE baselines (
    case_number INTEGER NOT NULL, position INTEGER NOT NULL, baseline TEXT NOT NULL,
    outcome TEXT, answer TEXT, scores TEXT, PRIMARY KEY (case_number, position),
    FOREIGN KEY (case_number) REFERENCES cases (number) ON DELETE CASCADE
)
"""


def _add_baselines_and_scopes(connection: Connection) -> None:
    """Upgrade to version 4: the cases in the baselines of a run, and the scopes of gates."""
    connection.exec_driver_sql(_BASELINES_4)
    _add_columns(connection, (("gates", "scope TEXT"),))
    # The rule of an older gate contains its scope.
    connection.exec_driver_sql("UPDATE gates SET scope = ''")


_ADDED_6 = (
    ("completions", "adapted TEXT", "cached_tokens INTEGER", "cache_write_tokens INTEGER",
     "reasoning_tokens INTEGER"),
)  # fmt: skip


def _add_adapted_requests_and_kinds_of_tokens(connection: Connection) -> None:
    """Upgrade to version 6: what a call sent differently, and tokens of caches and of reasoning."""
    _add_columns(connection, _ADDED_6)


_CASES_7 = """
CREATE TABLE new_cases (
    number INTEGER NOT NULL, run_id TEXT NOT NULL, suite TEXT NOT NULL, case_id TEXT NOT NULL,
    outcome TEXT NOT NULL, cause TEXT, message TEXT, prompt TEXT NOT NULL, expected TEXT, tags TEXT,
    contexts TEXT, messages TEXT, metadata TEXT, checks TEXT, row_thresholds TEXT,
    file TEXT NOT NULL, line INTEGER NOT NULL, nodeid TEXT NOT NULL, judge_model TEXT,
    started_at TEXT, duration_s DOUBLE, worker TEXT, generation_usd DOUBLE, judging_usd DOUBLE,
    must_pass BOOLEAN, PRIMARY KEY (number), UNIQUE (run_id, suite, file, case_id),
    FOREIGN KEY (run_id) REFERENCES runs (id) ON DELETE CASCADE
)
"""
_COLUMNS_7 = (
    "number, run_id, suite, case_id, outcome, cause, message, prompt, expected, tags, contexts, "
    "messages, metadata, checks, row_thresholds, file, line, nodeid, judge_model, started_at, "
    "duration_s, worker, generation_usd, judging_usd, must_pass"
)
_MADE_ANEW_7 = (
    _CASES_7,
    f"INSERT INTO new_cases ({_COLUMNS_7}) SELECT {_COLUMNS_7} FROM cases",
    "DROP TABLE cases",
    "ALTER TABLE new_cases RENAME TO cases",
)
"""SQLite cannot drop a column that is part of a key."""

_DROPPED_7 = (
    "ALTER TABLE cases DROP COLUMN sample",
    "ALTER TABLE cases ADD UNIQUE (run_id, suite, file, case_id)",
)


def _drop_number_of_sample(connection: Connection) -> None:
    """Upgrade to version 7: a case has one row, and its samples have their own table."""
    connection.exec_driver_sql(
        "UPDATE cases SET case_id = case_id || ' sample ' || sample WHERE sample <> 0"
    )
    is_sqlite = connection.dialect.name == "sqlite"
    for statement in _MADE_ANEW_7 if is_sqlite else _DROPPED_7:
        connection.exec_driver_sql(statement)
    connection.exec_driver_sql(
        "CREATE INDEX cases_in_order ON cases (run_id, suite, file, line, case_id)"
    )


def _add_early_stop(connection: Connection) -> None:
    """Upgrade to version 8: what a run left out, by its verdict or by a selection of pytest."""
    _add_columns(connection, (("runs", "early_stop TEXT", "is_narrowed BOOLEAN"),))


_ADDED_9 = (
    ("runs", "unchanged INTEGER", "unchanged_failures INTEGER"),
    ("cases", "request_key TEXT", "basis TEXT"),
    ("completions", "system_fingerprint TEXT"),
)


def _add_identities_of_requests(connection: Connection) -> None:
    """Upgrade to version 9: who answered which request, and what an outcome rests on."""
    _add_columns(connection, _ADDED_9)


def _add_columns(connection: Connection, added: Sequence[tuple[str, ...]]) -> None:
    for table, *columns in added:
        for column in columns:
            connection.exec_driver_sql(f"ALTER TABLE {table} ADD COLUMN {column}")


MIGRATIONS: tuple[_Migration, ...] = (
    _add_costs,
    _add_judges_samples_and_gates,
    _add_baselines_and_scopes,
    complete_records,
    _add_adapted_requests_and_kinds_of_tokens,
    _drop_number_of_sample,
    _add_early_stop,
    _add_identities_of_requests,
)
"""Step i, counted from 1, takes a database from version i to version i + 1.

A new database is made at the last version at once. A released step never changes.
"""


def prepare(database: Database, migrations: Sequence[_Migration] = MIGRATIONS) -> None:
    """Make the tables, or upgrade them to the newest version.

    Args:
        database: The database of the run log.
        migrations: All steps.

    Raises:
        RunLogError: The database was made by a newer version of this package, or cannot be written.
    """
    newest = 1 + len(migrations)
    try:
        with reading(database.shown, "tables"):
            _prepare(database, migrations, newest)
    except _ForeignDatabase:
        raise RunLogError(
            f"run log {database.shown} belongs to another program; name another file with --llm-log"
        ) from None


class _ForeignDatabase(Exception):
    """The database is another program's."""


def _prepare(database: Database, migrations: Sequence[_Migration], newest: int) -> None:
    version = _read_version(database)
    if version is not None and version > newest:
        raise RunLogError(
            f"run log {database.shown}: its tables have version {version}; this pytest_llmeval "
            f"reads up to version {newest}. Upgrade it (pip install --upgrade pytest-llm-golden), "
            "or name another log with --llm-log."
        )
    if version == newest:
        return
    try:
        with database.transaction(exclusive=True) as connection:
            _upgrade(connection, migrations)
    except RunLogError:
        if _read_version(database) != newest:  # if equal, another process was faster
            raise


def _read_version(database: Database) -> int | None:
    with database.transaction() as connection:
        return _version(connection)


def _version(connection: Connection) -> int | None:
    from sqlalchemy import func, inspect, select

    table = schema().schema_version
    inspector = inspect(connection)
    # A server's database may hold the tables of several programs, a file does not.
    if connection.dialect.name == "sqlite" and is_foreign(inspector.get_table_names()):
        raise _ForeignDatabase
    if not inspector.has_table(table.name):
        return None
    version: int | None = connection.scalar(select(func.max(table.c.version)))
    return version


def _upgrade(connection: Connection, migrations: Sequence[_Migration]) -> None:
    version = _version(connection)  # read again, now that nobody else writes
    if version is None:
        schema().metadata.create_all(connection, checkfirst=False)
        _note(connection, 1 + len(migrations))
        return
    for next_version, step in enumerate(migrations[version - 1 :], start=version + 1):
        step(connection)
        _note(connection, next_version)


def _note(connection: Connection, version: int) -> None:
    since = datetime.now(timezone.utc).isoformat(timespec="seconds")
    connection.execute(schema().schema_version.insert(), {"version": version, "since": since})
