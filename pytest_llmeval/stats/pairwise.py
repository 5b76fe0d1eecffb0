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


def averaged(first: float, second: float) -> float:
    """Average the preference for our answer over both orders, which cancels a position bias.

    Source: Wang et al., EMNLP Findings 2025, arXiv 2503.03064, who find that judgements should be
    averaged over the orders before they decide.

    Args:
        first: Preference for our answer, from 0 to 1, with our answer first.
        second: The same with our answer second.
    """
    return (first + second) / 2


def position_bias(first: float, second: float) -> float:
    """Compute how much more than half of the preference the answer shown first gets.

    It is 0 if the order makes no difference, 0.5 if the first answer always wins, and -0.5 if the
    second one does. The answer shown first has the preference ``first`` in one order and ``1 -
    second`` in the other.

    Args:
        first: Preference for our answer, from 0 to 1, with our answer first.
        second: The same with our answer second.
    """
    return (first - second) / 2
