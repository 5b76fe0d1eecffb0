"""``llmeval rescore``: judge the answers of a run again."""

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
    from pytest_llmeval.reports.terminal.rescoring import Rescoring


@command(*JUDGING, "no_selftest", "min_agreement", "log", "name")
@click.argument("source", metavar="[RUN]", default=LATEST)
@json_option
def rescore(context: CommandContext, source: str, json_path: str | None) -> int:
    """Judge the answers of a run again, and show what changed; no answer is asked for.

    RUN is "latest" unless given. The new scores become a run of their own in the same log, whose
    thresholds decide anew. The command exits as pytest would have.
    """
    found = _rescored(context, source)
    if found is None:
        return 0
    _show(found, json_path)
    return found.run.exit_code or 0


def _rescored(context: CommandContext, source: str) -> Rescoring | None:
    """What changed; ``None`` in a dry run."""
    from pytest_llmeval.assembly.run_record import new_run_id
    from pytest_llmeval.judging.rescore import count_rescoring, rescore
    from pytest_llmeval.runlog.log import RunLog

    new_id = new_run_id()
    with (
        closing(RunLog(context.log, must_exist=True)) as log,
        judging_session(context, new_id) as session,
    ):
        run = find_run(log, source)
        if context.settings.dry_run:
            count_rescoring(session, log, run)
            echo_dry_run(session)
            return None
        return rescore(session, log, run, new_id)


def _show(found: Rescoring, json_path: str | None) -> None:
    from pytest_llmeval.reports.terminal.rescoring import rescoring_lines, rescoring_object

    if json_path:
        write_object(rescoring_object(found), json_path, "rescoring")
    if json_path != STANDARD_OUTPUT:
        for line in rescoring_lines(found):
            click.echo(line)
