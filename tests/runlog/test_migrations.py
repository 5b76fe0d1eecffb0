"""Versions of the run log's tables."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import Connection

from pytest_llmeval.errors import RunLogError
from pytest_llmeval.records.result import CaseResult
from pytest_llmeval.records.run import Run, Traffic
from pytest_llmeval.runlog.database import Database
from pytest_llmeval.runlog.log import RunLog
from pytest_llmeval.runlog.migrations import MIGRATIONS, prepare

VERSION_1 = """
CREATE TABLE schema_version (version INTEGER NOT NULL, since TEXT);
CREATE TABLE runs (
    number INTEGER NOT NULL, id TEXT NOT NULL, name TEXT, started_at TEXT, finished_at TEXT, exit_code INTEGER,
    settings TEXT, versions TEXT, warnings TEXT, lost TEXT, PRIMARY KEY (number), UNIQUE (id)
);
CREATE TABLE cases (
    number INTEGER NOT NULL, run_id TEXT NOT NULL, suite TEXT NOT NULL, case_id TEXT NOT NULL, sample INTEGER NOT NULL,
    outcome TEXT NOT NULL, message TEXT, prompt TEXT NOT NULL, expected TEXT, tags TEXT, contexts TEXT, messages TEXT,
    metadata TEXT, thresholds TEXT, row_thresholds TEXT, file TEXT NOT NULL, line INTEGER NOT NULL,
    nodeid TEXT NOT NULL, judge_model TEXT, started_at TEXT, duration_s DOUBLE, worker TEXT,
    PRIMARY KEY (number), UNIQUE (run_id, suite, file, case_id, sample),
    FOREIGN KEY (run_id) REFERENCES runs (id) ON DELETE CASCADE
);
CREATE INDEX cases_in_order ON cases (run_id, suite, file, line, case_id, sample);
CREATE TABLE completions (
    case_number INTEGER NOT NULL, position INTEGER NOT NULL, purpose TEXT NOT NULL, score_position INTEGER, text TEXT,
    raw_text TEXT, choices TEXT, model TEXT, endpoint TEXT, finish_reason TEXT, prompt_tokens INTEGER,
    completion_tokens INTEGER, cost_usd DOUBLE, latency_s DOUBLE, cached BOOLEAN, contexts TEXT, logprobs TEXT,
    requested_model TEXT, messages TEXT, temperature DOUBLE, top_p DOUBLE, max_tokens INTEGER, seed BIGINT,
    frequency_penalty DOUBLE, presence_penalty DOUBLE, other_parameters TEXT, request_sample INTEGER,
    sees_case BOOLEAN, PRIMARY KEY (case_number, position),
    FOREIGN KEY (case_number) REFERENCES cases (number) ON DELETE CASCADE
);
CREATE TABLE scores (
    case_number INTEGER NOT NULL, position INTEGER NOT NULL, name TEXT NOT NULL, value DOUBLE, reason TEXT, error TEXT,
    version TEXT, scale_low DOUBLE, scale_high DOUBLE, higher_is_better BOOLEAN, unit TEXT, raw TEXT, parts TEXT,
    cost_usd DOUBLE, PRIMARY KEY (case_number, position),
    FOREIGN KEY (case_number) REFERENCES cases (number) ON DELETE CASCADE
);
INSERT INTO schema_version VALUES (1, '2025-06-01T00:00:00+00:00');
INSERT INTO runs (id, name, started_at, finished_at, exit_code) VALUES ('old', 'first', '', '', 0);
"""
OLD_CASES = ("priced", "cached", "unpriced", "unanswered", "skipped")
OLD_CALLS = (  # case, position, score, text, US dollars, cached
    (1, 0, None, "Yes.", 0.5, 0),
    (1, 1, 0, "{}", 0.25, 0),
    (1, 2, 0, "{}", 0.25, 0),
    (2, 0, None, "Yes.", 0.5, 1),
    (2, 1, 0, "{}", 0.25, 0),
    (3, 0, None, "Yes.", None, 0),
    (3, 1, 0, "{}", 0.25, 0),
    (3, 2, 0, "{}", None, 0),
    (4, 0, None, None, None, None),
)
OLD_CASE = """
INSERT INTO cases (number, run_id, suite, case_id, sample, outcome, message, prompt, file, line, nodeid, judge_model,
    started_at, duration_s, worker)
VALUES (?, 'old', 'faq.csv', ?, 0, 'passed', '', '?', 'faq.csv', ?, '', '', '', 0, '')
"""
OLD_CALL = """
INSERT INTO completions (case_number, position, score_position, purpose, text, raw_text, model, endpoint, finish_reason,
    cost_usd, latency_s, cached) VALUES (?1, ?2, ?3, 'any', ?4, '', '', '', '', ?5, 0, ?6)
"""
OLD_SCORE = """
INSERT INTO scores VALUES (?, 0, 'rubric', 4, '', NULL, '', 0, 5, 1, '', '', NULL, NULL)
"""


def add_mood(connection: Connection) -> None:
    connection.exec_driver_sql("ALTER TABLE runs ADD COLUMN mood TEXT")


def add_weather(connection: Connection) -> None:
    connection.exec_driver_sql("ALTER TABLE runs ADD COLUMN weather TEXT")


def break_off(connection: Connection) -> None:
    connection.exec_driver_sql("ALTER TABLE runs ADD COLUMN half TEXT")
    connection.exec_driver_sql("ALTER TABLE absent ADD COLUMN other TEXT")


@pytest.fixture
def old_url(tmp_path: Path) -> str:
    """A log as version 1 of the tables left it."""
    path = tmp_path / "old.sqlite"
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.executescript(VERSION_1)
        connection.executemany(
            OLD_CASE, [(number, name, number) for number, name in enumerate(OLD_CASES, start=1)]
        )
        connection.executemany(OLD_CALL, OLD_CALLS)
        connection.executemany(OLD_SCORE, [(1,), (2,), (3,)])
    return str(path)


@pytest.fixture
def database(log_url: str) -> Iterator[Database]:
    """The database of a log of the newest version that holds a run."""
    with closing(Database(log_url)) as opened:
        yield opened


def versions_and_columns(url: str) -> tuple[list[int], set[str]]:
    with closing(sqlite3.connect(url)) as connection:
        versions = [
            row[0]
            for row in connection.execute("SELECT version FROM schema_version ORDER BY version")
        ]
        return versions, {row[1] for row in connection.execute("PRAGMA table_info(runs)")}


def columns_of(url: str) -> dict[str, set[tuple[str, str]]]:
    """Names and types of the columns of each table. SQLite knows DOUBLE by two names."""
    with closing(sqlite3.connect(url)) as connection:
        tables = [
            name
            for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
        ]
        return {
            table: {
                (row[1], row[2].removesuffix(" PRECISION"))
                for row in connection.execute(f"PRAGMA table_info({table})")
            }
            for table in tables
        }


def test_a_log_of_version_1_becomes_like_a_new_one(old_url: str, log_url: str) -> None:
    RunLog(old_url).close()
    assert columns_of(old_url) == columns_of(log_url)
    assert versions_and_columns(old_url)[0][:2] == [1, 2]


def test_the_costs_of_old_cases_are_told_by_their_calls(old_url: str) -> None:
    RunLog(old_url).close()
    with closing(sqlite3.connect(old_url)) as connection:
        rows = connection.execute(
            "SELECT case_id, generation_usd, judging_usd FROM cases ORDER BY number"
        ).fetchall()
    assert rows == [
        ("priced", 0.5, 0.5),
        ("cached", 0, 0.25),
        ("unpriced", None, None),
        ("unanswered", 0, 0),
        ("skipped", 0, 0),
    ]


def test_an_old_log_is_read_and_written_on(old_url: str, results: list[CaseResult]) -> None:
    with closing(RunLog(old_url)) as log:
        (run,) = log.runs()
        assert run == Run("old", "first", exit_code=0)
        priced, *_ = log.results("old")
        answer = priced.completion
        assert answer is not None
        assert (answer.cost_usd, answer.call, answer.made_at) == (0.5, "", "")
        log.begin(Run("new", traffic=Traffic(1, 1, 0.5)))
        log.add("new", results[0])
        assert log.run("new").traffic.usd == 0.5
        assert list(log.results("new")) == [results[0]]


def test_an_older_log_becomes_a_newer_one_step_by_step(old_url: str) -> None:
    with closing(Database(old_url)) as database:
        prepare(database, [add_mood])
        assert versions_and_columns(old_url)[0] == [1, 2]
        prepare(database, [add_mood, add_weather])
    versions, columns = versions_and_columns(old_url)
    assert versions == [1, 2, 3]
    assert {"mood", "weather"} <= columns


def test_a_log_of_the_newest_version_is_not_touched(log_url: str, database: Database) -> None:
    before = Path(log_url).read_bytes()
    prepare(database)
    assert Path(log_url).read_bytes() == before


def test_a_step_that_breaks_off_leaves_the_log_as_it_was(log_url: str, database: Database) -> None:
    before = versions_and_columns(log_url)
    with pytest.raises(RunLogError, match="no such table: absent"):
        prepare(database, [*MIGRATIONS, add_mood, break_off])
    assert versions_and_columns(log_url) == before


def test_a_log_of_a_newer_version_is_refused(log_url: str, database: Database) -> None:
    newest = 1 + len(MIGRATIONS)
    prepare(database, [*MIGRATIONS, add_mood])
    with pytest.raises(RunLogError) as caught:
        RunLog(log_url)
    assert str(caught.value) == (
        f"run log {log_url}: its tables have version {newest + 1}; this pytest_llmeval reads up to version {newest}. "
        "Upgrade it (pip install --upgrade pytest-llm-golden), or name another log with --llm-log."
    )


def test_a_case_of_several_rows_keeps_them_and_what_belongs_to_them(old_url: str) -> None:
    with closing(sqlite3.connect(old_url)) as connection, connection:
        connection.execute(
            "UPDATE cases SET case_id = 'priced', sample = 1, outcome = 'failed' WHERE number = 2"
        )
    with closing(RunLog(old_url)) as log:
        first, second, *_ = log.results("old")
        assert [result.case.id for result in (first, second)] == ["priced", "priced sample 1"]
        assert [len(result.scores) for result in (first, second)] == [1, 1]
    with closing(sqlite3.connect(old_url)) as connection:
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("DELETE FROM runs")
        assert connection.execute("SELECT COUNT(*) FROM scores").fetchone() == (0,)
    # the connections that upgrade a log check references again
    with closing(Database(old_url)) as database:
        prepare(database, [*MIGRATIONS, add_mood])
        with database.transaction() as connected:
            found = connected.exec_driver_sql("PRAGMA foreign_keys").scalar()
    assert found == 1
