"""Who answers and who judges, made from the settings once, with the engine in front."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pytest_llmeval.assembly.calls import REPLAY, Process
from pytest_llmeval.assembly.roles import Role
from pytest_llmeval.engine.caller import unpriced
from pytest_llmeval.errors import InputError

if TYPE_CHECKING:
    from pytest_llmeval.engine.engine import Engine
    from pytest_llmeval.protocols import Embedder, Provider
    from pytest_llmeval.providers.openai.provider import Api
    from pytest_llmeval.settings.locations import Locations
    from pytest_llmeval.settings.table import Settings


@dataclass(frozen=True)
class Environment:
    """Where a session runs.

    Attributes:
        locations: The folders that paths are relative to; golden files are named relative to the
            root.
        variables: Environment variables; API keys are read from them, once.
        local_urls: Base URLs of local models that another process already serves, by provider spec.
        runs_all: Whether the command line names no part of the tests.
        process: This process among those of the run.
    """

    locations: Locations
    variables: Mapping[str, str]
    local_urls: Mapping[str, str]
    runs_all: bool = True
    process: Process = field(default_factory=Process)


class Providers:
    """The providers of one process.

    Args:
        settings: The settings in force for the run.
        environment: Where it runs.
        engine: Gives the engine; asked when the first provider is needed.
    """

    def __init__(
        self, settings: Settings, environment: Environment, engine: Callable[[], Engine]
    ) -> None:
        self._settings, self._environment, self._engine = settings, environment, engine
        self._made: dict[tuple[object, ...], Provider] = {}

    def ready(self, role: Role, api: Api | None = None) -> Provider:
        """The provider of a role, whose calls go through the engine.

        Raises:
            InputError: It cannot be made; or there is a budget, and the price of a call is unknown.
        """
        provider, engine = self.bare(role, api), self._engine()
        if self._settings.budget is not None and not engine.has_price(provider, role.model):
            raise InputError(unpriced(provider, role.model))
        return engine.metered(provider)

    def bare(self, role: Role, api: Api | None = None) -> Provider:
        """The provider of a role itself, made once.

        Raises:
            InputError: It cannot be made.
        """
        endpoint = (
            (role.base_url, role.is_judge, role.juror, api) if role.spec in (None, "openai") else ()
        )
        key = (
            role.spec,
            *endpoint,
        )  # anything but an endpoint is one for all roles: a local model is loaded once
        if key not in self._made:
            made = self._made[key] = self._make(role, api)
            self._engine().name(made, role.spec or "")
        return self._made[key]

    def _make(self, role: Role, api: Api | None) -> Provider:
        from pytest_llmeval.providers.openai.provider import CHAT, Timeouts
        from pytest_llmeval.providers.registry import make_provider

        settings, spec = self._settings, role.spec
        if spec is not None:
            spec = self._environment.locations.existing(role.setting, spec, "local:")
        return make_provider(
            spec,
            base_url=role.base_url,
            timeouts=Timeouts(
                settings.connect_timeout, settings.read_timeout, settings.write_timeout
            ),
            environ=self._variables(role),
            place=role.place,
            local_url=self._environment.local_urls.get(role.spec or ""),
            shares_list=role.base_url == settings.base_url,
            is_asked=settings.record != REPLAY,
            api=api or CHAT,
        )

    def _variables(self, role: Role) -> Mapping[str, str]:
        """The environment in which the provider of a role looks for its keys: a key goes to no other host."""
        from pytest_llmeval.providers.openai.keys import (
            AZURE_KEY,
            JUDGE_KEY,
            MODEL_KEY,
            OPENAI_KEY,
            juror_environment,
        )

        environ, settings = self._environment.variables, self._settings
        if not role.juror:
            return environ
        judges_url = settings.judge_base_url or settings.base_url
        judges = (JUDGE_KEY,) if role.base_url == judges_url else ()
        models = (MODEL_KEY, OPENAI_KEY, AZURE_KEY) if role.base_url == settings.base_url else ()
        return juror_environment(environ, role.juror, (*judges, *models))


def make_embedder(settings: Settings, provide: Callable[[Role, Api], Provider]) -> Embedder:
    """A local model, or an endpoint's, at the base URL of the model under test.

    Args:
        settings: ``--llm-embedding`` and ``--llm-base-url``.
        provide: Makes the provider of a role whose calls go through the engine.

    Raises:
        InputError: It cannot be used.
    """
    from pytest_llmeval.metrics.embedders import PLACE, EndpointEmbedder, local_embedder
    from pytest_llmeval.providers.openai.embedding import EMBEDDINGS

    prefix, _, model = settings.embedding.partition(":")
    if prefix != "openai" or not model:
        return local_embedder(settings.embedding)
    return EndpointEmbedder(provide(Role(None, settings.base_url, model, PLACE), EMBEDDINGS), model)
