"""Versions of the run log's tables."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import Connection

from pytest_llmeval.errors import RunLogError
from pytest_llmeval.reports.database import Database
from pytest_llmeval.reports.migrations import prepare
from pytest_llmeval.reports.run_log import RunLog


def add_mood(connection: Connection) -> None:
    connection.exec_driver_sql("ALTER TABLE runs ADD COLUMN mood TEXT")


def add_weather(connection: Connection) -> None:
    connection.exec_driver_sql("ALTER TABLE runs ADD COLUMN weather TEXT")


def break_off(connection: Connection) -> None:
    connection.exec_driver_sql("ALTER TABLE runs ADD COLUMN half TEXT")
    connection.exec_driver_sql("ALTER TABLE absent ADD COLUMN other TEXT")


@pytest.fixture
def database(log_url: str) -> Iterator[Database]:
    """The database of a log of version 1 that holds a run."""
    with closing(Database(log_url)) as opened:
        yield opened


def versions_and_columns(url: str) -> tuple[list[int], set[str]]:
    with closing(sqlite3.connect(url)) as connection:
        versions = [row[0] for row in connection.execute("SELECT version FROM schema_version ORDER BY version")]
        return versions, {row[1] for row in connection.execute("PRAGMA table_info(runs)")}


def test_an_older_log_becomes_a_newer_one_step_by_step(log_url: str, database: Database) -> None:
    prepare(database, [add_mood])
    assert versions_and_columns(log_url)[0] == [1, 2]
    prepare(database, [add_mood, add_weather])
    versions, columns = versions_and_columns(log_url)
    assert versions == [1, 2, 3]
    assert {"mood", "weather"} <= columns


def test_a_log_of_the_newest_version_is_not_touched(log_url: str, database: Database) -> None:
    prepare(database, [add_mood])
    before = Path(log_url).read_bytes()
    prepare(database, [add_mood])
    assert Path(log_url).read_bytes() == before


def test_a_step_that_breaks_off_leaves_the_log_as_it_was(log_url: str, database: Database) -> None:
    before = versions_and_columns(log_url)
    with pytest.raises(RunLogError, match="no such table: absent"):
        prepare(database, [add_mood, break_off])
    assert versions_and_columns(log_url) == before


def test_a_log_of_a_newer_version_is_refused(log_url: str, database: Database) -> None:
    prepare(database, [add_mood])
    with pytest.raises(RunLogError) as caught:
        RunLog(log_url)
    assert str(caught.value) == (
        f"run log {log_url}: its tables have version 2; this pytest_llmeval reads up to version 1. "
        "Upgrade it (pip install --upgrade pytest-llm-golden), or name another log with --llm-log."
    )
