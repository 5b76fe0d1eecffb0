"""The seams of the package: what can be replaced, and nothing else in this file.

Each has a public fake or a simple implementation: `ScriptedProvider` for Provider, `MemoryStore` for
CompletionStore, any object with the three members for Scorer.
"""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Protocol, runtime_checkable

from pytest_llmeval.records import Case, Completion, Request, Score


@runtime_checkable
class Provider(Protocol):
    """Anything that answers a prompt.

    A provider that holds connections may also have ``async def close(self) -> None``; it is awaited once at the end.
    """

    @property
    def fingerprint(self) -> str | None:
        """What identifies the provider across runs; ``None`` if it cannot be known.

        A completion of a provider without a fingerprint is never reused in another run.
        """
        ...

    @property
    def sees_case(self) -> bool:
        """Whether `Request.case` must be set: true for an application, false for a bare model."""
        ...

    async def complete(self, request: Request) -> Completion:
        """Answer one request.

        Raises:
            CallError: No completion could be had.
        """
        ...


@runtime_checkable
class Scorer(Protocol):
    """Scores a completion. A metric answers at once; a judge asks a model and is awaited.

    ``scale`` is optional: a scorer that returns a bare number may say with it what the number means.
    """

    @property
    def name(self) -> str:
        """What thresholds, reports and the log call it."""
        ...

    @property
    def version(self) -> str:
        """Changes whenever the same answer could get another score."""
        ...

    def score(self, case: Case, completion: Completion) -> Score | float | Awaitable[Score]:
        """Score one completion. What it raises becomes an unscored Score, never a zero."""
        ...


class CompletionStore(Protocol):
    """Keeps completions by the key of their request."""

    def get(self, key: str) -> Completion | None:
        """The stored completion, or ``None``."""
        ...

    def claim(self, key: str) -> bool:
        """Take the right to make this call; ``False`` if somebody else has it."""
        ...

    def put(self, key: str, completion: Completion) -> None:
        """Store the completion of a claimed key and end the claim."""
        ...

    def release(self, key: str) -> None:
        """End a claim without a completion, so that another may try."""
        ...
