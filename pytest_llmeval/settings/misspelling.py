"""The variables and ini keys that are named almost like those of a setting."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import NamedTuple

from pytest_llmeval.settings.table import OPTIONS

_PREFIX = "llmeval_"
_VARIABLES = ("LLMEVAL_MODELS",)
"""Variables of this package that are no settings."""

_KEYS = ("LLMEVAL_API_KEY", "LLMEVAL_JUDGE_API_KEY", "LLMEVAL_JURY_API_KEY")
"""Beginnings of the variables that hold keys."""

_LIKE_OURS = re.compile(r"(?:pytest_)?(?:l+m_?eval_?|l+m?e?va?l_|l+m_?)")
"""The beginning of a name that may be meant for this package, in lower case."""

_SIMILAR = 0.8
"""Similarity from which one name counts as the other misspelt."""

_DEMANDING = ("strict", "min_score", "threshold", "must_pass", "baseline", "gate", "fail_on")
"""Settings that require a verdict."""

_UNMISTAKABLE = ("min_score", "threshold", "must_pass", "gate", "fail_on")
"""Of these, the names that no ini key of pytest has."""


class Misspelt(NamedTuple):
    """A variable or an ini key that no setting reads.

    Attributes:
        text: The name and the nearest known one, in a sentence.
        is_demand: Whether the known one requires a verdict.
    """

    text: str
    is_demand: bool


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
        if not _LIKE_OURS.match(lowered):
            continue
        # Other programs have variables such as LLM_MODEL.
        ending = _ending(lowered)
        is_plain = "v" not in lowered.removesuffix(ending)
        meant = _nearest(ending, _endings(demanding if is_plain else names))
        if meant or lowered.startswith(_PREFIX):
            yield _misspelt(f"the variable {name}", meant, names)


def _ini_keys(ini: Iterable[str]) -> Iterator[Misspelt]:
    names = {row.dest: row.name for row in OPTIONS}
    for key in ini:
        lowered = key.lower().replace("-", "_")
        if key in names:
            continue
        meant = f"llm_{lowered}" if lowered in _UNMISTAKABLE else ""
        if _LIKE_OURS.match(lowered):
            meant = _nearest(_ending(lowered), _endings(names))
        if meant:
            yield _misspelt(f"the ini key {key}", meant, names)


def _misspelt(subject: str, meant: str, names: Mapping[str, str]) -> Misspelt:
    hint = f"; did you mean {meant}?" if meant else ""
    return Misspelt(f"no setting reads {subject}{hint}", names.get(meant) in _DEMANDING)


def _ending(lowered: str) -> str:
    """Return a name without its beginnings, which say nothing about its similarity."""
    match = _LIKE_OURS.match(lowered)
    while match:
        lowered = lowered[match.end() :]
        match = _LIKE_OURS.match(lowered)
    return lowered


def _endings(names: Collection[str]) -> dict[str, str]:
    return {_ending(name.lower()): name for name in names}


def _nearest(ending: str, known: Mapping[str, str]) -> str:
    """Return the known name that is meant; empty if none is near."""
    if ending in known:
        return known[ending]
    words = set(ending.split("_"))
    fuller = [name for name in known if words < set(name.split("_"))]
    if len(fuller) == 1:
        return known[fuller[0]]
    from difflib import get_close_matches  # late: most projects have no such name

    close = get_close_matches(ending, sorted(known), n=1, cutoff=_SIMILAR)
    return known[close[0]] if close else ""
