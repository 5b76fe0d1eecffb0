"""The registry of metrics: the built-in ones, those of packages, and those that a hook adds."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from importlib import metadata
from typing import Any

from pytest_llmeval.errors import InputError, SettingError, nearest
from pytest_llmeval.metrics.bias import Bias
from pytest_llmeval.metrics.entry import Entry, MetricInfo, describe
from pytest_llmeval.metrics.json_schema import JsonSchema
from pytest_llmeval.metrics.language import Language
from pytest_llmeval.metrics.length import Length
from pytest_llmeval.metrics.match import (
    Contains,
    ContainsAll,
    ContainsAny,
    ContainsNone,
    ExactMatch,
    Regex,
    StartsWith,
)
from pytest_llmeval.metrics.mathematics import Mathematics
from pytest_llmeval.metrics.numbers.metric import Numeric
from pytest_llmeval.metrics.overlap import Bleu, Chrf, EditDistance, Rouge
from pytest_llmeval.metrics.readability import TextQuality, formulas
from pytest_llmeval.metrics.refusal import Refusal
from pytest_llmeval.metrics.sentiment import Sentiment
from pytest_llmeval.metrics.similarity import Relevance, Similarity
from pytest_llmeval.metrics.spending import Cost, Latency
from pytest_llmeval.metrics.toxicity.metric import ToxicityMetric
from pytest_llmeval.protocols import BaseScorer, Scorer
from pytest_llmeval.records.scorer import ScorerKey

_ENTRY_POINTS = "pytest_llmeval.metrics"
BUILT_IN = "pytest_llmeval"
_ORIGIN = "metric"  # begins the error of a name or parameter that cannot be used
_OURS = (
    TextQuality, ToxicityMetric, Sentiment, Bias, Refusal, ExactMatch, Contains, ContainsAll,
    ContainsAny, ContainsNone, StartsWith, Regex, JsonSchema, Numeric, Mathematics, Bleu, Chrf,
    Rouge, EditDistance, Similarity, Relevance, Language, Length, Latency, Cost,
)  # fmt: skip
"""The metrics of this package, without the readability formulas."""


class MetricRegistry:
    """Makes metrics by name, each once.

    Args:
        defaults: Parameters for metrics that are not given any, by the metric's name or family:
            ``{"readability": {"language": "es"}}``.
        parts: Makes what metrics name in ``needs``, when the first of them is made: ``{"embedder":
            …}``.
    """

    def __init__(
        self,
        defaults: Mapping[str, Mapping[str, Any]] | None = None,
        parts: Mapping[str, Callable[[], object]] | None = None,
    ) -> None:
        self._defaults = dict(defaults or {})
        self._parts = dict(parts or {})
        self._entries: dict[str, Entry] = {}
        self._made: dict[ScorerKey, BaseScorer] = {}
        for metric in (*formulas().values(), *_OURS):
            self.add(metric, BUILT_IN)

    def create(self, name: str, params: Mapping[str, Any]) -> BaseScorer:
        """Make the metric of this name, once for each set of parameters.

        Args:
            name: For example ``lix``, or ``toxicity.insult`` for one label of a metric.
            params: Its parameters.

        Raises:
            SettingError: There is no such metric, or it does not take these parameters.
            MissingExtraError: It needs a package that is not installed.
            InputError: The user's own factory failed.
        """
        key = ScorerKey.of(name, params)
        if key not in self._made:
            entry, label = self._find(name)
            dotted = entry.description.dotted
            if label and dotted in params:
                allowed = f"{label[dotted]}, as in {name!r}"
                raise SettingError(f"{_ORIGIN} {dotted}", params[dotted], allowed)
            defaults = {
                **self._defaults.get(entry.description.family, {}),
                **self._defaults.get(entry.description.name, {}),
            }
            given = {**defaults, **params, **label}
            entry.check(given, f"{_ORIGIN} {entry.description.name}")
            self._made[key] = entry.make(given, self._parts)
        return self._made[key]

    def add(self, metric: object, origin: str) -> None:
        """Add a metric.

        Args:
            metric: An object with ``name``, ``version`` and ``score(case, completion)``; or a class
                or function with a ``name`` that makes one from parameters. Where they have
                ``scale``, ``about``, ``source``, these describe it.
            origin: Who adds it, for example ``conftest.py``.

        Raises:
            InputError: It lacks a member, or the name is taken.
        """
        is_factory = isinstance(metric, type) or (
            callable(metric) and not isinstance(metric, Scorer)
        )
        description = describe(metric, origin, is_factory)
        name = description.name
        if name in self._entries:
            first = self._entries[name].origin
            raise InputError(
                f"metric {name!r} comes twice: from {first} and from {origin}. Rename one of them."
            )
        self._entries[name] = Entry(metric, description, origin, is_factory)

    def is_built_in(self, name: str) -> bool:
        """Return whether a metric is one of this package, and not a user's."""
        entry = self._entries.get(name) or self._entries.get(name.partition(".")[0])
        return entry is not None and entry.origin == BUILT_IN

    def load_entry_points(self) -> None:
        """Add the metrics that installed packages offer as entry points ``pytest_llmeval.metrics``.

        Raises:
            InputError: One of them cannot be loaded, or is no metric.
        """
        for point in sorted(
            metadata.entry_points(group=_ENTRY_POINTS), key=lambda point: point.name
        ):
            origin = f"{point.dist.name if point.dist else 'an unknown package'} ({point.value})"
            try:
                metric = point.load()
            except Exception as error:
                remedy = "Repair or uninstall that package."
                problem = f"{type(error).__name__}: {error}"
                raise InputError(
                    f"metric {point.name!r} of {origin} cannot be loaded: {problem}. {remedy}"
                ) from error
            self.add(metric, origin)

    def describe(self, more: Iterable[MetricInfo] = ()) -> list[MetricInfo]:
        """List all metrics by family, in the order in which they were added.

        Args:
            more: Scorers that are made elsewhere, for example judges; they come first.
        """
        infos = [*more, *(entry.info() for entry in self._entries.values())]
        families = list(dict.fromkeys(info.family for info in infos))
        return sorted(infos, key=lambda info: families.index(info.family))

    def _find(self, name: str) -> tuple[Entry, dict[str, str]]:
        if name in self._entries:
            return self._entries[name], {}
        head, _, label = name.partition(".")
        entry = self._entries.get(head)
        if entry is None or not label or entry.description.dotted not in entry.signature.parameters:
            allowed = sorted(self._entries)
            raise SettingError(_ORIGIN, name, ", ".join(allowed), nearest(name, allowed))
        return entry, {entry.description.dotted: label}
