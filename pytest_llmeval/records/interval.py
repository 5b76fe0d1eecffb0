"""An estimate with its confidence interval."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Interval:
    """An estimate with its two-sided confidence interval.

    Attributes:
        estimate: The estimate; ``None`` if there is nothing to estimate from.
        low: Lower bound; ``None`` if it cannot be known.
        high: Upper bound; ``None`` if it cannot be known.
        n: Number of observations.
    """

    estimate: float | None
    low: float | None
    high: float | None
    n: int
