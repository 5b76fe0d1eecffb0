"""Results of commands for programs."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import click

STANDARD_OUTPUT = "-"
COLOURS = ("red", "green", "yellow")


def echo_lines(lines: Iterable[tuple[str, Mapping[str, bool]]]) -> None:
    """Print lines with the markup of pytest's terminal."""
    for text, markup in lines:
        colour = next((name for name in COLOURS if markup.get(name)), None)
        click.secho(text, fg=colour, bold=markup.get("bold"))


def write_object(content: dict[str, Any], path: str, what: str) -> None:
    """Write a JSON object to a file, or print it where the path is ``-``.

    Args:
        content: Records and built-in types.
        path: The file, or ``-``.
        what: Name of the file, for error texts.

    Raises:
        LLMEvalError: The file cannot be written.
    """
    from pytest_llmeval.records.wire import fields_of
    from pytest_llmeval.reports.output import replacing

    text = json.dumps(content, default=fields_of, indent=2)
    if path == STANDARD_OUTPUT:
        click.echo(text)
        return
    with replacing(Path(path), what) as file:
        file.write(f"{text}\n")
