"""The seams of the package: Protocols that users can implement.

Each has a simple implementation: `ScriptedProvider` for Provider and `MemoryStore` for
CompletionStore, both public; `LocalState` for SharedState; any object with the three members for
Scorer.

Provider and Scorer have a base class with a default for every optional member. `adopt_provider` or
`adopt_scorer` wraps a user's object that implements only the Protocol, so that the package can rely
on every member.
"""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from functools import cached_property
from typing import Any, Protocol, TypeAlias, TypeVar, runtime_checkable

from pytest_llmeval.extras import NO_EXTRA, Extra
from pytest_llmeval.records.call import Completion, Embedding, Request
from pytest_llmeval.records.case import Case
from pytest_llmeval.records.score import UNIT_SCALE, Scale, Score

T = TypeVar("T")


@runtime_checkable
class Provider(Protocol):
    """Anything that answers a prompt. `BaseProvider` documents the optional members."""

    @property
    def fingerprint(self) -> str | None:
        """Identity of the provider across runs; ``None`` if unknown.

        A completion of a provider without a fingerprint is never reused in a later run.
        """
        ...

    @property
    def sees_case(self) -> bool:
        """Whether `Request.case` must be set: true for an application, false for a model."""
        ...

    async def complete(self, request: Request) -> Completion:
        """Answer one request.

        Raises:
            CallError: The provider returned no completion.
        """
        ...


@runtime_checkable
class Scorer(Protocol):
    """Scores a completion. A metric returns at once; a judge asks a model and is awaited.

    `BaseScorer` documents the optional members.
    """

    @property
    def name(self) -> str:
        """Name in thresholds, reports and the log."""
        ...

    @property
    def version(self) -> str:
        """Text that changes whenever the same answer could get a different score."""
        ...

    def score(self, case: Case, completion: Completion) -> Score | float | Awaitable[Score]:
        """Score one completion. An exception becomes an unscored Score, never a zero."""
        ...


Respond: TypeAlias = Callable[[Case], Awaitable[Completion]]
"""Sends a case to the system under test, in the way of the scored case."""


class BaseProvider:
    """A Provider with a default for everything but `complete`.

    Attributes:
        fingerprint: Identity of the provider across runs; ``None`` if unknown.
        sees_case: Whether `Request.case` must be set.
        endpoint: Destination of its calls, which has the limits and prices; empty without one.
        models: The models that it may call. An empty name stands for the model of the request.
        concurrency: Maximum number of concurrent calls; ``None`` without a limit.
        call_usd: Cost of a call in US dollars, if it does not depend on tokens.
        sees_messages: Whether it gets the messages of a request. A plain function gets only the
            case.
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
        """Name in limits, prices and messages."""
        return self.endpoint or self.fingerprint or type(self).__name__

    async def complete(self, request: Request) -> Completion:
        """Answer one request.

        Raises:
            CallError: The provider returned no completion.
        """
        raise NotImplementedError

    def added_tokens(self, request: Request) -> int:
        """Return how many tokens it adds to the limit of a request, for a model that reasons."""
        return 0

    def is_answer(self, completion: Completion) -> bool:
        """Return whether a stored completion is an answer. An application may answer nothing."""
        return True

    def recorded(self, request: Request) -> tuple[str, Request]:
        """Return who answers what, as a recording knows them.

        What was recorded at one address replays at any other, so an endpoint leaves its own out.
        """
        return self.fingerprint or self.label, request

    def serve(self) -> str:
        """Start a server for other processes once, and return its base URL.

        Raises:
            CallRefused: The server cannot start.
        """
        raise NotImplementedError

    async def close(self) -> None:
        """Release resources such as connections. Awaited once, at the end."""


class BaseScorer:
    """A Scorer with a default for everything but name, version and `score`.

    Attributes:
        name: Name in thresholds, reports and the log.
        version: Text that changes whenever the same answer could get a different score.
        scale: Range and direction of its values.
        is_reference_based: Whether the expected answer decides, so that a self-test is possible.
        needs_respondent: Whether it calls the system under test again; see `with_respondent`.
        needs: Parameters that the package passes and no user can write, such as ``embedder``.
        dotted: Parameter after a dot in the name: ``label`` in ``toxicity.insult``.
        family: Family of metrics with shared defaults and a common heading; empty for none.
        about: Meaning of the number, in a line; empty for the first line of the docstring.
        source: Publication of the method.
        extra: The extra of this package that it requires.
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
    extra: Extra = NO_EXTRA

    def score(self, case: Case, completion: Completion) -> Score | float | Awaitable[Score]:
        """Score one completion. An exception becomes an unscored Score, never a zero."""
        raise NotImplementedError

    def for_case(self, case: Case) -> BaseScorer:
        """Return the scorer of one case, if the case's row can change it."""
        return self

    def has_made(self, score: Score) -> bool:
        """Return whether a score is one of this scorer, which can make it again."""
        return score.version == self.version

    def with_respondent(self, respond: Respond) -> BaseScorer:
        """Return the same scorer with access to the system under test."""
        return self

    def parse(self, text: str) -> Any | None:
        """Read the answer in a text for a vote; ``None`` if there is none."""
        return " ".join(text.casefold().split()) or None

    def same(self, first: Any, second: Any) -> bool:
        """Return whether two parsed answers are equal."""
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
        """Make a Score of this scorer."""
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
    """Give a user's provider every member that the package relies on.

    A provider with its own ``__eq__`` is wrapped too, since the engine needs identity.
    """
    if isinstance(provider, BaseProvider) and type(provider).__eq__ is object.__eq__:
        return provider
    return _AdoptedProvider(provider)


def adopt_scorer(scorer: Scorer) -> BaseScorer:
    """Give a user's scorer every member that the package relies on."""
    return scorer if isinstance(scorer, BaseScorer) else _AdoptedScorer(scorer)


_OPTIONAL_OF_PROVIDER = ("endpoint", "models", "concurrency", "call_usd", "sees_messages")
_OPTIONAL_OF_SCORER = ("scale", "parse", "same")


def _take_over(adopted: object, members: Iterable[str], original: object) -> None:
    """Copy optional members of a user's object. Only this function looks for them."""
    for member in members:
        if hasattr(original, member):
            setattr(adopted, member, getattr(original, member))


class _AdoptedProvider(BaseProvider):
    """A provider that implements only the Protocol."""

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
        """Close the provider if it has a ``close``, sync or async."""
        close = getattr(self._provider, "close", None)
        result = close() if close is not None else None
        if inspect.isawaitable(result):
            await result


class _AdoptedScorer(BaseScorer):
    """A scorer that implements only the Protocol."""

    def __init__(self, scorer: Scorer) -> None:
        self.name, self.version = scorer.name, scorer.version
        # The bound method itself: callers must see whether it is async.
        self.score = scorer.score  # type: ignore[method-assign]
        _take_over(self, _OPTIONAL_OF_SCORER, scorer)


class Embedder(Protocol):
    """Turns texts into vectors. Similar meanings have similar directions."""

    @property
    def fingerprint(self) -> str:
        """Identity of model and version. Vectors of different ones are not comparable."""
        ...

    async def embed(self, texts: Sequence[str]) -> Sequence[Embedding]:
        """Return the vector of each text, in order.

        Raises:
            CallError: The endpoint returned no vector.
        """
        ...


class CompletionStore(Protocol):
    """Stores completions by the key of their request, and grants the right to call.

    A claim ends with the process that holds it.
    """

    async def get(self, key: str) -> Completion | None:
        """Return the stored completion, ``cached`` if an earlier run made it, or ``None``."""
        ...

    async def claim(self, key: str, replaces: bool = False, is_overdue: bool = False) -> bool:
        """Claim the right to make a call; ``False`` if it is held, or the call is already made.

        Args:
            key: The key of the call.
            replaces: Whether a stored completion does not count, because it is no answer.
            is_overdue: Whether to take over the claim of a process that stands still, too.
        """
        ...

    async def holder(self, key: str) -> str:
        """Describe who holds a claim, for a person; empty if that is not worth a word."""
        ...

    async def put(self, key: str, completion: Completion) -> None:
        """Store the completion of a claimed key, end the claim, and wake those that wait."""
        ...

    async def release(self, key: str) -> None:
        """End a claim without a completion, so that another process may try."""
        ...

    async def close(self) -> None:
        """Release resources. Awaited once, at the end."""
        ...


class SharedState(Protocol):
    """Numbers that all processes of a run share: calls in flight, limits, costs."""

    @property
    def member(self) -> str:
        """Name of this process in the shared state."""
        ...

    async def change(self, name: str, change: Callable[[dict[str, Any]], T]) -> T:
        """Read, change and write one document atomically.

        Args:
            name: Name of the document, which is empty at first.
            change: Gets the document, a JSON object, and may change it in place. It must neither
                wait nor raise.

        Returns:
            The result of ``change``.
        """
        ...

    async def alive(self, members: Iterable[str]) -> set[str]:
        """Return the members whose process is still alive."""
        ...
