"""What a run would send: requests are counted and priced instead of sent."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field

from pytest_llmeval.engine.context import CALL_CONTEXT
from pytest_llmeval.engine.lane_rules import Document
from pytest_llmeval.engine.pricing import Prices, likely_tokens
from pytest_llmeval.engine.waits import Waits
from pytest_llmeval.errors import Stopped
from pytest_llmeval.protocols import BaseProvider
from pytest_llmeval.records.call import Completion, Request, Usage
from pytest_llmeval.records.changed import RequestLine
from pytest_llmeval.records.run import Traffic
from pytest_llmeval.store.memory import LocalState

_ANSWER_TOKENS = 200
"""Tokens that an answer is taken to have where ``max_tokens`` does not say less."""

_ANSWER = "answer"


@dataclass
class Estimate:
    """Counts calls and makes none, with an invented answer for the judge's request."""

    prices: Prices
    traffic: Traffic = field(default_factory=Traffic)
    lines: dict[tuple[str, str], RequestLine] = field(default_factory=dict)
    _seen: set[str] = field(default_factory=set)

    async def call(self, key: str, provider: BaseProvider, request: Request) -> Completion:
        """Count one call.

        Raises:
            Stopped: It is a judge's: nothing depends on its answer.
        """
        line = self.line(provider, request)
        tokens = min(request.parameters.max_tokens or _ANSWER_TOKENS, _ANSWER_TOKENS)
        if self._is_new(key):
            self._add(line, provider, request, tokens)
        if line.purpose != _ANSWER:
            raise Stopped("a dry run")
        usage = Usage(likely_tokens(request.messages), tokens)
        text = "word " * tokens + (
            str(request.sample) if request.sample else ""
        )  # samples differ, so each is judged
        return Completion(text, usage=usage, cost_usd=0.0)

    def _add(
        self, line: RequestLine, provider: BaseProvider, request: Request, tokens: int
    ) -> None:
        line.requests += 1
        usage = Usage(likely_tokens(request.messages), tokens)
        line.prompt_tokens += usage.prompt_tokens
        line.completion_tokens += usage.completion_tokens
        cost = provider.call_usd
        if cost is None:
            cost = self.prices.cost_usd((request.model, provider.label), usage)
        line.usd = None if line.usd is None or cost is None else line.usd + cost

    def _is_new(self, key: str) -> bool:
        """Return whether a request is new, because two tests can make the same request."""
        is_new = key not in self._seen
        self._seen.add(key)
        return is_new

    def know(self, key: str, provider: BaseProvider, request: Request) -> None:
        """Count a request that is answered already."""
        if self._is_new(key):
            line = self.line(provider, request)
            line.requests += 1
            line.known += 1

    def lanes(self) -> list[Document]:
        """Return none, because nothing is sent."""
        return []

    @property
    def waits(self) -> Waits:
        """None: nothing is sent."""
        return Waits(LocalState())

    @property
    def deadline_s(self) -> float:
        """None: nothing is sent."""
        return math.inf

    def stop(self) -> None:
        """Do nothing: nothing is sent."""

    async def leave(self) -> None:
        """Do nothing: nothing is shared."""

    def line(self, provider: BaseProvider, request: Request) -> RequestLine:
        """Return the counter of a request."""
        key = (CALL_CONTEXT.get().purpose, request.model or provider.label)
        return self.lines.setdefault(key, RequestLine(*key))

    def sorted_lines(self) -> Iterator[RequestLine]:
        """List the lines, beginning with those of answers."""
        yield from sorted(
            self.lines.values(),
            key=lambda line: (line.purpose != _ANSWER, line.purpose, line.model),
        )
