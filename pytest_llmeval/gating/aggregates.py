"""The aggregates that make one number of many: the table that rules and bounds share."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence

from pytest_llmeval.stats.intervals import percentile

Aggregate = Callable[[Sequence[float]], float]
"""A function of at least one value."""

_PERCENTILE = re.compile(r"p([1-9][0-9]?)")


def _mean(values: Sequence[float]) -> float:
    return math.fsum(values) / len(values)


AGGREGATES: Mapping[str, Aggregate] = {"mean": _mean, "min": min, "max": max}
"""Every aggregate by its name, without the percentiles."""

PERCENTILES = "p1 to .p99"
"""The names of the percentiles in an error."""


def aggregate_of(name: str) -> Aggregate | None:
    """Return the aggregate with a name, for example ``mean`` or ``p95``; ``None`` without any."""
    match = _PERCENTILE.fullmatch(name)
    if match is None:
        return AGGREGATES.get(name)
    return lambda values: _percentile(values, int(match[1]))


def _percentile(values: Sequence[float], q: int) -> float:
    value = percentile(values, q)
    assert value is not None  # there is at least one value
    return value
