"""The output of commands, for people and for programs."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from pytest_llmeval.records.verdicts import FINE, UNJUDGED

if TYPE_CHECKING:
    from pytest_llmeval.assembly.session import Session


STANDARD_OUTPUT = "-"
_COLOURS = ("red", "green", "yellow")


def show_every_text() -> None:
    """Escape in the output what its encoding lacks: a lone surrogate, or all but ASCII."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def echo_lines(lines: Iterable[tuple[str, Mapping[str, bool]]]) -> None:
    """Print lines with the markup of pytest's terminal."""
    for text, markup in lines:
        colour = next((name for name in _COLOURS if markup.get(name)), None)
        click.secho(text, fg=colour, bold=markup.get("bold"))


def echo_dry_run(session: Session, has_bounds: bool) -> int:
    """Print the requests that a dry run did not send, and return its exit code.

    A dry run that nobody typed was left in the environment, and must not pass for a verdict.

    Args:
        session: The session that counted them.
        has_bounds: Whether a bound is set, which nothing has judged.
    """
    from pytest_llmeval.reports.terminal.dry_run import DRY_RUN, dry_run_lines

    for line in dry_run_lines(session.estimate.sorted_lines(), ()):
        click.echo(line)
    click.secho(DRY_RUN, fg="yellow")
    is_typed = "dry_run" in session.settings.explicit
    return UNJUDGED if has_bounds and not is_typed else FINE


def write_object(content: dict[str, Any], path: str, what: str) -> None:
    """Write a JSON object to a file, or print it if the path is ``-``."""
    from pytest_llmeval.records.wire import fields_of
    from pytest_llmeval.reports.output import replacing

    text = json.dumps(content, default=fields_of, indent=2)
    if path == STANDARD_OUTPUT:
        click.echo(text)
        return
    with replacing(Path(path), what) as file:
        file.write(f"{text}\n")
