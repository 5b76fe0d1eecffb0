"""One process's session: makes every part from the settings, once, and hands it out."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from inspect import iscoroutinefunction
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_llmeval.engine.caller import unpriced
from pytest_llmeval.errors import InputError, NotConfiguredError, SettingError, nearest
from pytest_llmeval.results import Traffic
from pytest_llmeval.session.calls import (
    REPLAY,
    Process,
    end_run,
    make_caller,
    make_overlay,
    make_recordings,
    make_store,
    store_path,
)
from pytest_llmeval.session.roles import Role, answering_role, judging_role
from pytest_llmeval.wire import to_wire

if TYPE_CHECKING:
    from pytest_llmeval.engine.engine import Engine
    from pytest_llmeval.engine.estimate import Estimate
    from pytest_llmeval.judges.means import Means
    from pytest_llmeval.metrics.registry import MetricRegistry
    from pytest_llmeval.protocols import Provider, Scorer
    from pytest_llmeval.providers.openai import Api
    from pytest_llmeval.records import Case, Completion, Score
    from pytest_llmeval.session.trust import Trust
    from pytest_llmeval.settings import Settings
    from pytest_llmeval.store.recordings import Recordings

NO_MODEL = "no model is configured: set --llm-model NAME, --llm-provider SPEC, or override the fixture llm_provider"
RUBRIC = "rubric"
EITHER = ("toxicity", "bias")
"""Scores that a metric or a judge gives; the setting of the same name says which."""
CONTROLLER = "controller"
NO_JUDGE = "no judge is configured: set --llm-judge-model NAME (and --llm-judge-base-url where it is not OpenAI's)"


@dataclass(frozen=True)
class Environment:
    """Where a session runs.

    Attributes:
        root: pytest's root directory; golden files are named relative to it.
        variables: Environment variables; API keys are read from them, once.
        local_urls: Base URLs of local models that another process already serves, by provider spec.
        current: The folder where pytest was started; paths of the command line are relative to it.
        runs_all: Whether the command line names no part of the tests.
        process: This process among those of the run.
    """

    root: Path
    variables: Mapping[str, str]
    local_urls: Mapping[str, str]
    current: Path = Path()
    runs_all: bool = True
    process: Process = field(default_factory=Process)


class Session:
    """Everything that the tests of one process share.

    Args:
        settings: The settings in force for the run.
        environment: Where it runs.
    """

    def __init__(self, settings: Settings, environment: Environment) -> None:
        self.settings = settings
        self.root, self.runs_all = environment.root, environment.runs_all
        self._environment = environment
        self._providers: dict[tuple[object, ...], Provider] = {}
        self._scorers: dict[tuple[str, str, int], Scorer] = {}
        self._judge_models: dict[int, str] = {}
        self._held: list[Settings] = []
        self._cases: dict[str, list[Case]] = {}

    @cached_property
    def engine(self) -> Engine:
        """The engine; made, with its store, when the first call is needed."""
        from pytest_llmeval.engine.caller import Caller
        from pytest_llmeval.engine.engine import Engine

        where, settings = self._environment, self.settings
        if settings.dry_run:
            return Engine(make_overlay(settings, where.root, where.current), self.estimate, "", self.recordings)
        store, state = make_store(settings, where.process, where.root, where.current)
        last = end_run if where.process.is_alone else None
        return Engine(store, make_caller(settings, state, Caller), where.process.run, self.recordings, last)

    @cached_property
    def estimate(self) -> Estimate:
        """What a dry run has counted."""
        from pytest_llmeval.engine.estimate import Estimate
        from pytest_llmeval.store.state import LocalState

        return make_caller(self.settings, LocalState(), Estimate)

    @cached_property
    def recordings(self) -> Recordings | None:
        """The recordings, in a run that records or replays."""
        return make_recordings(self.settings, self.root)

    @cached_property
    def trust(self) -> Trust:
        """Whether judges may gate.

        Raises:
            SettingError: ``--llm-min-agreement`` names no figure.
        """
        from pytest_llmeval.session.trust import make_trust

        where = self._environment
        return make_trust(self.settings, where.current if "judges" in self.settings.explicit else where.root)

    @cached_property
    def metrics(self) -> MetricRegistry:
        """The metrics that exist: ours, those of entry points, and those that a hook adds."""
        from pytest_llmeval.metrics.registry import MetricRegistry
        from pytest_llmeval.session.embedding import make_embedder

        registry = MetricRegistry(
            {
                "toxicity": {"model": self.located(self.settings.toxicity_model)},
                "readability": {"language": self.settings.language},
                "bias": {"toxicity_model": self.located(self.settings.toxicity_model)},
            },
            {"embedder": lambda: make_embedder(self.settings, self._ready)},
        )
        registry.load_entry_points()
        return registry

    def cases(self, path: Path, columns: Iterable[str] = ()) -> list[Case]:
        """The cases of a golden file, read once.

        Args:
            path: The golden file.
            columns: Lines ``COLUMN = FIELD``, beside those of the settings.

        Raises:
            GoldenFileError: The file cannot be used.
            SettingError: A line of ``columns`` cannot be read.
        """
        from pytest_llmeval.goldens.columns import parse_columns
        from pytest_llmeval.goldens.reading import read_cases

        lines = (*self.settings.columns, *columns)
        key = repr((path, lines))
        if key not in self._cases:
            shown = Path(os.path.relpath(path))  # as the user sees it, for error texts
            self._cases[key] = read_cases(shown, self.root, parse_columns(lines))
        return self._cases[key]

    def provider(self, settings: Settings) -> Provider:
        """Who answers under these settings.

        Raises:
            NotConfiguredError: Nothing is set that could.
            InputError: What is set cannot be used.
        """
        role = answering_role(settings)
        if role is None:
            raise NotConfiguredError(NO_MODEL)
        return self._priced(self._provider(role), role)

    def scorer(self, name: str, params: Mapping[str, Any], settings: Settings) -> Scorer:
        """The metric or judge of this name.

        Raises:
            NotConfiguredError: It is a judge, and nothing is set that could judge.
            SettingError: No scorer has this name, or it does not take these parameters.
        """
        key = (name, repr(sorted(params.items())) if params else "", id(settings))
        if key not in self._scorers:
            self._held.append(settings)  # as long as its id is a key
            asks_judge = self._asks_judge(name, settings)
            make = self._judge if asks_judge else self._metric
            scorer = self._scorers[key] = make(name, params, settings)
            role = judging_role(settings)
            if asks_judge and role is not None:
                self._judge_models[id(scorer)] = role.model or role.spec or ""
        return self._scorers[key]

    def score(self, scorer: Scorer, case: Case, completion: Completion) -> Score:
        """One score; what the scorer raises becomes an unscored Score."""
        from pytest_llmeval.metrics.results import as_score, unscored

        if iscoroutinefunction(scorer.score):
            return self.engine.run(self.judged(scorer, case, completion))
        try:
            result = scorer.score(case, completion)
            return as_score(scorer, self.engine.run(_wait(result)) if isinstance(result, Awaitable) else result)
        except Exception as error:
            return unscored(scorer, error)

    async def judged(self, scorer: Scorer, case: Case, completion: Completion) -> Score:
        """The same for a scorer that asks a model, on the engine's event loop; a judge must be one that may gate."""
        from pytest_llmeval.metrics.results import as_score, unscored

        model = self._judge_models.get(id(scorer))
        try:
            result: Any = scorer.score(case, completion)
            score = as_score(scorer, await result)
            return score if model is None or not score.calls else await self.trust.judged(scorer, score, model)
        except Exception as error:
            if self.settings.dry_run and model is not None:
                await self.trust.count(scorer)
            return unscored(scorer, error)

    def serve_local_models(self) -> dict[str, str]:
        """Start the local models of these settings here, for other processes to use.

        Returns:
            Their base URLs, by provider spec.
        """
        from pytest_llmeval.providers.local import LocalProvider

        if self.settings.record == REPLAY:
            return {}
        roles = [role for role in (answering_role(self.settings), judging_role(self.settings)) if role]
        providers = {role.spec: self._provider(role) for role in roles if role.spec}
        return {
            spec: provider.base_url() for spec, provider in providers.items() if isinstance(provider, LocalProvider)
        }

    def told(self) -> dict[str, Any]:
        """What this process has sent and recorded, as built-in types that its controller can take in."""
        sent = self.engine.traffic if "engine" in vars(self) else Traffic()
        facts = self.trust.facts() if "trust" in vars(self) else ()
        recorded = self.recordings.changes() if self.recordings else ""
        return {"traffic": vars(sent), "recorded": recorded, "judges": to_wire(facts)}

    def end_run(self) -> None:
        """Drop what only this run could use, in the controller of xdist workers that had a store.

        Raises:
            StoreError: The store cannot be written.
        """
        where = self._environment
        if not store_path(self.settings, where.root, where.current).exists():
            return
        store, _ = make_store(self.settings, Process(where.process.run, CONTROLLER), where.root, where.current)
        asyncio.run(end_run(store))

    def close(self, drain_s: float | None = 0.0) -> None:
        """Close connections and end the engine's thread, if there is one.

        Args:
            drain_s: Seconds that calls in flight may still take; ``None``: until they are answered.
        """
        if "engine" in vars(self):
            self.engine.close(drain_s)

    def located(self, spec: str | None, prefix: str = "") -> str | None:
        """A setting that names a file, with the file found: from the current folder, else from the root directory.

        Args:
            spec: The setting.
            prefix: What stands before the path; without it the setting is no path.
        """
        if not spec or not spec.startswith(prefix):
            return spec
        path = Path(spec.removeprefix(prefix))
        below_root = self.root / path
        return f"{prefix}{below_root}" if below_root.is_file() and not path.exists() else spec

    def _asks_judge(self, name: str, settings: Settings) -> bool:
        """Whether a score is a judge's; some are given by a metric, unless a judge is asked for."""
        from pytest_llmeval.judges.registry import is_kind

        head = name.partition(".")[0]
        return is_kind(head) and (head not in EITHER or getattr(settings, head) == "judge")

    def _metric(self, name: str, params: Mapping[str, Any], settings: Settings) -> Scorer:
        from pytest_llmeval.judges.registry import kind_names

        names = list(dict.fromkeys([*kind_names(), *(info.name for info in self.metrics.describe())]))
        if name.partition(".")[0] not in names:
            raise SettingError("the score", name, ", ".join(names), nearest(name, names))
        return self.metrics.create(name, params)

    def _judge(self, name: str, params: Mapping[str, Any], settings: Settings) -> Scorer:
        from pytest_llmeval.judges.registry import make_judge

        role = judging_role(settings)
        if role is None:
            raise NotConfiguredError(f"{name}: {NO_JUDGE}")
        return make_judge(name, params, self._means(role, settings))

    def _means(self, role: Role, settings: Settings) -> Means:
        """What judges are made with, by the settings."""
        from pytest_llmeval.judges.means import Means
        from pytest_llmeval.judges.rubrics import default_rubric, load_rubric, with_criteria

        path = self.located(settings.judge_rubric)
        criteria = settings.judge_criteria
        return Means(
            self._priced(self._provider(role), role),
            role.model,
            response_format=settings.judge_format,
            logprobs=settings.judge_logprobs,
            max_tokens=settings.judge_max_tokens,
            samples=settings.judge_samples,
            rubric=load_rubric(Path(path)) if path else with_criteria(criteria) if criteria else default_rubric(),
            jury_reducer=settings.jury_reducer,
        )

    def _ready(self, role: Role, api: Api) -> Provider:
        return self._priced(self._provider(role, api), role)

    def _priced(self, provider: Provider, role: Role) -> Provider:
        """The provider with the engine in front of it.

        Raises:
            InputError: There is a budget, and the price of a call is unknown.
        """
        if self.settings.budget is not None and not self.engine.has_price(provider, role.model):
            raise InputError(unpriced(provider, role.model))
        return self.engine.metered(provider)

    def _provider(self, role: Role, api: Api | None = None) -> Provider:
        endpoint = (role.base_url, role.is_judge, api) if role.spec in (None, "openai") else ()
        key = (role.spec, *endpoint)  # anything but an endpoint is one for both roles: a local model is loaded once
        if key not in self._providers:
            made = self._providers[key] = self._make_provider(role, api)
            self.engine.name(made, role.spec or "")
        return self._providers[key]

    def _make_provider(self, role: Role, api: Api | None) -> Provider:
        from pytest_llmeval.providers.factory import make_provider
        from pytest_llmeval.providers.openai import CHAT, Timeouts

        settings = self.settings
        return make_provider(
            self.located(role.spec, "local:"),
            base_url=role.base_url,
            timeouts=Timeouts(settings.connect_timeout, settings.read_timeout, settings.write_timeout),
            environ=self._environment.variables,
            place=role.place,
            local_url=self._environment.local_urls.get(role.spec or ""),
            shares_list=role.base_url == settings.base_url,
            is_asked=settings.record != REPLAY,
            api=api or CHAT,
        )


async def _wait(awaitable: Awaitable[Score]) -> Score:
    return await awaitable
