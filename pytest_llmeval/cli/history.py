"""The command ``llmeval history``."""

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


_History = tuple[dict[str, Any], Iterable[tuple[str, str]]]
"""A history as an object for programs and as coloured lines for people."""


@command("log")
@click.option(
    "--limit",
    type=click.IntRange(min=1),
    default=20,
    metavar="N",
    show_default=True,
    help="Number of newest runs.",
)
@click.option("--name", metavar="NAME", help="Show only runs with this name.")
@click.option(
    "--metric",
    "metrics",
    multiple=True,
    metavar="NAME",
    help="Metric to show (repeatable; default: all).",
)
@click.option(
    "--case", metavar="ID", help="Show the outcome of one case in every run: its id or FILE::ID."
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

    Each metric has its mean, and its change since the previous run if the same judge scored the
    same cases. Runs that did not finish are shown but not compared.
    """
    from pytest_llmeval.runlog.log import RunLog
    from pytest_llmeval.runlog.lookup import newest_runs

    with closing(RunLog(context.log, must_exist=True)) as log:
        runs = newest_runs(log, limit, name)
        if case is None:
            content, lines = _trend(log, runs, metrics)
        else:
            content, lines = _case(log, runs, case, metrics)
    if json_path is not None:
        write_object(content, json_path, "history")
    if json_path != STANDARD_OUTPUT:
        for text, colour in lines:
            click.secho(text, fg=colour or None)


def _trend(log: RunLog, runs: list[Run], metrics: tuple[str, ...]) -> _History:
    from pytest_llmeval.reports.terminal.history import history_lines
    from pytest_llmeval.runlog.history import history_object
    from pytest_llmeval.runlog.history_reading import read_history, select_metrics

    trend = select_metrics(read_history(log, runs), metrics)
    return history_object(trend), history_lines(trend)


def _case(log: RunLog, runs: list[Run], case: str, metrics: tuple[str, ...]) -> _History:
    from pytest_llmeval.reports.terminal.history import case_lines
    from pytest_llmeval.runlog.case_history import read_case
    from pytest_llmeval.runlog.history import case_history_object

    outcomes = read_case(log, runs, case, metrics)
    return case_history_object(outcomes), case_lines(outcomes)
