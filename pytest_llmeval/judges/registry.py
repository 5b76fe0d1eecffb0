"""The kinds of judges by their names."""

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

_FAMILY = "judge"
"""Heading of judges in the list of metrics."""
_NO_JURY = (
    "jury: there are no jurors; allowed: one --llm-jury MODEL (or MODEL@URL, local:PATH) for each"
)


def _make_jury(
    setup: JudgeSetup, kind: str = "rubric", criteria: str | dict[str, Any] | None = None
) -> Jury:
    """A jury.

    Args:
        setup: Holds the means of each juror.
        kind: What kind of judge each juror is.
        criteria: What they judge by, where the kind takes it.

    Raises:
        NotConfiguredError: There are no jurors.
        SettingError: There is no such kind, or it does not take a criterion.
    """
    if not setup.jury:
        raise NotConfiguredError(_NO_JURY)
    if not is_kind(kind) or kind == JURY:
        allowed = [name for name in kind_names() if name != JURY]
        raise SettingError("jury kind", kind, ", ".join(allowed), nearest(kind, allowed))
    params = {"criteria": criteria} if criteria else {}
    jurors = tuple(make_judge(kind, params, juror, "jury") for juror in setup.jury)
    scale = next(each.scale for each in KINDS if each.name == kind)
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


def make_judge(
    name: str, params: Mapping[str, Any], setup: JudgeSetup, place: str = "judge"
) -> BaseScorer:
    """A judge.

    Args:
        name: A kind's name; behind a dot, one of several criteria: ``rubric.politeness``.
        params: The kind's parameters.
        setup: Who is asked, and how.
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
    return kind.make(setup, **given)


def _entry(kind: Kind) -> KindEntry:
    description = Description(kind.name, _FAMILY, kind.scale, about=kind.about, source=kind.source)
    return KindEntry(kind, description, BUILT_IN, is_factory=True)
