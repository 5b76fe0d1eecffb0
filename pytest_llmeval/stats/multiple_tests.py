"""P-values of several tests at once: the more is tested, the more is found by chance."""

from __future__ import annotations

from collections.abc import Sequence


def holm(p_values: Sequence[float]) -> tuple[float, ...]:
    """P-values adjusted so that the chance of even one false alarm among all tests keeps the level.

    The k-th smallest of m is multiplied by ``m - k + 1``, and none is smaller than one before it.
    Source: Holm, "A simple sequentially rejective multiple test procedure", Scandinavian Journal of
    Statistics 6 (1979).

    Args:
        p_values: In any order, of tests that may depend on each other. The result has the same
            order.
    """
    adjusted, floor = [0.0] * len(p_values), 0.0
    for rank, place in enumerate(sorted(range(len(p_values)), key=p_values.__getitem__)):
        floor = max(floor, min(1.0, (len(p_values) - rank) * p_values[place]))
        adjusted[place] = floor
    return tuple(adjusted)


def benjamini_hochberg(p_values: Sequence[float]) -> tuple[float, ...]:
    """P-values adjusted so that, of what stays at or below q, at most the share q is expected to be a false alarm.

    Source: Benjamini and Hochberg, "Controlling the False Discovery Rate", JRSS B 57 (1995).

    Args:
        p_values: In any order. The result has the same order.
    """
    from scipy import stats

    if not p_values:
        return ()
    return tuple(float(each) for each in stats.false_discovery_control(list(p_values)))
