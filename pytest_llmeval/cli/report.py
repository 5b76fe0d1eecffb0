"""``llmeval report``: make the reports of a run again, or of several together, from the run log."""

from __future__ import annotations

import os
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import click

from pytest_llmeval.cli.arguments import USAGE_ERROR
from pytest_llmeval.cli.output import echo_lines
from pytest_llmeval.errors import InputError, LLMEvalError
from pytest_llmeval.runlog.lookup import LATEST, find_run, newest_runs
from pytest_llmeval.settings.table import OPTIONS

if TYPE_CHECKING:
    from pytest_llmeval.records.run import Run
    from pytest_llmeval.runlog.log import RunLog
    from pytest_llmeval.runs.against_previous import Shown


LOG = next(option for option in OPTIONS if option.name == "log")
FILE = click.Path(dir_okay=False, path_type=Path)


@click.command()
@click.argument("run_ids", metavar="[RUN_ID]...", nargs=-1)
@click.option(
    "--limit",
    type=click.IntRange(min=1),
    metavar="N",
    help="Show the newest N runs, instead of naming some.",
)
@click.option(
    "--log",
    default=LOG.default,
    envvar=LOG.env,
    metavar="URL",
    show_default=True,
    help="Run log to read.",
)
@click.option("--json", "json_path", type=FILE, metavar="PATH", help="Write the JSON report there.")
@click.option("--html", "html_path", type=FILE, metavar="PATH", help="Write the HTML report there.")
@click.option(
    "--csv", "csv_path", type=FILE, metavar="PATH", help="Write the results there as CSV."
)
@click.option(
    "--summary",
    "summary_path",
    type=FILE,
    metavar="PATH",
    help="Write the summary there in Markdown.",
)
@click.option(
    "--code-quality",
    "code_quality_path",
    type=FILE,
    metavar="PATH",
    help="Write GitLab's code quality report there.",
)
def report(run_ids: tuple[str, ...], limit: int | None, log: str, **paths: Path | None) -> None:
    """Show the run RUN_ID of a run log, and write its reports again.

    RUN_ID is an id, a name or "latest", which it is unless given. Of several, the last is shown:
    compared with the one before it, and among all of them as a history.
    """
    from pytest_llmeval.runlog.log import RunLog
    from pytest_llmeval.runs.against_previous import show_runs

    try:
        with closing(RunLog(log, must_exist=True)) as opened:
            shown = show_runs(opened, _runs(opened, run_ids, limit))
            _report(shown, {name.removesuffix("_path"): path for name, path in paths.items()})
    except LLMEvalError as error:
        click.echo(error, err=True)
        raise SystemExit(USAGE_ERROR) from None


def _runs(log: RunLog, run_ids: tuple[str, ...], limit: int | None) -> list[Run]:
    if limit is None:
        return [find_run(log, run_id) for run_id in run_ids or [LATEST]]
    if run_ids:
        raise InputError(
            f"--limit: found beside {', '.join(run_ids)}; allowed: names of runs, or how many of the newest."
        )
    return newest_runs(log, limit)


def _report(shown: Shown, wanted: dict[str, Path | None]) -> None:
    from pytest_llmeval.reports.csv_report import write_csv
    from pytest_llmeval.reports.gitlab import write_code_quality
    from pytest_llmeval.reports.html.page import write_html
    from pytest_llmeval.reports.json_report import write_json
    from pytest_llmeval.reports.markdown.page import markdown, write_markdown
    from pytest_llmeval.reports.terminal.run import summary_lines
    from pytest_llmeval.runs.ci import place_in_repository

    run, results, summary = shown.run, shown.results, shown.summary
    if path := wanted["json"]:
        write_json(path, run, results, summary, shown.history)
    if path := wanted["html"]:
        write_html(path, run, results, summary, shown.history)
    if path := wanted["csv"]:
        write_csv(path, run, results)
    if path := wanted["summary"]:
        whole = next((str(wanted[name]) for name in ("html", "json", "csv") if wanted[name]), "")
        write_markdown(path, markdown(run, results, summary, whole))
    if path := wanted["code_quality"]:
        write_code_quality(path, run, results, place_in_repository(os.environ, Path.cwd()))
    echo_lines(
        summary_lines(run, summary, {kind: str(path) for kind, path in wanted.items() if path})
    )
