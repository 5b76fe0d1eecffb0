"""The score of two answers that a judge compared in both orders."""

from __future__ import annotations

TIE = 0.5
_POINTS = {"ours": 1.0, "theirs": 0.0, "tie": TIE}


def combined(first: str, second: str) -> float:
    """Combine two decisions on one pair; a disagreement is a tie.

    Source: MT-bench, arXiv 2306.05685, section 3.4: a win must be declared in both orders.

    Args:
        first: Winner with our answer first: ``ours``, ``theirs`` or ``tie``.
        second: Winner with our answer second.

    Returns:
        1 for a win of ours, 0 for a loss, 0.5 for a tie.
    """
    if first != second:
        return TIE
    return _POINTS.get(first, TIE)
