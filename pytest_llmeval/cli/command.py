"""What every command has: options from the table of settings, the project's ini file, and errors.

A command is a function of a `CommandContext` and its own arguments::

    @command("log", "margin")
    @click.argument("before", metavar="A")
    def compare(context: CommandContext, before: str) -> int: ...
"""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from pytest_llmeval.errors import LLMEvalError, SettingError
from pytest_llmeval.settings.locations import Locations, is_url
from pytest_llmeval.settings.option import Option
from pytest_llmeval.settings.project import find_project
from pytest_llmeval.settings.resolve import resolve
from pytest_llmeval.settings.table import OPTIONS, Settings

if TYPE_CHECKING:
    from pytest_llmeval.assembly.session import Session


USAGE_ERROR = 2
"""Exit code for what the user wrote and cannot be used; click's own for a wrong option."""

JUDGING = (
    "judge", "toxicity", "concurrency", "rpm", "tpm", "retries", "timeout", "store", "no_cache",
    "max_age", "record", "recordings", "budget", "dry_run", "judges",
)  # fmt: skip
"""Settings of a command that asks a judge: sections of the table, and single settings."""

Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]
FILE = click.Path(dir_okay=False, path_type=Path)

golden_files: Decorator = click.argument(
    "files", metavar="FILE...", nargs=-1, required=True, type=click.Path(path_type=Path)
)
json_option: Decorator = click.option(
    "--json", "json_path", metavar="PATH", help="Write the result there as JSON; - prints it."
)


@dataclass(frozen=True)
class CommandContext:
    """What a command runs under.

    Attributes:
        settings: Those of command line, environment and pytest's ini file, in this order.
        locations: The folders that paths are relative to.
    """

    settings: Settings
    locations: Locations

    def path(self, name: str) -> Path:
        """The path that a setting names, as the user would type it."""
        path = self.locations.path(name, str(getattr(self.settings, name)))
        return Path(self.locations.shown(path))

    @property
    def log(self) -> str:
        """The run log: a URL, or a path as text."""
        return self.settings.log if is_url(self.settings.log) else str(self.path("log"))

    def typed_locations(self, setting: str) -> Locations:
        """The locations where an argument stands for a setting; its path stays as it was typed."""
        explicit = self.locations.explicit | {setting}
        return Locations(self.locations.root, Path(), explicit)

    def columns(self) -> dict[str, str]:
        """Field by column name, for columns with names of the user's own.

        Raises:
            SettingError: A line cannot be read.
        """
        from pytest_llmeval.goldens.columns import parse_columns

        is_typed = "columns" in self.settings.explicit
        return parse_columns(self.settings.columns, "--columns" if is_typed else "ini llm_columns")

    def session(self, run_id: str = "") -> Session:
        """A session for calls of this command."""
        from pytest_llmeval.assembly.calls import Process
        from pytest_llmeval.assembly.providers import Environment
        from pytest_llmeval.assembly.session import Session

        where = Environment(self.locations, dict(os.environ), {}, False, Process(run_id))
        return Session(self.settings, where)

    def replaced(self, **values: Any) -> CommandContext:
        """The same with other values of some settings."""
        return replace(self, settings=replace(self.settings, **values))


def read_context(given: Mapping[str, object]) -> CommandContext:
    """What a command runs under.

    Args:
        given: What its command line says, by setting name.

    Raises:
        SettingError: A value is not allowed.
    """
    current = Path.cwd()
    project = find_project(current)
    settings = resolve(given, os.environ, project.ini)
    return CommandContext(settings, Locations.of(settings, project.root, current))


def command(
    *settings: str, name: str | None = None
) -> Callable[[Callable[..., int | None]], click.Command]:
    """Make a command of a function, which gets a `CommandContext` and its own arguments.

    The command exits with what the function returns. What the package raises is printed, and the
    exit code is 2.

    Args:
        settings: Settings that the command takes as options: sections of the table, or names.
        name: Name of the command; by default that of the function.
    """
    rows = [row for row in OPTIONS if _is_taken(row, settings)]

    def decorate(function: Callable[..., int | None]) -> click.Command:
        @functools.wraps(function)
        def called(**values: Any) -> None:
            given = {row.name: values.pop(row.name) for row in rows}
            try:
                code = function(read_context(given), **values)
            except BrokenPipeError:
                raise  # click ends a command quietly whose reader has gone
            except (LLMEvalError, OSError) as error:
                click.echo(error, err=True)
                code = USAGE_ERROR
            raise SystemExit(code or 0)

        made = click.command(name)(called)
        made.params += [_parameter(row) for row in rows]
        return made

    return decorate


def flag(row: Option) -> str:
    """An option as `llmeval` names it: that of pytest without ``llm-``."""
    return row.flag.replace("--llm-", "--")


def _is_taken(row: Option, settings: tuple[str, ...]) -> bool:
    """Whether a command takes an option, by its name or by its section."""
    return row.name in settings or (row.section in settings and not row.ini_only)


def _parameter(row: Option) -> click.Option:
    def read(context: click.Context, parameter: click.Parameter, value: Any) -> Any:
        if value in (None, (), False):
            return None
        try:
            return row.read(value, flag(row))
        except SettingError as error:
            raise click.UsageError(str(error), context) from None

    declared = (flag(row), row.name)
    if row.kind == "flag":
        return click.Option(declared, is_flag=True, callback=read, help=_help(row))
    is_list = row.kind == "list"
    return click.Option(
        declared, multiple=is_list, metavar=row.metavar, callback=read, help=_help(row)
    )


def _help(row: Option) -> str:
    default = f" (default: {row.default})" if row.has_default else ""
    return f"{row.help[:1].upper()}{row.help[1:]}{default}."


@contextmanager
def judging_session(context: CommandContext, run_id: str = "") -> Iterator[Session]:
    """A session for a command that asks a judge; closed at the end, its recordings written.

    What is still in flight after an error is dropped.

    Raises:
        StoreError: A recording, or the store, cannot be written.
    """
    from pytest_llmeval.assembly.roles import setting_notes
    from pytest_llmeval.runs.ending import end_run

    for note in setting_notes(context.settings, judged=True):
        click.echo(f"warning: {note.text}", err=True)
    session = context.session(run_id)
    try:
        yield session
    finally:
        session.close()
    if not context.settings.dry_run:
        end_run(session, (), is_whole=False)
