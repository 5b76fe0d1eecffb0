"""The kinds of judges by name."""

from __future__ import annotations

import inspect
import json
from collections.abc import Mapping
from functools import cached_property
from typing import Any

from pytest_llmeval.errors import NotConfiguredError, SettingError, nearest
from pytest_llmeval.judges.choosing import CLOSED_QA_KIND, FACTUALITY_KIND
from pytest_llmeval.judges.geval import GEVAL_KIND
from pytest_llmeval.judges.jury import JURY, Jury
from pytest_llmeval.judges.pairwise import PAIRWISE_KIND
from pytest_llmeval.judges.replies import HIGH, LOW
from pytest_llmeval.judges.retrieval import CONTEXT_PRECISION_KIND, RETRIEVAL_KINDS
from pytest_llmeval.judges.rubric import RUBRIC_KIND
from pytest_llmeval.judges.setup import JudgeSetup, Kind
from pytest_llmeval.judges.yes_no import BIAS_KIND, TOXICITY_KIND
from pytest_llmeval.metrics.entry import Description, Entry, MetricInfo
from pytest_llmeval.metrics.registry import BUILT_IN
from pytest_llmeval.protocols import BaseScorer
from pytest_llmeval.records.score import Scale
from pytest_llmeval.records.scorer import RUBRIC

_FAMILY = "judge"
"""Heading of judges in the list of metrics."""
_NO_JURY = (
    "jury: found no jurors; allowed: --llm-jury MODEL (or MODEL@URL, local:PATH) for every juror"
)


def _make_jury(
    setup: JudgeSetup, kind: str = RUBRIC, criteria: str | dict[str, Any] | None = None
) -> Jury:
    """Make a jury of judges of one kind; raise NotConfiguredError without jurors."""
    if not setup.jury:
        raise NotConfiguredError(_NO_JURY)
    if not is_kind(kind) or kind == JURY:
        allowed = [name for name in kind_names() if name != JURY]
        raise SettingError("jury kind", kind, ", ".join(allowed), nearest(kind, allowed))
    params = {"criteria": criteria} if criteria else {}
    jurors = tuple(make_judge(kind, params, juror, "jury") for juror in setup.jury)
    scale = next(entry.scale for entry in KINDS if entry.name == kind)
    return Jury(jurors, tuple(juror.model for juror in setup.jury), setup.jury_reducer, scale)


_JURY_KIND = Kind(
    JURY,
    _make_jury,
    Scale(LOW, HIGH),
    "mean or median of the scores that the models of --llm-jury give",
    "Replacing Judges with Juries, arXiv 2404.18796",
)

KINDS = (
    RUBRIC_KIND,
    GEVAL_KIND,
    _JURY_KIND,
    PAIRWISE_KIND,
    FACTUALITY_KIND,
    CLOSED_QA_KIND,
    *RETRIEVAL_KINDS,
    CONTEXT_PRECISION_KIND,
    TOXICITY_KIND,
    BIAS_KIND,
)
"""All kinds, in the order of the reference page."""


class KindEntry(Entry):
    """A kind of judge in the form of a metric; the setup is not a parameter of the user's."""

    @cached_property
    def signature(self) -> inspect.Signature:
        """The user's parameters of the kind."""
        kind: Any = self.metric
        whole = inspect.signature(kind.make, eval_str=True)
        return whole.replace(parameters=list(whole.parameters.values())[1:])


def kind_names() -> list[str]:
    """Return the names of all kinds."""
    return [kind.name for kind in KINDS]


def is_kind(name: str) -> bool:
    """Return whether a judge gives scores of this name, such as ``rubric.politeness``."""
    return name.partition(".")[0] in kind_names()


def scale_of(name: str, params: Mapping[str, Any]) -> Scale:
    """Return the scale of a judge's scores, without making the judge.

    Args:
        name: Name of a kind, or of one of its criteria: ``rubric.politeness``.
        params: The kind's parameters, of which a jury's ``kind`` decides.
    """
    head = name.partition(".")[0]
    if head == JURY:
        head = str(params.get("kind", "rubric"))
    return next((kind.scale for kind in KINDS if kind.name == head), Scale())


def describe() -> list[MetricInfo]:
    """Describe all kinds for the list of metrics."""
    return [_entry(kind).info() for kind in KINDS]


def make_judge(
    name: str, params: Mapping[str, Any], setup: JudgeSetup, origin: str = "judge"
) -> BaseScorer:
    """Make a judge.

    Args:
        name: Name of a kind. Text after a dot is one of several criteria: ``rubric.politeness``.
        params: The kind's parameters.
        setup: The judge model, its provider, and the settings of its calls.
        origin: The setting that names the judge, for error texts.

    Raises:
        SettingError: The kind is unknown or does not take these parameters.
    """
    head, _, label = name.partition(".")
    kind = next(kind for kind in KINDS if kind.name == head)
    entry = _entry(kind)
    if kind.only and (label or params):
        written = name if label else json.dumps(dict(params), default=str)
        raise SettingError(head, written, f"{head} alone", kind.only)
    given = {**params, **({"label": label} if label else {})}
    if label and "label" not in entry.signature.parameters:
        raise SettingError(origin, name, head, f"{head} has no parts.")
    entry.check(given, f"{origin} {head}")
    return kind.make(setup, **given)


def _entry(kind: Kind) -> KindEntry:
    description = Description(kind.name, _FAMILY, kind.scale, about=kind.about, source=kind.source)
    return KindEntry(kind, description, BUILT_IN, is_factory=True)
