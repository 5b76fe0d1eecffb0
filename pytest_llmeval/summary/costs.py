"""What every report asks of a result: who answered, what it cost, which bounds are kept, which scores are numbers."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from pytest_llmeval.records.call import CALLS, Completion
from pytest_llmeval.records.result import CaseResult
from pytest_llmeval.text import count, usd


@dataclass(frozen=True)
class Cost:
    """Some calls, and what they cost.

    Attributes:
        calls: Calls that were made. One that answered several cases is one.
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
    """US dollars that one case cost: its answer, and the calls of its scores.

    ``None``: a price is unknown. Zero: from the cache, or no call at all. A call that answered
    several cases counts for each of them, so these numbers may add up to more than the run's.
    """

    generation: float | None
    judging: float | None

    @property
    def total(self) -> float | None:
        """Both together; ``None`` if one is unknown."""
        return (
            None
            if self.generation is None or self.judging is None
            else self.generation + self.judging
        )


@dataclass
class Ledger:
    """The calls that were counted already: one that answered several cases is counted once.

    Attributes:
        known_usd: US dollars for those of them that have an id and a price.
        unknown: Completions with such an id and no price.
    """

    known_usd: float = 0.0
    unknown: int = 0
    _ids: set[int] = field(default_factory=set)  # hashes: they take half of the memory of the texts

    @property
    def calls(self) -> int:
        """Calls with an id."""
        return len(self._ids)

    def takes(self, completion: Completion) -> int:
        """For how many calls this completion is to be counted: those of this run that were not counted before."""
        if completion.cached:
            return 0
        if not completion.call:  # nobody made a call for it, or not by us: it stands for itself
            return 1
        before = len(self._ids)
        self._ids.update(map(hash, filter(None, completion.call.split(CALLS))))
        new = len(self._ids) - before
        if new:
            self.known_usd += completion.cost_usd or 0.0
            self.unknown += completion.cost_usd is None
        return new


def case_cost(result: CaseResult) -> CaseCost:
    """What one case cost."""
    ledger = Ledger()
    generation = calls_usd(answers(result), ledger)
    return CaseCost(generation, calls_usd(scoring_calls(result), ledger))


def answers(result: CaseResult) -> Iterator[Completion]:
    """Every answer of a case, each once: those of its samples, where it has several."""
    found = (
        [sample.completion for sample in result.samples] if result.samples else [result.completion]
    )
    return (answer for answer in found if answer is not None)


def scoring_calls(result: CaseResult) -> Iterator[Completion]:
    """The calls that the scores of a case cost, those of its samples' own scores included."""
    every = [*result.scores, *(score for sample in result.samples for score in sample.scores)]
    return (call for score in every for call in score.calls)


def calls_usd(completions: Iterable[Completion], ledger: Ledger) -> float | None:
    """US dollars for the calls that the ledger has not counted; ``None`` if a price is unknown."""
    costs = [completion.cost_usd for completion in completions if ledger.takes(completion)]
    known = [cost for cost in costs if cost is not None]
    return math.fsum(known) if len(known) == len(costs) else None


def cost_text(cost: Cost) -> str:
    """What calls cost, or that it is unknown, and for how many."""
    if cost.usd is not None:
        return usd(cost.usd)
    if cost.unknown == cost.calls:
        return "unknown"
    return f"{usd(cost.known_usd)} + {count(cost.unknown, 'unpriced call')}"
