"""The command ``llmeval changed``."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import click

from pytest_llmeval.cli.command import USAGE_ERROR, CommandContext, command, json_option
from pytest_llmeval.cli.output import STANDARD_OUTPUT, write_object

if TYPE_CHECKING:
    from pytest_llmeval.records.changed import Estimated


@command("baseline", passes_on=True)
@click.argument("arguments", metavar="[PYTEST ARGUMENTS]...", nargs=-1, type=click.UNPROCESSED)
@json_option
def changed(context: CommandContext, arguments: tuple[str, ...], json_path: str | None) -> int:
    """List the cases that have changed since a baseline, and what asking them costs.

    It starts pytest with its arguments and --llm-changed, as a dry run: nothing is sent. The
    baseline is that of the project, or --baseline NAME.
    """
    is_typed = "baseline" in context.settings.explicit
    names = context.settings.baseline if is_typed else ()
    options = [word for name in names for word in ("--llm-baseline", name)]
    with TemporaryDirectory() as folder:
        path = Path(folder) / "changed.json"
        ran = _run_pytest([*arguments, *options], path)
        estimated = _read(path)
    if estimated is None or estimated.changed is None:
        click.echo(f"{ran.stdout}{ran.stderr}".rstrip(), err=True)
        if ran.returncode in (0, 5):
            click.echo(
                "found no golden case; allowed: arguments of pytest that select one", err=True
            )
        return USAGE_ERROR
    _show(estimated, json_path)
    return 0


def _run_pytest(arguments: list[str], path: Path) -> subprocess.CompletedProcess[str]:
    """Run pytest as a dry run that writes a file."""
    options = ["--llm-changed", "--llm-dry-run", "--llm-dry-run-json", str(path)]
    return subprocess.run(
        [sys.executable, "-m", "pytest", *arguments, *options, "-q"],
        capture_output=True,
        text=True,
        errors="backslashreplace",
        check=False,
    )


def _read(path: Path) -> Estimated | None:
    """Read what the dry run has written; ``None`` if it came to no end."""
    from pytest_llmeval.records.changed import Estimated
    from pytest_llmeval.records.wire import from_wire

    if not path.is_file():
        return None
    return from_wire(Estimated, path.read_text(encoding="utf-8"))


def _show(estimated: Estimated, json_path: str | None) -> None:
    from pytest_llmeval.records.wire import to_builtin
    from pytest_llmeval.reports.terminal.dry_run import dry_run_lines
    from pytest_llmeval.summary.changed_cases import change_lines, counts_text

    if json_path is not None:
        write_object(to_builtin(estimated), json_path, "changed cases")
    if json_path == STANDARD_OUTPUT or estimated.changed is None:
        return
    click.echo(counts_text(estimated.changed))
    for line in change_lines(estimated.changed):
        click.echo(line)
    for line in dry_run_lines(estimated.requests, estimated.uncounted):
        click.echo(line)
