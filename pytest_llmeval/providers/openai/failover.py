"""A list of endpoints in order of preference: the first one that answers counts."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from pytest_llmeval.errors import BadReply, CallError, CallRefused, CallTimeout, NoAnswer
from pytest_llmeval.protocols import BaseProvider
from pytest_llmeval.providers.finish import is_answer
from pytest_llmeval.records.call import Completion, Request

COOL_DOWN_S = 30.0
"""Seconds without calls to a failed endpoint that does not name a delay itself."""


@dataclass
class _Candidate:
    """An endpoint, the end of its cool-down (0: it never failed), and the reason."""

    provider: BaseProvider
    until: float = 0.0
    error: CallError | None = None


class FailoverProvider(BaseProvider):
    """Answers through the first endpoint of a list that can.

    A failed endpoint gets no calls for `COOL_DOWN_S` seconds, or for the time that it demands.
    This state belongs to one process. A refusal that concerns the request (context too long,
    content filter, a parameter) is final, since any endpoint would refuse it.

    Args:
        providers: The endpoints in order of preference.
        clock: A monotonic clock in seconds.

    Attributes:
        models: The model of each endpoint; empty for the model of the request.
        endpoint: The first endpoint, whose limits apply to calls.
    """

    sees_case = False

    def __init__(
        self, providers: Sequence[BaseProvider], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._endpoints = [_Candidate(provider) for provider in providers]
        self._clock = clock
        self.models = tuple(model for provider in providers for model in provider.models)
        self.endpoint = providers[0].endpoint
        self.fingerprint: str | None = " ".join(str(provider.fingerprint) for provider in providers)

    def __repr__(self) -> str:
        return f"FailoverProvider({[candidate.provider for candidate in self._endpoints]!r})"

    async def complete(self, request: Request) -> Completion:
        """Answer one request with at most one call to each endpoint.

        Raises:
            CallError: No endpoint answered. The error has the kind of the last transient failure,
                if any, else it is a refusal. The message lists every endpoint with its failure.
        """
        for candidate in self._candidates():
            try:
                return await candidate.provider.complete(request)
            except CallError as error:
                if not _may_answer_elsewhere(error):
                    raise
                self._cool_down(candidate, error)
            except asyncio.CancelledError:
                # The engine's time-out may be shorter than the read time-out.
                self._cool_down(
                    candidate,
                    CallTimeout(
                        f"{candidate.provider!r}: no answer before the call was cancelled."
                    ),
                )
                raise
        raise self._all_failed()

    def added_tokens(self, request: Request) -> int:
        """Return the largest room that an endpoint gives a request."""
        return max(candidate.provider.added_tokens(request) for candidate in self._endpoints)

    def is_answer(self, completion: Completion) -> bool:
        """Return whether a stored completion is an answer: it says something, and is whole."""
        return is_answer(completion)

    def recorded(self, request: Request) -> tuple[str, Request]:
        """Return the kind of call, and the request with every model that may answer."""
        pairs = [candidate.provider.recorded(request) for candidate in self._endpoints]
        models = dict.fromkeys(shown.model for _, shown in pairs)
        return pairs[0][0], replace(request, model=" ".join(models))

    async def close(self) -> None:
        """Close the connections."""
        for candidate in self._endpoints:
            await candidate.provider.close()

    def _candidates(self) -> list[_Candidate]:
        """List the endpoints that are not cooling down, or else the one that is ready first.

        Even then, an endpoint that refused comes last: waiting does not repair a wrong key.
        """
        now = self._clock()
        ready = [candidate for candidate in self._endpoints if candidate.until <= now]
        return ready or [
            min(
                self._endpoints,
                key=lambda candidate: (isinstance(candidate.error, CallRefused), candidate.until),
            )
        ]

    def _cool_down(self, candidate: _Candidate, error: CallError) -> None:
        patience_s = COOL_DOWN_S if error.retry_after_s is None else error.retry_after_s
        candidate.until = max(candidate.until, self._clock() + patience_s)
        candidate.error = error.with_traceback(None)  # its frames would keep the request alive

    def _all_failed(self) -> CallError:
        """Make one error from the failures of all endpoints, of this call or an earlier one."""
        errors = [candidate.error for candidate in self._endpoints if candidate.error is not None]
        transient = [error for error in errors if error.is_transient]
        reasons = "; ".join(f"({number}) {error}" for number, error in enumerate(errors, start=1))
        message = f"None of {len(self._endpoints)} endpoints answered: {reasons}"
        if not transient:
            refused = CallRefused(message)
            refused.is_unreachable = all(error.is_unreachable for error in errors)
            return refused
        waits = [error.retry_after_s for error in transient]
        known = [wait for wait in waits if wait is not None]
        failed = type(transient[-1])(message, min(known) if len(known) == len(waits) else None)
        failed.is_unreachable = all(error.is_unreachable for error in errors)
        failed.is_overload = all(error.is_overload for error in transient)
        return failed


def _may_answer_elsewhere(error: CallError) -> bool:
    if isinstance(error, NoAnswer):
        return False  # the endpoint works, and another one may have another model
    if isinstance(error, BadReply):
        return not error.written
    return error.is_transient or (isinstance(error, CallRefused) and error.is_about_endpoint)
