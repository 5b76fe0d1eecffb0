"""The thresholds and gates of a project that a nearer setting replaces by weaker ones."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from pytest_llmeval.gating.aggregates import is_never_above
from pytest_llmeval.gating.rules import LOW, BoundRule, RegressionRule, Rule, parse_rules
from pytest_llmeval.records.threshold import ends_of
from pytest_llmeval.settings.demands import origin_of, unseen_origin
from pytest_llmeval.stats.gate import GateRules

if TYPE_CHECKING:
    from pytest_llmeval.records.threshold import End, Threshold
    from pytest_llmeval.settings.table import Replaced, Settings


def weakened(settings: Settings) -> Iterator[str]:
    """Yield a sentence for each threshold and gate that a nearer setting lowers or drops.

    Whoever runs the tests may do so, but whoever reads the result has to see it.
    """
    nearer: list[Threshold] = []
    for group in settings.threshold_groups():
        for old in group:
            for end in sorted(old.ends):
                replacing = [new for new in nearer if _replaces(new, old, end)]
                if replacing and not any(_is_as_strict(new, old, end) for new in replacing):
                    new = replacing[0]
                    yield f"{new.origin} {_plain(new)} replaces {old.origin} {_plain(old)}"
        nearer += group
    yield from _dropped(settings, nearer)
    rules = parse_rules(settings.gate)
    usual = GateRules(margin=settings.margin, alpha=settings.alpha)
    for replaced in settings.replaced_gates:
        dropped = [
            rule.text
            for rule in parse_rules((replaced.text,), replaced.origin)
            if not _is_covered(rule, rules, usual)
        ]
        if dropped:
            yield f"{origin_of(settings, 'gate')} replaces {replaced.origin} {dropped[0]}"
    yield from _replaced(settings)


def _dropped(settings: Settings, nearer: Iterable[Threshold]) -> Iterator[str]:
    """Yield a sentence for each threshold of the ini file that ``-o`` lowers or drops."""
    from pytest_llmeval.records.threshold import Threshold

    for name, bound in settings.replaced_bounds:
        old = Threshold.parse(bound.text, bound.origin)
        for end in sorted(old.ends):
            replacing = [new for new in nearer if _replaces(new, old, end)]
            if any(_is_as_strict(new, old, end) for new in replacing):
                continue
            new = f"-o llm_{name}"
            if replacing:
                new = f"{replacing[0].origin} {_plain(replacing[0])}"
            yield f"{new} replaces {bound.origin} {_plain(old)}"


def _replaced(settings: Settings) -> Iterator[str]:
    """Yield a sentence for each other value that a nearer one replaces by a weaker one."""
    for old in settings.replaced:
        if _is_weaker(settings, old):
            yield f"{origin_of(settings, old.name)} replaces {old.text}"


def _is_weaker(settings: Settings, old: Replaced) -> bool:
    """Return whether a value judges less, or whether nobody sees that it judges something else.

    What somebody types is a choice.
    """
    new = getattr(settings, old.name)
    if old.name == "strict":
        return not new
    if old.name == "margin":
        return bool(new > old.value and (settings.gate or settings.baseline))
    return bool(unseen_origin(settings, old.name))


def _replaces(new: Threshold, old: Threshold, end: End) -> bool:
    return new.scorer == old.scorer and end in new.ends


def _is_as_strict(new: Threshold | BoundRule, old: Threshold | BoundRule, end: End) -> bool:
    """Return whether whatever meets the new bound at an end meets the old one."""
    if end not in ends_of(new.comparison):
        return False
    if new.bound == old.bound:
        return new.comparison == old.comparison or old.comparison not in (">", "<")
    return (new.bound > old.bound) == (end == "low")


def _is_covered(old: Rule, rules: Iterable[Rule], usual: GateRules) -> bool:
    """Return whether a rule, or a stricter one on the same figure, is in force."""
    if isinstance(old, RegressionRule):
        regressions = [rule for rule in rules if isinstance(rule, RegressionRule)]
        return any(_is_as_narrow(new, old, usual) for new in regressions)
    bounds = [rule for rule in rules if isinstance(rule, BoundRule)]
    return all(
        any(_is_of_figure(new, old, end) and _is_as_strict(new, old, end) for new in bounds)
        for end in ends_of(old.comparison)
    )


def _is_as_narrow(new: RegressionRule, old: RegressionRule, usual: GateRules) -> bool:
    new_rules, old_rules = new.rules(usual), old.rules(usual)
    is_same = new.metric == old.metric and new_rules.alpha == old_rules.alpha
    return is_same and new_rules.margin <= old_rules.margin


def _is_of_figure(new: BoundRule, old: BoundRule, end: End) -> bool:
    """Return whether the figure of the new rule is never better than that of the old one."""
    if new.metric != old.metric:
        return False
    if end == "high":
        return is_never_above(old.aggregate, new.aggregate)
    is_lower_bound = new.aggregate == LOW and not old.aggregate
    return is_lower_bound or is_never_above(new.aggregate, old.aggregate)


def _plain(threshold: Threshold) -> str:
    return str(threshold).replace(" ", "")
