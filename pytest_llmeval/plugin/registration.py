"""The registration of markers, fixtures and hooks, when pytest configures itself."""

from __future__ import annotations

from typing import Any

import pytest

from pytest_llmeval.errors import SettingError
from pytest_llmeval.plugin import dry_run, fixtures
from pytest_llmeval.plugin.added import added_printing
from pytest_llmeval.plugin.controller import Controller
from pytest_llmeval.plugin.hooks import ClosingHooks, CollectionHooks, DryRunHooks, Hooks
from pytest_llmeval.plugin.markers import MARKERS
from pytest_llmeval.plugin.options import check_gates, read_settings
from pytest_llmeval.plugin.state import STATE, PluginState, usage_error
from pytest_llmeval.plugin.worker import Worker
from pytest_llmeval.records.process import ALONE


def activate(config: pytest.Config) -> None:
    """Read the settings and register markers, fixtures and hooks.

    Raises:
        pytest.UsageError: A setting is not allowed.
    """
    workerinput: dict[str, Any] = getattr(config, "workerinput", {})
    settings = read_settings(config)
    try:
        state = PluginState(config, settings, workerinput.get("workerid", ALONE))
    except SettingError as error:
        raise usage_error(error) from None
    config.stash[STATE] = state
    check_gates(state)
    _check_printing(state)
    for marker in MARKERS:
        config.addinivalue_line("markers", marker)
    if settings.stop_early and getattr(config.option, "maxschedchunk", 0) is None:
        # Results count in the order of the cases, so workers take them one by one.
        config.option.maxschedchunk = 1
    manager = config.pluginmanager
    manager.register(fixtures, "llm_golden_fixtures")
    role = Worker(state) if workerinput else Controller(state)
    manager.register(Hooks(state, role))
    manager.register(CollectionHooks(state))
    manager.register(ClosingHooks(role))
    if state.settings.dry_run:
        dry_run.run_in_this_process(config)
        manager.register(DryRunHooks(dry_run.DryRun(state)))


def _check_printing(state: PluginState) -> None:
    """Refuse an option that lets pytest only print something, where nobody typed it.

    Raises:
        pytest.UsageError: There is one, and a verdict is required.
    """
    printing = added_printing(state.config) if state.demands.here else ""
    if printing:
        raise pytest.UsageError(
            f"no test would be run because of {printing}, and {state.demands.here[0]} requires a "
            "verdict: take it out, or type the option"
        )


def deactivate(config: pytest.Config) -> None:
    """Close the session of the run."""
    state = config.stash.get(STATE, None)
    if state is not None:
        state.close()
