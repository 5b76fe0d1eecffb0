"""The look-ahead: while a test runs, the calls of the next tests are in flight.

It starts only declared calls: the answer if a test requests it, and the scores of its thresholds
and markers. Scores that a test body takes are known after the first case of the same function.
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
    from pytest_llmeval.settings.table import Settings


class LookAhead:
    """The look-ahead of a process.

    Args:
        state: The plugin's state.
        items: All tests of this process in their order.
    """

    def __init__(self, state: PluginState, items: list[pytest.Item]) -> None:
        self._state = state
        self._items = items
        for number, item in enumerate(items):
            item.stash[ORDER] = number
        self._has_cases = any(case_of(item) is not None for item in items)
        self._is_off = any(map(_has_cassette, items))
        self._next = 0
        self._spare: list[CaseEvaluation] = []
        self._shown: dict[str, list[Wanted]] = {}
        self._values: dict[object, FixtureValue] = {}
        self._known = KnownItems(state.config)

    def reach(self, item: pytest.Item) -> None:
        """Start the calls of the next items when an item runs."""
        current = item.stash.get(ORDER, 0)
        window = self._window()
        if not window or not self._has_cases:
            return
        assigned = self._known.indices(current)
        if assigned is not None:
            for number in assigned[:window]:
                self._start_once(self._items[number])
            first = max([current, *assigned]) + 1
            return self._prefetch_for_others(first, window - len(assigned))
        end = min(current + window, len(self._items))
        for number in range(max(current, self._next), end):
            self._start_once(self._items[number])
        self._next = end

    def learn_scores(self, evaluation: CaseEvaluation) -> None:
        """Learn the scores of a function from its first test, and start them for the next ones."""
        suite = evaluation.plan.suite
        if suite not in self._shown:
            self._shown[suite] = list(evaluation.taken)
            for item in itertools.islice(self._items, evaluation.plan.order + 1, None):
                later = item.stash.get(AHEAD, None)
                if later is None or later.plan.suite != suite:
                    break
                later.begin_scores(evaluation.taken)

    def learn_provider(
        self, fixturedef: Any, request: pytest.FixtureRequest, value: object
    ) -> None:
        """Learn the value of a fixture."""
        known = self._values.get(fixturedef)
        is_same = known is not None and known.value is value
        self._values[fixturedef] = FixtureValue(fixturedef, request.node, value, is_same)
        if not is_same:
            # Items without a known provider may have one now.
            self._next = 0
        if fixturedef.scope in ("session", "package", "module") and not fixturedef.params:
            self._name(value, f"{fixturedef.baseid}::{fixturedef.argname}")

    def _name(self, value: object, scope: str) -> None:
        """Give a user's application a name that other processes recognise."""
        # The test itself raises the error.
        with contextlib.suppress(InputError):
            if value is not None and not self._state.is_default(value):
                self._state.session.engine.name(self._state.adopt(value), scope)

    def _window(self) -> int:
        # A cassette records every call that is made while it is open, of whichever test.
        if self._is_off or self._state.is_certain:
            return 0
        settings = self._state.settings
        cases = settings.cases_ahead
        if settings.stop_early:
            # Each case ahead may be one too many.
            cases = min(cases, settings.concurrency)
        return -(-cases // self._state.members)

    def start(self, item: pytest.Item) -> CaseEvaluation | None:
        """Start the calls of an item, or return ``None`` if they are not known."""
        provider = self._provider(item)
        return None if provider is None else self._started(item, provider)

    def _start_once(self, item: pytest.Item) -> None:
        """Start the calls of an item of this process if they were not started."""
        if AHEAD in item.stash:
            return
        evaluation = self.start(item)
        if evaluation is not None:
            item.stash[AHEAD] = evaluation

    def _prefetch_for_others(self, first: int, room: int) -> None:
        """Start calls of items that no process has; whichever gets an item finds its answer."""
        self._next = max(self._next, first)
        self._spare = [evaluation for evaluation in self._spare if evaluation.is_waiting]
        while len(self._spare) < room and self._next < len(self._items):
            item = self._items[self._next]
            self._next += 1
            provider = self._provider(item)
            if provider is not None and self._state.session.engine.is_shared(provider):
                evaluation = self._started(item, provider, is_spare=True)
                if evaluation is not None:
                    self._spare.append(evaluation)

    def _started(
        self, item: pytest.Item, provider: BaseProvider, is_spare: bool = False
    ) -> CaseEvaluation | None:
        """Return an evaluation with started calls, or ``None`` if the test itself will fail."""
        from pytest_llmeval.cases.evaluation import CaseEvaluation
        from pytest_llmeval.plugin.item_plan import plan_for

        try:
            evaluation = CaseEvaluation(self._state.session, plan_for(item))
            evaluation.begin(provider, self._wanted(evaluation), is_spare)
        except InputError:
            return None
        return evaluation

    def _wanted(self, evaluation: CaseEvaluation) -> list[Wanted]:
        """Return the scores that a test declares, and those that its function is known to take."""
        return [*evaluation.plan.declared, *self._shown.get(evaluation.plan.suite, ())]

    def _provider(self, item: pytest.Item) -> BaseProvider | None:
        """Return the provider of an item, or ``None`` if it needs none or is not known yet."""
        if case_of(item) is None or not needs_answer(item):
            return None
        from pytest_llmeval.plugin.item_plan import planned_provider

        fixtures = definitions(item, "llm_provider")
        try:
            if len(fixtures) == 1:
                return planned_provider(item, self._state, None)
            fixture_value = self._values.get(fixtures[-1]) if fixtures else None
            if fixture_value is None or not fixture_value.holds_for(item):
                return None
            return planned_provider(item, self._state, fixture_value.value)
        except InputError:
            return None


def cassette_lines(settings: Settings, items: Iterable[pytest.Item]) -> list[str]:
    """Return what a run with VCR cassettes says of itself after the collection."""
    if not any(map(_has_cassette, items)):
        return []
    line = "llm: look-ahead is off, because VCR records all calls that are made while a test runs"
    if settings.no_cache:
        return [line]
    return [line, "llm: an answer from the completion store reaches no cassette (--llm-no-cache)"]


LOOKAHEAD: pytest.StashKey[LookAhead] = pytest.StashKey()
"""On the configuration: the look-ahead."""


class FixtureValue:
    """The value of a user's fixture ``llm_provider``.

    Args:
        definition: The fixture.
        node: The node that it was set up for.
        value: The value.
        is_repeated: Whether the fixture returned the same object before.
    """

    def __init__(self, definition: Any, node: Any, value: object, is_repeated: bool) -> None:
        self.definition = definition
        self.value = value
        self._node = node
        self._is_repeated = is_repeated

    def holds_for(self, item: pytest.Item) -> bool:
        """Return whether an item will get the same value, by the fixture's scope or repetition."""
        if self.definition.params:
            return False
        if self.definition.scope == "function":
            return self._is_repeated
        return self._node in item.listchain()


class KnownItems:
    """The items that xdist has assigned to this process, by a private attribute of xdist.

    Args:
        config: pytest's configuration.
    """

    def __init__(self, config: pytest.Config) -> None:
        plugins = config.pluginmanager.get_plugins() if hasattr(config, "workerinput") else ()
        self._worker: Any = next((plugin for plugin in plugins if hasattr(plugin, "torun")), None)

    def indices(self, current: int) -> list[int] | None:
        """Return their positions from the current one, or ``None`` if they are not known."""
        if self._worker is None:
            return None
        try:
            with self._worker.torun.lock() as queue:
                waiting: Iterable[object] = (self._worker.nextitem_index, *queue)
        except AttributeError:
            return None
        numbers = [number for number in waiting if isinstance(number, int) and number != current]
        return [current, *numbers]


def _has_cassette(item: pytest.Item) -> bool:
    """Return whether VCR records the calls that are made while a test with a case runs."""
    return case_of(item) is not None and item.get_closest_marker("vcr") is not None


def needs_answer(item: pytest.Item) -> bool:
    """Return whether a test will run, and request the answer through the plugin's fixture."""
    if not isinstance(item, pytest.Function) or "llm_completion" not in item.fixturenames:
        return False
    params = item.callspec.params if hasattr(item, "callspec") else {}
    if "llm_completion" in params or "llm_provider" in params:
        return False
    if len(definitions(item, "llm_completion")) != 1:
        return False
    return not any(_may_skip(mark) for mark in item.iter_markers())


def _may_skip(mark: pytest.Mark) -> bool:
    """Return whether a marker skips a test, or may skip it."""
    if mark.name == "skipif":
        conditions = (*mark.args, mark.kwargs.get("condition", False))
        return any(condition is not False for condition in conditions)
    if mark.name == "xfail":
        return mark.kwargs.get("run") is False
    return mark.name == "skip"
