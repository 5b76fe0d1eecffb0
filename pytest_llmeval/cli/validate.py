"""The command ``llmeval validate``."""

from __future__ import annotations

from pathlib import Path

import click

from pytest_llmeval.cli.command import USAGE_ERROR, CommandContext, command, golden_files


@command("columns")
@golden_files
def validate(context: CommandContext, files: tuple[Path, ...]) -> int:
    """Check golden files: print what their columns became, or all problems (exit code 2)."""
    from pytest_llmeval.errors import InputError
    from pytest_llmeval.goldens.reading import check_golden, read_golden
    from pytest_llmeval.text import printed

    columns = context.golden_columns()
    code = 0
    for file in files:
        try:
            check_golden(file, context.locations.root)
            reading = read_golden(file, context.locations.root, columns)
            click.echo("\n".join(map(printed, reading.description.lines())))
        except InputError as error:
            click.echo(error, err=True)
            code = USAGE_ERROR
    return code
