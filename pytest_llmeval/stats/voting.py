"""The majority vote over answers: equal answers form a class, and the largest class wins.

Source: the ``success_vote`` of FLAML's EcoOptiGen (Wang et al. 2023, arXiv 2303.04673), which is
the self-consistency of Wang et al. (2022, arXiv 2203.11171) for answers that can be compared.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Vote:
    """The result of a vote.

    Attributes:
        winner: Index of the first answer of the largest class; ``None`` if none can be parsed.
        votes: Number of answers in that class.
        classes: Number of different answers.
        unparsable: Number of answers that did not count.
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
    """Count the votes; of classes of equal size the earliest wins.

    Args:
        answers: The answers in order; ``None`` for a missing one.
        parse: Function that reads the value of an answer; ``None`` if it has none.
        same: Function that compares two values. An answer joins the first class whose first member
            it equals.
    """
    classes: list[list[int]] = []
    parsed_answers = [None if answer is None else parse(answer) for answer in answers]
    for index, parsed_answer in enumerate(parsed_answers):
        if parsed_answer is None:
            continue
        matching = next(
            (members for members in classes if same(parsed_answers[members[0]], parsed_answer)),
            None,
        )
        if matching is None:
            classes.append([index])
        else:
            matching.append(index)
    largest = max(classes, key=len, default=[])
    unparsable = len(parsed_answers) - sum(map(len, classes))
    return Vote(largest[0] if largest else None, len(largest), len(classes), unparsable)
