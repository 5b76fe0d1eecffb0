"""``llmeval baseline``: accept a run as what later runs must not be worse than, and look at what was accepted."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from pytest_llmeval.cli.arguments import USAGE_ERROR
from pytest_llmeval.cli.report import FILE, LOG
from pytest_llmeval.errors import InputError, LLMEvalError
from pytest_llmeval.runlog.lookup import LATEST

if TYPE_CHECKING:
    from pytest_llmeval.gating.scores import RunScores


DEFAULT_NAME = "main"
run_log: Callable[[Any], Any] = click.option(
    "--log",
    default=LOG.default,
    envvar=LOG.env,
    metavar="URL",
    show_default=True,
    help="Run log to read.",
)


@click.group()
def baseline() -> None:
    """Accept a run as baseline, and look at baselines."""


@baseline.command()
@click.argument("source", metavar="[RUN]", default=LATEST)
@click.option("--name", metavar="NAME", help=f"Name of the baseline (default: {DEFAULT_NAME}).")
@click.option(
    "--to", type=FILE, metavar="PATH", help="File to write (default: golden/baselines/NAME.jsonl)."
)
@run_log
def accept(source: str, name: str | None, to: Path | None, log: str) -> None:
    """Write RUN as a baseline that can be committed.

    RUN is a run of the run log (id or name), or a JSON report; "latest" unless given.
    """
    from pytest_llmeval.baselines.baselines import accept_run, baseline_path

    with _refusals():
        path = to or baseline_path(name or DEFAULT_NAME)
        cases, shown = accept_run(source, path, name or path.stem, log)
        click.echo(f"{path}: {cases} case{'' if cases == 1 else 's'} of {shown} accepted")
        for line in _troubles(path):
            click.secho(line, fg="yellow", err=True)


@baseline.command()
@click.argument("name", default=DEFAULT_NAME)
@run_log
def show(name: str, log: str) -> None:
    """Show what the baseline NAME (a name, a path, or a run) holds."""
    from pytest_llmeval.baselines.lookup import open_side

    with _refusals():
        for line in _lines(open_side(name, log)):
            click.echo(line)


@baseline.command("list")
@run_log
def list_(log: str) -> None:
    """List the baselines in golden/baselines, and the named runs of the run log."""
    from pytest_llmeval.baselines.file import FOLDER, is_baseline
    from pytest_llmeval.baselines.lookup import opened_log
    from pytest_llmeval.runlog.lookup import without_parts
    from pytest_llmeval.text import count

    with _refusals():
        files = [path for path in sorted(Path(FOLDER).glob("*.jsonl")) if is_baseline(path)]
        for path in files:
            cases = count(len(path.read_text(encoding="utf-8").splitlines()) - 1, "case")
            click.echo(f"{path.stem}  {path}  {cases}")
        with opened_log(log) as opened:
            runs = without_parts(opened.runs()) if opened else []
        runs = [run for run in runs if run.name and run.is_whole]
        for run in runs:
            click.echo(f"{run.name}  run {run.id} of {log}")
        if not files and not runs:
            click.echo("no baseline yet; this makes one of the latest run: llmeval baseline accept")


@contextmanager
def _refusals() -> Iterator[None]:
    try:
        yield
    except (LLMEvalError, OSError) as error:
        click.echo(error, err=True)
        raise SystemExit(USAGE_ERROR) from None


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
            yield f"warning: {missing} of {cases} without {metric}; what has no score cannot be compared"
