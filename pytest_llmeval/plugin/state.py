"""The state of the plugin in a pytest run."""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

import pytest

from pytest_llmeval.assembly.run_record import new_run_id
from pytest_llmeval.errors import InputError
from pytest_llmeval.settings.locations import Locations
from pytest_llmeval.settings.table import Settings
from pytest_llmeval.text import harmless

if TYPE_CHECKING:
    from pytest_llmeval.assembly.session import Session
    from pytest_llmeval.cases.evaluation import CaseEvaluation
    from pytest_llmeval.cases.plan import Plan
    from pytest_llmeval.gating.quarantine import Quarantine
    from pytest_llmeval.protocols import BaseProvider
    from pytest_llmeval.records.result import CaseResult
    from pytest_llmeval.redaction import Secrets


class _Same:
    """A key by the identity of an object, independent of the object's equality."""

    def __init__(self, value: object) -> None:
        self._value = value

    def __eq__(self, key: object) -> bool:
        return isinstance(key, _Same) and key._value is self._value

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
        current: Evaluation of the running test.
        results: Results for the controller of this process, by the node id of their report.
        is_whole: Whether all collected tests run.
        is_cut_off: Whether the run was cut off before its end.
        is_debugging: Whether somebody is at a breakpoint.
        marked_gates: Scope and rules of every ``llm_gate`` marker.
    """

    def __init__(self, config: pytest.Config, settings: Settings, worker: str) -> None:
        self.config = config
        self.settings = settings
        self.worker = worker
        self.current: CaseEvaluation | None = None
        self.is_whole = not any("::" in argument for argument in config.args) and not getattr(
            config.option, "lf", False
        )
        self.is_cut_off = False
        self.is_debugging = False
        self.marked_gates: list[tuple[str, list[str]]] = []
        self.locations = Locations.of(settings, config.rootpath, config.invocation_params.dir)
        self.run_id = getattr(config, "workerinput", {}).get("llm_run") or new_run_id()
        self.results: dict[str, CaseResult] = {}
        self._refusal: pytest.UsageError | None = None
        self._metric_hooks: list[object] = []
        self._session: Session | None = None
        self._settings: dict[Settings, Settings] = {}
        self._adopted: dict[_Same, BaseProvider] = {}

    @property
    def session(self) -> Session:
        """The session, which is made when the first test needs it."""
        if self._session is None:
            self._session = self._make_session()
        return self._session

    def _make_session(self) -> Session:
        from pytest_llmeval.assembly.calls import ALONE, CONTROLLER, Process
        from pytest_llmeval.assembly.providers import Environment
        from pytest_llmeval.assembly.session import Session

        worker_input: dict[str, Any] = getattr(self.config, "workerinput", {})
        is_controller = self.worker == ALONE and getattr(self.config.option, "dist", "no") != "no"
        process = Process(self.run_id, CONTROLLER if is_controller else self.worker)
        urls = worker_input.get("llm_local_urls", {})
        runs_all = self.config.args_source is not pytest.Config.ArgsSource.ARGS
        environment = Environment(self.locations, dict(os.environ), urls, runs_all, process)
        return Session(self.settings, environment)

    @property
    def secrets(self) -> Secrets | None:
        """The secrets that no report shows; ``None`` in a run that uses no model so far."""
        return None if self._session is None else self._session.secrets

    @cached_property
    def quarantine(self) -> Quarantine | None:
        """The cases in quarantine; ``None`` without a quarantine file.

        Raises:
            InputError: The file cannot be used.
        """
        from pytest_llmeval.runs.excusing import open_quarantine

        return open_quarantine(self.settings, self.locations)

    @property
    def members(self) -> int:
        """Number of processes that run tests."""
        return int(getattr(self.config, "workerinput", {}).get("workercount", 1))

    def default_provider(self) -> BaseProvider | None:
        """Return the provider of the settings, or ``None`` if none can be used."""
        try:
            return self.session.provider(self.settings)
        except InputError:
            # It is raised again where a case needs an answer, and becomes its outcome.
            return None

    def is_default(self, value: object) -> bool:
        """Return whether a fixture's value is the provider of the settings."""
        return value is self.default_provider()

    def add_metrics(self) -> None:
        """Add the metrics of hooks that were not called before.

        Raises:
            InputError: A value is no metric, or its name already exists.
        """
        for hook in self.config.hook.pytest_llmeval_metrics.get_hookimpls():
            if hook not in self._metric_hooks:
                self._metric_hooks.append(hook)
                metrics: Any = hook.function()
                for metric in metrics:
                    self.session.metrics.add(metric, hook.plugin_name)

    def same(self, settings: Settings) -> Settings:
        """Return one object for all equal settings, because comparing identical keys is quick."""
        return self._settings.setdefault(settings, settings)

    def refuse(self, error: pytest.UsageError) -> None:
        """Raise a usage error, or let every test of an xdist worker raise it."""
        # Nobody would see the usage error of a worker.
        if self.worker == "main":
            raise error
        self._refusal = error

    def raise_refusal(self) -> None:
        """Raise the error of `refuse` in a test of an xdist worker."""
        if self._refusal is not None:
            raise InputError(str(self._refusal))

    def adopt(self, value: object) -> BaseProvider:
        """Return the value of a user's fixture ``llm_provider`` as always the same Provider.

        Raises:
            SettingError: The value cannot answer requests.
        """
        from pytest_llmeval.providers.python import as_provider

        same = _Same(value)
        if same not in self._adopted:
            self._adopted[same] = as_provider(value)
        return self._adopted[same]

    def note_end(self, session: pytest.Session) -> None:
        """Note if the run was cut off."""
        is_cut_off = (
            session.shouldstop
            or session.shouldfail
            or session.exitstatus == pytest.ExitCode.INTERRUPTED
        )
        self.is_cut_off = bool(is_cut_off)
        self.is_whole = self.is_whole and not is_cut_off

    def end_calls(self) -> None:
        """Send nothing more, and wait for calls in flight that other processes may need."""
        if self._session is not None:
            from pytest_llmeval.assembly.calls import DRAIN_S

            is_awaited = self.worker != "main" and not self.is_cut_off
            self._session.close(None if is_awaited else DRAIN_S)

    def lanes(self) -> list[dict[str, Any]]:
        """Return the calls in flight per endpoint over all processes of the run."""
        if self._session is not None and self._session.has_engine:
            return self._session.engine.lanes()
        if getattr(self.config.option, "dist", "no") == "no":
            return []
        from pytest_llmeval.assembly.calls import shared_lanes

        return shared_lanes(self.settings, self.run_id, self.locations)

    def enter_breakpoint(self) -> None:
        """Stop the clock of the engine, and write nothing more into the debugger's output."""
        self.is_debugging = True
        if self._session is not None and self._session.has_engine:
            self._session.engine.pause_clock()

    def leave_breakpoint(self) -> None:
        """Let the clock of the engine go on."""
        self.is_debugging = False
        if self._session is not None and self._session.has_engine:
            self._session.engine.resume_clock()

    def waits(self) -> Mapping[str, Any]:
        """Return what calls of all processes of the run wait for."""
        if self._session is not None and self._session.has_engine:
            return self._session.waits()
        if getattr(self.config.option, "dist", "no") == "no":
            return {}
        from pytest_llmeval.assembly.calls import shared_waits

        return shared_waits(self.settings, self.run_id, self.locations)

    def worker_report(self) -> dict[str, Any]:
        """Return the final report of a worker as built-in types."""
        sent = {} if self._session is None else self._session.worker_report()
        return {**sent, "is_whole": self.is_whole, "gates": self.marked_gates}

    def close(self) -> None:
        """Close the session if it was made."""
        if self._session is not None:
            self._session.close()


STATE = pytest.StashKey[PluginState]()
EVALUATION: pytest.StashKey[CaseEvaluation] = pytest.StashKey()
"""On an item: the evaluation that its fixtures and its outcome share, until its tear-down."""

PLAN: pytest.StashKey[Plan] = pytest.StashKey()
"""On an item: its plan."""

AHEAD: pytest.StashKey[CaseEvaluation | None] = pytest.StashKey()
"""On an item: its evaluation before the test runs; ``None`` after it is consumed."""

ORDER: pytest.StashKey[int] = pytest.StashKey()
"""On an item: its position among all items."""


def usage_error(error: InputError) -> pytest.UsageError:
    """Return an error that pytest shows as a message without a traceback."""
    return pytest.UsageError(harmless(str(error)))
