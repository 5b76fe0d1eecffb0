"""The option table as options of a command, and the settings that a command runs under."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from pytest_llmeval.errors import SettingError
from pytest_llmeval.settings.locations import Locations
from pytest_llmeval.settings.option import Option
from pytest_llmeval.settings.project import find_project
from pytest_llmeval.settings.resolve import resolve
from pytest_llmeval.settings.table import OPTIONS, Settings

if TYPE_CHECKING:
    from pytest_llmeval.assembly.session import Session


JUDGING = (
    "judge", "toxicity", "concurrency", "rpm", "tpm", "retries", "timeout", "store", "no_cache", "max_age", "record",
    "recordings", "budget", "dry_run", "judges",
)  # fmt: skip
"""What a command takes that asks a judge: sections of the table, and single settings."""

GATING = ("gates", "reports", "strict")
"""The same of a command that gates a run and writes its reports."""


@dataclass(frozen=True)
class Surroundings:
    """What a command runs under.

    Attributes:
        settings: Command line, environment and pytest's ini file, in this order.
        locations: The folders that paths are relative to.
    """

    settings: Settings
    locations: Locations

    def path(self, name: str) -> Path:
        """The path that a setting names."""
        return self.locations.path(name, str(getattr(self.settings, name)))

    @property
    def log(self) -> str:
        """The run log: a URL, or a path as text."""
        return self.locations.address("log", self.settings.log)

    def session(self, run_id: str = "") -> Session:
        """A session for calls of this command."""
        from pytest_llmeval.assembly.calls import Process
        from pytest_llmeval.assembly.providers import Environment
        from pytest_llmeval.assembly.session import Session

        where = Environment(self.locations, dict(os.environ), {}, False, Process(run_id))
        return Session(self.settings, where)


def surroundings(given: Mapping[str, object]) -> Surroundings:
    """What a command runs under.

    Args:
        given: What its command line says, by setting name.

    Raises:
        SettingError: A value is not allowed.
    """
    current = Path.cwd()
    project = find_project(current)
    settings = resolve(given, os.environ, project.ini)
    return Surroundings(settings, Locations.of(settings, project.root, current))


def settings_options(*wanted: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Options of the option table for a command; what the user gives arrives as the argument ``given``.

    The environment variables and ini keys of the options count too, through `surroundings`.

    Args:
        wanted: Sections of the table, or names of settings.
    """
    rows = [row for row in OPTIONS if not row.ini_only and {row.name, row.section} & set(wanted)]

    def decorate(command: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(command)
        def called(**values: Any) -> Any:
            return command(given={row.name: values.pop(row.name) for row in rows}, **values)

        for row in reversed(rows):
            _option(row)(called)
        return called

    return decorate


def flag(row: Option) -> str:
    """An option as `llmeval` names it: that of pytest without ``llm-``."""
    return row.flag.replace("--llm-", "--")


def _option(row: Option) -> Callable[..., Any]:
    def read(context: click.Context, parameter: click.Parameter, value: Any) -> Any:
        if value in (None, (), False):
            return None
        try:
            return row.read(value, flag(row))
        except SettingError as error:
            raise click.UsageError(str(error), context) from None

    if row.kind == "flag":
        return click.option(flag(row), row.name, is_flag=True, callback=read, help=_help(row))
    many = row.kind == "list"
    return click.option(
        flag(row), row.name, multiple=many, metavar=row.metavar, callback=read, help=_help(row)
    )


def _help(row: Option) -> str:
    said = row.default is not None and row.default is not False and row.default not in ("", (), {})
    return f"{row.help[:1].upper()}{row.help[1:]}{f' (default: {row.default})' if said else ''}."
