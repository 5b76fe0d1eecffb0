"""The command ``llmeval validate``."""

from __future__ import annotations

from pathlib import Path

import click

from pytest_llmeval.cli.command import USAGE_ERROR, CommandContext, command, golden_files


@command("columns")
@golden_files
def validate(context: CommandContext, files: tuple[Path, ...]) -> int:
    """Check golden files: print the number of cases, or all problems (exit code 2)."""
    from pytest_llmeval.errors import InputError
    from pytest_llmeval.goldens.reading import read_cases
    from pytest_llmeval.text import count

    columns = context.columns()
    code = 0
    for file in files:
        try:
            cases = read_cases(file, context.locations.root, columns)
            click.echo(f"{file}: {count(len(cases), 'case')}")
        except InputError as error:
            click.echo(error, err=True)
            code = USAGE_ERROR
    return code
