"""What the plugin keeps for one pytest run."""

from __future__ import annotations

import os
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any

import pytest

from pytest_llmeval.assembly.run_record import new_run_id
from pytest_llmeval.errors import InputError
from pytest_llmeval.settings.locations import Locations
from pytest_llmeval.settings.table import Settings

if TYPE_CHECKING:
    from pytest_llmeval.assembly.session import Session
    from pytest_llmeval.cases.evaluation import CaseEvaluation
    from pytest_llmeval.cases.plan import Plan
    from pytest_llmeval.gating.quarantine import Quarantine
    from pytest_llmeval.protocols import BaseProvider
    from pytest_llmeval.records.result import CaseResult


class _Same:
    """An object as a key that nothing else equals, whatever the object says of its equality."""

    def __init__(self, value: object) -> None:
        self._value = value

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and other._value is self._value

    def __hash__(self) -> int:
        return object.__hash__(self._value)


class PluginState:
    """The state of the plugin in one process.

    Args:
        config: pytest's configuration.
        settings: The settings in force.
        worker: Name of this xdist worker, or ``main``.

    Attributes:
        locations: The folders that paths are relative to.
        current: The CaseRun of the test that runs now.
        handed: Results on their way to the controller of the same process, by the text that rides
            on the report.
        is_whole: Whether every test that was collected is to run.
        is_cut_off: Whether the run ended before its end.
        marked_gates: Where each ``llm_gate`` marker stands, and its rules.
    """

    def __init__(self, config: pytest.Config, settings: Settings, worker: str) -> None:
        self.config, self.settings, self.worker = config, settings, worker
        self.current: CaseEvaluation | None = None
        self.is_whole = not any("::" in argument for argument in config.args) and not getattr(
            config.option, "lf", False
        )
        self.is_cut_off = False
        self.marked_gates: list[tuple[str, list[str]]] = []
        self.locations = Locations.of(settings, config.rootpath, config.invocation_params.dir)
        self.run_id = getattr(config, "workerinput", {}).get("llm_run") or new_run_id()
        self.handed: dict[str, CaseResult] = {}
        self._refusal: pytest.UsageError | None = None
        self._asked: list[object] = []
        self._settings: dict[Settings, Settings] = {}
        self._adopted: dict[_Same, BaseProvider] = {}

    @cached_property
    def session(self) -> Session:
        """The session; made when the first test needs it."""
        from pytest_llmeval.assembly.calls import ALONE, CONTROLLER, Process
        from pytest_llmeval.assembly.providers import Environment
        from pytest_llmeval.assembly.session import Session

        given: dict[str, Any] = getattr(self.config, "workerinput", {})
        is_controller = self.worker == ALONE and getattr(self.config.option, "dist", "no") != "no"
        process = Process(self.run_id, CONTROLLER if is_controller else self.worker)
        urls = given.get("llm_local_urls", {})
        runs_all = self.config.args_source is not pytest.Config.ArgsSource.ARGS
        where = Environment(self.locations, dict(os.environ), urls, runs_all, process)
        return Session(self.settings, where)

    @cached_property
    def quarantine(self) -> Quarantine | None:
        """The cases in quarantine; ``None`` if there is no such file.

        Raises:
            InputError: The file cannot be used.
        """
        name = self.settings.quarantine
        if not name:
            return None
        from pytest_llmeval.gating.quarantine import read_quarantine

        path = self.locations.path("quarantine", name)
        return read_quarantine(path, name, datetime.now().astimezone().date())

    @property
    def members(self) -> int:
        """How many processes run tests."""
        return int(getattr(self.config, "workerinput", {}).get("workercount", 1))

    def default_provider(self) -> BaseProvider | None:
        """Who answers by the settings alone; ``None`` if nothing is configured, or what is cannot be used.

        The error is raised where an answer is asked for: there it becomes the outcome of a case.
        """
        try:
            return self.session.provider(self.settings)
        except InputError:
            return None

    def is_default(self, value: object) -> bool:
        """Whether a fixture returned nothing but who answers by the settings."""
        return value is self.default_provider()

    def add_metrics(self) -> None:
        """Add the metrics that hooks offer; again after more conftest files have been loaded.

        Raises:
            InputError: One of them is no metric, or its name is taken.
        """
        for hook in self.config.hook.pytest_llmeval_metrics.get_hookimpls():
            if hook not in self._asked:
                self._asked.append(hook)
                offered: Any = hook.function()
                for metric in offered:
                    self.session.metrics.add(metric, hook.plugin_name)

    def same(self, settings: Settings) -> Settings:
        """The one object for all tests with equal settings: scorers are made once for it."""
        return self._settings.setdefault(settings, settings)

    def refuse(self, error: pytest.UsageError) -> None:
        """Refuse to run any test: at once; in an xdist worker, whose usage error nobody would see, test by test.

        Raises:
            pytest.UsageError: The error, where this is no worker.
        """
        if self.worker == "main":
            raise error
        self._refusal = error

    def raise_refusal(self) -> None:
        """Raise what `refuse` has kept.

        Raises:
            InputError: The tests of this worker are refused.
        """
        if self._refusal is not None:
            raise InputError(str(self._refusal))

    def adopt(self, value: object) -> BaseProvider:
        """What a user's fixture ``llm_provider`` returned, as one Provider however often it is asked for.

        Raises:
            SettingError: It is nothing that could answer.
        """
        from pytest_llmeval.providers.python import as_provider

        same = _Same(value)
        if same not in self._adopted:
            self._adopted[same] = as_provider(value)
        return self._adopted[same]

    def note_end(self, session: pytest.Session) -> None:
        """Note whether the run has come to its end."""
        is_cut_off = (
            session.shouldstop
            or session.shouldfail
            or session.exitstatus == pytest.ExitCode.INTERRUPTED
        )
        self.is_cut_off = bool(is_cut_off)
        self.is_whole = self.is_whole and not is_cut_off

    def end_calls(self) -> None:
        """Send nothing more, and keep what is in flight: until it is answered where other processes may wait for it."""
        if "session" in vars(self):
            from pytest_llmeval.assembly.calls import DRAIN_S

            is_awaited = self.worker != "main" and not self.is_cut_off
            self.session.close(None if is_awaited else DRAIN_S)

    def lanes(self) -> list[dict[str, Any]]:
        """What is in flight to each endpoint, over all processes of the run; empty while nothing was sent."""
        if "session" in vars(self) and "engine" in vars(self.session):
            return self.session.engine.lanes()
        if getattr(self.config.option, "dist", "no") == "no":
            return []
        from pytest_llmeval.assembly.calls import shared_lanes

        return shared_lanes(self.settings, self.run_id, self.locations)

    def worker_report(self) -> dict[str, Any]:
        """What a worker reports to its controller at the end, as built-in types."""
        sent = self.session.worker_report() if "session" in vars(self) else {}
        return {**sent, "is_whole": self.is_whole, "gates": self.marked_gates}

    def close(self) -> None:
        """Close the session, if there is one."""
        if "session" in vars(self):
            self.session.close()


STATE = pytest.StashKey[PluginState]()
RUN: pytest.StashKey[CaseEvaluation] = pytest.StashKey()
"""On an item: what its fixtures and its outcome share, from the first fixture of ours to its tear-down."""

PLAN: pytest.StashKey[Plan] = pytest.StashKey()
"""On an item: what it declares."""

AHEAD: pytest.StashKey[CaseEvaluation | None] = pytest.StashKey()
"""On an item: the same, begun before its test runs; ``None`` once that is over."""

ORDER: pytest.StashKey[int] = pytest.StashKey()
"""On an item: its position among all."""


def usage_error(error: InputError) -> pytest.UsageError:
    """An error of ours as pytest shows it: the message, without a traceback."""
    return pytest.UsageError(str(error))
