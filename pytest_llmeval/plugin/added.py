"""What ``PYTEST_ADDOPTS`` and ``addopts`` add to a command, unseen by its reader."""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterable, Iterator, Sequence

import pytest

from pytest_llmeval.settings.table import OPTIONS

VARIABLE = "PYTEST_ADDOPTS"
INI_KEY = "addopts"
_VALUED = {"-k": "keyword", "-m": "markexpr"}
_LISTED = {"--deselect": "deselect", "--ignore": "ignore", "--ignore-glob": "ignore_glob"}
_FLAGS = {
    "--lf": ("lf", "--last-failed"),
    "--sw": ("stepwise", "--stepwise", "--sw-skip", "--stepwise-skip", "--sw-reset",
             "--stepwise-reset"),
}  # fmt: skip
_IDLE = {
    "--collect-only": ("collectonly", "--collectonly", "--co"),
    "--setup-only": ("setuponly", "--setuponly"),
    "--setup-plan": ("setupplan", "--setupplan"),
}
"""Options with which pytest runs no test, by their names, with their attribute and synonyms."""

_PRINTING = {
    "--fixtures": ("showfixtures", "--funcargs"),
    "--fixtures-per-test": ("show_fixtures_per_test",),
    "--markers": ("markers",),
    "--cache-show": ("cacheshow",),
}
"""Options with which it only prints something."""


def added_settings(config: pytest.Config) -> frozenset[str]:
    """Return the names of the settings that the variable gives and nobody typed."""
    words = _words()
    if not words:
        return frozenset()
    typed = typed_words(config)
    return frozenset(
        row.name
        for row in OPTIONS
        if _gives(words, row.flag, row.dest) and not _gives(typed, row.flag, row.dest)
    )


def added_choice(config: pytest.Config) -> tuple[str, ...]:
    """Return the options and tests by which only what nobody typed chooses among the tests.

    Each one with its source: ``-k in PYTEST_ADDOPTS``, ``--lf in addopts``.
    """
    typed = typed_words(config)
    by_name: dict[str, str] = {}
    for source, words in _sources(config):
        named = [arg for arg in config.args if "::" in arg and arg in words and arg not in typed]
        for name in (*_chosen(config, words, typed), *named):
            by_name.setdefault(name, source)
    return tuple(f"{name} in {source}" for name, source in by_name.items())


def added_idling(config: pytest.Config) -> str:
    """Return the option that nobody typed and with which no test runs; empty if tests run."""
    return _first_flag(config, _IDLE)


def added_printing(config: pytest.Config) -> str:
    """Return the option that nobody typed and with which pytest only prints something."""
    return _first_flag(config, _PRINTING)


def typed_words(config: pytest.Config) -> list[str]:
    """Return the words of the command."""
    return [str(word) for word in config.invocation_params.args]


def _words() -> tuple[str, ...]:
    """Return the words of the variable, as pytest splits it."""
    text = os.environ.get(VARIABLE, "")
    try:
        return tuple(shlex.split(text))
    except ValueError:  # pytest has refused it
        return ()


def _sources(config: pytest.Config) -> Iterator[tuple[str, Sequence[str]]]:
    """Yield what gives words that nobody typed, with the words."""
    yield VARIABLE, _words()
    yield INI_KEY, [str(word) for word in config.getini(INI_KEY)]


def _chosen(config: pytest.Config, words: Sequence[str], typed: Sequence[str]) -> Iterator[str]:
    values = vars(config.option)
    for flag, name in _VALUED.items():
        value = values.get(name)
        if value and _ends(words, value) and not _ends(typed, value):
            yield flag
    for flag, name in _LISTED.items():
        given = [str(value) for value in values.get(name) or ()]
        if any(_ends(words, value) and not _ends(typed, value) for value in given):
            yield flag
    yield from _flags(config, _FLAGS, words, typed)


def _first_flag(config: pytest.Config, flags: dict[str, tuple[str, ...]]) -> str:
    typed = typed_words(config)
    for source, words in _sources(config):
        for flag in _flags(config, flags, words, typed):
            return f"{flag} in {source}"
    return ""


def _flags(
    config: pytest.Config,
    flags: dict[str, tuple[str, ...]],
    words: Sequence[str],
    typed: Sequence[str],
) -> Iterator[str]:
    """Yield the flags in force that words give and nobody typed."""
    values = vars(config.option)
    given = {word.partition("=")[0] for word in words}
    for flag, (name, *synonyms) in flags.items():
        same = {flag, *synonyms}
        if values.get(name) and same & given and same.isdisjoint(typed):
            yield flag


def _ends(words: Iterable[str], value: str) -> bool:
    """Return whether a word gives a value, alone or behind its option."""
    return any(word.endswith(value) for word in words)


def _gives(words: Iterable[str], flag: str, key: str) -> bool:
    """Return whether words give a setting, as an option or with ``-o KEY=VALUE``."""
    for word in words:
        name, sign, _ = word.partition("=")
        rest = word.removeprefix("--override-ini=").removeprefix("-o")
        if name == flag or (sign and rest.startswith(f"{key}=")):
            return True
    return False
