"""The variables and ini keys that are named almost like those of a setting."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import NamedTuple

from pytest_llmeval.errors import MISSPELT, nearest_name
from pytest_llmeval.settings.table import OPTIONS

_PREFIX = "llmeval_"
_VARIABLES = ("LLMEVAL_MODELS",)
"""Variables of this package that are no settings."""

_KEYS = ("LLMEVAL_API_KEY", "LLMEVAL_JUDGE_API_KEY", "LLMEVAL_JURY_API_KEY")
"""Beginnings of the variables that hold keys."""

_OURS = r"(?:pytest_)?(?:l+m_?eval_?|l+m?eva?l_|l+mva?l_)"
_LIKE_OURS = re.compile(rf"{_OURS}|(?:pytest_)?l+m_?")
"""The beginning of a key that may be meant for this package, in lower case."""

_OF_VARIABLE = re.compile(rf"(?P<ours>{_OURS})|(?:pytest_)?llm_?")
"""The beginning of such a variable. Other programs have variables such as LLM_MODEL, too."""

_FULL_PREFIX = re.compile(r"(?:pytest_)?llm_?eval_")

_DEMANDING = ("strict", "min_score", "threshold", "must_pass", "baseline", "gate", "fail_on")
"""Settings that require a verdict."""

_UNMISTAKABLE = ("min_score", "threshold", "must_pass", "gate", "fail_on")
"""Of these, the names that no ini key of pytest has."""


class Misspelt(NamedTuple):
    """A variable or an ini key that no setting reads.

    Attributes:
        text: The name and the nearest known one, in a sentence.
        is_demand: Whether the known one requires a verdict.
        is_ours: Whether it can be the name of no other program.
    """

    text: str
    is_demand: bool
    is_ours: bool = True


def misspelt_names(environment: Iterable[str], ini: Iterable[str]) -> tuple[Misspelt, ...]:
    """Return every variable and ini key that is named almost like one of a setting.

    A variable with the prefix of this package is one in any case.

    Args:
        environment: Names of the environment's variables.
        ini: Keys of pytest's section of the ini file, and those of ``-o``.
    """
    return (*_variables(environment), *_ini_keys(ini))


def _variables(environment: Iterable[str]) -> Iterator[Misspelt]:
    known = {name: row.name for row in OPTIONS for name in row.env}
    names = {row.env[0]: row.name for row in OPTIONS if row.env}
    demanding = {variable: name for variable, name in names.items() if name in _DEMANDING}
    for name in environment:
        lowered = name.lower().replace("-", "_")
        if name in known or name in _VARIABLES or name.startswith(_KEYS):
            continue
        match = _OF_VARIABLE.match(lowered)
        if match is None:
            continue
        ending = _ending(lowered)
        if match["ours"] is None:
            meant = _endings(demanding).get(ending, "")
        else:
            meant = _nearest(ending, _endings(names), bool(_FULL_PREFIX.match(lowered)))
        if meant or lowered.startswith(_PREFIX):
            yield _misspelt(f"the variable {name}", meant, names, match["ours"] is not None)


def _ini_keys(ini: Iterable[str]) -> Iterator[Misspelt]:
    names = {row.dest: row.name for row in OPTIONS}
    for key in ini:
        lowered = key.lower().replace("-", "_")
        if key in names:
            continue
        meant = f"llm_{lowered}" if lowered in _UNMISTAKABLE else ""
        if _LIKE_OURS.match(lowered):
            meant = _nearest(_ending(lowered), _endings(names), is_fuller=True)
        if meant:
            yield _misspelt(f"the ini key {key}", meant, names)


def _misspelt(subject: str, meant: str, names: Mapping[str, str], is_ours: bool = True) -> Misspelt:
    hint = f"; did you mean {meant}?" if meant else ""
    text = f"no setting reads {subject}{hint}"
    return Misspelt(text, is_ours and names.get(meant) in _DEMANDING, is_ours)


def _ending(lowered: str) -> str:
    """Return a name without its beginnings, which say nothing about its similarity."""
    match = _LIKE_OURS.match(lowered)
    while match:
        lowered = lowered[match.end() :]
        match = _LIKE_OURS.match(lowered)
    return lowered


def _endings(names: Collection[str]) -> dict[str, str]:
    return {_ending(name.lower()): name for name in names}


def _nearest(ending: str, known: Mapping[str, str], is_fuller: bool) -> str:
    """Return the known name that is meant; empty if none is near.

    Args:
        ending: A name without its beginnings.
        known: Those of this package by their endings.
        is_fuller: Whether the known one may have further words.
    """
    if ending in known:
        return known[ending]
    words = set(ending.split("_"))
    fuller = [name for name in known if words < set(name.split("_"))]
    if is_fuller and len(fuller) == 1:
        return known[fuller[0]]
    return known.get(nearest_name(ending, sorted(known), MISSPELT), "")
