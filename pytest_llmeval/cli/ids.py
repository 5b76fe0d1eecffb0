"""The command ``llmeval ids``."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import click

from pytest_llmeval.cli.command import USAGE_ERROR, CommandContext, command, golden_files


@command("columns")
@golden_files
@click.option(
    "--write",
    is_flag=True,
    help="Write the ids into the files, so that a case keeps its history when its prompt changes.",
)
def ids(context: CommandContext, files: tuple[Path, ...], write: bool) -> int:
    """Show the generated ids of rows without one, or write them into the golden files."""
    from pytest_llmeval.errors import InputError
    from pytest_llmeval.goldens.reading import check_golden

    columns = context.golden_columns()
    code = 0
    for file in files:
        try:
            check_golden(file, context.locations.root)
            if write:
                _write(file, columns)
            else:
                _show(file, context.locations.root, columns)
        except InputError as error:
            click.echo(error, err=True)
            code = USAGE_ERROR
    return code


def _write(file: Path, columns: Mapping[str, str]) -> None:
    from pytest_llmeval.goldens.freezing import write_ids
    from pytest_llmeval.text import count

    click.echo(f"{file}: {count(write_ids(file, columns), 'id')} written")


def _show(file: Path, root: Path, columns: Mapping[str, str]) -> None:
    from pytest_llmeval.goldens.freezing import cases_without_id

    cases = cases_without_id(file, root, columns)
    for case in cases:
        click.echo(f"{file}:{case.source.line}: {case.id}")
    if not cases:
        click.echo(f"{file}: every case has an id")
