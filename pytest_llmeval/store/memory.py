"""A completion store that lives as long as its process: for one run, and for tests."""

from __future__ import annotations

import dataclasses
from threading import Lock

from pytest_llmeval.records import Completion


class MemoryStore:
    """Keeps completions in a dict. Safe to use from several threads."""

    def __init__(self) -> None:
        self._completions: dict[str, Completion] = {}
        self._claimed: set[str] = set()
        self._lock = Lock()

    def get(self, key: str) -> Completion | None:
        """The stored completion, marked as cached, or ``None``."""
        with self._lock:
            completion = self._completions.get(key)
        return completion and dataclasses.replace(completion, cached=True)

    def claim(self, key: str) -> bool:
        """Take the right to make this call; ``False`` if somebody has it, or has made the call meanwhile."""
        with self._lock:
            free = key not in self._claimed and key not in self._completions
            if free:
                self._claimed.add(key)
            return free

    def put(self, key: str, completion: Completion) -> None:
        """Store the completion of a claimed key and end the claim."""
        with self._lock:
            self._completions[key] = completion
            self._claimed.discard(key)

    def release(self, key: str) -> None:
        """End a claim without a completion, so that another may try."""
        with self._lock:
            self._claimed.discard(key)
