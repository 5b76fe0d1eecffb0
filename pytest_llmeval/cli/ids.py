"""`llmeval ids`."""

from __future__ import annotations

from pathlib import Path

import click

from pytest_llmeval.cli.arguments import USAGE_ERROR, golden_files, own_columns


@click.command()
@golden_files
@own_columns
@click.option(
    "--write",
    is_flag=True,
    help="Write the ids into the files, so that editing a prompt keeps its history.",
)
def ids(files: tuple[Path, ...], columns: tuple[str, ...], write: bool) -> None:
    """Show the ids made for rows without one, or write them into the golden files."""
    from pytest_llmeval.errors import InputError
    from pytest_llmeval.goldens.columns import parse_columns
    from pytest_llmeval.goldens.freezing import cases_without_id, write_ids

    failed = False
    for file in files:
        try:
            own = parse_columns(columns, "--columns")
            cases = cases_without_id(file, Path.cwd(), own)
            if write:
                count = write_ids(file, own)
                click.echo(f"{file}: {count} id{'' if count == 1 else 's'} written")
                continue
            for case in cases:
                click.echo(f"{file}:{case.source.line}: {case.id}")
            if not cases:
                click.echo(f"{file}: every case has an id")
        except InputError as error:
            failed = True
            click.echo(error, err=True)
    if failed:
        raise SystemExit(USAGE_ERROR)
