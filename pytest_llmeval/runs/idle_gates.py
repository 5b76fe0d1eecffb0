"""Gates that every run meets."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

from pytest_llmeval.gating.rules import BoundRule, Rule
from pytest_llmeval.records.score import Scale
from pytest_llmeval.settings.table import BY_GATE
from pytest_llmeval.text import first_of

if TYPE_CHECKING:
    from pytest_llmeval.runs.gates import Gates

_NAMED = 3
_NO_RANGE = Scale()


class KnownScales(dict[str, Scale]):
    """The ranges of the scores of a run by their names.

    A score outside its range belongs to a metric that declares none.
    """

    def add(self, name: str, value: float | None, scale: Scale) -> None:
        """Note the range of a score."""
        self.setdefault(name, scale)
        if value is not None and not scale.has(value):
            self[name] = _NO_RANGE


def idle_gates(gates: Gates | None, scales: Mapping[str, Scale]) -> Iterator[tuple[bool, str]]:
    """Yield a sentence on the gates that require nothing, and whether nothing else fails the run.

    Args:
        gates: The gates of the run; ``None`` without one.
        scales: The ranges of its scores.
    """
    if gates is None:
        return
    rules = [rule for of_scope in gates.rules().values() for rule in of_scope]
    idle = list(_idle(rules, scales))
    if idle:
        names = first_of(list(dict.fromkeys(idle)), _NAMED)
        is_alone = gates.settings.fail_on == BY_GATE and len(idle) == len(rules)
        yield is_alone, f"the gate {names} requires nothing, because every run meets it"


def _idle(rules: Iterable[Rule], scales: Mapping[str, Scale]) -> Iterator[str]:
    for rule in rules:
        if isinstance(rule, BoundRule) and rule.requires_nothing(scales):
            yield rule.text
