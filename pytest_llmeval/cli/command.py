"""The common part of all commands: options from the table of settings, ini file and errors.

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

from pytest_llmeval.errors import LLMEvalError, SettingError, StoreError
from pytest_llmeval.settings.locations import Locations, current_folder, is_url
from pytest_llmeval.settings.misspelling import Misspelt, misspelt_names
from pytest_llmeval.settings.option import Option
from pytest_llmeval.settings.project import find_project
from pytest_llmeval.settings.resolve import resolve
from pytest_llmeval.settings.table import OPTIONS, Settings

if TYPE_CHECKING:
    from pytest_llmeval.assembly.session import Session


USAGE_ERROR = 2
"""Exit code for wrong input; the same as click's for a wrong option."""

JUDGING = (
    "judge", "toxicity", "concurrency", "rpm", "tpm", "retries", "timeout", "store", "no_cache",
    "max_age", "record", "recordings", "budget", "dry_run", "judges",
)  # fmt: skip
"""Settings of a command that uses a judge: sections of the table and names of settings."""

_Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]
FILE = click.Path(dir_okay=False, path_type=Path)

golden_files: _Decorator = click.argument(
    "files", metavar="FILE...", nargs=-1, required=True, type=click.Path(path_type=Path)
)
json_option: _Decorator = click.option(
    "--json", "json_path", metavar="PATH", help="File for the result as JSON; - prints it."
)


@dataclass(frozen=True)
class CommandContext:
    """The settings and folders of a command.

    Attributes:
        settings: Settings from command line, environment and pytest's ini file, in this order.
        locations: The folders that paths are relative to.
        misspelt: Variables and ini keys that are named almost like those of a setting.
    """

    settings: Settings
    locations: Locations
    misspelt: tuple[Misspelt, ...] = ()

    def path(self, name: str) -> Path:
        """Return the path that a setting names, as the user would type it."""
        path = self.locations.path(name, str(getattr(self.settings, name)))
        return Path(self.locations.shown(path))

    @property
    def log(self) -> str:
        """The run log: a URL, or a path as text."""
        return self.settings.log if is_url(self.settings.log) else str(self.path("log"))

    def typed_locations(self, setting: str) -> Locations:
        """Return locations that leave the path of a setting as the user typed it."""
        explicit = self.locations.explicit | {setting}
        return Locations(self.locations.root, Path(), explicit)

    def columns(self) -> dict[str, str]:
        """Return the field of every custom column."""
        from pytest_llmeval.goldens.columns import parse_columns

        is_typed = "columns" in self.settings.explicit
        return parse_columns(self.settings.columns, "--columns" if is_typed else "ini llm_columns")

    def golden_columns(self) -> dict[str, str]:
        """Return the field of every custom column, and metadata for one that answers in a run."""
        from pytest_llmeval.goldens.columns import answering_columns

        answering = answering_columns((self.settings.provider, self.settings.judge_against))
        return {**answering, **self.columns()}

    def session(self, run_id: str = "") -> Session:
        """Return a session for the calls of this command."""
        from pytest_llmeval.assembly.calls import Process
        from pytest_llmeval.assembly.providers import Environment
        from pytest_llmeval.assembly.session import Session

        self.locations.check(self.settings)
        environment = Environment(self.locations, dict(os.environ), {}, False, Process(run_id))
        return Session(self.settings, environment)

    def replaced(self, **values: Any) -> CommandContext:
        """Return a copy with new values of some settings."""
        return replace(self, settings=replace(self.settings, **values))


def _read_context(command_line: Mapping[str, object]) -> CommandContext:
    """Return the context of a command for the values of its options by setting name."""
    current = current_folder()
    project = find_project(current)
    settings = resolve(command_line, os.environ, project.ini, _flag)
    misspelt = misspelt_names(os.environ, project.keys)
    for name in misspelt:
        click.echo(f"warning: {name.text}", err=True)
    return CommandContext(settings, Locations.of(settings, project.root, current), misspelt)


def command(
    *settings: str, name: str | None = None, passes_on: bool = False
) -> Callable[[Callable[..., int | None]], click.Command]:
    """Decorate a function as a command that passes a `CommandContext` and its arguments.

    The exit code is the result of the function. Errors of the package are printed with exit code 2.

    Args:
        settings: Options of the command: sections of the table or names of settings.
        name: Name of the command (default: name of the function).
        passes_on: Whether options that it does not have are arguments for another program.
    """
    rows = [row for row in OPTIONS if _is_option(row, settings)]

    def decorate(function: Callable[..., int | None]) -> click.Command:
        @functools.wraps(function)
        def call(**values: Any) -> None:
            command_line = {row.name: values.pop(row.name) for row in rows}
            try:
                code = function(_read_context(command_line), **values)
            except BrokenPipeError:
                # click ends a command quietly if its reader is gone.
                raise
            except (LLMEvalError, OSError) as error:
                click.echo(_shown(error), err=True)
                code = USAGE_ERROR
            raise SystemExit(code or 0)

        context = {"ignore_unknown_options": passes_on}
        result = click.command(name, cls=_SingleValued, context_settings=context)(call)
        result.params += [_parameter(row) for row in rows]
        return result

    return decorate


class _SingleValued(click.Command):
    """A command that refuses an option given twice, of which one value would be ignored."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse the arguments, and refuse a second value of an option that takes one."""
        _, _, given = self.make_parser(ctx).parse_args(args=list(args))
        for option in given:
            is_single = isinstance(option, click.Option) and not (option.multiple or option.is_flag)
            if is_single and given.count(option) > 1:
                ctx.fail(f"{option.opts[0]}: found two values; allowed: one")
        return super().parse_args(ctx, args)


def _shown(error: Exception) -> str:
    from pytest_llmeval.assembly.known_secrets import shown_error

    return shown_error(error, os.environ)


def _flag(row: Option) -> str:
    """Return the name of an option of `llmeval`, which lacks the ``llm-`` of pytest's."""
    return row.flag.replace("--llm-", "--")


def _is_option(row: Option, settings: tuple[str, ...]) -> bool:
    """Return whether a command has an option, by its name or its section."""
    return row.name in settings or (row.section in settings and not row.ini_only)


def _parameter(row: Option) -> click.Option:
    def read(context: click.Context, parameter: click.Parameter, value: Any) -> Any:
        if value in (None, (), False):
            return None
        try:
            return row.read(value, _flag(row))
        except SettingError as error:
            raise click.UsageError(_shown(error), context) from None

    names = (_flag(row), row.name)
    if row.kind == "flag":
        return click.Option(names, is_flag=True, callback=read, help=_help(row))
    is_list = row.kind == "list"
    return click.Option(
        names, multiple=is_list, metavar=row.metavar, callback=read, help=_help(row)
    )


def _help(row: Option) -> str:
    default = f" (default: {row.default})" if row.has_default else ""
    return f"{row.help[:1].upper()}{row.help[1:]}{default}."


@contextmanager
def judging_session(context: CommandContext, run_id: str = "") -> Iterator[Session]:
    """Open a session for a command that uses a judge, and write its recordings at the end.

    Calls in flight may end for a moment, because they are paid for anyway.

    Raises:
        StoreError: The completion store or a recording cannot be written.
    """
    from pytest_llmeval.assembly.roles import setting_notes
    from pytest_llmeval.runs.ending import RunEnding
    from pytest_llmeval.runs.interrupts import Interrupts
    from pytest_llmeval.runs.watch import Watch

    for note in setting_notes(context.settings, judged=True):
        click.echo(f"warning: {note.text}", err=True)
    ending = RunEnding(context.session(run_id))
    interrupts = Interrupts(is_in_use=True)
    interrupts.install()
    try:
        with Watch(ending.session.waits, lambda line: click.echo(line, err=True)):
            yield ending.session
    finally:
        interrupts.ignore()
        ending.end_calls()
        interrupts.restore()
    if not context.settings.dry_run:
        ending.join()
    if ending.trouble:
        raise StoreError("\n".join(ending.trouble))
