"""``llmeval history``: the trend over the runs of a log."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import closing
from typing import TYPE_CHECKING, Any

import click

from pytest_llmeval.cli.arguments import USAGE_ERROR
from pytest_llmeval.cli.output import STANDARD_OUTPUT, write_object
from pytest_llmeval.cli.report import LOG
from pytest_llmeval.errors import LLMEvalError
from pytest_llmeval.runlog.lookup import newest_runs

if TYPE_CHECKING:
    from pytest_llmeval.records.run import Run
    from pytest_llmeval.runlog.log import RunLog


Told = tuple[dict[str, Any], Iterable[tuple[str, str]]]
"""What was found for a program, and for a person as lines with their colour."""


@click.command()
@click.option(
    "--log",
    default=LOG.default,
    envvar=LOG.env,
    metavar="URL",
    show_default=True,
    help="Run log to read.",
)
@click.option(
    "--limit",
    type=click.IntRange(min=1),
    default=20,
    metavar="N",
    show_default=True,
    help="Newest runs.",
)
@click.option("--name", metavar="NAME", help="Only runs of this name.")
@click.option(
    "--metric",
    "metrics",
    multiple=True,
    metavar="NAME",
    help="Only this metric (repeatable; default: all).",
)
@click.option(
    "--case", metavar="ID", help="Show what became of one case in every run: its id, or FILE::ID."
)
@click.option(
    "--json",
    "json_path",
    metavar="PATH",
    help="Write the history there as JSON; - prints it instead.",
)
def history(
    log: str,
    limit: int,
    name: str | None,
    metrics: tuple[str, ...],
    case: str | None,
    json_path: str | None,
) -> None:
    """Show the trend over the runs of the run log, oldest first.

    The mean of each metric is told with its change since the run before, where the same judge has
    scored the same cases. Runs that were cut off are shown, and nothing is compared with them.
    """
    from pytest_llmeval.runlog.log import RunLog

    try:
        with closing(RunLog(log, must_exist=True)) as opened:
            runs = newest_runs(opened, limit, name)
            found, lines = (
                _trend(opened, runs, metrics)
                if case is None
                else _case(opened, runs, case, metrics)
            )
        if json_path is not None:
            write_object(found, json_path, "history")
    except LLMEvalError as error:
        click.echo(error, err=True)
        raise SystemExit(USAGE_ERROR) from None
    if json_path != STANDARD_OUTPUT:
        for text, colour in lines:
            click.secho(text, fg=colour or None)


def _trend(log: RunLog, runs: list[Run], metrics: tuple[str, ...]) -> Told:
    from pytest_llmeval.reports.terminal.history import history_lines
    from pytest_llmeval.runlog.history import history_object
    from pytest_llmeval.runlog.history_reading import only, read_history

    found = only(read_history(log, runs), metrics)
    return history_object(found), history_lines(found)


def _case(log: RunLog, runs: list[Run], case: str, metrics: tuple[str, ...]) -> Told:
    from pytest_llmeval.reports.terminal.history import case_lines
    from pytest_llmeval.runlog.case_history import read_case
    from pytest_llmeval.runlog.history import case_history_object

    found = read_case(log, runs, case, metrics)
    return case_history_object(found), case_lines(found)
