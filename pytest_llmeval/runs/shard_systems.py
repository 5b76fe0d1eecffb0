"""The check that one system answered all shards of a run, in one way."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from itertools import combinations
from typing import Protocol

from pytest_llmeval.errors import InputError
from pytest_llmeval.records.result import CaseResult
from pytest_llmeval.records.run import Run
from pytest_llmeval.settings.table import OPTIONS

_ANSWERING = (
    *("model", "provider", "base_url"),
    *(row.name for row in OPTIONS if row.section == "generation"),
)
"""Settings that decide who answers, and how."""

_SUBJECTS = ("provider", "model")
"""Subjects of the basis of a result that say who answered it (`cases.basis`)."""

_UNSET = "nothing"

Systems = dict[tuple[str, str], set[str]]
"""Who answered, by subject and suite."""


class _Shard(Protocol):
    @property
    def run(self) -> Run: ...


def no_systems() -> Systems:
    """Return an empty record of who answered."""
    return defaultdict(set)


def note_system(result: CaseResult, systems: Systems) -> None:
    """Add who answered a case, as far as that is known."""
    for subject in _SUBJECTS:
        if name := result.basis.get(subject):
            systems[subject, result.suite].add(name)


def check_systems(shards: Sequence[_Shard], answered: Sequence[Systems]) -> None:
    """Refuse shards that different systems have answered, or one system in different ways.

    Args:
        shards: The shards.
        answered: Who answered the cases of each of them.

    Raises:
        InputError: Two shards differ.
    """
    for (first, before), (second, after) in combinations(zip(shards, answered, strict=True), 2):
        for name in _ANSWERING:
            old, new = first.run.settings.get(name), second.run.settings.get(name)
            if old != new:
                option = f"--llm-{name.replace('_', '-')}"
                raise _differ(option, (old or _UNSET, first), (new or _UNSET, second))
        for key in sorted(before.keys() & after.keys()):
            if before[key] & after[key]:
                continue
            subject, suite = key
            names = [", ".join(sorted(systems[key])) for systems in (before, after)]
            raise _differ(f"{subject} of {suite}", (names[0], first), (names[1], second))


def _differ(what: str, first: tuple[str, _Shard], second: tuple[str, _Shard]) -> InputError:
    return InputError(
        f"{what}: found {first[0]} ({first[1]}) and {second[0]} ({second[1]}); allowed: the same "
        "for all shards, because a run has one system under test. Run the shards of one commit "
        "again with the same settings, or omit the log of an earlier run."
    )
