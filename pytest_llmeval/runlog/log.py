"""The run log: every run with all its results, written as they finish."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from itertools import groupby, islice
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from pytest_llmeval.errors import RunLogError
from pytest_llmeval.records.result import Before, CaseResult
from pytest_llmeval.records.run import Run
from pytest_llmeval.runlog.batch import Batch, ResultRows
from pytest_llmeval.runlog.database import Database, Row
from pytest_llmeval.runlog.migrations import prepare
from pytest_llmeval.runlog.reading import Columns, reading
from pytest_llmeval.runlog.rows import (
    before_row,
    case_row,
    completion_rows,
    gate_rows,
    result_of,
    run_of,
    run_row,
    sample_rows,
    score_rows,
)
from pytest_llmeval.runlog.tables import Schema, schema

if TYPE_CHECKING:
    from sqlalchemy import Connection, Select, Table


PAGE = 200
"""Results that are read at once, which bounds the memory of a reader."""

ORDER = ("suite", "file", "line", "case_id")
_IDENTITY = ("run_id", "suite", "file", "case_id")


class RunLog:
    """Runs and their results in a database, to which several processes may write at a time.

    Results are written in groups, a group as a whole or not at all: 100 results, or all results
    0.2 s after the first of them. A reader of this object sees unwritten results, too.

    Args:
        url: A path of a SQLite file, which is made with its folder, or a SQLAlchemy URL.
        must_exist: Refuse a missing SQLite file instead of making it.

    Raises:
        SettingError: The URL cannot be read.
        MissingExtraError: The database's driver is not installed.
        RunLogError: The database cannot be opened, has a newer version, or is no run log.
    """

    def __init__(self, url: str, must_exist: bool = False) -> None:
        self._database = Database(url, must_exist)
        self._tables = schema()
        self._waiting = Batch(self._write, is_timed=self._database.is_shared_by_threads)
        try:
            prepare(self._database)
        except RunLogError:
            self._database.close()
            raise

    def begin(self, run: Run) -> None:
        """Enter a run that starts.

        Raises:
            RunLogError: The log cannot be written, or has a run of this id.
        """
        with self._database.transaction() as connection:
            connection.execute(self._tables.runs.insert(), run_row(run))

    def add(self, run_id: str, result: CaseResult) -> None:
        """Enter one result; it replaces a result of the same identity.

        Raises:
            RunLogError: The log cannot be written, or has no run of this id. The error may concern
                earlier results, which stay and are written again.
        """
        befores = [before_row(position, before) for position, before in enumerate(result.before)]
        rows = (
            case_row(run_id, result),
            completion_rows(result),
            score_rows(result),
            sample_rows(result),
            befores,
        )
        self._waiting.add((run_id, *result.key), rows)

    def add_before(
        self, run_id: str, befores: Iterable[tuple[tuple[str, str, str], Before]]
    ) -> None:
        """Enter the cases of a baseline, which are written while they are read.

        Args:
            run_id: The run.
            befores: Suite, file and id of a case, and the case in the baseline. Cases that the run
                does not have are skipped.

        Raises:
            RunLogError: The log cannot be written.
        """
        self.flush()
        with self._database.transaction() as connection:
            numbers = self._case_numbers(connection, run_id)
            position = self._next_before(connection, run_id)
        rows = (
            {"case_number": numbers[key], **before_row(position, before)}
            for key, before in befores
            if key in numbers
        )
        while batch := list(islice(rows, PAGE)):
            with self._database.transaction() as connection:
                connection.execute(self._tables.baselines.insert(), batch)

    def flush(self) -> None:
        """Write the waiting results.

        Raises:
            RunLogError: The log cannot be written, or has no run of this id.
        """
        self._waiting.flush()

    def finish(self, run: Run) -> None:
        """Enter the end of a run.

        Raises:
            RunLogError: The log cannot be written, or has no run of this id.
        """
        self.flush()
        runs = self._tables.runs
        with self._database.transaction() as connection:
            done = connection.execute(runs.update().where(runs.c.id == run.id), run_row(run))
            if done.rowcount and run.gates:
                connection.execute(
                    self._tables.gates.delete().where(self._tables.gates.c.run_id == run.id)
                )
                connection.execute(self._tables.gates.insert(), gate_rows(run))
        if not done.rowcount:
            raise self._no_run(run.id)

    def run(self, run_id: str) -> Run:
        """Read one run.

        Raises:
            RunLogError: The log cannot be read, or has no run of this id.
        """
        self.flush()
        runs = self._tables.runs
        with self.reading("a run"):
            with self._database.transaction() as connection:
                rows = _rows(connection, runs.select().where(runs.c.id == run_id))
                gates = self._gates(connection)
            if rows:
                return run_of(rows[0], gates.get(run_id, ()))
        raise self._no_run(run_id)

    def runs(self) -> Iterator[Run]:
        """Read all runs, the newest first.

        Raises:
            RunLogError: The log cannot be read.
        """
        self.flush()
        runs = self._tables.runs
        with self.reading("a run"), self._database.transaction() as connection:
            rows = _rows(connection, runs.select().order_by(runs.c.number.desc()))
            gates = self._gates(connection)
        for row in rows:
            with self.reading("a run"):
                run = run_of(row, gates.get(row["id"], ()))
            yield run

    def results(self, run_id: str, case_id: str | None = None) -> _LoggedResults:
        """Return the results of a run or of one case id, ordered by suite, file, line and id."""
        return _LoggedResults(self, self._database, run_id, case_id)

    def rows(self, query: Select[Any]) -> Iterator[Sequence[Any]]:
        """Yield the rows of a query, for readers of few columns of many results.

        Raises:
            RunLogError: The log cannot be read.
        """
        self.flush()
        columns = Columns(query.selected_columns.values())
        with self._database.transaction() as connection:
            for row in connection.execution_options(yield_per=PAGE).execute(query):
                with self.reading("a row"):
                    columns.check(row)
                yield row

    def close(self) -> None:
        """Write the waiting results, and close the database.

        Raises:
            RunLogError: The results cannot be written.
        """
        try:
            self.flush()
        finally:
            self._database.close()

    def _write(self, results: list[ResultRows]) -> None:
        from sqlalchemy import bindparam, select

        cases = self._tables.cases
        same = [cases.c[name] == bindparam(f"its_{name}") for name in _IDENTITY]
        number = select(cases.c.number).where(*same).scalar_subquery()
        keys = [{f"its_{name}": case[name] for name in _IDENTITY} for case, *_ in results]
        with self._database.transaction() as connection:
            connection.execute(cases.delete().where(*same), keys)
            connection.execute(cases.insert(), [case for case, *_ in results])
            by_table = zip(*(parts for _, *parts in results), strict=True)
            for table, groups in zip(_parts_of(self._tables), by_table, strict=True):
                rows: list[dict[str, Any]] = []
                for key, group in zip(keys, groups, strict=True):
                    rows.extend({**key, **row} for row in group)
                if rows:
                    connection.execute(table.insert().values(case_number=number), rows)

    def _case_numbers(self, connection: Connection, run_id: str) -> dict[tuple[str, str, str], int]:
        """Return the numbers of the cases of a run, by suite, file and id."""
        from sqlalchemy import select

        cases = self._tables.cases
        query = select(cases.c.number, cases.c.suite, cases.c.file, cases.c.case_id).where(
            cases.c.run_id == run_id
        )
        return {
            (suite, file, case): number for number, suite, file, case in connection.execute(query)
        }

    def _next_before(self, connection: Connection, run_id: str) -> int:
        """Return the position of the next baseline of a run."""
        from sqlalchemy import func, select

        baselines, cases = self._tables.baselines, self._tables.cases
        query = select(func.max(baselines.c.position)).join(
            cases, cases.c.number == baselines.c.case_number
        )
        last: int | None = connection.scalar(query.where(cases.c.run_id == run_id))
        return 0 if last is None else last + 1

    def _gates(self, connection: Connection) -> dict[str, list[Row]]:
        """Return the rows of all gates, by run."""
        gates = self._tables.gates
        rows = _rows(connection, gates.select().order_by(gates.c.run_id, gates.c.position))
        return {run: list(group) for run, group in groupby(rows, itemgetter("run_id"))}

    def reading(self, what: str) -> AbstractContextManager[None]:
        """Read something of this log; see `runlog.reading.reading`."""
        return reading(self._database.shown, what)

    def _no_run(self, run_id: str) -> RunLogError:
        known = ", ".join(run.id for run in islice(self.runs(), 5)) or "none"
        return RunLogError(
            f"run log {self._database.shown}: no run {run_id!r}; the newest in it: {known}"
        )


@dataclass(frozen=True)
class _LoggedResults:
    """The results of one run. An iteration reads them a page at a time, so memory stays flat."""

    log: RunLog
    database: Database
    run_id: str
    case_id: str | None = None

    def __iter__(self) -> Iterator[CaseResult]:
        """Read the results in their order."""
        last: tuple[Any, ...] = ()
        while True:
            with reading(self.database.shown, "a case"):
                page = self._page(last)
                results = [result_of(*rows) for rows in page]
            if not page:
                return
            yield from results
            last = tuple(page[-1][0][name] for name in ORDER)

    def _page(self, last: tuple[Any, ...]) -> list[ResultRows]:
        """Read the rows of the results after the one with the key ``last``."""
        from sqlalchemy import tuple_

        self.log.flush()
        cases = schema().cases
        order = [cases.c[name] for name in ORDER]
        query = cases.select().where(cases.c.run_id == self.run_id).order_by(*order).limit(PAGE)
        if self.case_id is not None:
            query = query.where(cases.c.case_id == self.case_id)
        if last:
            query = query.where(tuple_(*order) > last)
        with self.database.transaction() as connection:
            page = _rows(connection, query)
            numbers = [row["number"] for row in page]
            by_table = [_rows_by_case(table, numbers, connection) for table in _parts_of(schema())]
        return [(row, *parts) for row, *parts in zip(page, *by_table, strict=True)]


def _parts_of(tables: Schema) -> tuple[Table, ...]:
    """Return the tables whose rows belong to a case, in the order of `ResultRows`."""
    return (tables.completions, tables.scores, tables.samples, tables.baselines)


def _rows_by_case(table: Table, cases: list[int], connection: Connection) -> list[list[Row]]:
    """Read the rows of a table that belong to some cases, case by case."""
    query = (
        table.select()
        .where(table.c.case_number.in_(cases))
        .order_by(table.c.case_number, table.c.position)
    )
    groups: dict[int, list[Row]] = {}
    for row in _rows(connection, query):
        groups.setdefault(row["case_number"], []).append(row)
    return [groups.get(case, []) for case in cases]


def _rows(connection: Connection, query: Select[Any]) -> list[Row]:
    """Read the rows of a query.

    Raises:
        ValueError: A value is none that the column can hold.
    """
    columns = Columns(query.selected_columns.values())
    result = connection.execute(query)
    names = tuple(result.keys())
    rows: list[Row] = []
    for row in result:
        columns.check(row)
        rows.append(dict(zip(names, row, strict=True)))
    return rows
