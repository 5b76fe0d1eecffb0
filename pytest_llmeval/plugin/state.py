"""The state of the plugin in a pytest run."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

import pytest

from pytest_llmeval.errors import InputError, LLMEvalError
from pytest_llmeval.plugin.added import typed_words
from pytest_llmeval.plugin.selection import Choice, CollectedCases, choice_of
from pytest_llmeval.records.process import ALONE, CONTROLLER, new_run_id
from pytest_llmeval.runs.interrupts import ENDING, Interrupts
from pytest_llmeval.settings.locations import Locations
from pytest_llmeval.settings.table import OPTIONS, Settings

if TYPE_CHECKING:
    from pytest_llmeval.assembly.session import Session
    from pytest_llmeval.cases.evaluation import CaseEvaluation
    from pytest_llmeval.cases.plan import Plan
    from pytest_llmeval.gating.quarantine import Quarantine
    from pytest_llmeval.gating.scores import RunScores
    from pytest_llmeval.protocols import BaseProvider
    from pytest_llmeval.records.changed import ChangedCases
    from pytest_llmeval.records.result import CaseResult
    from pytest_llmeval.redaction import Secrets
    from pytest_llmeval.settings.demands import Demands

USAGE_ERROR = "llm_usage_error"
"""Attribute of a failed report by which an xdist worker hands a usage error to its controller."""


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
        is_interrupted: Whether somebody has ended it, or ``pytest.exit`` has.
        is_covered: Whether all collected tests run, or count with their scores of the baseline.
        changed: Which cases have changed since the baseline; ``None`` if nobody wants to know.
        unchanged: Node ids of the cases that need not run, because nothing about them has changed.
        deselected: The tests that a hook has said to leave out.
        is_debugging: Whether somebody is at a breakpoint.
        marked_gates: Scope and rules of every ``llm_gate`` marker.
        interrupts: The signals that end the run.
        when_used: Called when the first test needs the session.
        collected: What the collection of this process has found.
        broken_collections: Number of golden files and markers that could not be used.
        has_thresholds: Whether a test has a threshold, as far as a dry run has seen.
        is_certain: Whether the verdict of a run that may stop early is certain.
        stoppable: Scopes whose cases need not be run then.
        stop_baselines: Scores of the baselines of such a run.
    """

    def __init__(self, config: pytest.Config, settings: Settings, worker: str) -> None:
        self.config = config
        self.settings = settings
        self.worker = worker
        self.current: CaseEvaluation | None = None
        self.is_whole = not any("::" in argument for argument in config.args) and not getattr(
            config.option, "lf", False
        )
        self.is_covered = self.is_whole
        self.changed: ChangedCases | None = None
        self.unchanged: frozenset[str] = frozenset()
        self.stop_baselines: Mapping[str, RunScores] = {}
        self.is_cut_off = False
        self.is_interrupted = False
        self.deselected: list[pytest.Item] = []
        self.is_debugging = False
        self.marked_gates: list[tuple[str, list[str]]] = []
        self.collected = CollectedCases()
        self.broken_collections = 0
        self.has_thresholds = False
        self.is_certain: bool = getattr(config, "workerinput", {}).get("llm_is_certain", False)
        self.stoppable: tuple[str, ...] = ()
        self.locations = Locations.of(settings, config.rootpath, config.invocation_params.dir)
        self.run_id = getattr(config, "workerinput", {}).get("llm_run") or new_run_id()
        self.results: dict[str, CaseResult] = {}
        signals = ENDING if worker == "main" else ("SIGINT", *ENDING)
        self.interrupts = Interrupts(signals)
        self.when_used: Callable[[], None] = _do_nothing
        self._refusal: pytest.UsageError | None = None
        self._metric_hooks: list[object] = []
        self._session: Session | None = None
        self._settings: dict[Settings, Settings] = {}
        self._adopted: dict[_Same, BaseProvider] = {}

    @cached_property
    def choice(self) -> Choice:
        """What the user chose to run, as the process that was started knows."""
        worker_input: dict[str, Any] = getattr(self.config, "workerinput", {})
        if "llm_choice" in worker_input:
            return Choice.from_wire(worker_input["llm_choice"])
        return choice_of(self.config)

    @cached_property
    def typed(self) -> frozenset[str]:
        """Names of the settings that the user has typed, so not those of ``addopts``."""
        worker_input: dict[str, Any] = getattr(self.config, "workerinput", {})
        names = worker_input.get("llm_typed")
        return frozenset(_typed_settings(self.config, self.settings) if names is None else names)

    @cached_property
    def demands(self) -> Demands:
        """What the settings require of this run."""
        from pytest_llmeval.settings.demands import demands_of

        return demands_of(self.settings, self.typed)

    @property
    def is_at_work(self) -> bool:
        """Whether somebody wants an evaluation now."""
        from pytest_llmeval.settings.demands import is_at_work

        return is_at_work(self.settings, self.typed)

    @property
    def names_evaluation(self) -> bool:
        """Whether this command or the environment speaks of an evaluation."""
        from pytest_llmeval.settings.demands import names_evaluation

        return names_evaluation(self.settings, self.typed)

    @property
    def session(self) -> Session:
        """The session, which is made when the first test needs it."""
        if self._session is None:
            self._session = self._make_session()
            self.interrupts.is_in_use = True
            self.interrupts.install()
            self.when_used()
        return self._session

    @property
    def has_session(self) -> bool:
        """Whether a test has needed the session."""
        return self._session is not None

    def _make_session(self) -> Session:
        from pytest_llmeval.assembly.calls import Process
        from pytest_llmeval.assembly.providers import Environment
        from pytest_llmeval.assembly.session import Session

        worker_input: dict[str, Any] = getattr(self.config, "workerinput", {})
        is_controller = self.worker == ALONE and getattr(self.config.option, "dist", "no") != "no"
        process = Process(self.run_id, CONTROLLER if is_controller else self.worker)
        urls = worker_input.get("llm_local_urls", {})
        runs_all = self.config.args_source is not pytest.Config.ArgsSource.ARGS
        environment = Environment(self.locations, dict(os.environ), urls, runs_all, process)
        session = Session(self.settings, environment)
        # So pytest-timeout ends a test, in the main thread.
        session.passed_on = (pytest.fail.Exception,)
        return session

    @property
    def secrets(self) -> Secrets | None:
        """The secrets that no report shows; ``None`` in a run that uses no model so far."""
        return None if self._session is None else self._session.secrets

    @cached_property
    def early_secrets(self) -> Secrets:
        """The secrets before anything needed the session."""
        from pytest_llmeval.assembly.known_secrets import find_secrets

        return find_secrets(self.settings, os.environ)

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
        """Raise a usage error, in an xdist worker through the controller."""
        if self.worker == ALONE:
            raise error
        self._refusal = error
        # Nobody would see the usage error of a worker, but its controller gets failed reports.
        extra: dict[str, Any] = {USAGE_ERROR: str(error)}
        report = pytest.CollectReport("", "failed", str(error), [], **extra)
        self.config.hook.pytest_collectreport(report=report)

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
            or self.is_interrupted
            or self.interrupts.is_taken
        )
        self.is_cut_off = bool(is_cut_off)
        self.is_whole = self.is_whole and not is_cut_off
        self.is_covered = self.is_covered and not is_cut_off

    def note_deselected(self, items: Sequence[pytest.Item]) -> None:
        """Note tests that pytest leaves out."""
        names = [item.nodeid for item in items]
        self.is_whole = self.is_whole and not names
        self.is_covered = self.is_covered and self.unchanged.issuperset(names)
        self.deselected += items

    def end_calls(self) -> None:
        """Send nothing more, and wait for calls in flight that other processes may need."""
        if self._session is not None:
            from pytest_llmeval.assembly.calls import DRAIN_S

            is_awaited = self.worker != ALONE and not self.is_cut_off
            self._session.close(None if is_awaited else DRAIN_S)

    def stop_calls(self) -> None:
        """Send nothing more, from any thread; calls in flight go on."""
        if self._session is not None:
            self._session.stop()

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
        from pytest_llmeval.records.wire import to_wire

        sent = {} if self._session is None else self._session.worker_report()
        golden = self.golden_headers()
        return {
            **sent,
            "is_whole": self.is_whole,
            "is_covered": self.is_covered,
            "changed": "" if self.changed is None else to_wire(self.changed),
            "is_interrupted": self.is_interrupted,
            "gates": self.marked_gates,
            "golden": golden,
            "collected": self.collected.to_wire(),
        }

    def golden_headers(self) -> list[str]:
        """Return a line about each golden file that this process has read."""
        if self._session is None:
            return []
        return [description.header() for description in self._session.descriptions.values()]

    def close(self) -> None:
        """Close the session if it was made."""
        self.interrupts.restore()
        if self._session is not None:
            self._session.close()


def _do_nothing() -> None:
    """Be told that the session is used, in a process that tells nobody."""


STATE = pytest.StashKey[PluginState]()
EVALUATION: pytest.StashKey[CaseEvaluation] = pytest.StashKey()
"""On an item: the evaluation that its fixtures and its outcome share, until its tear-down."""

PLAN: pytest.StashKey[Plan] = pytest.StashKey()
"""On an item: its plan."""

AHEAD: pytest.StashKey[CaseEvaluation | None] = pytest.StashKey()
"""On an item: its evaluation before the test runs; ``None`` after it is consumed."""

ORDER: pytest.StashKey[int] = pytest.StashKey()
"""On an item: its position among all items."""


def _typed_settings(config: pytest.Config, settings: Settings) -> list[str]:
    """Return the names of the settings whose options the user has typed."""
    words = [word.partition("=")[0] for word in typed_words(config)]
    return [row.name for row in OPTIONS if row.name in settings.explicit and row.flag in words]


def usage_error(error: LLMEvalError) -> pytest.UsageError:
    """Return an error that pytest shows as a message without a traceback and without secrets."""
    from pytest_llmeval.assembly.known_secrets import shown_error

    return pytest.UsageError(shown_error(error, os.environ))
