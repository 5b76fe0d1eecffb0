"""What commands share that ask a judge."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from pytest_llmeval.cli.settings import Surroundings

if TYPE_CHECKING:
    from pytest_llmeval.assembly.session import Session


@contextmanager
def asking_session(around: Surroundings, run_id: str = "") -> Iterator[Session]:
    """A session that is closed at the end, its recordings written; what is still in flight after an error is dropped.

    Raises:
        StoreError: A recording, or the store, cannot be written.
    """
    from pytest_llmeval.assembly.roles import warnings
    from pytest_llmeval.runs.ending import end_run

    for text in warnings(around.settings, judged=True):
        click.echo(f"warning: {text}", err=True)
    session = around.session(run_id)
    try:
        yield session
    finally:
        session.close()
    if not around.settings.dry_run:
        end_run(session, (), is_whole=False)


def tell_dry_run(session: Session) -> None:
    """Print what would have been sent."""
    from pytest_llmeval.reports.terminal.dry_run import dry_run_lines

    for line in dry_run_lines(session.estimate.sorted_lines(), ()):
        click.echo(line)
