"""The command ``llmeval rescore``."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

import click

from pytest_llmeval.cli.command import (
    JUDGING,
    CommandContext,
    command,
    json_option,
    judging_session,
)
from pytest_llmeval.cli.output import STANDARD_OUTPUT, echo_dry_run, write_object
from pytest_llmeval.runlog.lookup import LATEST, find_run

if TYPE_CHECKING:
    from pytest_llmeval.records.rescoring import Rescoring


@command(*JUDGING, "no_selftest", "min_agreement", "log", "name")
@click.argument("source", metavar="[RUN]", default=LATEST)
@json_option
def rescore(context: CommandContext, source: str, json_path: str | None) -> int:
    """Judge the stored answers of a run again, and show what changed.

    RUN is an id, a name or "latest", the default. The new scores become a new run in the same log,
    with outcomes by the same thresholds. The exit code is that of pytest.
    """
    rescoring = _rescored(context, source)
    if isinstance(rescoring, int):
        return rescoring
    _show(rescoring, json_path)
    return rescoring.run.exit_code or 0


def _rescored(context: CommandContext, source: str) -> Rescoring | int:
    """Judge the answers again, and return the changes, or the exit code of a dry run."""
    from pytest_llmeval.judging.rescore import count_rescoring, has_bounds, rescore
    from pytest_llmeval.records.process import new_run_id
    from pytest_llmeval.runlog.log import RunLog

    new_id = new_run_id()
    with (
        closing(RunLog(context.log, must_exist=True)) as log,
        judging_session(context, new_id) as session,
    ):
        run = find_run(log, source)
        if context.settings.dry_run:
            count_rescoring(session, log, run)
            return echo_dry_run(session, has_bounds(log, run))
        return rescore(session, log, run, new_id)


def _show(rescoring: Rescoring, json_path: str | None) -> None:
    from pytest_llmeval.reports.terminal.rescoring import rescoring_lines, rescoring_object

    if json_path:
        write_object(rescoring_object(rescoring), json_path, "rescoring")
    if json_path != STANDARD_OUTPUT:
        for line in rescoring_lines(rescoring):
            click.echo(line)
