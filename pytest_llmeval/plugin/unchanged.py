"""The cases that ``--llm-changed`` leaves out, because nothing about them has changed."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import pytest

from pytest_llmeval.errors import InputError, LLMEvalError
from pytest_llmeval.plugin.collection import GoldenItem, case_of, definitions
from pytest_llmeval.plugin.lookahead import needs_answer
from pytest_llmeval.plugin.state import PLAN, STATE, PluginState, usage_error

if TYPE_CHECKING:
    from pytest_llmeval.baselines.unchanged import ChangeFinder
    from pytest_llmeval.cases.plan import Plan
    from pytest_llmeval.protocols import BaseProvider
    from pytest_llmeval.records.changed import ChangedCase, UnchangedCase


def deselect(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Deselect the cases that have not changed since the baseline.

    Every xdist worker decides for itself, and alike, by the same baseline.
    """
    state = config.stash[STATE]
    cases = [item for item in items if case_of(item) is not None]
    if not state.settings.changed or not cases:
        return
    if state.settings.stop_early:
        state.refuse(_both(state))
    unchanged = _examine(state, cases)
    if unchanged:
        state.unchanged = frozenset(item.nodeid for item in unchanged)
        state.collected.dropped += len(unchanged)
        config.hook.pytest_deselected(items=unchanged)
        items[:] = [item for item in items if item.nodeid not in state.unchanged]


def _both(state: PluginState) -> pytest.UsageError:
    """Return the error of a run that must judge all cases and may stop before it has."""
    return pytest.UsageError(
        f"{state.settings.origin('changed')}: found {state.settings.origin('stop_early')}, too; "
        "allowed: one of the two, because an early stop judges a random part of all cases"
    )


def _examine(state: PluginState, items: Iterable[pytest.Item]) -> list[pytest.Item]:
    """Note which cases have changed, and return the items of the others.

    Raises:
        pytest.UsageError: There is no baseline that can tell.
    """
    from pytest_llmeval.baselines.unchanged import ChangeFinder
    from pytest_llmeval.records.changed import ChangedCases, UnchangedCase

    try:
        state.add_metrics()
        finder = ChangeFinder(state.session, state.run_id)
    except LLMEvalError as error:
        state.refuse(usage_error(error))
        return []
    except OSError as error:
        state.refuse(pytest.UsageError(str(error)))
        return []
    unchanged: dict[pytest.Item, UnchangedCase] = {}
    changed: list[ChangedCase] = []
    for item in items:
        result = _examined(item, state, finder)
        if isinstance(result, UnchangedCase):
            unchanged[item] = result
        else:
            changed.append(result)
    state.changed = ChangedCases(finder.name, tuple(unchanged.values()), tuple(changed))
    return list(unchanged)


def _examined(
    item: pytest.Item, state: PluginState, finder: ChangeFinder
) -> UnchangedCase | ChangedCase:
    case = case_of(item)
    assert case is not None
    from pytest_llmeval.plugin.item_plan import suite_of
    from pytest_llmeval.records.changed import ChangedCase

    key = (suite_of(item), case.source.file, case.id)
    if not isinstance(item, GoldenItem):
        return finder.of_test(key, case.source.line)
    try:
        plan = _early_plan(item)
        provider = _provider(item, state)
    except InputError as error:
        return ChangedCase(key, case.source.line, reason=str(error))  # its test raises it again
    return finder.examine(plan, provider)


def _early_plan(item: pytest.Item) -> Plan:
    """Return the plan of an item that has no position in the run yet."""
    from pytest_llmeval.plugin.item_plan import plan_for

    plan = plan_for(item)
    del item.stash[PLAN]
    return plan


def _provider(item: pytest.Item, state: PluginState) -> BaseProvider | None:
    """Return who answers a row; ``None`` if a fixture decides, or the row may not run as usual.

    Raises:
        InputError: Nobody is named who answers, or what is named cannot be used.
    """
    is_usual = needs_answer(item) and len(definitions(item, "llm_provider")) == 1
    if not is_usual or any(item.iter_markers("xfail")):
        return None
    from pytest_llmeval.plugin.item_plan import planned_provider

    return planned_provider(item, state, None)
