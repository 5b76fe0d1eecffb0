"""The command ``llmeval plan``."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

import click

from pytest_llmeval.cli.command import CommandContext, command, json_option
from pytest_llmeval.cli.finite import FiniteRange
from pytest_llmeval.cli.output import STANDARD_OUTPUT, write_object
from pytest_llmeval.errors import InputError

if TYPE_CHECKING:
    from pytest_llmeval.records.plan import Plan

_SCHEMA = "urn:pytest-llm-golden:plan-1"


@command("log", "margin", "alpha", "cluster")
@click.option(
    "--detect",
    type=FiniteRange(0, 100, min_open=True),
    default=5.0,
    metavar="POINTS",
    show_default=True,
    help="Drop that shall be REGRESSED, in points of 100.",
)
@click.option(
    "--power",
    type=FiniteRange(0.5, 1, min_open=True, max_open=True),
    default=0.8,
    metavar="SHARE",
    show_default=True,
    help="Share of the runs in which it shall be.",
)
@click.option(
    "--metric",
    "metrics",
    multiple=True,
    metavar="NAME",
    help="Metric to plan (repeatable; default: those of the gate).",
)
@click.option(
    "--run",
    "source",
    default="latest",
    metavar="RUN",
    show_default=True,
    help="Run with the suite: its id or name (latest: of all cases).",
)
@json_option
def plan(
    context: CommandContext,
    detect: float,
    power: float,
    metrics: tuple[str, ...],
    source: str,
    json_path: str | None,
) -> None:
    """Say how many cases or samples show a drop, and what that costs.

    The noise is that of the run log: of two runs of the same settings over the same cases, of the
    samples of each case, or else of a single run.
    """
    from pytest_llmeval.records.wire import to_builtin
    from pytest_llmeval.reports.terminal.plan import plan_lines

    made = _planned(context, detect / 100, power, metrics, source)
    if json_path is not None:
        write_object({"schema": _SCHEMA, **to_builtin(made)}, json_path, "plan")
    if json_path != STANDARD_OUTPUT:
        for text, colour in plan_lines(made):
            click.secho(text, fg=colour or None)


def _planned(
    context: CommandContext, drop: float, power: float, metrics: tuple[str, ...], source: str
) -> Plan:
    from pytest_llmeval.gating.clusters import check_clusters
    from pytest_llmeval.runlog.log import RunLog
    from pytest_llmeval.runlog.lookup import run_of_suite, runs_before
    from pytest_llmeval.runlog.plan_reading import read_plan
    from pytest_llmeval.stats.planning import Goal

    settings = context.settings
    if drop <= settings.margin:
        raise InputError(
            f"--detect: found {100 * drop:g}; allowed: more than the margin of "
            f"{100 * settings.margin:g} points, because a smaller drop is no regression. "
            "It is in points of 100: 5 is a drop of 0.05"
        )
    goal = Goal(drop, power, settings.margin, settings.alpha)
    with closing(RunLog(context.log, must_exist=True)) as log:
        run = run_of_suite(log, source)
        if settings.cluster:
            cases = (result.case for result in log.results(run.id))
            check_clusters(settings.cluster, settings.origin("cluster"), cases)
        return read_plan(log, run, runs_before(log, run), goal, metrics, settings.cluster)
