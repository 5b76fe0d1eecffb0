"""The check that a run selects the cases which its settings name."""

from __future__ import annotations

import os

import pytest

from pytest_llmeval.errors import InputError
from pytest_llmeval.plugin.collection import case_of, requested_fixtures, requests_model
from pytest_llmeval.plugin.markers import (
    NAMES,
    check_names,
    leave_to_project,
    registered_names,
)
from pytest_llmeval.plugin.passed_over import deselected_cases, skipped_modules
from pytest_llmeval.plugin.selection import left_out, missing_file
from pytest_llmeval.plugin.state import PluginState, usage_error
from pytest_llmeval.plugin.uncollected import hidden_files, unread_files


def check_selection(session: pytest.Session, state: PluginState) -> None:
    """Note what the settings name and nothing matches, and count the selected cases.

    Raises:
        pytest.UsageError: A verdict is required, and a setting names what is not there.
    """
    _find_guest(session, state)
    collected = state.collected
    # By their node ids, because pytest may collect a test twice.
    selected = {item.nodeid for item in session.items if case_of(item) is not None}
    collected.selected = len(selected)
    option = session.config.option
    if option.collectonly or option.setuponly:
        return
    if _is_used(session, state):
        _check_paths(state)
        _check_markers(session, state)
        _check_names(state)
    for pattern in state.settings.golden:
        if pattern not in collected.matched:
            _check_pattern(state, pattern)
    _refuse_or_note(state, list(hidden_files(state)), is_binding=True)
    _note_passed_over(session, state)
    if state.is_at_work or state.demands:
        collected.empty = _empty_folders(session, state)
    if collected.cases:
        _check_must_pass(state)


def _find_guest(session: pytest.Session, state: PluginState) -> None:
    """Leave markers with names of ours to a project that has registered them and uses nothing else.

    A project of ours may register them, too, so the name alone does not decide.
    """
    names = registered_names(state.config)
    is_ours = state.collected.cases or state.settings.golden or state.demands or state.is_at_work
    if not names or is_ours:
        return
    further = set(NAMES) - names
    for item in session.items:
        if any(requested_fixtures(item)) or any(
            mark.name in further for mark in item.iter_markers()
        ):
            return
    leave_to_project(state.config, names)


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


def _note_passed_over(session: pytest.Session, state: PluginState) -> None:
    """Note what nobody has chosen to leave out, and refuse files that nothing can read."""
    collected = state.collected
    if collected.skipped and _is_used(session, state):
        collected.narrowed += skipped_modules(state)
    collected.passed_over += deselected_cases(collected.deselected, collected.cases)
    if not (state.is_at_work or state.demands):
        return
    unread = list(unread_files(state))
    if unread and state.settings.strict:
        state.refuse(pytest.UsageError("; ".join(unread)))
    collected.passed_over += unread


def _empty_folders(session: pytest.Session, state: PluginState) -> list[str]:
    """Return the folders that the user has named and from which no test has come."""
    if not state.is_whole or state.collected.gaps or state.collected.left_out:
        return []
    paths = {parent for path in {item.path for item in session.items} for parent in path.parents}
    root = state.config.rootpath
    return [folder for folder in state.choice.folders if root / folder not in paths]


def _refuse_or_note(state: PluginState, sentences: list[str], is_binding: bool) -> None:
    """Refuse the run where a verdict is required, or else say in the last line what is wrong."""
    if sentences and is_binding and state.demands:
        state.refuse(pytest.UsageError("; ".join(sentences)))
    state.collected.gaps += sentences


def _is_used(session: pytest.Session, state: PluginState) -> bool:
    """Return whether the project evaluates anything, so that names with ``llm`` are ours."""
    if state.collected.cases or state.settings.golden or state.demands or state.is_at_work:
        return True
    return any(map(requests_model, session.items))


def _check_names(state: PluginState) -> None:
    """Refuse or note misspelt variables and ini keys, and ini files that pytest does not read."""
    from pytest_llmeval.settings.misspelling import misspelt_names
    from pytest_llmeval.settings.project import section_keys, unread_keys

    path = state.config.inipath
    given = state.config.getoption("override_ini") or ()
    keys = [text.partition("=")[0].strip() for text in given]
    keys += () if path is None else section_keys(path)
    misspelt = misspelt_names(os.environ, [key for key in keys if not _is_declared(state, key)])
    is_evaluated = (
        bool(state.collected.selected or state.demands.here) or not state.choice.is_narrowed
    )
    demanding = [name.text for name in misspelt if name.is_demand]
    if demanding and is_evaluated:
        state.refuse(pytest.UsageError("; ".join(demanding)))
    texts = [name.text for name in misspelt if name.is_ours]
    _refuse_or_note(state, [*texts, *unread_keys(state.config.rootpath, path)], is_evaluated)
    state.collected.gaps += [name.text for name in misspelt if not name.is_ours]


def _check_paths(state: PluginState) -> None:
    """Refuse a path of the settings that a link leads outside, before a case is paid for."""
    try:
        state.locations.check(state.settings)
    except InputError as error:
        state.refuse(usage_error(error))


def _check_markers(session: pytest.Session, state: PluginState) -> None:
    """Refuse misspelt markers, which would declare nothing."""
    try:
        check_names(session.items, state.config)
    except InputError as error:
        state.refuse(usage_error(error))


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
