"""`llmeval validate`."""

from __future__ import annotations

from pathlib import Path

import click

from pytest_llmeval.cli.arguments import USAGE_ERROR, golden_files, own_columns


@click.command()
@golden_files
@own_columns
def validate(files: tuple[Path, ...], columns: tuple[str, ...]) -> None:
    """Say how many cases each golden file has, or everything that is wrong in it (exit code 2)."""
    from pytest_llmeval.errors import InputError
    from pytest_llmeval.goldens.columns import parse_columns
    from pytest_llmeval.goldens.reading import read_cases

    failed = False
    for file in files:
        try:
            count = len(read_cases(file, Path.cwd(), parse_columns(columns, "--columns")))
            click.echo(f"{file}: {count} case{'' if count == 1 else 's'}")
        except InputError as error:
            failed = True
            click.echo(error, err=True)
    if failed:
        raise SystemExit(USAGE_ERROR)
