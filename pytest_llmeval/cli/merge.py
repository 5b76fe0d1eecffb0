"""``llmeval merge``: join the shards of a run into one, and gate it."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

import click

from pytest_llmeval.cli.arguments import USAGE_ERROR
from pytest_llmeval.cli.output import echo_lines
from pytest_llmeval.cli.settings import GATING, Surroundings, settings_options, surroundings
from pytest_llmeval.errors import LLMEvalError

if TYPE_CHECKING:
    from pytest_llmeval.assembly.session import Session
    from pytest_llmeval.gating.quarantine import Quarantine
    from pytest_llmeval.runs.merge import Merged
    from pytest_llmeval.settings.table import Settings


@click.command()
@click.argument("logs", metavar="LOG...", nargs=-1, required=True)
@click.option(
    "--run",
    "run_ids",
    multiple=True,
    metavar="RUN",
    help="Join this run (id or name), and not the latest of each log (repeatable).",
)
@settings_options(*GATING)
def merge(given: dict[str, Any], logs: tuple[str, ...], run_ids: tuple[str, ...]) -> None:
    """Join the runs of several jobs into one, and gate the whole as pytest would have.

    Each LOG is the run log (a path or URL) or the JSON report of a job that ran a part of the
    cases; of a log its latest run is taken. The new run is entered into --log. No model is asked,
    unless a baseline has another judge than the shards and must be judged again. The command exits
    as pytest would have: 1 if a case is worse than asked or a gate is missed, 10 if something could
    not be judged, else 0.
    """
    try:
        found = _merged(surroundings(given), logs, run_ids)
    except (LLMEvalError, OSError) as error:
        click.echo(error, err=True)
        raise SystemExit(USAGE_ERROR) from None
    _tell(found)
    raise SystemExit(found.run.exit_code)


def _merged(around: Surroundings, logs: tuple[str, ...], run_ids: tuple[str, ...]) -> Merged:
    from pytest_llmeval.assembly.run_record import new_run_id
    from pytest_llmeval.runs.merge import merge
    from pytest_llmeval.runs.shards import open_shards

    quarantine = _quarantine(around)
    with ExitStack() as opened:
        shards = open_shards(logs, run_ids, opened)
        run_id = new_run_id()

        def start(settings: Settings) -> Session:
            return replace(around, settings=settings).session(run_id)

        return merge(shards, around.settings, quarantine, around.locations, run_id, start)


def _quarantine(around: Surroundings) -> Quarantine | None:
    from pytest_llmeval.gating.quarantine import read_quarantine

    name = around.settings.quarantine
    return (
        read_quarantine(around.path("quarantine"), name, datetime.now().astimezone().date())
        if name
        else None
    )


def _tell(found: Merged) -> None:
    from pytest_llmeval.reports.terminal.run import summary_lines
    from pytest_llmeval.runlog.lookup import parts_of
    from pytest_llmeval.text import count

    click.echo(
        f"{count(found.cases, 'case')} of {count(len(parts_of(found.run)), 'shard')} joined as {found.run.id}"
    )
    echo_lines(summary_lines(found.run, found.summary, found.paths))
    for line in found.told_to_ci:
        click.echo(line)
