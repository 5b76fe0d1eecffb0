"""Adjusted p-values of several tests, because more tests raise more false alarms."""

from __future__ import annotations

from collections.abc import Sequence


def holm(p_values: Sequence[float]) -> tuple[float, ...]:
    """Adjust p-values so that the chance of any false alarm among all tests stays at the level.

    The k-th smallest of m is multiplied by ``m - k + 1``, and none is smaller than one before it.
    Source: Holm, "A simple sequentially rejective multiple test procedure", Scandinavian Journal of
    Statistics 6 (1979).

    Args:
        p_values: P-values in any order, also of dependent tests. The result has the same order.
    """
    adjusted = [0.0] * len(p_values)
    floor = 0.0
    for rank, index in enumerate(sorted(range(len(p_values)), key=p_values.__getitem__)):
        floor = max(floor, min(1.0, (len(p_values) - rank) * p_values[index]))
        adjusted[index] = floor
    return tuple(adjusted)


def benjamini_hochberg(p_values: Sequence[float]) -> tuple[float, ...]:
    """Adjust p-values so that those at or below q hold at most the share q of false alarms.

    Source: Benjamini and Hochberg, "Controlling the False Discovery Rate", JRSS B 57 (1995).

    Args:
        p_values: P-values in any order. The result has the same order.
    """
    from scipy import stats

    if not p_values:
        return ()
    return tuple(float(p) for p in stats.false_discovery_control(list(p_values)))
