"""``llmeval report``: make the reports of a run again, or of several together, from the run log."""

from __future__ import annotations

import os
from contextlib import closing
from typing import TYPE_CHECKING

import click

from pytest_llmeval.cli.command import CommandContext, command
from pytest_llmeval.cli.output import echo_lines
from pytest_llmeval.errors import InputError

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_llmeval.records.run import Run
    from pytest_llmeval.runlog.log import RunLog
    from pytest_llmeval.runs.against_previous import ReportedRun


REPORTS = ("json", "html", "csv", "summary", "code_quality")


@command("log", *REPORTS)
@click.argument("run_ids", metavar="[RUN]...", nargs=-1)
@click.option(
    "--limit",
    type=click.IntRange(min=1),
    metavar="N",
    help="Show the newest N runs, instead of naming some.",
)
def report(context: CommandContext, run_ids: tuple[str, ...], limit: int | None) -> None:
    """Show the run RUN of a run log, and write its reports again.

    RUN is an id, a name or "latest", which it is unless given. Of several, the last is shown:
    compared with the one before it, and among all of them as a history. Only the reports that
    options of this command name are written.
    """
    from pytest_llmeval.runlog.log import RunLog
    from pytest_llmeval.runs.against_previous import show_runs

    settings = context.settings
    wanted = [name for name in REPORTS if name in settings.explicit and getattr(settings, name)]
    paths = {name: context.path(name) for name in wanted}
    with closing(RunLog(context.log, must_exist=True)) as log:
        shown = show_runs(log, _runs(log, run_ids, limit))
        _write(shown, paths, context.locations.root)


def _runs(log: RunLog, run_ids: tuple[str, ...], limit: int | None) -> list[Run]:
    from pytest_llmeval.runlog.lookup import LATEST, find_run, newest_runs

    if limit is None:
        return [find_run(log, run_id) for run_id in run_ids or [LATEST]]
    if run_ids:
        raise InputError(
            "--limit cannot be combined with names of runs; found --limit and "
            f"{', '.join(run_ids)}; allowed: one of them"
        )
    return newest_runs(log, limit)


def _write(shown: ReportedRun, paths: dict[str, Path], root: Path) -> None:
    from pytest_llmeval.reports.csv_report import write_csv
    from pytest_llmeval.reports.gitlab import write_code_quality
    from pytest_llmeval.reports.html.page import write_html
    from pytest_llmeval.reports.json_report import write_json
    from pytest_llmeval.reports.markdown.page import markdown, write_markdown
    from pytest_llmeval.reports.terminal.run import summary_lines
    from pytest_llmeval.runs.ci import place_in_repository

    run, results, summary = shown.run, shown.results, shown.summary
    if path := paths.get("json"):
        write_json(path, run, results, summary, shown.history)
    if path := paths.get("html"):
        write_html(path, run, results, summary, shown.history)
    if path := paths.get("csv"):
        write_csv(path, run, results)
    if path := paths.get("summary"):
        whole = next((str(paths[name]) for name in ("html", "json", "csv") if name in paths), "")
        write_markdown(path, markdown(run, results, summary, whole))
    if path := paths.get("code_quality"):
        write_code_quality(path, run, results, place_in_repository(os.environ, root))
    echo_lines(summary_lines(run, summary, {kind: str(path) for kind, path in paths.items()}))
