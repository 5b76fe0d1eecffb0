"""The session of one process: it makes every part from the settings, once."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Iterable, Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_llmeval.assembly.calls import (
    Process,
    end_run,
    make_caller,
    make_overlay,
    make_recordings,
    make_store,
    store_path,
    stored_traffic,
)
from pytest_llmeval.assembly.judges import Judges, asks_judge
from pytest_llmeval.assembly.known_secrets import find_secrets
from pytest_llmeval.assembly.providers import Environment, Providers
from pytest_llmeval.assembly.requests import request_for
from pytest_llmeval.assembly.roles import answering_role, served_roles
from pytest_llmeval.assembly.scorers import ReadyScorer
from pytest_llmeval.errors import NoSuchScore, NotConfiguredError, nearest
from pytest_llmeval.escaping import awaited, called
from pytest_llmeval.records.process import CONTROLLER
from pytest_llmeval.records.run import Traffic
from pytest_llmeval.records.score import UNIT_SCALE, plain_params
from pytest_llmeval.records.scorer import ScorerKey
from pytest_llmeval.records.wire import to_wire
from pytest_llmeval.redaction import LogGuard
from pytest_llmeval.settings.table import REPLAY

if TYPE_CHECKING:
    from pytest_llmeval.assembly.trust import Trust
    from pytest_llmeval.engine.engine import Engine
    from pytest_llmeval.engine.estimate import Estimate
    from pytest_llmeval.goldens.description import Description
    from pytest_llmeval.judges.setup import Opponent
    from pytest_llmeval.metrics.registry import MetricRegistry
    from pytest_llmeval.protocols import BaseProvider, BaseScorer, CompletionStore
    from pytest_llmeval.records.call import Completion, Request
    from pytest_llmeval.records.case import Case
    from pytest_llmeval.records.score import Scale, Score
    from pytest_llmeval.settings.table import Settings
    from pytest_llmeval.store.recordings.recordings import Recordings


_NO_MODEL = (
    "no model is configured: set --llm-model NAME, --llm-provider SPEC, "
    "or override the fixture llm_provider"
)


class Session:
    """Everything that the tests of one process share.

    Args:
        settings: The settings in force for the run.
        environment: Folders, variables and process of the session.

    Attributes:
        descriptions: What became of the columns of each golden file that was read.
        secrets: The secrets of the process, which no error, answer or report shows.
        passed_on: What a time limit of the test may raise while a metric runs.
    """

    def __init__(self, settings: Settings, environment: Environment) -> None:
        self.settings = settings
        self.secrets = find_secrets(settings, environment.variables)
        self._log_guard = LogGuard(self.secrets)
        self.locations = environment.locations
        self.runs_all = environment.runs_all
        self._environment = environment
        self.providers = Providers(settings, environment, lambda: self.engine, self.secrets)
        self._judges = Judges(self.providers, self.locations, self._opponent)
        self._scorers: dict[tuple[ScorerKey, Settings], ReadyScorer] = {}
        self._cases: dict[str, list[Case]] = {}
        self._started: Engine | None = None
        self._trust: Trust | None = None
        self.passed_on: tuple[type[BaseException], ...] = ()
        self.descriptions: dict[str, Description] = {}

    @property
    def has_engine(self) -> bool:
        """Whether a call was needed, so that there is an engine."""
        return self._started is not None

    @property
    def engine(self) -> Engine:
        """The engine, made with its store when the first call is needed."""
        if self._started is None:
            self._started = self._make_engine()
        return self._started

    def _make_engine(self) -> Engine:
        from pytest_llmeval.engine.engine import Engine

        settings = self.settings
        process = self._environment.process
        self._log_guard.install()
        if settings.dry_run:
            overlay = make_overlay(settings, self.locations)
            return Engine(overlay, self.estimate, "", self.recordings, secrets=self.secrets)
        store, state = make_store(settings, process, self.locations)
        last = end_run if process.is_alone else None
        caller = make_caller(settings, state, self.secrets)
        return Engine(store, caller, process.run, self.recordings, last, self.secrets)

    @cached_property
    def estimate(self) -> Estimate:
        """The calls and prices that a dry run has counted."""
        from pytest_llmeval.engine.estimate import Estimate
        from pytest_llmeval.engine.pricing import Prices

        return Estimate(Prices(self.settings.prices))

    @cached_property
    def recordings(self) -> Recordings | None:
        """The recordings; ``None`` in a run that neither records nor replays."""
        return make_recordings(self.settings, self.locations)

    @property
    def trust(self) -> Trust:
        """Decides which judges may gate.

        Raises:
            SettingError: ``--llm-min-agreement`` names no figure.
        """
        if self._trust is None:
            from pytest_llmeval.assembly.trust import make_trust

            self._trust = make_trust(self.settings, self.locations)
        return self._trust

    @property
    def log(self) -> str:
        """The run log: a URL, or a path as text."""
        return self.locations.address("log", self.settings.log)

    @cached_property
    def metrics(self) -> MetricRegistry:
        """All metrics: built-in ones, those of entry points, and those that a hook adds."""
        from pytest_llmeval.assembly.providers import make_embedder
        from pytest_llmeval.metrics.registry import MetricRegistry

        toxicity_model = self.locations.existing("toxicity_model", self.settings.toxicity_model)
        registry = MetricRegistry(
            {
                "toxicity": {"model": toxicity_model},
                "readability": {"language": self.settings.language},
                "bias": {"toxicity_model": toxicity_model},
            },
            {"embedder": lambda: make_embedder(self.settings, self.providers.ready)},
        )
        registry.load_entry_points()
        return registry

    def cases(self, path: Path, columns: Iterable[str] = ()) -> list[Case]:
        """Return the cases of a golden file, which is read once.

        Args:
            path: The golden file.
            columns: Lines ``COLUMN = FIELD``, in addition to those of the settings.

        Raises:
            GoldenFileError: The file cannot be used.
            SettingError: A line of ``columns`` cannot be read.
        """
        from pytest_llmeval.goldens.columns import answering_columns, parse_columns
        from pytest_llmeval.goldens.reading import check_golden, read_golden

        lines = (*self.settings.columns, *columns)
        key = repr((path, lines))
        if key not in self._cases:
            shown = Path(os.path.relpath(path))  # as the user sees it, for error texts
            origin = "--llm-columns" if "columns" in self.settings.explicit else "ini llm_columns"
            answering = answering_columns((self.settings.provider, self.settings.judge_against))
            mapping = {**answering, **parse_columns(lines, origin)}
            check_golden(shown, self.locations.root)
            reading = read_golden(shown, self.locations.root, mapping)
            self._cases[key] = list(reading.cases)
            self.descriptions[key] = reading.description
        return self._cases[key]

    def known_cases(self) -> list[Case]:
        """Return the cases of all golden files that were read."""
        return [case for cases in self._cases.values() for case in cases]

    def provider(self, settings: Settings) -> BaseProvider:
        """Return the provider that answers under these settings.

        Raises:
            NotConfiguredError: No model is set.
            InputError: The model or provider cannot be used.
        """
        role = answering_role(settings)
        if role is None:
            raise NotConfiguredError(_NO_MODEL)
        return self.providers.ready(role)

    def request(self, provider: BaseProvider, case: Case, settings: Settings) -> Request:
        """Make the request for a case.

        Raises:
            InputError: The prompt cannot be made.
        """
        return request_for(provider, case, settings, self._template(settings))

    def check_template(self, settings: Settings) -> None:
        """Check that the template of the prompts can be read.

        Raises:
            SettingError: It cannot.
        """
        from pytest_llmeval.goldens.prompting import check_template

        template = self._template(settings)
        if template is not None:
            check_template(template, settings.origin("template"))

    def _template(self, settings: Settings) -> str | None:
        """Return the template, a file with its full path."""
        if settings.template is None:
            return None
        return self.locations.existing("template", settings.template, "file:")

    def scorer(self, name: str, params: Mapping[str, Any], settings: Settings) -> ReadyScorer:
        """Return the metric or judge of this name.

        Raises:
            NotConfiguredError: It is a judge, and no judge is set.
            SettingError: No scorer has this name, or it does not take these parameters.
        """
        key = (ScorerKey.of(name, params), settings)
        if key not in self._scorers:
            judge = ""
            if asks_judge(name, settings):
                scorer = self._judges.make(name, params, settings)
                judge = self._judges.model(name, settings)
            else:
                scorer = self._metric(name, params)
            self._scorers[key] = ReadyScorer(scorer, plain_params(params), judge)
        return self._scorers[key]

    def scale(self, name: str, params: Mapping[str, Any], settings: Settings) -> Scale | None:
        """Return the range of a score; ``None`` for a metric of the user's that declares none.

        Raises:
            SettingError: No scorer has this name, or it does not take these parameters.
        """
        if asks_judge(name, settings):
            from pytest_llmeval.judges.registry import scale_of

            return scale_of(name, params)
        scale = self.scorer(name, params, settings).scorer.scale
        # The default of a metric that declares no scale.
        if scale is UNIT_SCALE and not self.metrics.is_built_in(name):
            return None
        return scale

    def criteria(self) -> list[str]:
        """Return the names of the criteria that the settings of the run name.

        Raises:
            SettingError: The criteria or the rubric file cannot be read.
        """
        return self._judges.criteria(self.settings)

    def score_names(self) -> list[str]:
        """Return the names of all judges and metrics."""
        from pytest_llmeval.judges.registry import kind_names

        metrics = [info.name for info in self.metrics.describe()]
        return list(dict.fromkeys([*kind_names(), *metrics]))

    def score(self, ready: ReadyScorer, case: Case, completion: Completion) -> Score:
        """Score a completion; an error of the scorer becomes an unscored Score."""
        if ready.is_awaited:
            return self.engine.run(self.judged(ready, case, completion))
        try:
            result = called(ready.scorer.score, case, completion, passed_on=self.passed_on)
            if isinstance(result, Awaitable):
                result = self.engine.run(awaited(result))
            return ready.as_score(result)
        except Exception as error:
            return ready.unscored(error)

    async def judged(self, ready: ReadyScorer, case: Case, completion: Completion) -> Score:
        """Score with a scorer that calls a model, on the engine's event loop.

        The score of a judge that may not gate is unscored.
        """
        try:
            result: Any = ready.scorer.score(case, completion)
            score = ready.as_score(await awaited(result))
            if not ready.judge or not score.calls:
                return score
            return await self.trust.judged(ready.scorer, case, score, ready.judge)
        except Exception as error:
            if self.settings.dry_run and ready.judge:
                await self.trust.count(ready.scorer)
            return ready.unscored(error)

    def serve_models(self) -> dict[str, str]:
        """Start the local models that serve all processes; return their URLs by provider spec."""
        if self.settings.record == REPLAY:
            return {}
        urls: dict[str, str] = {}
        for role in served_roles(self.settings):
            if role.spec and role.spec not in urls:
                urls[role.spec] = self.providers.bare(role).serve()
        return urls

    def waits(self) -> Mapping[str, Any]:
        """Return what calls of this process wait for; see `pytest_llmeval.engine.waits`."""
        return {} if self._started is None else self._started.waits

    def worker_report(self) -> dict[str, Any]:
        """Return traffic, recordings, judges and changed requests as built-in types."""
        sent = Traffic() if self._started is None else self._started.traffic
        adapted = {} if self._started is None else self._started.adapted
        facts = () if self._trust is None else self._trust.facts()
        recorded = self.recordings.changes() if self.recordings else ""
        return {
            "traffic": vars(sent),
            "recorded": recorded,
            "judges": to_wire(facts),
            "adapted": {target: sorted(changes) for target, changes in adapted.items()},
        }

    def stored_traffic(self) -> Traffic:
        """Add up the calls in the completion store that any process of this run has made.

        Raises:
            StoreError: The store cannot be read.
        """
        store = self._shared_store()
        return Traffic() if store is None else asyncio.run(stored_traffic(store))

    def end_run(self) -> None:
        """Drop what only this run could use, in the controller of xdist workers that had a store.

        Raises:
            StoreError: The store cannot be written.
        """
        store = self._shared_store()
        if store is not None:
            asyncio.run(end_run(store))

    def _shared_store(self) -> CompletionStore | None:
        """Open the store of the xdist workers in their controller; ``None`` if there is none."""
        if not store_path(self.settings, self.locations).exists():
            return None
        process = Process(self._environment.process.run, CONTROLLER)
        store, _ = make_store(self.settings, process, self.locations)
        return store

    def stop(self) -> None:
        """Send nothing more, from any thread; calls in flight go on."""
        if self._started is not None:
            self._started.stop()

    def close(self, drain_s: float | None = 0.0) -> None:
        """Close connections and end the engine's thread, if there is one.

        Args:
            drain_s: Seconds that calls in flight may still take; ``None`` waits for every answer.
        """
        if self._started is not None:
            try:
                self._started.close(drain_s)
            finally:
                self._log_guard.remove()

    def _opponent(self, settings: Settings) -> Opponent | None:
        """Make the opponent of ``pairwise``; ``None`` if none is set."""
        from pytest_llmeval.assembly.opponents import make_opponent

        return make_opponent(settings, self.providers, self.request, self.log)

    def _metric(self, name: str, params: Mapping[str, Any]) -> BaseScorer:
        names = self.score_names()
        if name.partition(".")[0] not in names:
            added = [name for name in names if not self._is_listed(name)]
            yours = f", or one of yours: {', '.join(added)}" if added else ""
            allowed = f"a name that 'llmeval metrics' lists{yours}"
            raise NoSuchScore("the score", name, allowed, nearest(name, names))
        return self.metrics.create(name, params)

    def _is_listed(self, name: str) -> bool:
        """Return whether the command ``llmeval metrics`` lists a score."""
        from pytest_llmeval.judges.registry import is_kind

        return is_kind(name) or self.metrics.is_built_in(name)
