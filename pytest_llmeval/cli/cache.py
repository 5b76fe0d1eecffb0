"""The command ``llmeval cache``."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from pytest_llmeval.cli.command import CommandContext, command
from pytest_llmeval.cli.finite import FiniteRange

if TYPE_CHECKING:
    from pytest_llmeval.store.maintenance import CacheInfo


@click.group()
def cache() -> None:
    """Show, clear or prune the completion store."""


@command("store")
def info(context: CommandContext) -> None:
    """Show the contents of the completion store."""
    from pytest_llmeval.store import maintenance

    store = _store(context)
    for line in _lines(store, maintenance.info(store)):
        click.echo(line)


@command("store")
def clear(context: CommandContext) -> None:
    """Delete all completions, so that the next run makes every call again."""
    from pytest_llmeval.store import maintenance
    from pytest_llmeval.text import count

    store = _store(context)
    click.echo(f"{store}: {count(maintenance.clear(store), 'completion')} deleted")


@command("store")
@click.option(
    "--older-than",
    type=FiniteRange(min=0),
    required=True,
    metavar="DAYS",
    help="Minimum age in days, such as 0.5.",
)
def prune(context: CommandContext, older_than: float) -> None:
    """Delete old completions."""
    from pytest_llmeval.store import maintenance
    from pytest_llmeval.text import count

    store = _store(context)
    click.echo(f"{store}: {count(maintenance.prune(store, older_than), 'completion')} deleted")


for _command in (info, clear, prune):
    cache.add_command(_command)


def _store(context: CommandContext) -> Path:
    from pytest_llmeval.assembly.calls import store_path

    path = store_path(context.settings, context.locations)
    return Path(context.locations.shown(path))


def _lines(store: Path, contents: CacheInfo) -> Iterator[str]:
    from pytest_llmeval.text import count

    yield f"{store}: {count(contents.completions, 'completion')}, {contents.bytes / 1e6:.1f} MB"
    for model, completions in contents.models.items():
        yield f"  {model or '(model unknown)'}: {completions}"
    if contents.completions:
        yield f"made between {contents.oldest} and {contents.newest}"
    yield f"calls in flight: {contents.living_claims}; abandoned: {contents.dead_claims}"
