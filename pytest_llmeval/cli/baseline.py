"""``llmeval baseline``: accept a run as baseline, and look at baselines."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from pytest_llmeval.cli.command import FILE, CommandContext, command
from pytest_llmeval.errors import InputError
from pytest_llmeval.runlog.lookup import LATEST

if TYPE_CHECKING:
    from pytest_llmeval.gating.scores import RunScores


DEFAULT_NAME = "main"


@click.group()
def baseline() -> None:
    """Accept a run as baseline, and look at baselines."""


@command("log")
@click.argument("source", metavar="[RUN]", default=LATEST)
@click.option("--name", metavar="NAME", help=f"Name of the baseline (default: {DEFAULT_NAME}).")
@click.option(
    "--to", type=FILE, metavar="PATH", help="File to write (default: golden/baselines/NAME.jsonl)."
)
def accept(context: CommandContext, source: str, name: str | None, to: Path | None) -> None:
    """Write RUN as a baseline that can be committed.

    RUN is a run of the run log (id or name), or a JSON report; "latest" unless given.
    """
    from pytest_llmeval.baselines.baselines import accept_run, baseline_path
    from pytest_llmeval.text import count

    path = to or baseline_path(name or DEFAULT_NAME, context.locations)
    path = Path(context.locations.shown(path))
    cases, run = accept_run(source, path, name or path.stem, context.log)
    click.echo(f"{path}: {count(cases, 'case')} of {run} accepted")
    for line in _troubles(path):
        click.secho(line, fg="yellow", err=True)


@command("log")
@click.argument("name", default=DEFAULT_NAME)
def show(context: CommandContext, name: str) -> None:
    """Show what the baseline NAME (a name, a path, or a run) holds."""
    from pytest_llmeval.baselines.lookup import open_scores

    locations = context.typed_locations("baseline")
    for line in _lines(open_scores(name, locations, context.log)):
        click.echo(line)


@command("log", name="list")
def list_(context: CommandContext) -> None:
    """List the baselines in golden/baselines, and the named runs of the run log."""
    from pytest_llmeval.baselines.file import is_baseline
    from pytest_llmeval.baselines.lookup import baselines_folder, opened_log
    from pytest_llmeval.runlog.lookup import without_parts
    from pytest_llmeval.text import count

    paths = sorted(baselines_folder(context.locations).glob("*.jsonl"))
    files = [path for path in paths if is_baseline(path)]
    for path in files:
        cases = count(len(path.read_text(encoding="utf-8").splitlines()) - 1, "case")
        click.echo(f"{path.stem}  {context.locations.shown(path)}  {cases}")
    with opened_log(context.log) as log:
        runs = without_parts(log.runs()) if log else []
    named = [run for run in runs if run.name and run.is_whole]
    for run in named:
        click.echo(f"{run.name}  run {run.id} of {context.log}")
    if not files and not named:
        click.echo("no baseline yet; this makes one of the latest run: llmeval baseline accept")


for _command in (accept, show, list_):
    baseline.add_command(_command)


def _lines(side: RunScores) -> Iterator[str]:
    from pytest_llmeval.records.result import PASS_RATE
    from pytest_llmeval.text import count

    if not side.entries:
        raise InputError(f"{side.name}: found no case; allowed: a run with results")
    yield f"{side.name}: {count(len(side.entries), 'case')}"
    for metric in sorted(side.scales, key=lambda name: (name == PASS_RATE, name)):
        marks = [entry.marks[metric] for entry in side.entries.values() if metric in entry.marks]
        means = [mark.mean for mark in marks if mark.mean is not None]
        versions = sorted({mark.version for mark in marks if mark.version})
        mean = f"mean {sum(means) / len(means):.4g}" if means else "no value"
        unscored = f", {len(marks) - len(means)} unscored" if len(means) < len(marks) else ""
        by = f", by {', '.join(versions)}" if versions else ""
        yield f"  {metric}: {mean}, n={len(means)}{unscored}{by}"


def _troubles(path: Path) -> Iterator[str]:
    """What makes a poor baseline."""
    from pytest_llmeval.baselines.file import read_baseline
    from pytest_llmeval.text import count

    side = read_baseline(path)
    for metric in side.scales:
        missing = sum(
            not entry.marks[metric].values
            for entry in side.entries.values()
            if metric in entry.marks
        )
        if missing:
            cases = count(len(side.entries), "case")
            yield (
                f"warning: {missing} of {cases} without {metric}; what has no score cannot be "
                "compared"
            )
