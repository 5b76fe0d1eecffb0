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


def is_never_above(low: str, high: str) -> bool:
    """Return whether one aggregate of some values is never above another one of the same values."""
    if low == high:
        return True
    if aggregate_of(low) is None or aggregate_of(high) is None:
        return False  # such as the worst tag
    if low == "min" or high == "max":
        return True
    first, second = _PERCENTILE.fullmatch(low), _PERCENTILE.fullmatch(high)
    return first is not None and second is not None and int(first[1]) <= int(second[1])


def _percentile(values: Sequence[float], q: int) -> float:
    value = percentile(values, q)
    assert value is not None  # there is at least one value
    return value
