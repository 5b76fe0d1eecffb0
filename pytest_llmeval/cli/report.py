"""The command ``llmeval report``."""

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


_REPORTS = ("json", "html", "csv", "summary", "code_quality")


@command("log", *_REPORTS)
@click.argument("run_ids", metavar="[RUN]...", nargs=-1)
@click.option(
    "--limit",
    type=click.IntRange(min=1),
    metavar="N",
    help="Show the newest N runs instead of named ones.",
)
def report(context: CommandContext, run_ids: tuple[str, ...], limit: int | None) -> None:
    """Show a run of the run log, and write its reports again.

    RUN is an id, a name or "latest", the default. With several, the last is shown: its comparison
    with the previous one, and the history of all. Only reports with an option on the command line
    are written.
    """
    from pytest_llmeval.runlog.log import RunLog
    from pytest_llmeval.runs.against_previous import show_runs

    settings = context.settings
    kinds = [name for name in _REPORTS if name in settings.explicit and getattr(settings, name)]
    paths = {name: context.path(name) for name in kinds}
    with closing(RunLog(context.log, must_exist=True)) as log:
        shown = show_runs(log, _runs(log, run_ids, limit))
        _write(shown, paths, context.locations.root)


def _runs(log: RunLog, run_ids: tuple[str, ...], limit: int | None) -> list[Run]:
    from pytest_llmeval.runlog.lookup import LATEST, find_run, newest_runs

    if limit is None:
        return [find_run(log, run_id) for run_id in run_ids or [LATEST]]
    if run_ids:
        raise InputError(f"--limit cannot be combined with run names: {', '.join(run_ids)}")
    return newest_runs(log, limit)


def _write(shown: ReportedRun, paths: dict[str, Path], root: Path) -> None:
    from pytest_llmeval.reports.csv_report import write_csv
    from pytest_llmeval.reports.gitlab import write_code_quality
    from pytest_llmeval.reports.html.page import write_html
    from pytest_llmeval.reports.json_report import write_json
    from pytest_llmeval.reports.markdown.page import markdown, write_markdown
    from pytest_llmeval.reports.terminal.run import summary_lines
    from pytest_llmeval.runs.ci import repository_paths

    run, results, summary = shown.run, shown.results, shown.summary
    if path := paths.get("json"):
        write_json(path, run, results, summary, shown.history)
    if path := paths.get("html"):
        write_html(path, run, results, summary, shown.history)
    if path := paths.get("csv"):
        write_csv(path, run, results)
    if path := paths.get("summary"):
        full_report = next(
            (str(paths[name]) for name in ("html", "json", "csv") if name in paths), ""
        )
        write_markdown(path, markdown(run, results, summary, full_report))
    if path := paths.get("code_quality"):
        write_code_quality(path, run, results, repository_paths(os.environ, root))
    echo_lines(summary_lines(run, summary, {kind: str(path) for kind, path in paths.items()}))
