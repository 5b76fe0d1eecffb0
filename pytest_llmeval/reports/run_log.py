"""The run log: every run with all of its results, written case by case as they finish."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby, islice
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from pytest_llmeval.errors import RunLogError
from pytest_llmeval.reports.database import Database
from pytest_llmeval.reports.migrations import prepare
from pytest_llmeval.reports.rows import Row, case_row, completion_rows, result_of, run_of, run_row, score_rows
from pytest_llmeval.reports.tables import schema
from pytest_llmeval.results import CaseResult, Run

if TYPE_CHECKING:
    from sqlalchemy import Connection, Select, Table

PAGE = 200  # results read at once; what bounds the memory of a reader
ORDER = ("suite", "file", "line", "case_id", "sample")


class RunLog:
    """Runs and their results in a database. Several processes may write to one log at the same time.

    Args:
        url: A path of a SQLite file, which is made with its folder, or a SQLAlchemy URL.
        must_exist: Refuse a SQLite file that is not there, instead of making it.

    Raises:
        SettingError: The URL cannot be read.
        MissingExtraError: The database's driver is not installed.
        RunLogError: The database cannot be opened, is of a newer version, or is no run log.
    """

    def __init__(self, url: str, must_exist: bool = False) -> None:
        self._database = Database(url, must_exist)
        self._tables = schema()
        try:
            prepare(self._database)
        except RunLogError:
            self._database.close()
            raise

    def begin(self, run: Run) -> None:
        """Enter a run that starts now.

        Raises:
            RunLogError: The log cannot be written, or has a run of this id.
        """
        with self._database.transaction() as connection:
            connection.execute(self._tables.runs.insert(), run_row(run))

    def add(self, run_id: str, result: CaseResult) -> None:
        """Enter one result. One of the same identity that is there already is replaced.

        Raises:
            RunLogError: The log cannot be written, or has no run of this id.
        """
        cases, completions, scores = self._tables.cases, self._tables.completions, self._tables.scores
        row = case_row(run_id, result)
        same = [cases.c[name] == row[name] for name in ("run_id", "suite", "file", "case_id", "sample")]
        with self._database.transaction() as connection:
            connection.execute(cases.delete().where(*same))
            key = connection.execute(cases.insert(), row).inserted_primary_key
            number = key[0] if key else None
            for table, rows in ((completions, completion_rows(result)), (scores, score_rows(result))):
                if rows:
                    connection.execute(table.insert(), [{"case_number": number, **each} for each in rows])

    def finish(self, run: Run) -> None:
        """Enter how a run ended.

        Raises:
            RunLogError: The log cannot be written, or has no run of this id.
        """
        runs = self._tables.runs
        with self._database.transaction() as connection:
            done = connection.execute(runs.update().where(runs.c.id == run.id), run_row(run))
        if not done.rowcount:
            raise self._no_run(run.id)

    def run(self, run_id: str) -> Run:
        """One run.

        Raises:
            RunLogError: The log cannot be read, or has no run of this id.
        """
        runs = self._tables.runs
        with self._database.transaction() as connection:
            rows = _rows(connection, runs.select().where(runs.c.id == run_id))
        if not rows:
            raise self._no_run(run_id)
        return run_of(rows[0])

    def runs(self) -> Iterator[Run]:
        """All runs, the newest first.

        Raises:
            RunLogError: The log cannot be read.
        """
        runs = self._tables.runs
        with self._database.transaction() as connection:
            rows = _rows(connection, runs.select().order_by(runs.c.number.desc()))
        return (run_of(row) for row in rows)

    def results(self, run_id: str) -> LoggedResults:
        """All results of a run, in the order of suite, file, line, case id and sample."""
        return LoggedResults(self._database, run_id)

    def close(self) -> None:
        """Close the database."""
        self._database.close()

    def _no_run(self, run_id: str) -> RunLogError:
        known = ", ".join(run.id for run in islice(self.runs(), 5)) or "none"
        return RunLogError(f"run log {self._database.shown}: no run {run_id!r}; the newest in it: {known}")


@dataclass(frozen=True)
class LoggedResults:
    """The results of one run. Each iteration reads them anew, a page at a time: memory stays flat."""

    database: Database
    run_id: str

    def __iter__(self) -> Iterator[CaseResult]:
        """The results in their order.

        Raises:
            RunLogError: The log cannot be read.
        """
        last: tuple[Any, ...] = ()
        while page := self._page(last):
            yield from (result_of(*rows) for rows in page)
            last = tuple(page[-1][0][name] for name in ORDER)

    def _page(self, last: tuple[Any, ...]) -> list[tuple[Row, list[Row], list[Row]]]:
        """The results that follow the one with the key ``last``, each as its rows."""
        from sqlalchemy import tuple_

        cases = schema().cases
        order = [cases.c[name] for name in ORDER]
        query = cases.select().where(cases.c.run_id == self.run_id).order_by(*order).limit(PAGE)
        with self.database.transaction() as connection:
            found = _rows(connection, query.where(tuple_(*order) > last) if last else query)
            numbers = [row["number"] for row in found]
            completions, scores = (_of(table, numbers, connection) for table in (schema().completions, schema().scores))
        return [(row, completions.get(row["number"], []), scores.get(row["number"], [])) for row in found]


def _of(table: Table, cases: list[int], connection: Connection) -> dict[int, list[Row]]:
    """The rows of a table that belong to some cases, by case."""
    query = table.select().where(table.c.case_number.in_(cases)).order_by(table.c.case_number, table.c.position)
    return {case: list(group) for case, group in groupby(_rows(connection, query), itemgetter("case_number"))}


def _rows(connection: Connection, query: Select[Any]) -> list[Row]:
    return [row._asdict() for row in connection.execute(query)]
