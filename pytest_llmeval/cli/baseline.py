"""The command ``llmeval baseline``."""

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
    from pytest_llmeval.gating.values import MetricValues


_DEFAULT_NAME = "main"


@click.group()
def baseline() -> None:
    """Accept a run as baseline, show a baseline or list all."""


@command("log")
@click.argument("source", metavar="[RUN]", default=LATEST)
@click.option("--name", metavar="NAME", help=f"Name of the baseline (default: {_DEFAULT_NAME}).")
@click.option(
    "--to", type=FILE, metavar="PATH", help="File to write (default: golden/baselines/NAME.jsonl)."
)
def accept(context: CommandContext, source: str, name: str | None, to: Path | None) -> None:
    """Write RUN as a baseline that can be committed.

    RUN is the id or name of a run, or a JSON report. The default is the latest run.
    """
    from pytest_llmeval.baselines.accepting import accept_run
    from pytest_llmeval.baselines.baselines import baseline_path
    from pytest_llmeval.text import count

    path = to or baseline_path(name or _DEFAULT_NAME, context.locations)
    path = Path(context.locations.shown(path))
    accepted = accept_run(source, path, name or path.stem, context.log)
    click.echo(f"{path}: {count(accepted.cases, 'case')} of {accepted.run} accepted")
    for line in (*accepted.notes, *_warnings(path)):
        click.secho(f"warning: {line}", fg="yellow", err=True)


@command("log")
@click.argument("name", default=_DEFAULT_NAME)
def show(context: CommandContext, name: str) -> None:
    """Show the cases and metrics of a baseline.

    NAME is the name or path of a baseline, or a run.
    """
    from pytest_llmeval.baselines.lookup import open_scores

    locations = context.typed_locations("baseline")
    for line in _lines(open_scores(name, locations, context.log)):
        click.echo(line)


@command("log", name="list")
def list_(context: CommandContext) -> None:
    """List the baselines in golden/baselines and the named runs of the run log."""
    from pytest_llmeval.baselines.file import is_baseline
    from pytest_llmeval.baselines.lookup import baselines_folder, opened_log
    from pytest_llmeval.runlog.lookup import without_parts

    paths = sorted(baselines_folder(context.locations).glob("*.jsonl"))
    files = [path for path in paths if is_baseline(path)]
    for path in files:
        click.echo(f"{path.stem}  {context.locations.shown(path)}  {_cases(path)}")
    with opened_log(context.log) as log:
        runs = without_parts(log.runs()) if log else []
    named = [run for run in runs if run.name and run.is_whole]
    for run in named:
        click.echo(f"{run.name}  run {run.id} of {context.log}")
    if not files and not named:
        click.echo("no baseline yet; llmeval baseline accept makes one from the latest run")


for _command in (accept, show, list_):
    baseline.add_command(_command)


def _cases(path: Path) -> str:
    """Return how many cases a baseline file holds, and how many it should."""
    from pytest_llmeval.baselines.file import stated_count
    from pytest_llmeval.text import count

    held, stated = stated_count(path)
    if stated is None or stated == held:
        return count(held, "case")
    return f"{held} of {count(stated, 'case')}: it was cut off or edited"


def _lines(scores: RunScores) -> Iterator[str]:
    from pytest_llmeval.records.result import PASS_RATE
    from pytest_llmeval.text import count

    if not scores.cases:
        raise InputError(f"{scores.name}: found no case; allowed: a run with results")
    yield f"{scores.name}: {count(len(scores.cases), 'case')}"
    for metric in sorted(scores.scales, key=lambda name: (name == PASS_RATE, name)):
        yield f"  {metric}: {_metric(_values(scores, metric))}"


def _values(scores: RunScores, metric: str) -> list[MetricValues]:
    return [case.by_metric[metric] for case in scores.cases.values() if metric in case.by_metric]


def _metric(marks: list[MetricValues]) -> str:
    """Return the mean, number of cases and judges of a metric."""
    values = [mark.value for mark in marks if mark.value is not None]
    versions = sorted({mark.version for mark in marks if mark.version})
    mean = f"mean {sum(values) / len(values):.4g}" if values else "no value"
    unscored = f", {len(marks) - len(values)} unscored" if len(values) < len(marks) else ""
    by = f", by {', '.join(versions)}" if versions else ""
    return f"{mean}, n={len(values)}{unscored}{by}"


def _warnings(path: Path) -> Iterator[str]:
    """Yield a warning for every metric that some cases of a baseline lack."""
    from pytest_llmeval.baselines.file import read_baseline
    from pytest_llmeval.records.result import PASS_RATE
    from pytest_llmeval.text import count

    scores = read_baseline(path)
    for metric in scores.scales:
        missing = sum(not values.values for values in _values(scores, metric))
        if missing:
            judge = "" if metric == PASS_RATE else f" by {metric}"
            cases = count(len(scores.cases), "case")
            yield f"{missing} of {cases} could not be judged{judge}: nothing is compared with them"
