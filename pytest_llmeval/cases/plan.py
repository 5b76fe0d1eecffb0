"""The plan of a case: its settings, thresholds and metrics before it is evaluated."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from pytest_llmeval.cases.thresholds import in_force
from pytest_llmeval.engine.context import CallContext
from pytest_llmeval.errors import InputError, SettingError
from pytest_llmeval.records.case import Case
from pytest_llmeval.records.threshold import Threshold
from pytest_llmeval.stats.reducers import parse_reducer

if TYPE_CHECKING:
    from pytest_llmeval.settings.table import Settings


Wanted = tuple[str, Mapping[str, Any]]
"""A score to take: the name of a metric or judge, and its parameters."""


@dataclass(frozen=True)
class Plan:
    """The settings, thresholds and metrics of a case before it is evaluated.

    Attributes:
        nodeid: pytest's node id.
        suite: The golden file's path, or the test function's node id without the case.
        case: The case with ``must_pass`` decided; for a test without a golden file, a case made
            from the test itself.
        settings: The settings, with the markers of the test applied.
        thresholds: The thresholds in force.
        metrics: Metrics without a threshold: names with parameters.
        is_golden: Whether the case is a golden one.
        order: Position of the case in the run.
    """

    nodeid: str
    suite: str
    case: Case
    settings: Settings
    thresholds: tuple[Threshold, ...] = ()
    metrics: tuple[Wanted, ...] = ()
    is_golden: bool = True
    order: int = 0

    @property
    def call_context(self) -> CallContext:
        """The context of the calls of the case."""
        return CallContext(self.case.source.file, self.case.id, order=self.order)

    @property
    def declared(self) -> tuple[Wanted, ...]:
        """The scores that every evaluation of the case takes."""
        bounded = ((threshold.metric, threshold.params) for threshold in self.thresholds)
        return (*bounded, *self.metrics)


@dataclass(frozen=True)
class Marks:
    """Thresholds, metrics and ``must_pass`` from the markers of a test.

    Attributes:
        thresholds: Thresholds, those of the nearest marker first.
        metrics: Metrics to take.
        must_pass: Whether the case must pass, or an expression over the case; ``None`` without such
            a marker.
        must_pass_origin: The marker with the expression, for error texts.
    """

    thresholds: Sequence[Sequence[Threshold]] = ()
    metrics: tuple[Wanted, ...] = ()
    must_pass: bool | str | None = None
    must_pass_origin: str = ""


def plan_case(
    case: Case, settings: Settings, nodeid: str, suite: str, order: int, marks: Marks | None = None
) -> Plan:
    """Plan the evaluation of a golden case.

    Args:
        case: The case.
        settings: The settings in force for it.
        nodeid: pytest's node id.
        suite: The golden file, or the test function.
        order: Position in the run.
        marks: The markers of its test.

    Raises:
        InputError: A threshold or an expression cannot be read.
    """
    marks = marks or Marks()
    return Plan(
        nodeid=nodeid,
        suite=suite,
        case=replace(case, must_pass=_must_pass(case, settings, marks)),
        settings=settings,
        thresholds=in_force([case.thresholds, *marks.thresholds, *settings.threshold_groups()]),
        metrics=marks.metrics,
        order=order,
    )


def check_reducer(settings: Settings, run: Settings) -> None:
    """Refuse a reducer that has nothing to reduce.

    Args:
        settings: The settings of a test.
        run: The settings of the run, without the markers of the test.

    Raises:
        SettingError: The reducer is unknown. Or it reduces samples, and their number is not set.
    """
    reducer = parse_reducer(settings.reducer, settings.samples)
    is_idle = settings.samples == 1 and reducer.name != "mean" and reducer.k != 1
    is_chosen = run.samples != 1 or "samples" in run.explicit | run.environment
    if is_idle and not is_chosen:
        raise SettingError(
            "--llm-reducer",
            settings.reducer,
            "mean, because each case has one sample",
            "For more samples, set --llm-samples N: --llm-n has no effect on scores.",
        )


def plan_cases(cases: Sequence[Case], settings: Settings) -> list[Plan]:
    """Plan the evaluation of golden cases that no test selects, in their order.

    Raises:
        InputError: A case appears twice, or the settings cannot be used.
    """
    check_reducer(settings, settings)
    plans: dict[str, Plan] = {}
    for order, case in enumerate(cases):
        suite = case.source.file
        nodeid = f"{suite}::{case.id}"
        if nodeid in plans:
            raise InputError(f"{case.source}: found the case {nodeid} twice; allowed: once")
        plans[nodeid] = plan_case(case, settings, nodeid, suite, order)
    return list(plans.values())


def select_plans(plans: Sequence[Plan], settings: Settings) -> list[Plan]:
    """Return the plans that the settings ``where`` and ``limit`` select.

    Raises:
        InputError: The expression of ``where`` cannot be used.
    """
    from pytest_llmeval.goldens.selection import random_subset, where_filter

    selected = list(plans)
    if settings.where is not None:
        matches = where_filter(settings.where, settings.origin("where"))
        selected = [plan for plan in selected if matches(plan.case)]
    if settings.limit is not None:
        names = [plan.nodeid for plan in selected]
        drawn = random_subset(names, settings.limit, settings.limit_seed)
        selected = [plan for plan in selected if plan.nodeid in drawn]
    return selected


def _must_pass(case: Case, settings: Settings, marks: Marks) -> bool:
    """Return whether a case must pass, by its row, the marker of its test, or the settings."""
    if case.must_pass is not None:
        return case.must_pass
    if isinstance(marks.must_pass, bool):
        return marks.must_pass
    if marks.must_pass:
        return _filter(marks.must_pass, marks.must_pass_origin)(case)
    if settings.must_pass:
        return _filter(settings.must_pass, settings.origin("must_pass"))(case)
    return False


@lru_cache(maxsize=64)
def _filter(expression: str, origin: str) -> Callable[[Case], bool]:
    """Compile the filter of an expression once for all cases."""
    from pytest_llmeval.goldens.selection import where_filter

    return where_filter(expression, origin)
