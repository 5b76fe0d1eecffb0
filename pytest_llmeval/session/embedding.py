"""What embeds texts, decided from the settings."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from pytest_llmeval.session.roles import Role

if TYPE_CHECKING:
    from pytest_llmeval.protocols import Embedder, Provider
    from pytest_llmeval.providers.openai import Api
    from pytest_llmeval.settings import Settings


def make_embedder(settings: Settings, provide: Callable[[Role, Api], Provider]) -> Embedder:
    """A local model, or an endpoint's, at the base URL of the model under test.

    Args:
        settings: ``--llm-embedding`` and ``--llm-base-url``.
        provide: Makes the provider of a role whose calls go through the engine.

    Raises:
        InputError: It cannot be used.
    """
    from pytest_llmeval.metrics.embedders import PLACE, EndpointEmbedder, local_embedder
    from pytest_llmeval.providers.embedding import EMBEDDINGS

    prefix, _, model = settings.embedding.partition(":")
    if prefix != "openai" or not model:
        return local_embedder(settings.embedding)
    return EndpointEmbedder(provide(Role(None, settings.base_url, model, PLACE), EMBEDDINGS), model)
