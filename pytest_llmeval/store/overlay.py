"""A completion store over another one that is only read: what a dry run looks into."""

from __future__ import annotations

from pytest_llmeval.protocols import CompletionStore
from pytest_llmeval.records import Completion
from pytest_llmeval.store.memory import MemoryStore


class Overlay(MemoryStore):
    """Keeps what is new in memory, and writes nothing to the store below.

    Args:
        below: The store below; closed with this one.
    """

    def __init__(self, below: CompletionStore) -> None:
        super().__init__()
        self._below = below

    async def get(self, key: str) -> Completion | None:
        """The stored completion of either, or ``None``."""
        own = await super().get(key)
        return own if own is not None else await self._below.get(key)

    async def close(self) -> None:
        """Close the store below."""
        if hasattr(self._below, "close"):
            await self._below.close()
