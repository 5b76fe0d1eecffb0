"""Calls and costs of results, with every call counted once."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from pytest_llmeval.records.answer_text import answers_of
from pytest_llmeval.records.call import CALLS, Completion
from pytest_llmeval.records.result import CaseResult
from pytest_llmeval.text import count, usd


@dataclass(frozen=True)
class Cost:
    """Some calls and their cost.

    Attributes:
        calls: Number of calls. A call for several cases counts once.
        usd: US dollars for the calls; ``None`` if a price is unknown.
        known_usd: US dollars for the calls whose price is known.
        unknown: Calls whose price is unknown.
    """

    calls: int
    usd: float | None
    known_usd: float
    unknown: int


@dataclass(frozen=True)
class CaseCost:
    """US dollars for one case: its answer, and the calls of its scores.

    ``None`` is an unknown price. Zero is an answer from the cache, or no call. A call for several
    cases counts in each of them, so the sum may exceed the cost of the run.
    """

    generation: float | None
    judging: float | None

    @property
    def total(self) -> float | None:
        """Sum of both; ``None`` if one is unknown."""
        if self.generation is None or self.judging is None:
            return None
        return self.generation + self.judging


@dataclass
class Ledger:
    """The counted calls, so that a call for several cases is counted once.

    Attributes:
        known_usd: US dollars for the calls with an id and a price.
        unknown: Completions with a call id and without a price.
    """

    known_usd: float = 0.0
    unknown: int = 0
    _ids: set[int] = field(default_factory=set)  # hashes need half the memory of the texts

    @property
    def calls(self) -> int:
        """Number of calls with an id."""
        return len(self._ids)

    def count_new(self, completion: Completion) -> int:
        """Count a completion, and return the number of its calls in this run that are new."""
        if completion.cached:
            return 0
        if not completion.call:
            # The user's own code has called, or else it is a text that a test supplies.
            return int(completion.cost_usd != 0 or completion.usage is not None)

        before = len(self._ids)
        self._ids.update(map(hash, filter(None, completion.call.split(CALLS))))
        new = len(self._ids) - before
        if new:
            self.known_usd += completion.cost_usd or 0.0
            self.unknown += completion.cost_usd is None
        return new


def case_cost(result: CaseResult) -> CaseCost:
    """Return the cost of one case."""
    ledger = Ledger()
    generation = calls_usd(answers_of(result, with_draws=True), ledger)
    return CaseCost(generation, calls_usd(scoring_calls(result), ledger))


def scoring_calls(result: CaseResult) -> Iterator[Completion]:
    """Iterate over the calls of a case's scores, including the scores of its samples."""
    return (call for _, score in result.all_scores() for call in score.calls)


def calls_usd(completions: Iterable[Completion], ledger: Ledger) -> float | None:
    """Return US dollars for the uncounted calls; ``None`` if a price is unknown."""
    costs = [completion.cost_usd for completion in completions if ledger.count_new(completion)]
    known = [cost for cost in costs if cost is not None]
    return math.fsum(known) if len(known) == len(costs) else None


def cost_text(cost: Cost) -> str:
    """Write the cost of calls, or how many have no known price."""
    if cost.usd is not None:
        return usd(cost.usd)
    if cost.unknown == cost.calls:
        return "unknown"
    return f"{usd(cost.known_usd)} + {count(cost.unknown, 'unpriced call')}"
