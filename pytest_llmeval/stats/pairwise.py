"""Two answers compared in both orders: what comes of it, and how far a judge can be trusted with it."""

from __future__ import annotations

from collections.abc import Sequence

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


def accuracy(verdicts: Sequence[tuple[str, str]], labels: Sequence[str]) -> float | None:
    """Share of verdicts that name the answer that people prefer, the mean over both orders.

    Source: LLMBar, arXiv 2310.07641, section 4.

    Args:
        verdicts: For each pair, who won in either order.
        labels: Whom people prefer.

    Returns:
        From 0 to 1; ``None`` without pairs.
    """
    right = [
        (verdict == label) for pair, label in zip(verdicts, labels, strict=True) for verdict in pair
    ]
    return sum(right) / len(right) if right else None


def position_agreement(verdicts: Sequence[tuple[str, str]]) -> float | None:
    """Share of pairs on which both orders have the same winner. Source: the same.

    Returns:
        From 0 to 1; ``None`` without pairs.
    """
    return sum(first == second for first, second in verdicts) / len(verdicts) if verdicts else None
