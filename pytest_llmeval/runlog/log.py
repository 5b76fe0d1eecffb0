"""The run log: every run with all of its results, written as they finish."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby, islice
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from pytest_llmeval.errors import RunLogError
from pytest_llmeval.records.result import Before, CaseResult
from pytest_llmeval.records.run import Run
from pytest_llmeval.runlog.database import Batch, Database, Row
from pytest_llmeval.runlog.migrations import prepare
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


PAGE = 200  # results read at once; what bounds the memory of a reader
ORDER = ("suite", "file", "line", "case_id", "sample")
IDENTITY = ("run_id", "suite", "file", "case_id", "sample")

ResultRows = tuple[Row, Sequence[Row], Sequence[Row], Sequence[Row], Sequence[Row]]
"""A result as the rows of its case, its completions, its scores, its samples, and what its baselines say of it."""


class RunLog:
    """Runs and their results in a database. Several processes may write to one log at the same time.

    Results are written in groups, each whole or not at all: 100 at once, or those there are 0.2 s
    after the first of them was added. Whoever reads through this object gets them before that too.

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
        self._waiting = Batch(self._write, is_timed=self._database.is_shared_by_threads)
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
            RunLogError: The log cannot be written, or has no run of this id. The error may be that
                of results that were added before; what could not be written is kept, and tried
                again.
        """
        befores = [before_row(position, before) for position, before in enumerate(result.before)]
        rows = (
            case_row(run_id, result),
            completion_rows(result),
            score_rows(result),
            sample_rows(result),
            befores,
        )
        self._waiting.add((run_id, *result.identity), rows)

    def add_before(
        self, run_id: str, befores: Iterable[tuple[tuple[str, str, str], Before]]
    ) -> None:
        """Enter what a baseline says of the cases of a run. It is read while it is written; memory stays flat.

        Args:
            run_id: The run.
            befores: Suite, file and id of a case, and what the baseline says of it. Cases that the
                run does not have are passed over.

        Raises:
            RunLogError: The log cannot be written.
        """
        self.flush()
        with self._database.transaction() as connection:
            numbers, place = (
                self._case_numbers(connection, run_id),
                self._next_before(connection, run_id),
            )
        rows = (
            {"case_number": numbers[key], **before_row(place, before)}
            for key, before in befores
            if key in numbers
        )
        while batch := list(islice(rows, PAGE)):
            with self._database.transaction() as connection:
                connection.execute(self._tables.baselines.insert(), batch)

    def flush(self) -> None:
        """Write the results that wait.

        Raises:
            RunLogError: The log cannot be written, or has no run of this id.
        """
        self._waiting.flush()

    def finish(self, run: Run) -> None:
        """Enter how a run ended.

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
        """One run.

        Raises:
            RunLogError: The log cannot be read, or has no run of this id.
        """
        self.flush()
        runs = self._tables.runs
        with self._database.transaction() as connection:
            rows = _rows(connection, runs.select().where(runs.c.id == run_id))
            gates = self._gates(connection)
        if not rows:
            raise self._no_run(run_id)
        return run_of(rows[0], gates.get(run_id, ()))

    def runs(self) -> Iterator[Run]:
        """All runs, the newest first.

        Raises:
            RunLogError: The log cannot be read.
        """
        self.flush()
        runs = self._tables.runs
        with self._database.transaction() as connection:
            rows = _rows(connection, runs.select().order_by(runs.c.number.desc()))
            gates = self._gates(connection)
        return (run_of(row, gates.get(row["id"], ())) for row in rows)

    def results(self, run_id: str, case_id: str | None = None) -> LoggedResults:
        """All results of a run, or those of one case id, in the order of suite, file, line, case id and sample."""
        return LoggedResults(self, self._database, run_id, case_id)

    def rows(self, query: Select[Any]) -> Iterator[Sequence[Any]]:
        """The rows of a query of the tables, for those who need few columns of many results. None is kept.

        Raises:
            RunLogError: The log cannot be read.
        """
        self.flush()
        with self._database.transaction() as connection:
            yield from connection.execution_options(yield_per=PAGE).execute(query)

    def close(self) -> None:
        """Write the results that wait, and close the database.

        Raises:
            RunLogError: They cannot be written.
        """
        try:
            self.flush()
        finally:
            self._database.close()

    def _write(self, results: list[ResultRows]) -> None:
        from sqlalchemy import bindparam, select

        cases = self._tables.cases
        same = [cases.c[name] == bindparam(f"its_{name}") for name in IDENTITY]
        number = select(cases.c.number).where(*same).scalar_subquery()
        keys = [{f"its_{name}": case[name] for name in IDENTITY} for case, *_ in results]
        with self._database.transaction() as connection:
            connection.execute(cases.delete().where(*same), keys)
            connection.execute(cases.insert(), [case for case, *_ in results])
            by_table = zip(*(own for _, *own in results), strict=True)
            for table, rows in zip(parts_of(self._tables), by_table, strict=True):
                parts = [
                    {**key, **part} for key, own in zip(keys, rows, strict=True) for part in own
                ]
                if parts:
                    connection.execute(table.insert().values(case_number=number), parts)

    def _case_numbers(self, connection: Connection, run_id: str) -> dict[tuple[str, str, str], int]:
        """The key of each case of a run, by suite, file and id."""
        from sqlalchemy import select

        cases = self._tables.cases
        query = select(cases.c.number, cases.c.suite, cases.c.file, cases.c.case_id).where(
            cases.c.run_id == run_id
        )
        return {
            (suite, file, case): number for number, suite, file, case in connection.execute(query)
        }

    def _next_before(self, connection: Connection, run_id: str) -> int:
        """The position of the next baseline of a run."""
        from sqlalchemy import func, select

        baselines, cases = self._tables.baselines, self._tables.cases
        query = select(func.max(baselines.c.position)).join(
            cases, cases.c.number == baselines.c.case_number
        )
        last: int | None = connection.scalar(query.where(cases.c.run_id == run_id))
        return 0 if last is None else last + 1

    def _gates(self, connection: Connection) -> dict[str, list[Row]]:
        """The rows of all gates, by run."""
        gates = self._tables.gates
        rows = _rows(connection, gates.select().order_by(gates.c.run_id, gates.c.position))
        return {run: list(group) for run, group in groupby(rows, itemgetter("run_id"))}

    def _no_run(self, run_id: str) -> RunLogError:
        known = ", ".join(run.id for run in islice(self.runs(), 5)) or "none"
        return RunLogError(
            f"run log {self._database.shown}: no run {run_id!r}; the newest in it: {known}"
        )


@dataclass(frozen=True)
class LoggedResults:
    """The results of one run. Each iteration reads them anew, a page at a time: memory stays flat."""

    log: RunLog
    database: Database
    run_id: str
    case_id: str | None = None

    def __iter__(self) -> Iterator[CaseResult]:
        """The results in their order.

        Raises:
            RunLogError: The log cannot be read.
        """
        last: tuple[Any, ...] = ()
        while page := self._page(last):
            yield from (result_of(*rows) for rows in page)
            last = tuple(page[-1][0][name] for name in ORDER)

    def _page(self, last: tuple[Any, ...]) -> list[ResultRows]:
        """The results that follow the one with the key ``last``, each as its rows."""
        from sqlalchemy import tuple_

        self.log.flush()
        cases = schema().cases
        order = [cases.c[name] for name in ORDER]
        query = cases.select().where(cases.c.run_id == self.run_id).order_by(*order).limit(PAGE)
        query = query if self.case_id is None else query.where(cases.c.case_id == self.case_id)
        with self.database.transaction() as connection:
            found = _rows(connection, query.where(tuple_(*order) > last) if last else query)
            numbers = [row["number"] for row in found]
            own = zip(
                *(_of(table, numbers, connection) for table in parts_of(schema())), strict=True
            )
        return [(row, *parts) for row, parts in zip(found, own, strict=True)]


def parts_of(tables: Schema) -> tuple[Table, ...]:
    """The tables whose rows belong to a case, in the order of `ResultRows`."""
    return (tables.completions, tables.scores, tables.samples, tables.baselines)


def _of(table: Table, cases: list[int], connection: Connection) -> list[list[Row]]:
    """The rows of a table that belong to some cases, case by case."""
    query = (
        table.select()
        .where(table.c.case_number.in_(cases))
        .order_by(table.c.case_number, table.c.position)
    )
    found = {
        case: list(group)
        for case, group in groupby(_rows(connection, query), itemgetter("case_number"))
    }
    return [found.get(case, []) for case in cases]


def _rows(connection: Connection, query: Select[Any]) -> list[Row]:
    result = connection.execute(query)
    names = tuple(result.keys())
    return [dict(zip(names, row, strict=True)) for row in result]
