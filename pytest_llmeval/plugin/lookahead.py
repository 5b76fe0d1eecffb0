"""Looking ahead: while a test runs, the calls of the next ones are on their way.

Only what an item has declared is asked for: its answer if it requests one, and the scores that its
bounds and markers name. What a test asks of a judge in its body is known once the first case of the
same function has asked it.
"""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import pytest

from pytest_llmeval.errors import InputError
from pytest_llmeval.plugin.collection import case_of, definitions
from pytest_llmeval.plugin.state import AHEAD, ORDER

if TYPE_CHECKING:
    from pytest_llmeval.cases.evaluation import CaseEvaluation
    from pytest_llmeval.cases.plan import Wanted
    from pytest_llmeval.plugin.state import PluginState
    from pytest_llmeval.protocols import BaseProvider


class LookAhead:
    """What is asked for ahead of the running test.

    Args:
        activation: The plugin's state.
        items: Every test of this process, in order.
    """

    def __init__(self, activation: PluginState, items: list[pytest.Item]) -> None:
        self._activation, self._items = activation, items
        for number, item in enumerate(items):
            item.stash[ORDER] = number
        self._has_cases = any(case_of(item) is not None for item in items)
        self._next = 0
        self._spare: list[CaseEvaluation] = []
        self._shown: dict[str, list[Wanted]] = {}
        self._values: dict[object, FixtureValue] = {}
        self._known = KnownItems(activation.config)

    def reach(self, item: pytest.Item) -> None:
        """Ask for what the next items need, now that this one runs."""
        here, window = item.stash.get(ORDER, 0), self._window()
        if not window or not self._has_cases:
            return
        own = self._known.indices(here)
        if own is not None:
            for number in own[:window]:
                self._begin(self._items[number])
            return self._begin_spare(max([here, *own]) + 1, window - len(own))
        end = min(here + window, len(self._items))
        for number in range(max(here, self._next), end):
            self._begin(self._items[number])
        self._next = end

    def learn_scores(self, run: CaseEvaluation) -> None:
        """Learn from the first finished test of a function what its next cases will ask for."""
        suite = run.plan.suite
        if suite not in self._shown:
            self._shown[suite] = list(run.taken)
            for item in itertools.islice(self._items, run.plan.order + 1, None):
                later = item.stash.get(AHEAD, None)
                if later is None or later.plan.suite != suite:
                    break
                later.begin_scores(run.taken)

    def learn_provider(
        self, fixturedef: Any, request: pytest.FixtureRequest, value: object
    ) -> None:
        """Learn what a fixture returned."""
        known = self._values.get(fixturedef)
        is_same = known is not None and known.value is value
        self._values[fixturedef] = FixtureValue(fixturedef, request.node, value, is_same)
        if not is_same:
            self._next = 0  # items that could not be asked for may be now
        if fixturedef.scope in ("session", "package", "module") and not fixturedef.params:
            self._name(value, f"{fixturedef.baseid}::{fixturedef.argname}")

    def _name(self, value: object, scope: str) -> None:
        """Let other processes recognise an application of the user's."""
        with contextlib.suppress(InputError):  # the test says it
            if value is not None and not self._activation.is_default(value):
                self._activation.session.engine.name(self._activation.adopt(value), scope)

    def _window(self) -> int:
        cases = self._activation.settings.cases_ahead
        return -(-cases // self._activation.members)

    def begin(self, item: pytest.Item) -> CaseEvaluation | None:
        """Ask for what one item needs; ``None`` if that cannot be foreseen."""
        provider = self._provider(item)
        return None if provider is None else self._begun(item, provider)

    def _begin(self, item: pytest.Item) -> None:
        """Ask for what one item of this process needs, once."""
        if AHEAD not in item.stash and (run := self.begin(item)) is not None:
            item.stash[AHEAD] = run

    def _begin_spare(self, first: int, room: int) -> None:
        """Ask for what items need that no process has yet, as far as is known: whichever gets one finds the answer."""
        self._next = max(self._next, first)
        self._spare = [run for run in self._spare if run.is_waiting]
        while len(self._spare) < room and self._next < len(self._items):
            item = self._items[self._next]
            self._next += 1
            provider = self._provider(item)
            if provider is not None and self._activation.session.engine.is_shared(provider):
                run = self._begun(item, provider, is_spare=True)
                if run is not None:
                    self._spare.append(run)

    def _begun(
        self, item: pytest.Item, provider: BaseProvider, is_spare: bool = False
    ) -> CaseEvaluation | None:
        """A CaseRun whose calls are on their way; ``None`` where the test itself will say what is wrong."""
        from pytest_llmeval.cases.evaluation import CaseEvaluation
        from pytest_llmeval.plugin.item_plan import plan_for

        try:
            run = CaseEvaluation(self._activation.session, plan_for(item))
            run.begin(provider, self._wanted(run), is_spare)
        except InputError:
            return None
        return run

    def _wanted(self, run: CaseEvaluation) -> list[Wanted]:
        """The scores that a test will ask for: those it has declared, and those that its function is known for."""
        return [*run.plan.declared, *self._shown.get(run.plan.suite, ())]

    def _provider(self, item: pytest.Item) -> BaseProvider | None:
        """Who will answer an item; ``None`` if it needs no answer, or that is not known yet."""
        if case_of(item) is None or not needs_answer(item):
            return None
        from pytest_llmeval.plugin.item_plan import planned_provider  # late: most runs have no case

        try:
            if len(definitions(item, "llm_provider")) == 1:
                return planned_provider(item, self._activation, None)
            found = self._values.get(next(reversed(definitions(item, "llm_provider")), None))
            return (
                planned_provider(item, self._activation, found.value)
                if found and found.holds_for(item)
                else None
            )
        except InputError:
            return None


LOOKAHEAD: pytest.StashKey[LookAhead] = pytest.StashKey()
"""On the configuration: what looks ahead."""


class FixtureValue:
    """What a user's fixture ``llm_provider`` has returned.

    Args:
        definition: The fixture.
        node: Where it was set up.
        value: What it returned.
        is_repeated: Whether it has returned the same object before.
    """

    def __init__(self, definition: Any, node: Any, value: object, is_repeated: bool) -> None:
        self.definition, self.value = definition, value
        self._node, self._is_repeated = node, is_repeated

    def holds_for(self, item: pytest.Item) -> bool:
        """Whether an item will get the same value: by the fixture's scope, or because it gave the same twice."""
        if self.definition.params:
            return False
        return (
            self._node in item.listchain()
            if self.definition.scope != "function"
            else self._is_repeated
        )


class KnownItems:
    """The items that xdist has given to this process so far. xdist has no public way to ask; without it, nobody knows.

    Args:
        config: pytest's configuration.
    """

    def __init__(self, config: pytest.Config) -> None:
        plugins = config.pluginmanager.get_plugins() if hasattr(config, "workerinput") else ()
        self._worker: Any = next((plugin for plugin in plugins if hasattr(plugin, "torun")), None)

    def indices(self, here: int) -> list[int] | None:
        """Their positions from the running one on; ``None`` in a process that runs all."""
        if self._worker is None:
            return None
        try:
            with self._worker.torun.lock() as queue:
                waiting: Iterable[object] = (self._worker.nextitem_index, *queue)
        except AttributeError:
            return None
        return [here, *(number for number in waiting if isinstance(number, int) and number != here)]


def needs_answer(item: pytest.Item) -> bool:
    """Whether a test will run, and ask for the answer to its case through our fixture."""
    if not isinstance(item, pytest.Function) or "llm_completion" not in item.fixturenames:
        return False
    given = item.callspec.params if hasattr(item, "callspec") else {}
    if {"llm_completion", "llm_provider"} & set(given) or len(
        definitions(item, "llm_completion")
    ) != 1:
        return False
    return not any(_prevents(mark) for mark in item.iter_markers())


def _prevents(mark: pytest.Mark) -> bool:
    """Whether a marker keeps a test from running, or may."""
    conditions = (*mark.args, mark.kwargs.get("condition", False))
    return (
        mark.name == "skip"
        or (mark.name == "skipif" and any(each is not False for each in conditions))
        or (mark.name == "xfail" and mark.kwargs.get("run") is False)
    )
