"""The seams of the package: what can be replaced, and nothing else in this file.

Each has a simple implementation: `ScriptedProvider` for Provider and `MemoryStore` for
CompletionStore, both public; `LocalState` for SharedState; any object with the three members for
Scorer.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Any, Protocol, TypeAlias, TypeVar, runtime_checkable

from pytest_llmeval.records.call import Completion, Embedding, Request
from pytest_llmeval.records.case import Case
from pytest_llmeval.records.score import Score

T = TypeVar("T")


@runtime_checkable
class Provider(Protocol):
    """Anything that answers a prompt.

    Optional members: ``async def close(self) -> None``, awaited once at the end; ``concurrency:
    int``, the most calls that it answers at once; ``call_usd: float``, what a call costs in US
    dollars, where that does not depend on tokens.
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

    Optional members:

    - ``scale``, with which a scorer that returns a bare number says what the number means.
    - Where different texts can be the same answer, so that answers can be put to the vote:
      ``parse(text: str) -> object | None``, the answer that a text gives (``None``: none that can
      be read), and
      ``same(one, other) -> bool``, whether two parsed answers are the same.
    - Where the system under test must be asked again: ``asking(respond: Respond) -> Scorer``, the
      same scorer with a way to ask it.
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


Respond: TypeAlias = Callable[[Case], Awaitable[Completion]]
"""Asks the system under test about a case, as it was asked about the one that is scored."""


class Embedder(Protocol):
    """Turns texts into vectors, such that texts of similar meaning have similar directions."""

    @property
    def fingerprint(self) -> str:
        """What identifies model and version: vectors of different fingerprints are not comparable."""
        ...

    async def embed(self, texts: Sequence[str]) -> Sequence[Embedding]:
        """The vector of each text, in order.

        Raises:
            CallError: The endpoint that embeds gave no vector.
        """
        ...


class CompletionStore(Protocol):
    """Keeps completions by the key of their request, and says who may make a call.

    A claim lives no longer than the process that took it.
    """

    async def get(self, key: str) -> Completion | None:
        """The stored completion, ``cached`` if an earlier run made it; or ``None``."""
        ...

    async def claim(self, key: str) -> bool:
        """Take the right to make this call; ``False`` if somebody has it, or has made the call meanwhile."""
        ...

    async def put(self, key: str, completion: Completion) -> None:
        """Store the completion of a claimed key and end the claim. Whoever waits for this finds it stored."""
        ...

    async def release(self, key: str) -> None:
        """End a claim without a completion, so that another may try."""
        ...


class SharedState(Protocol):
    """A few numbers that all processes of a run share: what is in flight, what endpoints allow, what is spent."""

    @property
    def member(self) -> str:
        """Name of this process among those that share the state."""
        ...

    async def change(self, name: str, change: Callable[[dict[str, Any]], T]) -> T:
        """Read, change and write one document, with nobody else in between.

        Args:
            name: Name of the document; one that nobody has written is empty.
            change: Gets the document, a JSON object, and may change it in place. It must neither
                wait nor raise.

        Returns:
            What ``change`` returned.
        """
        ...

    async def alive(self, members: Iterable[str]) -> set[str]:
        """Those of the members whose process still lives."""
        ...
