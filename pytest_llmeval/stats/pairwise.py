"""Two answers compared in both orders: what comes of it."""

from __future__ import annotations

WIN, TIE, LOSS = 1.0, 0.5, 0.0


def combined(first: str, second: str) -> float:
    """What two verdicts on one pair come to: a disagreement is a tie.

    Source: MT-bench, arXiv 2306.05685, section 3.4: a win must be declared in both orders.

    Args:
        first: Who won when our answer stood first: ``ours``, ``theirs`` or ``tie``.
        second: Who won when it stood second.

    Returns:
        1 for a win of ours, 0 for a loss, 0.5 for a tie.
    """
    if first != second:
        return TIE
    return {"ours": WIN, "theirs": LOSS}.get(first, TIE)
