"""``llmeval rescore``: judge the answers of a run again."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, Any

import click

from pytest_llmeval.cli.arguments import USAGE_ERROR
from pytest_llmeval.cli.output import STANDARD_OUTPUT, write_object
from pytest_llmeval.cli.settings import JUDGING, Surroundings, settings_options, surroundings
from pytest_llmeval.errors import LLMEvalError
from pytest_llmeval.runlog.lookup import LATEST, find_run

if TYPE_CHECKING:
    from pytest_llmeval.reports.terminal.rescoring import Rescoring


@click.command()
@click.argument("run_id", metavar="[RUN]", default=LATEST)
@click.option(
    "--json",
    "json_path",
    metavar="PATH",
    help="Write what changed there as JSON; - prints it instead.",
)
@settings_options(*JUDGING, "no_selftest", "min_agreement", "log", "name")
def rescore(given: dict[str, Any], run_id: str, json_path: str | None) -> None:
    """Judge the answers of a run again, and show what changed; no answer is asked for.

    RUN is "latest" unless given. The new scores become a run of their own in the same log, whose
    thresholds decide anew. The command exits as pytest would have.
    """
    try:
        found = _rescored(surroundings(given), run_id)
        if found is not None:
            _tell(found, json_path)
    except LLMEvalError as error:
        click.echo(error, err=True)
        raise SystemExit(USAGE_ERROR) from None
    raise SystemExit(found.run.exit_code if found else 0)


def _rescored(around: Surroundings, run_id: str) -> Rescoring | None:
    """What changed; ``None`` in a dry run."""
    from pytest_llmeval.assembly.run_record import new_run_id
    from pytest_llmeval.cli.judging import asking_session, tell_dry_run
    from pytest_llmeval.judging.rescore import count_rescoring, rescore
    from pytest_llmeval.runlog.log import RunLog

    new_id = new_run_id()
    with (
        closing(RunLog(around.log, must_exist=True)) as log,
        asking_session(around, new_id) as session,
    ):
        source = find_run(log, run_id)
        if around.settings.dry_run:
            count_rescoring(session, log, source)
            tell_dry_run(session)
            return None
        return rescore(session, log, source, new_id)


def _tell(found: Rescoring, json_path: str | None) -> None:
    from pytest_llmeval.reports.terminal.rescoring import rescoring_lines, rescoring_object

    if json_path:
        write_object(rescoring_object(found), json_path, "rescoring")
    if json_path != STANDARD_OUTPUT:
        for line in rescoring_lines(found):
            click.echo(line)
