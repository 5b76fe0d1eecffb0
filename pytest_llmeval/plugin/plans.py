"""From a pytest item to the CaseRun that its fixtures and its outcome share."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import pytest

from pytest_llmeval.errors import InputError, NotConfiguredError
from pytest_llmeval.plugin.activation import ACTIVATION, RUN, Activation
from pytest_llmeval.plugin.collection import GoldenItem, case_of
from pytest_llmeval.plugin.markers import metrics_of, settings_for, thresholds_of
from pytest_llmeval.records import Case, Source
from pytest_llmeval.session.case_run import CaseRun, Plan
from pytest_llmeval.session.thresholds import by_origin, in_force

if TYPE_CHECKING:
    from pytest_llmeval.protocols import Provider


def case_run(item: pytest.Item) -> CaseRun:
    """The CaseRun of an item; made when it is first asked for.

    Raises:
        SettingError: A marker of the item cannot be used.
    """
    if RUN not in item.stash:
        activation = item.config.stash[ACTIVATION]
        item.stash[RUN] = activation.current = CaseRun(activation.session, plan_for(item))
    return item.stash[RUN]


def plan_for(item: pytest.Item) -> Plan:
    """What an item declares.

    Raises:
        SettingError: A marker of the item cannot be used.
    """
    settings = settings_for(item, item.config.stash[ACTIVATION].settings)
    case = case_of(item)
    return Plan(
        nodeid=item.nodeid,
        suite=suite_of(item),
        case=case or _own_case(item),
        settings=settings,
        thresholds=in_force([case.thresholds if case else (), thresholds_of(item), *by_origin(settings.thresholds())]),
        metrics=metrics_of(item),
        is_golden=case is not None,
    )


def suite_of(item: pytest.Item) -> str:
    """The item's node id without its case: what tells apart two tests that run the same golden file."""
    if isinstance(item, GoldenItem):
        return item.nodeid.partition("::")[0]
    base = item.nodeid.partition("[")[0]
    callspec = getattr(item, "callspec", None)
    others = {name: value for name, value in callspec.params.items() if name != "llm_case"} if callspec else {}
    if not callspec or not others:
        return base
    return f"{base}[{'-'.join(_param_text(callspec, name) for name in others)}]"


def choose_provider(item: pytest.Item, fixture_value: object) -> Provider:
    """Who answers an item: command line, marker, overriding fixture, then the other settings.

    Args:
        item: The item.
        fixture_value: What the fixture ``llm_provider`` returned.

    Raises:
        NotConfiguredError: Nobody.
        InputError: What is set cannot be used.
    """
    activation = item.config.stash[ACTIVATION]
    settings = case_run(item).plan.settings
    named_for_test = settings.provider != activation.settings.provider
    if fixture_value is None or "provider" in settings.explicit or named_for_test:
        return activation.session.provider(settings)
    if fixture_value is default_provider(activation):
        return activation.session.provider(settings)
    return activation.adopt(fixture_value)


def default_provider(activation: Activation) -> Provider | None:
    """Who answers by the settings alone; ``None`` if nothing is configured."""
    try:
        return activation.session.provider(activation.settings)
    except NotConfiguredError:
        return None


def skip_or_raise(item: pytest.Item, error: NotConfiguredError) -> None:
    """Skip a test that nothing is configured for, unless a result was demanded.

    Raises:
        NotConfiguredError: Under ``--llm-strict``, or with a bound given on the command line.
    """
    settings = item.config.stash[ACTIVATION].settings
    if settings.strict or {"min_score", "threshold"} & settings.explicit:
        raise error
    pytest.skip(str(error))


def check_declared(items: Iterable[pytest.Item]) -> None:
    """Look once, before anything is sent, whether every declared scorer exists.

    Raises:
        pytest.UsageError: One does not, or a marker cannot be used.
    """
    checked: set[str] = set()
    for item in items:
        try:
            _check(plan_for(item), item.config.stash[ACTIVATION], checked)
        except InputError as error:
            raise pytest.UsageError(f"{item.nodeid}: {error}") from None


def _check(plan: Plan, activation: Activation, checked: set[str]) -> None:
    scorers = [(threshold.metric, threshold.params) for threshold in plan.thresholds] + list(plan.metrics)
    for name, params in scorers:
        if name != "rubric" and (key := repr((name, params))) not in checked:
            checked.add(key)
            try:
                activation.session.scorer(name, params, plan.settings)
            except NotConfiguredError:
                continue  # said by the test itself: it is skipped, or an error


def _own_case(item: pytest.Item) -> Case:
    """The case of a test without a golden file: the test itself."""
    _, line, _ = item.location
    return Case(id=item.name, prompt="", source=Source(item.nodeid.partition("::")[0], (line or 0) + 1))


def _param_text(callspec: Any, name: str) -> str:
    value = callspec.params[name]
    return str(value) if isinstance(value, (str, int, float, bool)) else f"{name}{callspec.indices[name]}"
