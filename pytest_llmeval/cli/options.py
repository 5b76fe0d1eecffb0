"""The command ``llmeval options``."""

from __future__ import annotations

from itertools import groupby

import click

from pytest_llmeval.cli.command import CommandContext, command
from pytest_llmeval.settings.option import Option
from pytest_llmeval.settings.table import OPTIONS, SECTIONS


@command()
@click.argument("words", metavar="[WORD]...", nargs=-1)
def options(context: CommandContext, words: tuple[str, ...]) -> None:
    """List every setting of pytest: option, ini key, environment variable, default, meaning.

    With WORDs, list only the settings that contain all of them.
    """
    rows = [row for row in OPTIONS if all(word.lower() in _search_text(row) for word in words)]
    for section, members in groupby(rows, lambda row: row.section):
        click.secho(SECTIONS[section], bold=True)
        for row in members:
            click.echo(_entry(row))


def _search_text(row: Option) -> str:
    return f"{row.flag} {row.dest} {row.help}".lower()


def _entry(row: Option) -> str:
    metavar = "" if row.kind == "flag" else f" {row.metavar}"
    flag = [] if row.ini_only else [f"{row.flag}{metavar}"]
    default = f" (default: {row.default})" if row.has_default else ""
    return f"  {', '.join([*flag, row.dest, *row.env])}\n      {row.help}{default}"
