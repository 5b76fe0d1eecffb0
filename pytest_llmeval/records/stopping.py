"""The record of a run that stopped as soon as its verdict was certain."""

from __future__ import annotations

from dataclasses import dataclass


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
