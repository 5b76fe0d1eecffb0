"""The providers of one process, made from the settings, with the engine in front of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pytest_llmeval.assembly.calls import Process
from pytest_llmeval.assembly.roles import Role
from pytest_llmeval.engine.caller import unpriced
from pytest_llmeval.errors import InputError
from pytest_llmeval.providers.registry import DEFAULT, find_spec, make_provider
from pytest_llmeval.providers.spec import ProviderRequest, Service, Timeouts
from pytest_llmeval.settings.table import REPLAY

if TYPE_CHECKING:
    from pytest_llmeval.engine.engine import Engine
    from pytest_llmeval.protocols import BaseProvider, Embedder
    from pytest_llmeval.redaction import Secrets
    from pytest_llmeval.settings.locations import Locations
    from pytest_llmeval.settings.table import Settings


@dataclass(frozen=True)
class Environment:
    """The surroundings of a session: folders, environment variables and process.

    Attributes:
        locations: The folders that paths are relative to.
        variables: Environment variables, the only source of API keys.
        local_urls: Base URLs of local models that another process already serves, by provider spec.
        runs_all: Whether the command line selects no part of the tests.
        process: This process of the run.
    """

    locations: Locations
    variables: Mapping[str, str] = field(repr=False)
    local_urls: Mapping[str, str]
    runs_all: bool = True
    process: Process = field(default_factory=Process)


class Providers:
    """The providers of one process.

    Args:
        settings: The settings in force for the run.
        environment: Folders, variables and process of the session.
        engine: Returns the engine; called when the first provider is needed.
        secrets: The secrets of the process, which learn those of each address.
    """

    def __init__(
        self,
        settings: Settings,
        environment: Environment,
        engine: Callable[[], Engine],
        secrets: Secrets,
    ) -> None:
        self._settings = settings
        self._environment = environment
        self._engine = engine
        self._secrets = secrets
        self._providers: dict[tuple[object, ...], BaseProvider] = {}
        self._shared: dict[str, Any] = {}

    def ready(self, role: Role, service: Service = "chat") -> BaseProvider:
        """Return the provider of a role, whose calls go through the engine.

        Raises:
            InputError: It cannot be made, or a budget is set and the price of a call is unknown.
        """
        provider = self.bare(role, service)
        engine = self._engine()
        if self._settings.budget is not None and not engine.has_price(provider, role.model):
            raise InputError(unpriced(provider, role.model))
        return engine.metered(provider)

    def bare(self, role: Role, service: Service = "chat") -> BaseProvider:
        """Return the provider of a role without the engine in front.

        Raises:
            InputError: It cannot be made.
        """
        key: tuple[object, ...] = (role.spec, service)
        spec = find_spec(role.spec)
        if spec is not None and spec.needs_url:
            key = (*key, role.base_url, role.is_judge, role.juror)
        if key not in self._providers:
            provider = make_provider(self._request(role, service))
            self._engine().name(provider, role.spec or "")
            self._providers[key] = provider
        return self._providers[key]

    def _request(self, role: Role, service: Service) -> ProviderRequest:
        settings = self._settings
        written = role.spec or DEFAULT
        spec = find_spec(written)
        if spec is not None and spec.names_file:
            locations = self._environment.locations
            written = locations.existing(role.setting, written, f"{spec.prefix}:")
        return ProviderRequest(
            spec=written,
            origin=role.option,
            environ=self._environment.variables,
            base_url=role.base_url,
            timeouts=Timeouts(
                settings.connect_timeout, settings.read_timeout, settings.write_timeout
            ),
            is_judge=role.is_judge,
            juror=role.juror,
            model_url=settings.base_url,
            judge_url=settings.judge_base_url or settings.base_url,
            served_url=self._environment.local_urls.get(role.spec or ""),
            service=service,
            url_origin=role.url_origin,
            secrets=self._secrets,
            is_called=settings.record != REPLAY,
            shared=self._shared,
        )


def make_embedder(settings: Settings, provide: Callable[[Role, Service], BaseProvider]) -> Embedder:
    """Make the embedder: a local model, or one at the base URL of the model under test.

    Args:
        settings: ``--llm-embedding`` and ``--llm-base-url``.
        provide: Returns the provider of a role, whose calls go through the engine.

    Raises:
        InputError: It cannot be used.
    """
    from pytest_llmeval.metrics.embedders import EndpointEmbedder, local_embedder

    option = settings.origin("embedding")
    prefix, _, model = settings.embedding.partition(":")
    if prefix != "openai" or not model:
        return local_embedder(settings.embedding, option)
    role = Role(None, settings.base_url, model, option, url_origin=settings.origin("base_url"))
    return EndpointEmbedder(provide(role, "embedding"), model)
