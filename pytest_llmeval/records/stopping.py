"""The record of a run that stopped as soon as its verdict was certain."""

from __future__ import annotations

from dataclasses import dataclass

from pytest_llmeval.text import count, usd


@dataclass(frozen=True)
class EarlyStop:
    """What an early stop left out.

    Attributes:
        cases: Cases that were selected.
        not_run: Of these, the ones that were not run.
        saved_usd: US dollars that these would have cost at the price of the others; ``None`` if a
            price is unknown.
    """

    cases: int
    not_run: int
    saved_usd: float | None = None

    @property
    def text(self) -> str:
        """What was not run and what that saved, as a note."""
        run = f"{self.cases - self.not_run:,} of {count(self.cases, 'case')}"
        money = "" if not self.saved_usd else f", which saved about {usd(self.saved_usd)}"
        return (
            f"stopped early, because the verdict was certain: {run} run, "
            f"{self.not_run:,} not run{money}"
        )
