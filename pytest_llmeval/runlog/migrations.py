"""The versions of the run log's tables, and how an older file becomes a newer one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timezone
from typing import TYPE_CHECKING

from pytest_llmeval.errors import RunLogError
from pytest_llmeval.runlog.complete_records import complete_records
from pytest_llmeval.runlog.database import Database
from pytest_llmeval.runlog.tables import schema

if TYPE_CHECKING:
    from sqlalchemy import Connection


Migration = Callable[["Connection"], None]

ADDED_2 = (
    ("runs", "calls INTEGER", "attempts INTEGER", "spent_usd DOUBLE PRECISION", "unpriced INTEGER"),
    ("cases", "generation_usd DOUBLE PRECISION", "judging_usd DOUBLE PRECISION"),
    ("completions", "call TEXT", "made_at TEXT"),
)
USD_2 = "CASE WHEN cached THEN 0 ELSE cost_usd END"
COSTS_2 = """
UPDATE cases SET {column} = (
    SELECT CASE WHEN COUNT(*) = COUNT({usd}) THEN COALESCE(SUM({usd}), 0) END
    FROM completions
    WHERE completions.case_number = cases.number AND text IS NOT NULL AND score_position IS {kind}
)
"""


def add_costs(connection: Connection) -> None:
    """To version 2: ids and times of calls, what a run has sent, and what a case cost, which its calls tell."""
    _add_columns(connection, ADDED_2)
    for column, kind in (("generation_usd", "NULL"), ("judging_usd", "NOT NULL")):
        connection.exec_driver_sql(COSTS_2.format(column=column, kind=kind, usd=USD_2))


ADDED_3 = (
    ("runs", "judges TEXT", "comparisons TEXT"),
    ("cases", "must_pass BOOLEAN"),
    ("completions", "sample INTEGER"),
    ("scores", "sample INTEGER"),
)
SAMPLES_3 = """
CREATE TABLE samples (
    case_number INTEGER NOT NULL, position INTEGER NOT NULL, number INTEGER NOT NULL, is_draw BOOLEAN, kept BOOLEAN,
    error TEXT, PRIMARY KEY (case_number, position),
    FOREIGN KEY (case_number) REFERENCES cases (number) ON DELETE CASCADE
)
"""


GATES_3 = """
CREATE TABLE gates (
    run_id TEXT NOT NULL, position INTEGER NOT NULL, rule TEXT NOT NULL, state TEXT NOT NULL, verdict TEXT,
    baseline TEXT, reason TEXT, value DOUBLE PRECISION, n INTEGER, PRIMARY KEY (run_id, position),
    FOREIGN KEY (run_id) REFERENCES runs (id) ON DELETE CASCADE
)
"""


def add_judges_samples_and_gates(connection: Connection) -> None:
    """To version 3: what is known of the judges of a run, several samples of a case, and gates."""
    _add_columns(connection, ADDED_3)
    connection.exec_driver_sql(SAMPLES_3)
    connection.exec_driver_sql(GATES_3)


BASELINES_4 = """
CREATE TABLE baselines (
    case_number INTEGER NOT NULL, position INTEGER NOT NULL, baseline TEXT NOT NULL, outcome TEXT, answer TEXT,
    scores TEXT, PRIMARY KEY (case_number, position),
    FOREIGN KEY (case_number) REFERENCES cases (number) ON DELETE CASCADE
)
"""


def add_baselines_and_scopes(connection: Connection) -> None:
    """To version 4: what each baseline of a run says of its cases, and where the marker of a gate stands.

    What older gates say of a marker stands in their rule.
    """
    connection.exec_driver_sql(BASELINES_4)
    _add_columns(connection, (("gates", "scope TEXT"),))
    connection.exec_driver_sql("UPDATE gates SET scope = ''")


def _add_columns(connection: Connection, added: Sequence[tuple[str, ...]]) -> None:
    for table, *columns in added:
        for column in columns:
            connection.exec_driver_sql(f"ALTER TABLE {table} ADD COLUMN {column}")


MIGRATIONS: tuple[Migration, ...] = (
    add_costs,
    add_judges_samples_and_gates,
    add_baselines_and_scopes,
    complete_records,
)
"""Step i, counted from 1, takes a database from version i to version i + 1. A new database is made at the
last version at once, so a step is written once, tested against an old file, and never changed."""


def prepare(database: Database, migrations: Sequence[Migration] = MIGRATIONS) -> None:
    """Make the tables, or bring them to the newest version. Nothing is written where they have it already.

    Args:
        database: The run log's.
        migrations: All steps there are.

    Raises:
        RunLogError: The database was made by a newer version of this package, or cannot be written.
    """
    newest = 1 + len(migrations)
    found = _found(database)
    if found is not None and found > newest:
        raise RunLogError(
            f"run log {database.shown}: its tables have version {found}; this pytest_llmeval reads up to version "
            f"{newest}. Upgrade it (pip install --upgrade pytest-llm-golden), or name another log with --llm-log."
        )
    if found == newest:
        return
    try:
        with database.transaction(exclusive=True) as connection:
            _upgrade(connection, migrations)
    except RunLogError:
        if _found(database) != newest:  # else another process was faster
            raise


def _found(database: Database) -> int | None:
    with database.transaction() as connection:
        return _version(connection)


def _version(connection: Connection) -> int | None:
    from sqlalchemy import func, inspect, select

    table = schema().schema_version
    if not inspect(connection).has_table(table.name):
        return None
    version: int | None = connection.scalar(select(func.max(table.c.version)))
    return version


def _upgrade(connection: Connection, migrations: Sequence[Migration]) -> None:
    found = _version(connection)  # again, now that nobody else writes
    if found is None:
        schema().metadata.create_all(connection, checkfirst=False)
        _note(connection, 1 + len(migrations))
        return
    for version, step in enumerate(migrations[found - 1 :], start=found + 1):
        step(connection)
        _note(connection, version)


def _note(connection: Connection, version: int) -> None:
    since = datetime.now(timezone.utc).isoformat(timespec="seconds")
    connection.execute(schema().schema_version.insert(), {"version": version, "since": since})
