"""``llmeval cache``: look at the completion store, clear it, prune it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from pytest_llmeval.cli.arguments import USAGE_ERROR
from pytest_llmeval.errors import StoreError
from pytest_llmeval.settings.table import OPTIONS

if TYPE_CHECKING:
    from pytest_llmeval.store.maintenance import CacheInfo


STORE = next(option for option in OPTIONS if option.name == "store")

store_path: Callable[[Any], Any] = click.option(
    "--store",
    default=STORE.default,
    envvar=STORE.env,
    metavar="PATH",
    show_default=True,
    type=click.Path(dir_okay=False, path_type=Path),
    help="Completion store.",
)


@click.group()
def cache() -> None:
    """Look at the completion store, clear it, prune it."""


@cache.command()
@store_path
def info(store: Path) -> None:
    """Show what the completion store holds."""
    from pytest_llmeval.store import maintenance

    with _refusals():
        for line in _lines(store, maintenance.info(store)):
            click.echo(line)


@cache.command()
@store_path
def clear(store: Path) -> None:
    """Delete all completions; the next run makes every call again."""
    from pytest_llmeval.store import maintenance

    with _refusals():
        click.echo(f"{store}: {_count(maintenance.clear(store), 'completion')} deleted")


@cache.command()
@store_path
@click.option(
    "--older-than",
    type=click.FloatRange(min=0),
    required=True,
    metavar="DAYS",
    help="Age in days; may be a fraction.",
)
def prune(store: Path, older_than: float) -> None:
    """Delete the completions that were made longer ago."""
    from pytest_llmeval.store import maintenance

    with _refusals():
        click.echo(f"{store}: {_count(maintenance.prune(store, older_than), 'completion')} deleted")


@contextmanager
def _refusals() -> Iterator[None]:
    try:
        yield
    except StoreError as error:
        click.echo(error, err=True)
        raise SystemExit(USAGE_ERROR) from None


def _lines(store: Path, found: CacheInfo) -> Iterator[str]:
    yield f"{store}: {_count(found.completions, 'completion')}, {found.bytes / 1e6:.1f} MB"
    for model, count in found.models.items():
        yield f"  {model or '(model unknown)'}: {count}"
    if found.completions:
        yield f"made between {found.oldest} and {found.newest}"
    yield f"calls being made now: {found.living_claims}; left by processes that died: {found.dead_claims}"


def _count(number: int, word: str) -> str:
    return f"{number} {word}{'' if number == 1 else 's'}"
