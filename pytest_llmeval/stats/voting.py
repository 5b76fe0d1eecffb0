"""Majority vote over answers: equal ones are one class, the largest class wins.

Source: the ``success_vote`` of FLAML's EcoOptiGen (Wang et al. 2023, arXiv 2303.04673), which is
the self-consistency of Wang et al. (2022, arXiv 2203.11171) for answers that can be compared.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Vote:
    """What became of a vote.

    Attributes:
        winner: Place of the first answer of the largest class; ``None`` if no answer can be parsed.
        votes: Answers in that class.
        classes: Different answers.
        unparsable: Answers that did not count.
    """

    winner: int | None
    votes: int
    classes: int
    unparsable: int


def vote(
    answers: Sequence[str | None],
    parse: Callable[[str], object | None],
    same: Callable[[object, object], bool],
) -> Vote:
    """Count the answers. Of classes of equal size the one that was there first wins.

    Args:
        answers: The answers in their order; ``None`` for one that never came.
        parse: What an answer says; ``None`` if that cannot be told.
        same: Whether two of them say the same. An answer joins the first class whose first member
            it equals.
    """
    classes: list[list[int]] = []
    parsed = [None if answer is None else parse(answer) for answer in answers]
    for place, said in enumerate(parsed):
        if said is None:
            continue
        own = next((members for members in classes if same(parsed[members[0]], said)), None)
        if own is None:
            classes.append([place])
        else:
            own.append(place)
    largest = max(classes, key=len, default=[])
    unparsable = len(parsed) - sum(map(len, classes))
    return Vote(largest[0] if largest else None, len(largest), len(classes), unparsable)


def plain_text(answer: str) -> str | None:
    """What an answer says where nobody knows better: its text, in any case and spacing; ``None`` if it is empty."""
    return " ".join(answer.casefold().split()) or None
