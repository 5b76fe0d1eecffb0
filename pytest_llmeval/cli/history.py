"""The command ``llmeval history``."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

from pytest_llmeval.cli.command import CommandContext, command, json_option
from pytest_llmeval.cli.output import STANDARD_OUTPUT, write_object
from pytest_llmeval.errors import InputError

if TYPE_CHECKING:
    from pytest_llmeval.records.plan import Plan
    from pytest_llmeval.records.run import Run
    from pytest_llmeval.runlog.log import RunLog


_History = tuple[dict[str, Any], Iterable[tuple[str, str]]]
"""A history as an object for programs and as coloured lines for people."""


@command("log", "margin", "alpha", "cluster")
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
    same cases. Runs that did not finish are shown but not compared. The last lines say what all
    runs together show since the baseline was accepted, and what the newest suite can show.
    """
    from pytest_llmeval.runlog.log import RunLog
    from pytest_llmeval.runlog.lookup import newest_runs

    with closing(RunLog(context.log, must_exist=True)) as log:
        runs = newest_runs(log, limit, name)
        if case is None:
            content, lines = _trend(context, log, runs, name, metrics)
        else:
            content, lines = _case(log, runs, case, metrics)
    if json_path is not None:
        write_object(content, json_path, "history")
    if json_path != STANDARD_OUTPUT:
        for text, colour in lines:
            click.secho(text, fg=colour or None)


def _trend(
    context: CommandContext,
    log: RunLog,
    runs: list[Run],
    name: str | None,
    metrics: tuple[str, ...],
) -> _History:
    from pytest_llmeval.reports.terminal.history import history_lines
    from pytest_llmeval.runlog.history import history_object
    from pytest_llmeval.runlog.history_reading import read_history, select_metrics
    from pytest_llmeval.runlog.stream_reading import read_evidence

    trend = select_metrics(read_history(log, runs), metrics)
    evidence = read_evidence(run for run in log.runs() if name in (None, run.name))
    trend = replace(trend, evidence=evidence, plan=_outlook(context, log, runs))
    return history_object(trend), history_lines(trend)


def _outlook(context: CommandContext, log: RunLog, runs: list[Run]) -> Plan | None:
    """Plan the suite of the newest run of all its cases, if it has scores that can be planned."""
    from pytest_llmeval.runlog.lookup import is_of_suite, runs_before
    from pytest_llmeval.runlog.plan_reading import read_plan
    from pytest_llmeval.stats.planning import Goal

    settings = context.settings
    newest = next((run for run in reversed(runs) if is_of_suite(run)), None)
    if newest is None:
        return None
    goal = Goal(margin=settings.margin, alpha=settings.alpha)
    try:
        return read_plan(log, newest, runs_before(log, newest), goal, (), settings.cluster)
    except InputError:
        return None  # llmeval plan gives the reason


def _case(log: RunLog, runs: list[Run], case: str, metrics: tuple[str, ...]) -> _History:
    from pytest_llmeval.reports.terminal.history import case_lines
    from pytest_llmeval.runlog.case_history import read_case
    from pytest_llmeval.runlog.history import case_history_object

    outcomes = read_case(log, runs, case, metrics)
    return case_history_object(outcomes), case_lines(outcomes)
