"""What the variable ``PYTEST_ADDOPTS`` adds to a command, unseen by its reader."""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterable, Iterator, Sequence

import pytest

from pytest_llmeval.settings.table import OPTIONS

_VALUED = {"-k": "keyword", "-m": "markexpr"}
_LISTED = {"--deselect": "deselect", "--ignore": "ignore", "--ignore-glob": "ignore_glob"}
_FLAGS = {"--lf": ("lf", "--last-failed"), "--sw": ("stepwise", "--stepwise")}


def _words() -> tuple[str, ...]:
    """Return the words of the variable, as pytest splits it."""
    text = os.environ.get("PYTEST_ADDOPTS", "")
    try:
        return tuple(shlex.split(text))
    except ValueError:  # pytest has refused it
        return ()


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
    """Return the options and tests by which the variable alone chooses among the tests."""
    words = _words()
    if not words:
        return ()
    typed = typed_words(config)
    named = [arg for arg in config.args if "::" in arg and arg in words and arg not in typed]
    return (*_added_options(config, words, typed), *named)


def typed_words(config: pytest.Config) -> list[str]:
    """Return the words of the command."""
    return [str(word) for word in config.invocation_params.args]


def _added_options(
    config: pytest.Config, words: Sequence[str], typed: Sequence[str]
) -> Iterator[str]:
    values = vars(config.option)
    for flag, name in _VALUED.items():
        value = values.get(name)
        if value and _ends(words, value) and not _ends(typed, value):
            yield flag
    for flag, name in _LISTED.items():
        given = [str(value) for value in values.get(name) or ()]
        if any(_ends(words, value) and not _ends(typed, value) for value in given):
            yield flag
    for flag, (name, synonym) in _FLAGS.items():
        flags = {flag, synonym}
        if values.get(name) and flags.intersection(words) and not flags.intersection(typed):
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
