"""The rules of ``--llm-gate``, which hold for a run as a whole.

```
FIGURE COMPARISON NUMBER             pass_rate>=.95    rubric.mean>=4    latency.p95<=2
regression                           no worse than the baseline, by the default metrics
regression(METRIC, margin=X, alpha=X)
regression(worst_tag)                no tag is worse
regression(METRIC, worst_tag, …)
```

A figure is ``pass_rate``, ``pass_rate.low``, ``pass_rate.worst_tag``, ``pass_rate.calibrated``,
``pass_rate.calibrated_low``, ``unscored``, ``cost``, or a metric or ``latency`` with an aggregate
(`gating.aggregates`). A metric also has ``.worst_tag`` and ``.unscored``.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from pytest_llmeval.errors import SettingError, nearest
from pytest_llmeval.gating.aggregates import AGGREGATES, PERCENTILES, aggregate_of
from pytest_llmeval.records.result import PASS_RATE
from pytest_llmeval.records.score import UNIT_SCALE, Scale
from pytest_llmeval.records.threshold import COMPARISONS, as_share, can_meet, can_miss
from pytest_llmeval.settings.table import OPTION_BY_NAME
from pytest_llmeval.stats.gate import GateRules

_REGRESSION = "regression"
COST = "cost"
LATENCY = "latency"
UNSCORED = "unscored"
_WHOLE = (PASS_RATE, UNSCORED, COST)
"""Figures without an aggregate."""

WORST_TAG = "worst_tag"
LOW = "low"
_CALIBRATED = "calibrated"
CALIBRATED_LOW = "calibrated_low"
_OF_METRIC = (*AGGREGATES, WORST_TAG, UNSCORED)
_OF_FIGURE = {
    PASS_RATE: (LOW, WORST_TAG, _CALIBRATED, CALIBRATED_LOW),
    LATENCY: tuple(AGGREGATES),
    COST: (),
    UNSCORED: (),
}
"""What may stand behind the dot of a figure that is no metric."""

NO_CASE = "no case was tried: there is nothing to gate"

FIGURES = (PASS_RATE, UNSCORED, COST, LATENCY)
"""Figures of a run that are no metrics."""

_SCALES = {
    PASS_RATE: UNIT_SCALE,
    UNSCORED: UNIT_SCALE,
    COST: Scale(0.0, None),
    LATENCY: Scale(0.0, None),
}
"""The ranges of the figures that are no metrics."""

_BOUND = re.compile(r"([^<>=()\s][^<>=()]*) ?(>=|<=|==|>|<) ?([^<>=]+)")
_CALL = re.compile(r"(\w+) ?(?:\((.*)\))?")
_ALLOWED = (
    "'regression', 'regression(METRIC, margin=X)', 'regression(worst_tag)', or a figure, one of "
    ">= <= > < == and a number, for example 'pass_rate>=.95', 'rubric.mean>=4', 'rubric.p10>=3', "
    "'rubric.worst_tag>=3.5', 'latency.p95<=2', 'cost<=0.5'"
)


@dataclass(frozen=True)
class BoundRule:
    """A bound on a figure of the run.

    Attributes:
        text: The rule as the user wrote it.
        metric: ``pass_rate``, ``cost``, ``latency``, ``unscored`` or the name of a metric.
        aggregate: ``mean``, ``p95``, …; empty if the figure has none.
        comparison: Operator between figure and bound.
        bound: The number.
    """

    text: str
    metric: str
    aggregate: str
    comparison: str
    bound: float

    def is_met_by(self, value: float) -> bool:
        """Return whether a figure meets the bound."""
        return bool(COMPARISONS[self.comparison](value, self.bound))

    @property
    def is_calibrated(self) -> bool:
        """Whether the figure is corrected by the calibration of a judge."""
        return self.aggregate in (_CALIBRATED, CALIBRATED_LOW)

    @property
    def fixed_scale(self) -> Scale | None:
        """The range of the figure; ``None`` if it is that of a metric."""
        if self.aggregate == UNSCORED:
            return UNIT_SCALE
        return _SCALES.get(self.metric)

    def requires_nothing(self, scales: Mapping[str, Scale]) -> bool:
        """Return whether it is ``>= LOW`` for a figure that is never below.

        Args:
            scales: The ranges of the scores by their names, as far as they are known.
        """
        scale = self.fixed_scale or scales.get(self.metric)
        return scale is not None and self.comparison == ">=" and self.bound == scale.low

    def idleness(self, scale: Scale) -> str:
        """Return why no figure on a scale can miss the bound; empty if one can.

        ``>= LOW`` may stand: it shows a figure, and says that nothing is required of it.
        """
        if can_miss(self.comparison, self.bound, scale.low, scale.high):
            return ""
        if self.comparison == ">=" and self.bound == scale.low:
            return ""
        return f"every run meets it, because {self._figure} is {scale.range}"

    def impossibility(self, scale: Scale) -> str:
        """Return why no figure on a scale can meet the bound; empty if one can."""
        if not can_meet(self.comparison, self.bound, scale.low, scale.high):
            return f"no run meets it, because {self._figure} is {scale.range}"
        is_lower_end = self.aggregate in (LOW, CALIBRATED_LOW)
        if is_lower_end and self.comparison in (">=", "==") and self.bound == scale.high:
            return f"no run meets it, because {self._figure} is less than {self.bound:g}"
        return ""

    def as_share(self, scale: Scale) -> str:
        """Return a question whether its percentage was meant as a share; empty if it was not."""
        return as_share(self._figure, self.comparison, self.bound, scale.low, scale.high)

    @property
    def _figure(self) -> str:
        return f"{self.metric}.{self.aggregate}" if self.aggregate else self.metric


@dataclass(frozen=True)
class RegressionRule:
    """A rule that the run is no worse than the baseline.

    Attributes:
        text: The rule as the user wrote it.
        metric: The metric; empty for the default ones.
        margin: Smallest drop that matters; ``None`` for that of the settings.
        alpha: Level of the test; ``None`` for that of the settings.
        by_tag: Whether it compares the cases of each tag, and not all together.
    """

    text: str
    metric: str = ""
    margin: float | None = None
    alpha: float | None = None
    by_tag: bool = False

    def rules(self, usual: GateRules) -> GateRules:
        """Return margin and level with the usual ones as defaults."""
        margin = usual.margin if self.margin is None else self.margin
        alpha = usual.alpha if self.alpha is None else self.alpha
        return GateRules(margin=margin, alpha=alpha)


Rule = BoundRule | RegressionRule


def compares_all(rule: Rule) -> bool:
    """Return whether a rule compares all cases, which no slice stands for."""
    return isinstance(rule, RegressionRule) and not rule.by_tag


def is_on_answers(rule: Rule, scales: Mapping[str, Scale]) -> bool:
    """Return whether a gate is on the answers, and not on their cost, latency or number."""
    if isinstance(rule, RegressionRule):
        return True
    figures = {rule.metric, rule.aggregate}
    return figures.isdisjoint((COST, LATENCY, UNSCORED)) and not rule.requires_nothing(scales)


def parse_rules(texts: Iterable[str], origin: str = "--llm-gate") -> tuple[Rule, ...]:
    """Read rules, and drop duplicates.

    Raises:
        SettingError: A rule cannot be read, or two compare a metric with different limits.
    """
    rules = tuple(dict.fromkeys(parse_rule(text, origin) for text in texts))
    limits: dict[tuple[str, bool], RegressionRule] = {}
    for rule in rules:
        if isinstance(rule, RegressionRule):
            first = limits.setdefault((rule.metric, rule.by_tag), rule)
            if (rule.margin, rule.alpha) != (first.margin, first.alpha):
                allowed = f"one rule for a metric, and {first.text} is there already"
                raise SettingError(origin, rule.text, allowed)
    return rules


def parse_rule(text: str, origin: str = "--llm-gate") -> Rule:
    """Read a rule.

    Raises:
        SettingError: The rule cannot be read.
    """
    plain = " ".join(text.split())
    call = _CALL.fullmatch(plain)
    if call:
        return _regression(text, call[1], call[2] or "", origin)
    bound = _BOUND.fullmatch(plain)
    if not bound:
        raise SettingError(origin, text, _ALLOWED)
    try:
        number = float(bound[3])
    except ValueError:
        raise SettingError(origin, text, _ALLOWED) from None
    if not math.isfinite(number):
        raise SettingError(origin, text, _ALLOWED)
    metric = bound[1].rstrip()
    aggregate = ""
    if "." in metric:
        metric, _, aggregate = metric.rpartition(".")
    _check_figure(text, metric, aggregate, origin)
    rule = BoundRule(text.strip(), metric, aggregate, bound[2], number)
    if rule.fixed_scale is not None:
        _check_idle(rule, rule.fixed_scale, origin)
        check_possible(rule, rule.fixed_scale, origin)
    return rule


def _check_idle(rule: BoundRule, scale: Scale, origin: str) -> None:
    """Refuse a rule that every figure on a scale meets."""
    reason = rule.idleness(scale)
    if reason:
        remedy = f"{_sentence(reason)} {rule.as_share(scale)}".rstrip()
        raise SettingError(origin, rule.text, "a gate that a run can miss", remedy)


def check_possible(rule: BoundRule, scale: Scale, origin: str) -> None:
    """Refuse a rule that no figure on a scale meets.

    Raises:
        SettingError: It is one.
    """
    reason = rule.impossibility(scale)
    if reason:
        remedy = f"{_sentence(reason)} {rule.as_share(scale)}".rstrip()
        raise SettingError(origin, rule.text, "a gate that a run can meet", remedy)


def _sentence(reason: str) -> str:
    return f"{reason[0].upper()}{reason[1:]}."


def _check_figure(text: str, metric: str, aggregate: str, origin: str) -> None:
    if not aggregate:
        if metric in _WHOLE:
            return
        allowed = f"{', '.join(_WHOLE)}, or a metric with one of .{', .'.join(_OF_METRIC)}, .p10"
        raise SettingError(
            origin, text, allowed, nearest(metric, _WHOLE) or f"Did you mean '{metric}.mean'?"
        )
    known = _OF_FIGURE.get(metric, _OF_METRIC)
    if aggregate in known or (metric not in _WHOLE and aggregate_of(aggregate)):
        return
    words = [f"{metric}.{name}" for name in known]
    words.append(metric if metric in _WHOLE else f"{metric}.{PERCENTILES}")
    raise SettingError(origin, text, ", ".join(words), nearest(f"{metric}.{aggregate}", words))


def _regression(text: str, name: str, inside: str, origin: str) -> RegressionRule:
    if name != _REGRESSION:
        raise SettingError(
            origin, text, _ALLOWED, nearest(name, [_REGRESSION, *(f"{word}>=X" for word in _WHOLE)])
        )
    metric = ""
    by_tag = False
    numbers = {}
    parts = [part.strip() for part in inside.split(",")]
    for number, part in enumerate(filter(None, parts)):
        key, sign, value = part.partition("=")
        key = key.strip()
        if part == WORST_TAG and not by_tag:
            by_tag = True
        elif not sign and number == 0:
            metric = key
        elif key in ("margin", "alpha") and sign and key not in numbers:
            numbers[key] = _share(text, key, value.strip(), origin)
        else:
            allowed = (
                f"a metric, {WORST_TAG}, margin=X and alpha=X, each once; --llm-cluster groups "
                "dependent cases"
            )
            raise SettingError(origin, text, allowed, nearest(key, ("margin", "alpha", WORST_TAG)))
    return RegressionRule(text.strip(), metric, **numbers, by_tag=by_tag)


def _share(text: str, key: str, value: str, origin: str) -> float:
    """Return a number within the range of the setting of that name."""
    option = OPTION_BY_NAME[key]
    try:
        return float(option.read(value, origin))
    except SettingError:
        allowed = f"for {key} {option.allowed}, for example {key}=0.05"
        raise SettingError(origin, text, allowed) from None
