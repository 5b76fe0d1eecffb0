"""A completion store that lives as long as its process: for one run, and for tests."""

from __future__ import annotations

from pytest_llmeval.records import Completion


class MemoryStore:
    """Keeps completions in a dict. For one event loop; they come back as they were put."""

    def __init__(self) -> None:
        self._completions: dict[str, Completion] = {}
        self._claimed: set[str] = set()

    async def get(self, key: str) -> Completion | None:
        """The stored completion, or ``None``."""
        return self._completions.get(key)

    async def claim(self, key: str) -> bool:
        """Take the right to make this call; ``False`` if somebody has it, or has made the call meanwhile."""
        if key in self._claimed or key in self._completions:
            return False
        self._claimed.add(key)
        return True

    async def put(self, key: str, completion: Completion) -> None:
        """Store the completion of a claimed key and end the claim."""
        self._completions[key] = completion
        self._claimed.discard(key)

    async def release(self, key: str) -> None:
        """End a claim without a completion, so that another may try."""
        self._claimed.discard(key)
