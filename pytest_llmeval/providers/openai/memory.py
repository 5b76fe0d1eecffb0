"""What is known of the models of this process's endpoints, shared by concurrent calls."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from pytest_llmeval.providers.openai.adaptation import Adaptation
from pytest_llmeval.providers.openai.lessons import learn
from pytest_llmeval.providers.openai.service_error import ServiceError

_PATIENCE_S = 5.0
"""Seconds that calls wait for the one that tries a changed request. A refusal comes sooner."""


@dataclass
class ModelMemory:
    """What is known of one model of one endpoint.

    After a refusal one call tries the changed request, and the others wait for it. So concurrent
    calls pay for one refusal more, and not for one each.

    Attributes:
        adaptation: What is sent differently.
    """

    adaptation: Adaptation = field(default_factory=Adaptation)
    _is_tried: bool = True
    _trial: asyncio.Event | None = None

    @asynccontextmanager
    async def sending(self) -> AsyncIterator[Adaptation]:
        """Wait until a changed request is tried, and return what is known then."""
        trial = None
        while not self._is_tried and self._trial is not None:
            try:
                await asyncio.wait_for(self._trial.wait(), _PATIENCE_S)
            except asyncio.TimeoutError:
                break
        if not self._is_tried and self._trial is None:
            trial = self._trial = asyncio.Event()
        try:
            yield self.adaptation
        finally:
            if trial is not None:
                trial.set()
                self._trial = None

    def note_success(self, sent: Adaptation) -> None:
        """Note that the endpoint has taken a request."""
        self._is_tried = self._is_tried or sent == self.adaptation

    def learn(
        self, sent: Adaptation, error: ServiceError, body: Mapping[str, Any], fixed: Collection[str]
    ) -> bool:
        """Learn from a refusal; return whether another attempt differs from this one.

        Args:
            sent: What was known when the request was sent.
            error: The refusal.
            body: The body that was sent.
            fixed: Members that the user has written.
        """
        if learn(sent, error, body, fixed) == sent:
            return False
        self._set(learn(self.adaptation, error, body, fixed))
        return self.adaptation != sent

    def learn_reasoning(self, sent: Adaptation) -> bool:
        """Learn that the model reasons first; return whether another attempt differs."""
        self._set(replace(self.adaptation, reasons=True))
        return self.adaptation != sent

    def _set(self, learned: Adaptation) -> None:
        if learned != self.adaptation:
            self.adaptation = learned
            self._is_tried = False


@dataclass
class Memory:
    """What is known of every model of every endpoint that this process has called."""

    _models: dict[tuple[str, str], ModelMemory] = field(default_factory=dict)

    def of(self, endpoint: str, model: str) -> ModelMemory:
        """Return what is known of a model."""
        return self._models.setdefault((endpoint, model), ModelMemory())
