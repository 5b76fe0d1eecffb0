"""Several endpoints in order: the first that answers counts."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from pytest_llmeval.errors import CallError, CallRefused, CallTimeout
from pytest_llmeval.protocols import BaseProvider
from pytest_llmeval.records.call import Completion, Request

COOL_DOWN_S = 30.0
"""Seconds that an endpoint is left alone after a failure, where it does not say how long it wants."""


@dataclass
class _Place:
    """One place of the list: who is there, until when it is left alone (0: it never failed), and why."""

    provider: BaseProvider
    until: float = 0.0
    error: CallError | None = None


class FailoverProvider(BaseProvider):
    """Answers through the first endpoint of a list that can.

    One that fails is left alone for `COOL_DOWN_S` seconds, or as long as it asks for, while the
    others answer; this concerns one process alone. A refusal that is about the request (context too
    long, content filter, a parameter) is final: another endpoint would say the same.

    Args:
        providers: The endpoints, the first choice first.
        clock: Seconds that never go back.

    Attributes:
        models: For each endpoint the model that it is asked for; empty for that of the request.
        endpoint: The first endpoint, by whose limits calls are admitted.
    """

    sees_case = False

    def __init__(
        self, providers: Sequence[BaseProvider], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._places = [_Place(provider) for provider in providers]
        self._clock = clock
        self.models = tuple(model for provider in providers for model in provider.models)
        self.endpoint = providers[0].endpoint
        self.fingerprint: str | None = " ".join(str(provider.fingerprint) for provider in providers)

    def __repr__(self) -> str:
        return f"FailoverProvider({[place.provider for place in self._places]!r})"

    async def complete(self, request: Request) -> Completion:
        """Answer one request with one call to each endpoint at most; the completion's ``endpoint`` says who answered.

        Raises:
            CallError: No endpoint answered. It is of the kind of the last failure after which
                another attempt is worth while, if there is one; else a refusal. The message names
                every endpoint with its failure.
        """
        for place in self._candidates():
            try:
                return await place.provider.complete(request)
            except CallError as error:
                if not _may_answer_elsewhere(error):
                    raise
                self._cool_down(place, error)
            except (
                asyncio.CancelledError
            ):  # the caller's patience may be shorter than the read time-out
                self._cool_down(
                    place,
                    CallTimeout(f"{place.provider!r}: no answer before the call was given up."),
                )
                raise
        raise self._all_failed()

    async def close(self) -> None:
        """Close the connections."""
        for place in self._places:
            await place.provider.close()

    def _candidates(self) -> list[_Place]:
        """Whom to ask, in order: those not cooling down; if all are, the one whose time ends first.

        One that refused comes last even then: time does not mend a wrong key.
        """
        now = self._clock()
        ready = [place for place in self._places if place.until <= now]
        return ready or [
            min(self._places, key=lambda place: (isinstance(place.error, CallRefused), place.until))
        ]

    def _cool_down(self, place: _Place, error: CallError) -> None:
        patience_s = COOL_DOWN_S if error.retry_after_s is None else error.retry_after_s
        place.until = max(place.until, self._clock() + patience_s)
        place.error = error.with_traceback(None)  # its frames would keep the request alive

    def _all_failed(self) -> CallError:
        """One error for all: every place has one, of this call or of the one after which it cools down."""
        errors = [place.error for place in self._places if place.error is not None]
        transient = [error for error in errors if error.is_transient]
        said = "; ".join(f"({number}) {error}" for number, error in enumerate(errors, start=1))
        message = f"None of {len(self._places)} endpoints answered: {said}"
        if not transient:
            return CallRefused(message)
        waits = [error.retry_after_s for error in transient]
        known = [wait for wait in waits if wait is not None]
        failed = type(transient[-1])(message, min(known) if len(known) == len(waits) else None)
        failed.is_overload = all(error.is_overload for error in transient)
        return failed


def _may_answer_elsewhere(error: CallError) -> bool:
    return error.is_transient or (isinstance(error, CallRefused) and error.is_about_endpoint)
