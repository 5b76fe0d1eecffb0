"""From a pytest item to the CaseRun that its fixtures and its outcome share."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from pytest_llmeval.assembly.session import RUBRIC
from pytest_llmeval.cases.evaluation import CaseEvaluation
from pytest_llmeval.cases.plan import Marks, Plan, plan_case
from pytest_llmeval.cases.thresholds import in_force
from pytest_llmeval.errors import InputError, NotConfiguredError
from pytest_llmeval.plugin.collection import GoldenItem, case_of, definitions
from pytest_llmeval.plugin.markers import (
    MUST_PASS_PLACE,
    metrics_of,
    must_pass_of,
    settings_for,
    thresholds_of,
)
from pytest_llmeval.plugin.state import AHEAD, ORDER, PLAN, RUN, STATE, PluginState
from pytest_llmeval.records.case import Case, Source
from pytest_llmeval.stats.reducers import parse_reducer

if TYPE_CHECKING:
    from pytest_llmeval.protocols import BaseProvider
    from pytest_llmeval.settings.table import Settings


def case_run(item: pytest.Item) -> CaseEvaluation:
    """The CaseRun of an item; made when it is first asked for.

    Raises:
        SettingError: A marker of the item cannot be used.
    """
    if RUN not in item.stash:
        activation = item.config.stash[STATE]
        activation.add_metrics()
        begun = item.stash.get(AHEAD, None)
        item.stash[RUN] = activation.current = begun or CaseEvaluation(
            activation.session, plan_for(item)
        )
    return item.stash[RUN]


def plan_for(item: pytest.Item) -> Plan:
    """What an item declares.

    Raises:
        SettingError: A marker of the item cannot be used.
    """
    if PLAN not in item.stash:
        item.stash[PLAN] = _plan(item)
    return item.stash[PLAN]


def _plan(item: pytest.Item) -> Plan:
    settings = settings_for(item, item.config.stash[STATE].settings)
    # What is wrong with the reducer is said before anything is sent.
    parse_reducer(settings.reducer, settings.samples)
    order, case = item.stash.get(ORDER, 0), case_of(item)
    marks = Marks(thresholds_of(item), metrics_of(item), must_pass_of(item), MUST_PASS_PLACE)
    if case is not None:
        return plan_case(case, settings, item.nodeid, suite_of(item), order, marks)
    return Plan(
        nodeid=item.nodeid,
        suite=suite_of(item),
        case=_own_case(item),
        settings=settings,
        thresholds=in_force([*marks.thresholds, *settings.threshold_groups()]),
        metrics=marks.metrics,
        is_golden=False,
        order=order,
    )


def suite_of(item: pytest.Item) -> str:
    """The item's node id without its case: what tells apart two tests that run the same golden file."""
    if isinstance(item, GoldenItem):
        return item.nodeid.partition("::")[0]
    base = item.nodeid.partition("[")[0]
    callspec = getattr(item, "callspec", None)
    others = (
        {name: value for name, value in callspec.params.items() if name != "llm_case"}
        if callspec
        else {}
    )
    if not callspec or not others:
        return base
    return f"{base}[{'-'.join(_param_text(callspec, name) for name in others)}]"


def choose_provider(item: pytest.Item, fixture_value: object) -> BaseProvider:
    """Who answers an item: command line, marker, overriding fixture, then the other settings.

    Args:
        item: The item.
        fixture_value: What the fixture ``llm_provider`` returned.

    Raises:
        NotConfiguredError: Nobody.
        InputError: What is set cannot be used.
    """
    return _chosen(case_run(item).plan.settings, item.config.stash[STATE], fixture_value)


def planned_provider(
    item: pytest.Item, activation: PluginState, fixture_value: object
) -> BaseProvider:
    """Who will answer an item that has no CaseRun yet.

    Raises:
        InputError: Nobody, or what is set cannot be used.
    """
    return _chosen(settings_for(item, activation.settings), activation, fixture_value)


def _chosen(settings: Settings, activation: PluginState, fixture_value: object) -> BaseProvider:
    named_for_test = settings.provider != activation.settings.provider
    if fixture_value is None or "provider" in settings.explicit or named_for_test:
        return activation.session.provider(settings)
    if activation.is_default(fixture_value):
        return activation.session.provider(settings)
    return activation.adopt(fixture_value)


def skip_or_raise(item: pytest.Item, error: NotConfiguredError) -> None:
    """Skip a test that nothing is configured for, unless a result was demanded.

    Raises:
        NotConfiguredError: Under ``--llm-strict``, or with a bound given on the command line.
    """
    if item.config.stash[STATE].settings.requires_scores:
        raise error
    raise pytest.skip.Exception(str(error)) from error


def check_declared(items: Iterable[pytest.Item], activation: PluginState) -> None:
    """Look once, before anything is sent, whether what the tests declare can be had.

    Raises:
        pytest.UsageError: A scorer, a provider or a marker cannot be used.
    """
    items = list(items)
    try:
        activation.add_metrics()
        activation.session.trust.cases = [
            case for item in items if (case := case_of(item)) is not None
        ]
    except InputError as error:
        return activation.refuse(pytest.UsageError(str(error)))
    checked: set[object] = set()
    for item in items:
        try:
            _check(item, plan_for(item), checked)
        except InputError as error:
            return activation.refuse(pytest.UsageError(f"{item.nodeid}: {error}"))


def _check(item: pytest.Item, plan: Plan, checked: set[object]) -> None:
    """Make what an item needs, without sending anything. What is not configured is said by the test itself."""
    if (
        item.get_closest_marker("llm_golden")
        and case_of(item) is None
        and not hasattr(item, "callspec")
    ):
        raise InputError(
            "it is marked llm_golden, but pytest cannot run it once for each case (a unittest.TestCase?)"
        )
    session, settings = item.config.stash[STATE].session, plan.settings
    named = list(plan.declared)
    if "llm_judge" in getattr(item, "fixturenames", ()):
        named.append((RUBRIC, {}))
    needed: dict[object, Callable[[], object]] = {
        (name, repr(params), settings): partial(session.scorer, name, params, settings)
        for name, params in named
    }
    if len(definitions(item, "llm_provider")) == 1 and "llm_completion" in getattr(
        item, "fixturenames", ()
    ):
        needed["provider", settings] = partial(session.provider, settings)
    for key, make in needed.items():
        if key not in checked:
            checked.add(key)
            with contextlib.suppress(NotConfiguredError):
                make()


def _own_case(item: pytest.Item) -> Case:
    """The case of a test without a golden file: the test itself."""
    _, line, _ = item.location
    return Case(
        id=item.name, prompt="", source=Source(item.nodeid.partition("::")[0], (line or 0) + 1)
    )


def _param_text(callspec: Any, name: str) -> str:
    value = callspec.params[name]
    return (
        str(value)
        if isinstance(value, (str, int, float, bool))
        else f"{name}{callspec.indices[name]}"
    )
