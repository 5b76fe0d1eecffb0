"""The early stop of ``--llm-stop-early``, in the processes that run tests."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import pytest

from pytest_llmeval.errors import InputError
from pytest_llmeval.plugin.collection import case_of
from pytest_llmeval.plugin.state import AHEAD, STATE, PluginState, usage_error

if TYPE_CHECKING:
    from pytest_llmeval.gating.sequential import RunningOrder
    from pytest_llmeval.runs.gates import Gates
    from pytest_llmeval.runs.stopping import Stopper

CERTAIN = "certain"
"""What the controller sends its workers when the verdict is certain."""


class StoppedEarly(Exception):
    """The cause of a skip: the verdict does not need the case of the test."""


def shuffle(state: PluginState, items: list[pytest.Item]) -> None:
    """Put the cases into a random order that is the same in every process and every rerun.

    The cases of a cluster follow each other, and tests without a case stay where they are.
    """
    if not state.settings.stop_early:
        return
    slots = [number for number, item in enumerate(items) if case_of(item) is not None]
    ranked = sorted(slots, key=lambda number: (_rank(state, items[number]), number))
    cases = [items[number] for number in ranked]
    for number, item in zip(slots, cases, strict=True):
        items[number] = item


def _rank(state: PluginState, item: pytest.Item) -> bytes:
    text = f"{state.settings.limit_seed}\0{_cluster_of(state, item)}"
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()


def _cluster_of(state: PluginState, item: pytest.Item) -> str:
    """Return the cluster of a case, or else a text that names no other."""
    case = case_of(item)
    column = state.settings.cluster
    member = case.metadata.get(column) if case is not None and column else None
    return item.nodeid if member is None else f"cluster {member}"


def order_of(session: pytest.Session, state: PluginState) -> dict[str, Any] | None:
    """Return the order of the cases and the marked gates as built-in types, for the controller.

    Raises:
        pytest.UsageError: A marker sets a gate that needs every case.
    """
    option = session.config.option
    settings = state.settings
    if not settings.stop_early or option.collectonly or option.setuponly or settings.dry_run:
        return None
    from pytest_llmeval.gating.content import content_of
    from pytest_llmeval.plugin.item_plan import suite_of
    from pytest_llmeval.records.answer_column import answered_column
    from pytest_llmeval.runs.gates import Gates
    from pytest_llmeval.runs.stopping import check_stopping_rules, stoppable_scopes

    gates = Gates.of(settings, state.marked_gates)
    try:
        check_stopping_rules(gates)
    except InputError as error:
        state.refuse(usage_error(error))
        return None
    state.stoppable = stoppable_scopes(gates)
    rows = []
    for item in session.items:
        case = case_of(item)
        if case is not None:
            key = [suite_of(item), case.source.file, case.id]
            content = content_of(case, answered_column(state.settings.provider or ""))
            rows.append([item.nodeid, *key, _cluster_of(state, item), tuple(content)])
    return {"cases": rows, "gates": state.marked_gates, "is_whole": state.is_covered}


def skip_if_certain(item: pytest.Item) -> None:
    """Skip a test with a case that the verdict does not need.

    A case that must pass has a say of its own. What was requested ahead is paid, so it is used.

    Raises:
        pytest.skip.Exception: The case is not needed; its cause is a `StoppedEarly`.
    """
    state = item.config.stash[STATE]
    if not state.is_certain or case_of(item) is None or item.stash.get(AHEAD, None) is not None:
        return
    from pytest_llmeval.plugin.item_plan import plan_for, suite_of
    from pytest_llmeval.runs.stopping import NOT_RUN, is_within

    try:
        must_pass = plan_for(item).case.must_pass
    except InputError:
        return  # the test fails with the same error
    if is_within(suite_of(item), state.stoppable) and not must_pass:
        raise pytest.skip.Exception(NOT_RUN, _use_item_location=True) from StoppedEarly()


class StopDecision:
    """The decision of the process that collects all results.

    Args:
        state: The plugin's state.
        plan: What `order_of` returned.
    """

    def __init__(self, state: PluginState, plan: Mapping[str, Any]) -> None:
        from pytest_llmeval.gating.content import Content
        from pytest_llmeval.gating.sequential import RunningOrder

        rows: Sequence[Sequence[Any]] = plan["cases"]
        keys = [(row[1], row[2], row[3]) for row in rows]
        self._keys = {row[0]: key for row, key in zip(rows, keys, strict=True)}
        contents = [Content(*row[5]) for row in rows]
        self.order: RunningOrder = RunningOrder(
            tuple(keys), tuple(row[4] for row in rows), dict(zip(keys, contents, strict=True))
        )
        self.stopper: Stopper = _stopper(state, plan, self.order)

    def take_lost(self, nodeid: str) -> bool:
        """Take a test that died with its worker, and return whether the verdict is certain."""
        key = self._keys.get(nodeid)
        return key is not None and self.stopper.take_lost(key)


def _stopper(state: PluginState, plan: Mapping[str, Any], order: RunningOrder) -> Stopper:
    from pytest_llmeval.gating.scores import Selection
    from pytest_llmeval.runs.gates import Gates
    from pytest_llmeval.runs.stopping import Stopper

    selection = Selection(plan["is_whole"], state.choice.roots)
    gates: Gates = Gates.of(state.settings, plan["gates"])
    try:
        return Stopper(gates, order, state.stop_baselines, state.quarantine, selection)
    except InputError as error:
        raise usage_error(error) from None
