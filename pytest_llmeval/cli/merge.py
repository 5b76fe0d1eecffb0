"""The command ``llmeval merge``."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import replace
from typing import TYPE_CHECKING

import click

from pytest_llmeval.cli.command import CommandContext, command
from pytest_llmeval.cli.output import echo_lines
from pytest_llmeval.errors import SettingError
from pytest_llmeval.settings.demands import origin_of

if TYPE_CHECKING:
    from pytest_llmeval.assembly.session import Session
    from pytest_llmeval.runs.merge import Merged
    from pytest_llmeval.settings.table import Settings


@command("gates", "reports", "strict")
@click.argument("logs", metavar="LOG...", nargs=-1, required=True)
@click.option(
    "--run",
    "run_ids",
    multiple=True,
    metavar="RUN",
    help="Id or name of a run to join instead of the latest of each log (repeatable).",
)
def merge(context: CommandContext, logs: tuple[str, ...], run_ids: tuple[str, ...]) -> int:
    """Join the runs of several jobs into one, and gate the whole as pytest would have.

    Each LOG is the run log (a path or URL) or the JSON report of a job that ran a part of the
    cases. The latest run of a log is used, and the new run is added to --log. No model is asked for
    an answer. With a baseline its stored answers are judged again: a few by a live judge, to see if
    it has changed, and all if it has or is a different one. The exit code is 1 if a case
    missed its threshold or a gate is missed, 10 if something could not be judged, and otherwise 0.
    """
    merged = _merged(context, logs, run_ids)
    _show(merged)
    return merged.run.exit_code or 0


def _merged(context: CommandContext, logs: tuple[str, ...], run_ids: tuple[str, ...]) -> Merged:
    from pytest_llmeval.records.process import new_run_id
    from pytest_llmeval.runs.excusing import open_quarantine
    from pytest_llmeval.runs.merge import merge
    from pytest_llmeval.runs.shards import open_shards

    _check(context)
    quarantine = open_quarantine(context.settings, context.locations)
    run_id = new_run_id()
    with ExitStack() as opened:
        shards = open_shards(logs, run_ids, opened)

        def start(settings: Settings) -> Session:
            return replace(context, settings=settings).session(run_id)

        return merge(shards, context.settings, quarantine, context.locations, run_id, start)


def _check(context: CommandContext) -> None:
    """Refuse settings under which nothing could be judged."""
    from pytest_llmeval.runs.requirements import refuse_misspelt

    if context.settings.dry_run:
        origin = origin_of(context.settings, "dry_run")
        remedy = "A merge judges the answers of its shards: unset it."
        raise SettingError(origin, True, "false", remedy)
    refuse_misspelt(context.misspelt, context.settings)


def _show(merged: Merged) -> None:
    from pytest_llmeval.reports.terminal.run import summary_lines
    from pytest_llmeval.text import count

    cases, shards = count(merged.cases, "case"), count(len(merged.run.parts), "shard")
    click.echo(f"{cases} of {shards} joined as {merged.run.id}")
    echo_lines(summary_lines(merged.run, merged.summary, merged.paths))
    for line in merged.ci_lines:
        click.echo(line)
