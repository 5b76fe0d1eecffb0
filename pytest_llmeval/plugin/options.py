"""The option table as pytest's options and ini keys."""

from __future__ import annotations

import argparse
import dataclasses
import os
from typing import TYPE_CHECKING, Any

import pytest

from pytest_llmeval.errors import InputError
from pytest_llmeval.plugin.added import added_settings, typed_words
from pytest_llmeval.settings.option import Option
from pytest_llmeval.settings.resolve import resolve
from pytest_llmeval.settings.table import EVERYDAY, OPTIONS, Settings

if TYPE_CHECKING:
    from pytest_llmeval.plugin.state import PluginState


_GROUP = "llm"
_OWNED = pytest.StashKey[frozenset[str]]()
_TITLE = (
    "regression tests of language models (pytest-llm-golden); `llmeval options` lists all options"
)


def add_ini(parser: pytest.Parser) -> None:
    """Declare every ini key."""
    for option in OPTIONS:
        kind = "linelist" if option.kind == "list" else "string"
        text = option.help if option.ini_only else f"see {option.flag}"
        parser.addini(option.dest, text, type=kind, default=None)  # type: ignore[arg-type]


def declaring(config: pytest.Config) -> int:
    """Return how many plugins, with each conftest.py, declare options."""
    return len(config.hook.pytest_addoption.get_hookimpls())


def note_owned(config: pytest.Config, parser: pytest.Parser, args: list[str]) -> None:
    """Note the options that a conftest.py of the project has declared under names of ours."""
    known = config.known_args_namespace
    declared = vars(parser.parse_known_args(args, namespace=argparse.Namespace()))
    config.stash[_OWNED] = frozenset(
        option.dest for option in OPTIONS if option.dest in declared and option.dest not in known
    )


def add_options(parser: pytest.Parser, config: pytest.Config) -> None:
    """Declare every option, except those that another plugin or the project has declared.

    Args:
        parser: pytest's parser.
        config: pytest's configuration, with the values of the options of other plugins.
    """
    group = parser.getgroup(_GROUP, _TITLE)
    known, owned = config.known_args_namespace, _owned(config)
    for option in OPTIONS:
        if not (option.ini_only or option.dest in known or option.dest in owned):
            group.addoption(
                option.flag, dest=option.dest, default=None, help=_help(option), **_action(option)
            )


def _owned(config: pytest.Config) -> frozenset[str]:
    """Return the options that the project has declared, whose values are none of ours."""
    return config.stash.get(_OWNED, frozenset())


def read_settings(config: pytest.Config) -> Settings:
    """Return the settings in force.

    Raises:
        pytest.UsageError: A value is not allowed.
    """
    _check_typed(config)
    owned = _owned(config)
    rows = [option for option in OPTIONS if option.dest not in owned]
    command_line = {option.name: getattr(config.option, option.dest, None) for option in rows}
    ini = {option.name: config.getini(option.dest) for option in OPTIONS}
    from pytest_llmeval.plugin.state import usage_error

    try:
        settings = resolve(command_line, os.environ, ini, file=_overridden(config))
        settings = dataclasses.replace(settings, added=_added(config, settings))
        settings.thresholds()
        if settings.where is not None:
            from pytest_llmeval.goldens.selection import where_filter

            where_filter(settings.where, settings.origin("where"))
    except InputError as error:
        raise usage_error(error) from None
    return settings


def _overridden(config: pytest.Config) -> dict[str, object]:
    """Return the ini file's own values of the settings that ``-o`` gives.

    Raises:
        SettingError: The file cannot be read.
    """
    given = config.getoption("override_ini") or ()
    keys = {str(text).partition("=")[0].strip() for text in given}
    names = [option.name for option in OPTIONS if option.dest in keys]
    if not names:
        return {}
    from pytest_llmeval.settings.project import file_values

    values = {} if config.inipath is None else file_values(config.inipath)
    return {name: values.get(name) for name in names}


def _added(config: pytest.Config, settings: Settings) -> frozenset[str]:
    """Return the names of the settings whose value comes from ``PYTEST_ADDOPTS``."""
    worker_input: dict[str, Any] = getattr(config, "workerinput", {})
    names = worker_input.get("llm_added")
    given = added_settings(config) if names is None else frozenset(names)
    return frozenset(
        name for name in given if name in settings.explicit or name not in settings.environment
    )


def _check_typed(config: pytest.Config) -> None:
    """Refuse an option that is typed with two values, of which pytest would ignore the first.

    A value of ``addopts`` may be replaced by typing another.

    Raises:
        pytest.UsageError: An option has two values.
    """
    words = typed_words(config)
    owned = _owned(config)
    singles = {
        row.flag: row
        for row in OPTIONS
        if row.kind not in ("flag", "list") and row.dest not in owned
    }
    values: dict[str, set[str]] = {}
    for number, word in enumerate(words):
        flag, sign, value = word.partition("=")
        if flag in singles:
            value = value if sign else "".join(words[number + 1 : number + 2])
            values.setdefault(flag, set()).add(value)
    for flag, given in values.items():
        if len(given) > 1:
            listed = " and ".join(repr(singles[flag].shown(value)) for value in sorted(given))
            raise pytest.UsageError(f"{flag}: found {listed}; allowed: one value")


def check_gates(state: PluginState) -> None:
    """Check the gates of the settings before anything is sent.

    Raises:
        pytest.UsageError: A rule or the quarantine cannot be read, or a judge that changes with the
            model would gate.
    """
    settings = state.settings
    if not (settings.gate or settings.baseline or settings.quarantine or settings.stop_early):
        return
    from pytest_llmeval.plugin.state import usage_error
    from pytest_llmeval.runs.gate_checks import check_baselines
    from pytest_llmeval.runs.gate_checks import check_gates as check_settings
    from pytest_llmeval.runs.stopping import check_stop_early

    try:
        check_settings(settings)
        if state.worker == "main":
            check_baselines(settings, state.locations)
            state.stop_baselines = check_stop_early(settings, state.locations)
        _ = state.quarantine
    except InputError as error:
        raise usage_error(error) from None


def _action(option: Option) -> dict[str, Any]:
    if option.kind == "flag":
        return {"action": "store_true"}
    return {"action": "append" if option.kind == "list" else "store", "metavar": option.metavar}


def _help(option: Option) -> str:
    if option.name not in EVERYDAY:
        return argparse.SUPPRESS
    default = f" (default: {option.default})" if option.has_default else ""
    return f"{option.help}{default}".replace("%", "%%")
