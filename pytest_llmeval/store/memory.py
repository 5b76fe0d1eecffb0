"""A completion store in memory, for one run and for tests."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from pytest_llmeval.protocols import CompletionStore
from pytest_llmeval.records.call import Completion
from pytest_llmeval.records.process import ALONE


class MemoryStore:
    """Keeps completions in a dict. For one event loop; they come back as they were put."""

    def __init__(self) -> None:
        self._completions: dict[str, Completion] = {}
        self._claimed: set[str] = set()

    async def get(self, key: str) -> Completion | None:
        """Return the stored completion, or ``None``."""
        return self._completions.get(key)

    async def claim(self, key: str, replaces: bool = False, is_overdue: bool = False) -> bool:
        """Claim a call; ``False`` if it is claimed already, or has been made."""
        is_made = key in self._completions and not replaces
        if key in self._claimed or is_made:
            return False
        self._claimed.add(key)
        return True

    async def holder(self, key: str) -> str:
        """Return nothing: no other process has this store."""
        return ""

    async def put(self, key: str, completion: Completion) -> None:
        """Store the completion of a claimed key and end the claim."""
        self._completions[key] = completion
        self._claimed.discard(key)

    async def release(self, key: str) -> None:
        """End a claim without a completion, so that another may try."""
        self._claimed.discard(key)

    async def close(self) -> None:
        """Do nothing: a dict need not be closed."""


class Overlay(MemoryStore):
    """Keeps what is new in memory, and writes nothing to the store below.

    Args:
        below: The store below; closed with this one.
    """

    def __init__(self, below: CompletionStore) -> None:
        super().__init__()
        self._below = below

    async def get(self, key: str) -> Completion | None:
        """Return the completion from memory or from the store below, or ``None``."""
        completion = await super().get(key)
        return completion if completion is not None else await self._below.get(key)

    async def close(self) -> None:
        """Close the store below."""
        await self._below.close()


_T = TypeVar("_T")


class LocalState:
    """Keeps the documents in a dict. For one event loop."""

    def __init__(self) -> None:
        self._documents: dict[str, dict[str, Any]] = {}

    @property
    def member(self) -> str:
        """Name of the only process."""
        return ALONE

    async def change(self, name: str, change: Callable[[dict[str, Any]], _T]) -> _T:
        """Change one document in place.

        Args:
            name: Name of the document; one that nobody has written is empty.
            change: Gets the document. It must neither wait nor raise.

        Returns:
            What ``change`` returned.
        """
        return change(self._documents.setdefault(name, {}))

    async def alive(self, members: Iterable[str]) -> set[str]:
        """Return this process, if it is among the members."""
        return {self.member} & set(members)
