"""The seams of the package: what can be replaced, and nothing else in this file.

Each has a simple implementation: `ScriptedProvider` for Provider and `MemoryStore` for
CompletionStore, both public; `LocalState` for SharedState; any object with the three members for
Scorer.

Provider and Scorer have a base class with a default for every optional member. An object of a
user's that implements the Protocol alone is wrapped once, by `adopt_provider` or `adopt_scorer`, so
that the rest of the package can rely on every member.
"""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from functools import cached_property
from typing import Any, Protocol, TypeAlias, TypeVar, runtime_checkable

from pytest_llmeval.records.call import Completion, Embedding, Request
from pytest_llmeval.records.case import Case
from pytest_llmeval.records.score import UNIT_SCALE, Scale, Score

T = TypeVar("T")


@runtime_checkable
class Provider(Protocol):
    """Anything that answers a prompt. `BaseProvider` documents what else it may have."""

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

    `BaseScorer` documents what else it may have.
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


class BaseProvider:
    """A Provider with a default for everything but `complete`. A subclass overrides what differs.

    Attributes:
        fingerprint: What identifies the provider across runs; ``None`` if it cannot be known.
        sees_case: Whether `Request.case` must be set.
        endpoint: Where it sends its calls, by which they are limited and priced; empty if nowhere.
        models: The models that it may ask for; an empty name stands for that of the request.
        concurrency: The most calls that it answers at once; ``None`` for any number.
        call_usd: What a call costs in US dollars, where that does not depend on tokens.
        sees_messages: Whether it is sent the messages of a request; a plain function sees the case
            alone.
    """

    fingerprint: str | None = None
    sees_case: bool = True
    endpoint: str = ""
    models: tuple[str, ...] = ("",)
    concurrency: int | None = None
    call_usd: float | None = None
    sees_messages: bool = True

    @property
    def label(self) -> str:
        """What limits, prices and messages call it."""
        return self.endpoint or self.fingerprint or type(self).__name__

    async def complete(self, request: Request) -> Completion:
        """Answer one request.

        Raises:
            CallError: No completion could be had.
        """
        raise NotImplementedError

    def serve(self) -> str:
        """Start to answer other processes, once, and return the base URL where they can ask.

        Raises:
            CallRefused: It cannot be started.
        """
        raise NotImplementedError

    async def close(self) -> None:
        """Give back what it holds, such as connections. Awaited once, at the end."""


class BaseScorer:
    """A Scorer with a default for everything but its name, its version and `score`.

    Attributes:
        name: What thresholds, reports and the log call it.
        version: Changes whenever the same answer could get another score.
        scale: What the numbers mean that it gives.
        is_reference_based: Whether it judges by the expected answer, so that a self-test can tell
            how well.
        needs_respondent: Whether it asks the system under test again; see `with_respondent`.
        needs: Parameters that are passed to it and that no user can write, such as ``embedder``.
        dotted: The parameter that can stand behind a dot in its name: ``label`` in
            ``toxicity.insult``.
        family: Metrics that share defaults and a heading; empty for a family of its own.
        about: What the number says, in a line; empty for the first line of its docstring.
        source: Who published it.
        extra: The extra of this package that it needs; empty for none.
    """

    name: str
    version: str
    scale: Scale = UNIT_SCALE
    is_reference_based: bool = False
    needs_respondent: bool = False
    needs: tuple[str, ...] = ()
    dotted: str = "label"
    family: str = ""
    about: str = ""
    source: str = ""
    extra: str = ""

    def score(self, case: Case, completion: Completion) -> Score | float | Awaitable[Score]:
        """Score one completion. What it raises becomes an unscored Score, never a zero."""
        raise NotImplementedError

    def for_case(self, case: Case) -> BaseScorer:
        """The scorer of one case, where the case's row can change what is scored."""
        return self

    def with_respondent(self, respond: Respond) -> BaseScorer:
        """The same scorer with a way to ask the system under test."""
        return self

    def parse(self, text: str) -> Any | None:
        """The answer that a text gives, for a vote; ``None`` if none can be read."""
        return " ".join(text.casefold().split()) or None

    def same(self, first: Any, second: Any) -> bool:
        """Whether two parsed answers are the same."""
        return bool(first == second)

    def make_score(
        self,
        value: float | None,
        reason: str = "",
        *,
        error: str | None = None,
        raw: str = "",
        parts: Mapping[str, float] | None = None,
        calls: tuple[Completion, ...] = (),
    ) -> Score:
        """A Score of this scorer."""
        return Score(
            name=self.name,
            value=value,
            scale=self.scale,
            reason=reason,
            version=self.version,
            error=error,
            raw=raw,
            parts=parts or {},
            calls=calls,
        )


def adopt_provider(provider: Provider) -> BaseProvider:
    """A user's provider with every member that the package relies on.

    One that defines what it is equal to is wrapped, too: the engine tells providers apart as
    objects.
    """
    if isinstance(provider, BaseProvider) and type(provider).__eq__ is object.__eq__:
        return provider
    return _AdoptedProvider(provider)


def adopt_scorer(scorer: Scorer) -> BaseScorer:
    """A user's scorer with every member that the package relies on."""
    return scorer if isinstance(scorer, BaseScorer) else _AdoptedScorer(scorer)


_OPTIONAL_OF_PROVIDER = ("endpoint", "models", "concurrency", "call_usd", "sees_messages")
_OPTIONAL_OF_SCORER = ("scale", "parse", "same")


def _take_over(adopted: object, members: Iterable[str], original: object) -> None:
    """Take over the optional members that an object of a user's has: the one place that asks."""
    for member in members:
        if hasattr(original, member):
            setattr(adopted, member, getattr(original, member))


class _AdoptedProvider(BaseProvider):
    """A provider that implements the Protocol alone."""

    def __init__(self, provider: Provider) -> None:
        self._provider = provider
        _take_over(self, _OPTIONAL_OF_PROVIDER, provider)

    def __repr__(self) -> str:
        return repr(self._provider)

    @cached_property
    def fingerprint(self) -> str | None:  # type: ignore[override]  # the user's
        return self._provider.fingerprint

    @cached_property
    def sees_case(self) -> bool:  # type: ignore[override]  # the user's
        return self._provider.sees_case

    @property
    def label(self) -> str:
        return self.endpoint or self.fingerprint or type(self._provider).__name__

    async def complete(self, request: Request) -> Completion:
        return await self._provider.complete(request)

    async def close(self) -> None:
        """Close it, where it can be closed; a user's ``close`` may be sync."""
        close = getattr(self._provider, "close", None)
        result = close() if close is not None else None
        if inspect.isawaitable(result):
            await result


class _AdoptedScorer(BaseScorer):
    """A scorer that implements the Protocol alone."""

    def __init__(self, scorer: Scorer) -> None:
        self.name, self.version = scorer.name, scorer.version
        # The member itself, so that it can be seen whether the user's method is async.
        self.score = scorer.score  # type: ignore[method-assign]
        _take_over(self, _OPTIONAL_OF_SCORER, scorer)


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

    async def close(self) -> None:
        """Give back what it holds. Awaited once, at the end."""
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
