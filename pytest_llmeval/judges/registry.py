"""The kinds of judges by their names."""

from __future__ import annotations

import inspect
import json
from collections.abc import Mapping
from functools import cached_property
from typing import Any

from pytest_llmeval.errors import SettingError
from pytest_llmeval.judges import bias, closed_qa, context_precision, factuality, retrieval, rubric, toxicity
from pytest_llmeval.judges.kind import Kind
from pytest_llmeval.judges.means import Means
from pytest_llmeval.metrics.entry import Entry, MetricInfo
from pytest_llmeval.metrics.registry import BUILT_IN
from pytest_llmeval.protocols import Scorer

KINDS = (
    rubric.KIND,
    factuality.KIND,
    closed_qa.KIND,
    *retrieval.KINDS,
    context_precision.KIND,
    toxicity.KIND,
    bias.KIND,
)
"""Every kind, in the order of the reference page."""


class KindEntry(Entry):
    """A kind as a metric is checked and described; what a judge is made with is no parameter of the user's."""

    @cached_property
    def signature(self) -> inspect.Signature:
        """The kind's own parameters."""
        kind: Any = self.metric
        whole = inspect.signature(kind.make, eval_str=True)
        return whole.replace(parameters=list(whole.parameters.values())[1:])


def kind_names() -> list[str]:
    """The names of all kinds."""
    return [kind.name for kind in KINDS]


def is_kind(name: str) -> bool:
    """Whether a score of this name, such as ``rubric`` or ``rubric.politeness``, is given by a judge."""
    return name.partition(".")[0] in kind_names()


def describe() -> list[MetricInfo]:
    """Every kind, for the list of metrics."""
    return [_entry(kind).info() for kind in KINDS]


def make_judge(name: str, params: Mapping[str, Any], means: Means, place: str = "judge") -> Scorer:
    """A judge.

    Args:
        name: A kind's name; behind a dot, one of several criteria: ``rubric.politeness``.
        params: The kind's parameters.
        means: Who is asked, and how.
        place: Where it was asked for, for error texts.

    Raises:
        SettingError: There is no such kind, or it does not take these parameters.
    """
    head, _, label = name.partition(".")
    kind = next(kind for kind in KINDS if kind.name == head)
    entry = _entry(kind)
    if kind.only and (label or params):
        found = name if label else json.dumps(dict(params), default=str)
        raise SettingError(head, found, f"{head} alone", kind.only)
    given = {**params, **({"label": label} if label else {})}
    if label and "label" not in entry.signature.parameters:
        raise SettingError(place, name, head, f"{head} has no parts.")
    entry.check(given, f"{place} {head}")
    return kind.make(means, **given)


def _entry(kind: Kind) -> KindEntry:
    return KindEntry(kind, kind.name, BUILT_IN, is_factory=True)
