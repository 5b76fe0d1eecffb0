"""``llmeval history``: the trend over the runs of a log."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import closing
from typing import TYPE_CHECKING, Any

import click

from pytest_llmeval.cli.command import CommandContext, command, json_option
from pytest_llmeval.cli.output import STANDARD_OUTPUT, write_object

if TYPE_CHECKING:
    from pytest_llmeval.records.run import Run
    from pytest_llmeval.runlog.log import RunLog


History = tuple[dict[str, Any], Iterable[tuple[str, str]]]
"""A history for a program, and for a person as lines with their colour."""


@command("log")
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
@json_option
def history(
    context: CommandContext,
    limit: int,
    name: str | None,
    metrics: tuple[str, ...],
    case: str | None,
    json_path: str | None,
) -> None:
    """Show the trend over the runs of the run log, oldest first.

    The mean of each metric is shown with its change since the run before, where the same judge has
    scored the same cases. Runs that were cut off are shown, and nothing is compared with them.
    """
    from pytest_llmeval.runlog.log import RunLog
    from pytest_llmeval.runlog.lookup import newest_runs

    with closing(RunLog(context.log, must_exist=True)) as log:
        runs = newest_runs(log, limit, name)
        if case is None:
            found, lines = _trend(log, runs, metrics)
        else:
            found, lines = _case(log, runs, case, metrics)
    if json_path is not None:
        write_object(found, json_path, "history")
    if json_path != STANDARD_OUTPUT:
        for text, colour in lines:
            click.secho(text, fg=colour or None)


def _trend(log: RunLog, runs: list[Run], metrics: tuple[str, ...]) -> History:
    from pytest_llmeval.reports.terminal.history import history_lines
    from pytest_llmeval.runlog.history import history_object
    from pytest_llmeval.runlog.history_reading import only, read_history

    found = only(read_history(log, runs), metrics)
    return history_object(found), history_lines(found)


def _case(log: RunLog, runs: list[Run], case: str, metrics: tuple[str, ...]) -> History:
    from pytest_llmeval.reports.terminal.history import case_lines
    from pytest_llmeval.runlog.case_history import read_case
    from pytest_llmeval.runlog.history import case_history_object

    found = read_case(log, runs, case, metrics)
    return case_history_object(found), case_lines(found)
