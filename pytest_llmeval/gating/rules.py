"""The rules of ``--llm-gate``: what is asked of a run as a whole.

```
FIGURE COMPARISON NUMBER             pass_rate>=.95    rubric.mean>=4    latency.p95<=2
regression                           no worse than the baseline, by the metrics that are compared
unless named regression(METRIC, margin=X, alpha=X)
```

A figure is ``pass_rate``, ``pass_rate.low``, ``pass_rate.worst_tag``, ``unscored``, ``cost``, or a
metric or
``latency`` with ``.mean``, ``.min``, ``.max``, ``.pNN``, and for a metric also ``.worst_tag`` and
``.unscored``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from pytest_llmeval.errors import SettingError, nearest
from pytest_llmeval.records.result import PASS_RATE
from pytest_llmeval.records.threshold import COMPARISONS
from pytest_llmeval.stats.gate import GateRules

_REGRESSION, COST, LATENCY, UNSCORED = "regression", "cost", "latency", "unscored"
_WHOLE = (PASS_RATE, UNSCORED, COST)
"""Figures that stand for themselves."""

_AGGREGATES = ("mean", "min", "max", "worst_tag", "unscored")
_OF_LATENCY = ("mean", "min", "max")
_OF_PASS_RATE = ("low", "worst_tag")
_PERCENTILE = re.compile(r"p([1-9][0-9]?)")
_BOUND = re.compile(r"\s*([^<>=()\s][^<>=()]*?)\s*(>=|<=|==|>|<)\s*([^<>=]+?)\s*")
_CALL = re.compile(r"\s*(\w+)\s*(?:\((.*)\))?\s*")
ALLOWED = (
    "'regression', 'regression(METRIC, margin=X)', or a figure, one of >= <= > < == and a number, for example "
    "'pass_rate>=.95', 'rubric.mean>=4', 'rubric.p10>=3', 'rubric.worst_tag>=3.5', 'latency.p95<=2', 'cost<=0.5'"
)


@dataclass(frozen=True)
class BoundRule:
    """A bound on a figure of the run.

    Attributes:
        text: As it was written.
        metric: ``pass_rate``, ``cost``, ``latency``, ``unscored`` or the name of a metric.
        aggregate: ``mean``, ``p95``, …; empty where the figure stands for itself.
        comparison: How the figure is held against the bound.
        bound: The number.
    """

    text: str
    metric: str
    aggregate: str
    comparison: str
    bound: float

    def is_met_by(self, value: float) -> bool:
        """Whether a figure keeps the bound."""
        return bool(COMPARISONS[self.comparison](value, self.bound))


@dataclass(frozen=True)
class RegressionRule:
    """No worse than the baseline.

    Attributes:
        text: As it was written.
        metric: The metric; empty: those that are compared unless named.
        margin: Smallest drop that matters; ``None``: that of the settings.
        alpha: Level of the test; ``None``: that of the settings.
    """

    text: str
    metric: str = ""
    margin: float | None = None
    alpha: float | None = None

    def rules(self, usual: GateRules) -> GateRules:
        """Margin and level in force."""
        margin = usual.margin if self.margin is None else self.margin
        return GateRules(margin=margin, alpha=usual.alpha if self.alpha is None else self.alpha)


Rule = BoundRule | RegressionRule


def parse_rules(texts: Iterable[str], place: str = "--llm-gate") -> tuple[Rule, ...]:
    """The rules that some texts say, each once.

    Raises:
        SettingError: One of them cannot be read.
    """
    return tuple(dict.fromkeys(parse_rule(text, place) for text in texts))


def parse_rule(text: str, place: str = "--llm-gate") -> Rule:
    """The rule that a text says.

    Raises:
        SettingError: It cannot be read.
    """
    call = _CALL.fullmatch(text)
    if call:
        return _regression(text, call[1], call[2] or "", place)
    bound = _BOUND.fullmatch(text)
    if not bound:
        raise SettingError(place, text, ALLOWED)
    try:
        number = float(bound[3])
    except ValueError:
        raise SettingError(place, text, ALLOWED) from None
    if number != number:
        raise SettingError(place, text, ALLOWED)
    metric, _, aggregate = bound[1].rpartition(".") if "." in bound[1] else (bound[1], "", "")
    _check_figure(text, metric, aggregate, place)
    return BoundRule(text.strip(), metric, aggregate, bound[2], number)


def _check_figure(text: str, metric: str, aggregate: str, place: str) -> None:
    if not aggregate:
        if metric in _WHOLE:
            return
        allowed = f"{', '.join(_WHOLE)}, or a metric with one of .{', .'.join(_AGGREGATES)}, .p10"
        raise SettingError(
            place, text, allowed, nearest(metric, _WHOLE) or f"Did you mean '{metric}.mean'?"
        )
    known = {PASS_RATE: _OF_PASS_RATE, LATENCY: _OF_LATENCY, COST: (), UNSCORED: ()}.get(
        metric, _AGGREGATES
    )
    if aggregate in known or (metric not in _WHOLE and _PERCENTILE.fullmatch(aggregate)):
        return
    words = [f"{metric}.{each}" for each in known] + (
        [metric] if metric in _WHOLE else [f"{metric}.p1 to .p99"]
    )
    raise SettingError(place, text, ", ".join(words), nearest(f"{metric}.{aggregate}", words))


def _regression(text: str, name: str, inside: str, place: str) -> RegressionRule:
    if name != _REGRESSION:
        raise SettingError(
            place, text, ALLOWED, nearest(name, [_REGRESSION, *(f"{each}>=X" for each in _WHOLE)])
        )
    metric, numbers = "", {}
    for number, part in enumerate(filter(None, map(str.strip, inside.split(",")))):
        key, sign, value = (each.strip() for each in part.partition("="))
        if not sign and number == 0:
            metric = key
            continue
        if key not in ("margin", "alpha"):
            allowed = "a metric, margin=X and alpha=X; what hangs together is told by --llm-cluster"
            raise SettingError(place, text, allowed, nearest(key, ("margin", "alpha")))
        numbers[key] = _share(text, key, value, place)
    return RegressionRule(text.strip(), metric, **numbers)


def _share(text: str, key: str, value: str, place: str) -> float:
    try:
        number = float(value)
    except ValueError:
        number = 0.0
    if not 0 < number < 1:
        raise SettingError(place, text, f"{key} between 0 and 1, for example {key}=0.05")
    return number
