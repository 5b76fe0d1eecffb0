"""The check that a run selects the cases which its settings name."""

from __future__ import annotations

import os

import pytest

from pytest_llmeval.errors import InputError
from pytest_llmeval.plugin.collection import case_of
from pytest_llmeval.plugin.selection import left_out, missing_file
from pytest_llmeval.plugin.state import PluginState, usage_error


def check_selection(session: pytest.Session, state: PluginState) -> None:
    """Note what the settings name and nothing matches, and count the selected cases.

    Raises:
        pytest.UsageError: A verdict is required, and a setting names what is not there.
    """
    collected = state.collected
    collected.selected = sum(case_of(item) is not None for item in session.items)
    option = session.config.option
    if option.collectonly or option.setuponly:
        return
    _check_names(state)
    for pattern in state.settings.golden:
        if pattern not in collected.matched:
            _check_pattern(state, pattern)
    if collected.cases:
        _check_must_pass(state)


def _check_pattern(state: PluginState, pattern: str) -> None:
    """Refuse or note a pattern of ``llm_golden`` without a collected golden file."""
    choice = state.choice
    reason = missing_file(state.config.rootpath, pattern)
    if reason:
        is_binding = bool(state.demands.here) or not choice.is_narrowed
        _refuse_or_note(state, [f"llm_golden: {reason}"], is_binding)
        return
    sentence = f"llm_golden: {left_out(pattern, choice)}"
    if not choice.is_narrowed:
        _refuse_or_note(state, [sentence], is_binding=True)
    elif state.demands.here:
        state.collected.left_out.append(sentence)


def _refuse_or_note(state: PluginState, sentences: list[str], is_binding: bool) -> None:
    """Refuse the run where a verdict is required, or else say in the last line what is wrong."""
    if sentences and is_binding and state.demands:
        state.refuse(pytest.UsageError("; ".join(sentences)))
    state.collected.gaps += sentences


def _check_names(state: PluginState) -> None:
    """Refuse or note misspelt variables and ini keys, and ini files that pytest does not read."""
    if not (state.collected.cases or state.settings.golden or state.demands):
        return
    from pytest_llmeval.settings.project import section_keys, unread_keys
    from pytest_llmeval.settings.resolve import misspelt_names

    path = state.config.inipath
    keys = () if path is None else section_keys(path)
    misspelt = misspelt_names(os.environ, [key for key in keys if not _is_declared(state, key)])
    is_evaluated = (
        bool(state.collected.selected or state.demands.here) or not state.choice.is_narrowed
    )
    demanding = [name.text for name in misspelt if name.is_demand]
    if demanding and is_evaluated:
        state.refuse(pytest.UsageError("; ".join(demanding)))
    texts = [name.text for name in misspelt]
    _refuse_or_note(state, [*texts, *unread_keys(state.config.rootpath, path)], is_evaluated)


def _is_declared(state: PluginState, key: str) -> bool:
    """Return whether a plugin has declared an ini key."""
    try:
        state.config.getini(key)
    except (KeyError, ValueError):
        return False
    return True


def _check_must_pass(state: PluginState) -> None:
    """Refuse or note an expression of ``--llm-must-pass`` that no case meets."""
    if not state.settings.must_pass:
        return
    from pytest_llmeval.runs.requirements import check_must_pass

    try:
        state.collected.gaps += check_must_pass(state.settings, state.session.known_cases())
    except InputError as error:
        state.refuse(usage_error(error))
