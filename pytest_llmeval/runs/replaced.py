"""The bounds and gates of a project that a nearer setting replaces by weaker ones."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from pytest_llmeval.gating.rules import BoundRule, Rule, parse_rules
from pytest_llmeval.settings.demands import origin_of

if TYPE_CHECKING:
    from pytest_llmeval.records.threshold import End, Threshold
    from pytest_llmeval.settings.table import Settings


def weakened(settings: Settings) -> Iterator[str]:
    """Yield a sentence for each bound and gate that a nearer setting lowers or drops.

    Whoever runs the tests may do so, but whoever reads the result has to see it.
    """
    nearer: list[Threshold] = []
    for group in settings.threshold_groups():
        for bound in group:
            for end in sorted(bound.ends):
                replacing = [new for new in nearer if _replaces(new, bound, end)]
                if replacing and not any(_is_as_strict(new, bound, end) for new in replacing):
                    new = replacing[0]
                    yield f"{new.origin} {_plain(new)} replaces {bound.origin} {_plain(bound)}"
        nearer += group
    if settings.gate:
        rules = parse_rules(settings.gate)
        for replaced in settings.replaced_gates:
            dropped = [
                rule.text for rule in parse_rules((replaced.text,)) if not _is_covered(rule, rules)
            ]
            if dropped:
                yield f"{origin_of(settings, 'gate')} replaces {replaced.origin} {dropped[0]}"


def _replaces(new: Threshold, old: Threshold, end: End) -> bool:
    return new.scorer == old.scorer and end in new.ends


def _is_as_strict(new: Threshold, old: Threshold, end: End) -> bool:
    if new.bound == old.bound:
        return new.comparison == old.comparison or old.comparison in (">=", "<=")
    return new.bound > old.bound if end == "low" else new.bound < old.bound


def _is_covered(rule: Rule, rules: Iterable[Rule]) -> bool:
    """Return whether a rule, or a stricter one on the same figure, is in force."""
    if not isinstance(rule, BoundRule):
        return rule in rules
    return any(_is_stricter(new, rule) for new in rules if isinstance(new, BoundRule))


def _is_stricter(new: BoundRule, old: BoundRule) -> bool:
    if (new.metric, new.aggregate) != (old.metric, old.aggregate):
        return False
    if new.bound == old.bound:
        return new.comparison == old.comparison
    sign = new.comparison[0]
    return sign == old.comparison[0] and (new.bound > old.bound) == (sign == ">")


def _plain(bound: Threshold) -> str:
    return str(bound).replace(" ", "")
