"""The marker ``llm_gate``, which sets gates on the cases of some tests."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from pytest_llmeval.errors import InputError, SettingError
from pytest_llmeval.plugin.collection import GoldenItem
from pytest_llmeval.plugin.markers import check_keywords, is_left_to_project
from pytest_llmeval.plugin.state import PluginState, usage_error


def note_gates(session: pytest.Session, state: PluginState) -> None:
    """Store the rules of ``llm_gate`` markers by their scope.

    Raises:
        pytest.UsageError: A rule cannot be read.
    """
    if is_left_to_project(session.config, "llm_gate"):
        return
    rules_by_scope: dict[str, list[str]] = {}
    for item in session.items:
        for node, mark in item.iter_markers_with_node("llm_gate"):
            scope = _gate_scope(item, mark) if node is item else node.nodeid
            rules = rules_by_scope.setdefault(scope, [])
            rules += [text for text in _gate_rules(mark, state) if text not in rules]
    state.marked_gates = list(rules_by_scope.items())
    _check_names(session, state)


def _check_names(session: pytest.Session, state: PluginState) -> None:
    """Refuse a rule on a score whose name is misspelt."""
    option = session.config.option
    is_gated = bool(state.marked_gates or state.settings.gate)
    if not (is_gated and state.collected.selected) or option.collectonly or option.setuponly:
        return
    from pytest_llmeval.runs.gate_checks import check_rules
    from pytest_llmeval.runs.gates import Gates

    gates = Gates.of(state.settings, state.marked_gates)
    try:
        check_rules(gates, state.session)
    except InputError as error:
        state.refuse(usage_error(error))


def _gate_scope(item: pytest.Item, mark: pytest.Mark) -> str:
    """Return the test with all its parameters, or with the parameters of the marker."""
    marks = getattr(getattr(item, "callspec", None), "marks", ())
    is_of_parameters = any(param_mark is mark for param_mark in marks)
    if is_of_parameters or isinstance(item, GoldenItem):
        from pytest_llmeval.plugin.item_plan import suite_of

        return suite_of(item)
    return item.nodeid.partition("[")[0]


def _gate_rules(mark: pytest.Mark, state: PluginState) -> Sequence[str]:
    """Return the rules of a marker, and refuse wrong ones before anything is sent."""
    from pytest_llmeval.gating.rules import parse_rules

    try:
        check_keywords(mark, ())
        if not mark.args or not all(isinstance(text, str) for text in mark.args):
            raise SettingError(
                "@pytest.mark.llm_gate",
                mark.args,
                "one or more rules, for example 'pass_rate>=.95'",
            )
        parse_rules(mark.args, "@pytest.mark.llm_gate")
    except InputError as error:
        state.refuse(usage_error(error))
        return ()
    return mark.args
